/* SPDX-License-Identifier: Apache-2.0 */
/* Machine checks: see mcheck.c. */
#ifndef X86_64_MCHECK_H
#define X86_64_MCHECK_H

#include <mullion/cpu.h>

struct vcpu;

/** mcheck_init_cpu() - report and clear what this CPU's banks hold, and enable them. */
void mcheck_init_cpu(struct cpu *cpu);
/** mcheck_print() - what stopped the machine, if that was a machine check of this CPU. */
void mcheck_print(void);
/** mcheck_report() - one message for the machine checks that this CPU has survived since. No locks.
 */
void mcheck_report(void);
/** exit_machine_check() - #MC while @vcpu's guest ran: the guest continues, or is reset if the
 * error is in its memory, or the machine stops. Own thread. */
bool exit_machine_check(struct vcpu *vcpu);

#endif
