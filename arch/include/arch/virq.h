/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: a guest's virtual interrupts. */
#ifndef ARCH_VIRQ_H
#define ARCH_VIRQ_H

#include <mullion/err.h>
#include <mullion/types.h>

struct guest;
struct irq_route;

/** arch_virq_set() - set the level of @guest's shared line @line (edge: true = one event). Any
 * CPU; virq lock. */
void arch_virq_set(struct guest *guest, u32 line, bool level);
/** arch_virq_deliver() - deliver() of a route to a guest: its line becomes pending, and the guest's
 * end of interrupt ends the machine's. Interrupt context; virq lock. */
void arch_virq_deliver(const struct irq_route *route);

#endif
