/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long interrupts are masked at a stretch (CONFIG_STEPS, for development): from an entry into
 * the core to its next check for interrupts. A new maximum is logged.
 */
#ifndef MULLION_STEPS_H
#define MULLION_STEPS_H

#include <mullion/types.h>

/* How a stretch began, beside an exit's syndrome. */
#define STEPS_USER    UINT64_C(1) /* a component's trap */
#define STEPS_IDLE    UINT64_C(2)
#define STEPS_PREEMPT UINT64_C(3) /* thread_preempt_point() */
#define STEPS_IRQ     UINT64_C(4) /* an interrupt of a guest */

#ifdef CONFIG_STEPS
/** steps_begin() - interrupts of this CPU wait from now on; @cause: STEPS_* or a syndrome.
 * steps_end() - they can be taken. Any context without locks. */
void steps_begin(u64 cause);
void steps_end(void);
#else
#define steps_begin(cause) ((void)(cause))
#define steps_end()        ((void)0)
#endif

#endif
