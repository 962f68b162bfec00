/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: the machine's interrupts. <mullion/irq.h> has the way of one. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <mullion/err.h>
#include <mullion/types.h>

struct host;
struct irqchip;

/** arch_irq_init() - bring up the controller of @host, this CPU's part of it, interrupts between
 * CPUs and what virtual interrupts need. Boot CPU, once. A CPU that starts later brings up its own
 * part. Returns ERR_UNSUPPORTED without a usable controller, after logging the reason;
 * ERR_NOT_FOUND, ERR_HARDWARE, ERR_NO_MEMORY. */
enum err __must_check arch_irq_init(const struct host *host, const struct irqchip **chip);
/** arch_irq_take() - serve every pending interrupt of this CPU. Interrupts masked; no locks. */
void arch_irq_take(void);

#endif
