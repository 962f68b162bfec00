/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: a guest's virtual interrupts. */
#ifndef ARCH_VIRQ_H
#define ARCH_VIRQ_H

#include <mullion/err.h>
#include <mullion/types.h>

struct guest;
struct host;
struct vcpu;

/** arch_virq_init() - virtual interrupts' share of this machine, after the controller is up. Boot
 * CPU, once; registers the private interrupts that it serves. ERR_UNSUPPORTED after logging what
 * lacks. */
enum err __must_check arch_virq_init(const struct host *host);

/** arch_virq_set() - set the level of @guest's shared line @intid (edge: true = one event). Any
 * CPU; virq lock. */
void arch_virq_set(struct guest *guest, u32 intid, bool level);
/** arch_virq_host() - a routed host interrupt came in: make the hardware-linked virtual one
 * pending. */
void arch_virq_host(struct guest *guest, u32 guest_intid, u32 host_intid);

/** arch_virq_kicked() - this CPU was kicked while no guest ran: another may want what the loaded
 * vCPU has in the hardware. Interrupt context. */
void arch_virq_kicked(void);

#endif
