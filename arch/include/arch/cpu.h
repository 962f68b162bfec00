/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: CPUs. struct arch_cpu comes from <asm/cpu.h>. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <asm/cpu.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct cpu;
struct host;

/** arch_this_cpu() - in asm/cpu.h, inline: this CPU's struct cpu. */
/** arch_cpu_relax() - in asm/cpu.h, inline: the hint inside a spin loop. */
/** arch_cpus_init() - give every CPU of @host its struct cpu and find the firmware that starts
 * them; of more than CONFIG_MAX_CPUS the rest is cut from @host. Boot CPU, once. Return:
 * ERR_NOT_FOUND when @host does not list the boot CPU, ERR_UNSUPPORTED (after logging it) when
 * others are there but cannot be started. */
enum err __must_check arch_cpus_init(struct host *host);
/** arch_entropy() - a word of the CPU's random number generator in @value. False: it has none, or
 * it ran dry;
 * @value is then the counter, which is no secret. Any context. */
bool arch_entropy(u64 *value);
/** arch_cpu_start() - start host CPU @cpu (its struct and stack are set up); returns once it was
 * accepted. */
enum err __must_check arch_cpu_start(struct cpu *cpu);
/** arch_cpu_kick() - make @cpu leave its guest or idle. Any CPU. */
void arch_cpu_kick(u32 cpu);
/** arch_cpu_idle() - wait for an interrupt, take it (irq_handle), return. */
void arch_cpu_idle(void);
/** arch_cpu_park() - this CPU does nothing any more. */
void arch_cpu_park(void) __noreturn;

#endif
