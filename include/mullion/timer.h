/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: a 64-bit clock in nanoseconds, and one-shot events. Each CPU keeps its events ordered and
 * sets its one hardware deadline to the earliest; there is no tick.
 *
 * An event is a member of its owner, so arming one never allocates. It belongs to the CPU that
 * armed it until it fires or is stopped. Its handler runs there, in interrupt context, with no lock
 * held. The handler may arm it again, for periodic use.
 */
#ifndef MULLION_TIMER_H
#define MULLION_TIMER_H

#include <arch/time.h>
#include <mullion/types.h>
#include <stdatomic.h>

#define NS_NEVER NS(UINT64_MAX)

/** ticks_to_ns() - @ticks of a counter with @hz in nanoseconds. Pure. */
static inline u64 ticks_to_ns(u64 ticks, u64 hz)
{
	/* Seconds apart, so that nothing overflows in 500 years. */
	return ticks / hz * NS_PER_S + ticks % hz * NS_PER_S / hz;
}

/** ns_to_ticks() - the reverse, rounded up: a deadline never comes early. Pure. */
static inline u64 ns_to_ticks(u64 ns, u64 hz)
{
	return ns / NS_PER_S * hz + (ns % NS_PER_S * hz + NS_PER_S - 1) / NS_PER_S;
}

struct timer_event {
	void (*handler)(struct timer_event *event);
	ns_t when;
	_Atomic u32 cpu; /* id + 1 of the CPU whose queue it is in; 0: not armed */
	u32 rank;        /* this and the links are the queue's; under its lock */
	struct timer_event *parent, *left, *right;
};

/** timer_init() - an event that is not armed. */
void timer_init(struct timer_event *event, void (*handler)(struct timer_event *event));
/** timer_arm() - fire on this CPU at @when (or as soon as possible when that is past). An armed
 * event is moved, from whichever CPU. O(log n). Any context; takes a queue's lock. */
void timer_arm(struct timer_event *event, ns_t when);
/** timer_stop() - stop an event. When it returns, the handler does not run and will not run. It
 * waits for a handler that runs on another CPU, but not inside the handler itself. Returns true if
 * the event was armed. O(log n). Any context, no lock held that the handler takes. */
bool timer_stop(struct timer_event *event);
/** timer_is_armed() - a snapshot. Any context. */
bool timer_is_armed(const struct timer_event *event);
/** timer_expire() - the deadline's interrupt: run every event that is due, set the next deadline.
 * Interrupt context. */
void timer_expire(void);
/** timer_count() - events armed on @cpu, and fired so far there (@fired may be NULL). */
u32 timer_count(u32 cpu, u64 *fired);

/** wall_start() - set the wall clock to the machine's real-time clock; 0: it has no time. Boot CPU.
 */
void wall_start(u64 seconds_since_1970);
/** wall_now() - nanoseconds since 1970 at the core's time @now; 0: unknown. Any context. */
ns_t wall_now(ns_t now);

#endif
