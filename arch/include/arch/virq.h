/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: a guest's virtual interrupts. */
#ifndef ARCH_VIRQ_H
#define ARCH_VIRQ_H

#include <mullion/err.h>
#include <mullion/types.h>

struct guest;
struct irq_route;

/** arch_virq_set() - set the level of @guest's shared line @line (edge: true = one event). Returns
 * true if the event is lost: a processor has its interrupt pending already, and takes it once. A
 * GIC does not say, and returns false. Any CPU; virq lock. */
bool arch_virq_set(struct guest *guest, u32 line, bool level);
/** arch_virq_request() - @guest's component requests interrupt @vector of the first vCPU, in the
 * place of its former request; VIRQ_NONE: none. Returns the former one, or VIRQ_NONE if there was
 * none or the vCPU has taken it. Machines without such a controller ignore it. Any CPU; virq lock.
 */
u32 arch_virq_request(struct guest *guest, u32 vector);
/** arch_virq_deliver() - deliver() of a route to a guest: its line becomes pending, and the guest's
 * end of interrupt ends the machine's. Interrupt context; virq lock. */
void arch_virq_deliver(const struct irq_route *route);

#endif
