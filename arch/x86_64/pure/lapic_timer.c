/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC's timer: one-shot, periodic, TSC deadline. SDM vol. 3, 10.5.4. */
#include "arch/x86_64/pure/lapic_internal.h"

#define MODE_SHIFT    17
#define MODE_MASK     (3u << MODE_SHIFT)
#define MODE_PERIODIC (1u << MODE_SHIFT)
#define MODE_DEADLINE (2u << MODE_SHIFT)

static u32 mode_of(u32 lvt)
{
	return lvt & MODE_MASK;
}

/* The divider: bits 3, 1 and 0 are a power of two less one; 7 is one (figure 10-10). */
static u32 divider(const struct lapic *lapic)
{
	u32 code = (lapic->divide & 3) | (lapic->divide & 8) >> 1;

	return 1u << ((code + 1) & 7);
}

static u64 period_ns(const struct lapic *lapic)
{
	u64 period = (u64)lapic->initial * divider(lapic);

	if (mode_of(lapic->lvt[LVT_TIMER]) == MODE_PERIODIC)
		return MAX(period, UINT64_C(0) + LAPIC_MIN_PERIOD_NS);
	return period;
}

void lapic_timer_mode(struct lapic *lapic, u32 old, u32 value)
{
	/* A change to or from the deadline mode disarms the timer. */
	if ((mode_of(old) == MODE_DEADLINE) != (mode_of(value) == MODE_DEADLINE)) {
		lapic->counting = false;
		lapic->initial = 0;
		lapic->deadline = 0;
	}
}

void lapic_timer_write(struct lapic *lapic, const struct lapic_clock *clock, u32 reg, u32 value)
{
	if (reg == LAPIC_DIVIDE) {
		lapic->divide = value & 0xb;
		return;
	}
	if (mode_of(lapic->lvt[LVT_TIMER]) == MODE_DEADLINE)
		return;
	lapic->initial = value;
	lapic->counting = value != 0;
	lapic->started_ns = clock->ns;
}

u32 lapic_timer_count(const struct lapic *lapic, const struct lapic_clock *clock)
{
	u64 period = period_ns(lapic), past = clock->ns - lapic->started_ns;

	if (!lapic->counting)
		return 0;
	if (past >= period) {
		if (mode_of(lapic->lvt[LVT_TIMER]) != MODE_PERIODIC)
			return 0;
		past %= period;
	}
	return (u32)MIN((period - past) / divider(lapic), (u64)lapic->initial);
}

/* Nanoseconds of @ticks of the TSC, rounded up; LAPIC_NEVER if they do not fit. */
static u64 tsc_to_ns(u64 ticks, u32 khz)
{
	u64 whole = ticks / khz, rest = ticks % khz;

	if (whole > UINT64_MAX / 2 / 1000000)
		return LAPIC_NEVER;
	return whole * 1000000 + (rest * 1000000 + khz - 1) / khz;
}

u64 lapic_timer_due(const struct lapic *lapic, const struct lapic_clock *clock)
{
	u64 wait;

	if (mode_of(lapic->lvt[LVT_TIMER]) != MODE_DEADLINE)
		return lapic->counting ? lapic->started_ns + period_ns(lapic) : LAPIC_NEVER;
	if (lapic->deadline == 0 || clock->tsc_khz == 0)
		return LAPIC_NEVER;
	if (lapic->deadline <= clock->tsc)
		return clock->ns;
	wait = tsc_to_ns(lapic->deadline - clock->tsc, clock->tsc_khz);
	return wait > LAPIC_NEVER - clock->ns ? LAPIC_NEVER : clock->ns + wait;
}

void lapic_timer_expire(struct lapic *lapic, const struct lapic_clock *clock)
{
	u32 mode = mode_of(lapic->lvt[LVT_TIMER]);

	if (lapic_timer_due(lapic, clock) > clock->ns)
		return;
	if (mode == MODE_DEADLINE) {
		lapic->deadline = 0;
	} else if (mode == MODE_PERIODIC) {
		u64 period = period_ns(lapic);

		lapic->started_ns = clock->ns - (clock->ns - lapic->started_ns) % period;
	} else {
		lapic->counting = false;
	}
	lapic_raise(lapic, LVT_TIMER);
}

u64 lapic_deadline_read(const struct lapic *lapic)
{
	return lapic->deadline;
}

void lapic_deadline_write(struct lapic *lapic, u64 value)
{
	if (mode_of(lapic->lvt[LVT_TIMER]) == MODE_DEADLINE)
		lapic->deadline = value;
}
