/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Periodic ticks of an emulated timer. A guest that did not run gets the ticks that it missed, one
 * by one and faster than usual, so that its clock catches up. Their number is bounded.
 *
 * struct ticks holds plain values: it may be preserved over a restart, and may then hold anything.
 */
#ifndef COMPONENTS_TICKS_H
#define COMPONENTS_TICKS_H

#include <mullion/types.h>

#define TICKS_OWED_MAX 1000u /* further missed ticks are lost */

struct ticks {
	u64 period; /* ns; 0: stopped */
	u64 next;   /* time of the next regular tick */
	u64 late;   /* earliest time of the next missed tick */
	u64 owed;   /* ticks that were missed */
};

/** ticks_start() - the first tick comes a @period (ns, not 0) after @now. */
void ticks_start(struct ticks *ticks, u64 now, u64 period);
/** ticks_stop() - no tick comes any more. */
void ticks_stop(struct ticks *ticks);
/** ticks_count() - the regular ticks up to @now are owed. */
void ticks_count(struct ticks *ticks, u64 now);
/** ticks_due() - Returns true if a tick is due at @now; it counts as delivered. */
bool ticks_due(struct ticks *ticks, u64 now);
/** ticks_when() - Returns the time of the next tick, UINT64_MAX if there is none. */
u64 ticks_when(const struct ticks *ticks);

#endif
