/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: a guest's virtual interrupts. */
#ifndef ARCH_VIRQ_H
#define ARCH_VIRQ_H

#include <mullion/types.h>

struct guest;
struct vcpu;

/** arch_virq_set() - set the level of @guest's shared line @intid (edge: true = one event). Any CPU; virq lock. */
void arch_virq_set(struct guest *guest, u32 intid, bool level);
/** arch_virq_host() - a routed host interrupt came in: make the hardware-linked virtual one pending. */
void arch_virq_host(struct guest *guest, u32 guest_intid, u32 host_intid);

#endif
