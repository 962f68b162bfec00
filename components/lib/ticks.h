/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Periodic ticks of an emulated timer. A guest that did not run gets the ticks that it missed, one
 * by one and faster than usual, so that its clock catches up. Their number is bounded.
 *
 * struct ticks holds plain values: it may be preserved over a restart, and may then hold anything.
 */
#ifndef COMPONENTS_TICKS_H
#define COMPONENTS_TICKS_H

#include <abi/component.h>
#include <mullion/types.h>

#define TICKS_OWED_MAX 1000u /* further missed ticks are lost */

struct ticks {
	u64 period; /* ns; 0: stopped */
	u64 next;   /* time of the next regular tick */
	u64 late;   /* earliest time of the next missed tick */
	u64 owed;   /* ticks that were missed */
};

/** ticks_init() - read the policy for all missed ticks, "missed-ticks=" of the program's arguments.
 * drop: one tick comes for all of them. slew, the default: up to 4 in a period. burst: up to 32.
 * Another text is logged, and means slew. */
void ticks_init(const struct component_info *info);
/** ticks_start() - the first tick comes at @next, the others in steps of @period (ns, not 0). */
void ticks_start(struct ticks *ticks, u64 next, u64 period);
/** ticks_stop() - no tick comes any more. */
void ticks_stop(struct ticks *ticks);
/** ticks_count() - the regular ticks up to @now are owed. */
void ticks_count(struct ticks *ticks, u64 now);
/** ticks_due() - Returns true if a tick is due at @now; it counts as delivered. */
bool ticks_due(struct ticks *ticks, u64 now);
/** ticks_again() - the tick of ticks_due() was lost, because the one before is still pending. */
void ticks_again(struct ticks *ticks);
/** ticks_when() - Returns the time of the next tick, UINT64_MAX if there is none. */
u64 ticks_when(const struct ticks *ticks);

/** clock_cycles() - cycles of a clock of @hz in @ns, rounded down. */
static inline u64 clock_cycles(u64 ns, u64 hz)
{
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

/** clock_ns() - the time that @cycles take, rounded up. */
static inline u64 clock_ns(u64 cycles, u64 hz)
{
	return cycles / hz * NS_PER_S + (cycles % hz * NS_PER_S + hz - 1) / hz;
}

#endif
