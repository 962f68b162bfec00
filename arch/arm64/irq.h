/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of the CPU: SGIs and PPIs have handlers, SPIs are the lines of <mullion/irq.h>. */
#ifndef ARM64_IRQ_H
#define ARM64_IRQ_H

#include <mullion/err.h>
#include <mullion/types.h>

/* SGIs of the core. */
#define SGI_KICK 0 /* there may be requests */
#define SGI_STOP 1 /* panic elsewhere: stop */

/** irq_register() - @handler serves the SGI or PPI @intid on every CPU, interrupts masked; it must
 * quiet the source. Enabled on this CPU now, on others by irq_init_cpu(), so call it before they
 * start. @linked: a guest's end of interrupt deactivates it. Returns ERR_RANGE, or ERR_EXISTS if it
 * has a handler. */
enum err __must_check irq_register(u32 intid, void (*handler)(u32 intid), bool linked);
/** irq_init_cpu() - the GIC's interface of this secondary CPU, with every interrupt that is
 * registered so far. Returns ERR_HARDWARE, ERR_UNSUPPORTED, after logging it. */
enum err __must_check irq_init_cpu(void);
/** irq_dispatch() - serve interrupt @intid, which the caller has acknowledged, and end it.
 * Interrupts masked. */
void irq_dispatch(u32 intid);

#endif
