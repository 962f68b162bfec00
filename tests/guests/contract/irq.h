/* SPDX-License-Identifier: Apache-2.0 */
/* Common parts of the tests of interrupts that software makes pending. */
#ifndef CONTRACT_IRQ_H
#define CONTRACT_IRQ_H

#include "contract.h"

#define FIRST 40 /* from this SPI on there is no device */

u32 irq_taken(void);
/** irq_take_all() - with interrupts enabled for QUIET_MS. */
void irq_take_all(void);
/** irq_check_one() - exactly one interrupt is taken now, @id. */
void irq_check_one(u32 id);
void irq_check_none(void);
/** irq_serve() - this CPU takes all SGIs and PPIs until test_stop is set. */
void irq_serve(void);
/** irq_start_other() - start CPU 1 at @entry, which calls irq_serve(), and wait for that. */
void irq_start_other(void (*entry)(void));
/** irq_check_all_once() - each of @count (at most 31) from @first on is taken once. */
void irq_check_all_once(u32 first, u32 count);

#endif
