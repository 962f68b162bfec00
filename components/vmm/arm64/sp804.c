/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers' registers (DDI 0271 §3.2). A counter is computed when it is read, from the time at
 * which it reaches zero next. A periodic tick waits until the guest has cleared the interrupt of
 * the one before.
 */
#include "components/vmm/arm64/sp804.h"

#include "components/lib/ticks.h"

#include <mullion/string.h>

#define HZ     UINT64_C(24000000)
#define TIMERS 2u
#define STEP   0x20u /* bytes of a timer's registers */

#define LOAD    0x00u
#define VALUE   0x04u
#define CONTROL 0x08u
#define INT_CLR 0x0cu
#define RIS     0x10u
#define MIS     0x14u
#define BG_LOAD 0x18u
#define IDS     0xfe0u
#define SIZE    0x1000u

#define ONE_SHOT BIT(0)
#define WIDE     BIT(1) /* 32 bits; else 16 */
#define PRESCALE MASK(3, 2)
#define ENABLE   BIT(7)
#define PERIODIC BIT(6)
#define INT_MASK BIT(5) /* the interrupt is not masked */
#define DEFINED  (MASK(7, 5) | MASK(3, 0))

struct timer {
	u64 zero; /* time at which a running counter reaches zero; it is in the past after a
		     one-shot */
	u32 left; /* a stopped counter */
	u32 load; /* of a period; it counts from here again */
	u32 control;
	u32 raw; /* the interrupt */
	struct ticks ticks;
};

struct sp804_state {
	struct timer timers[TIMERS];
};

_Static_assert(sizeof(struct sp804_state) <= DEVICE_STATE, "device.h");

static void sp804_update(struct device *device)
{
	const struct sp804_state *s = device->state;
	bool level = false;

	for (u32 i = 0; i < TIMERS; i++)
		level |= s->timers[i].raw != 0 && (s->timers[i].control & INT_MASK) != 0;
	device_set_level(device, level);
}

static u32 widest(const struct timer *t)
{
	return (t->control & WIDE) != 0 ? UINT32_MAX : 0xffff;
}

/* Hz of the counter: the clock by 1, 16 or 256. */
static u64 rate(const struct timer *t)
{
	return HZ >> MIN(4 * FIELD(t->control, 3, 2), 8);
}

/* Cycles from zero to zero. A counter that is not periodic counts from its widest value. */
static u64 period(const struct timer *t)
{
	if ((t->control & PERIODIC) == 0)
		return (u64)widest(t) + 1;
	return MAX(t->load & widest(t), 1);
}

static u32 sp804_value(const struct timer *t, u64 now)
{
	u64 past;

	if ((t->control & ENABLE) == 0)
		return t->left;
	if (now < t->zero)
		return (u32)clock_cycles(t->zero - now, rate(t)) & widest(t);
	if ((t->control & ONE_SHOT) != 0)
		return 0;
	past = clock_cycles(now - t->zero, rate(t)) % period(t);
	return (u32)(period(t) - past) & widest(t);
}

/* The counter counts down from @value. */
static void start(struct timer *t, u32 value, u64 now)
{
	u64 cycles = MAX(value & widest(t), 1);

	t->left = value;
	ticks_stop(&t->ticks);
	if ((t->control & ENABLE) == 0)
		return;
	t->zero = now + clock_ns(cycles, rate(t));
	ticks_start(&t->ticks, t->zero, clock_ns(period(t), rate(t)));
}

/* Returns the time of the next event. */
static u64 serve(struct timer *t, u64 now)
{
	if (t->ticks.period == 0)
		return UINT64_MAX;
	ticks_count(&t->ticks, now);
	if ((t->control & ONE_SHOT) != 0 && t->ticks.owed != 0) {
		t->raw = 1;
		ticks_stop(&t->ticks);
		return UINT64_MAX;
	}
	if (t->raw != 0)
		return t->ticks.next;
	t->raw = ticks_due(&t->ticks, now);
	return t->raw != 0 ? t->ticks.next : ticks_when(&t->ticks);
}

static ns_t sp804_timer(struct device *device)
{
	struct sp804_state *s = device->state;
	u64 now = sys_time(NULL).v, next = UINT64_MAX;

	for (u32 i = 0; i < TIMERS; i++)
		next = MIN(next, serve(&s->timers[i], now));
	sp804_update(device);
	return NS(next);
}

static void sp804_reset(struct device *device)
{
	struct sp804_state *s = device->state;

	memset(s, 0, sizeof(*s));
	for (u32 i = 0; i < TIMERS; i++)
		s->timers[i] = (struct timer){ .left = UINT32_MAX, .control = INT_MASK };
	device_force_level(device, false);
}

/* A preserved state may hold anything. */
static void sp804_resume(struct device *device)
{
	struct sp804_state *s = device->state;

	for (u32 i = 0; i < TIMERS; i++)
		s->timers[i].raw &= 1;
	device_force_level(device, false);
	sp804_update(device);
}

static u64 sp804_read(struct device *device, u64 offset, u64 number, u64 where)
{
	static const u8 ids[8] = { 0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	const struct sp804_state *s = device->state;
	const struct timer *t = &s->timers[offset / STEP % TIMERS];

	(void)number;
	(void)where;
	if (offset >= IDS && offset < SIZE)
		return ids[(offset - IDS) / 4];
	if (offset >= TIMERS * STEP)
		return 0;
	switch (offset % STEP) {
	case LOAD:
	case BG_LOAD: return t->load;
	case VALUE: return sp804_value(t, sys_time(NULL).v) & widest(t);
	case CONTROL: return t->control;
	case RIS: return t->raw;
	case MIS: return (t->control & INT_MASK) != 0 ? t->raw : 0;
	default: return 0;
	}
}

static bool sp804_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct sp804_state *s = device->state;
	struct timer *t = &s->timers[offset / STEP % TIMERS];
	u64 now = sys_time(NULL).v, owed;
	u32 left = sp804_value(t, now);

	(void)number;
	(void)where;
	if (offset >= TIMERS * STEP)
		return false;
	switch (offset % STEP) {
	case LOAD:
		t->load = (u32)value;
		start(t, (u32)value, now);
		break;
	case BG_LOAD: /* from the next zero on */
		t->load = (u32)value;
		ticks_count(&t->ticks, now);
		owed = t->ticks.owed;
		start(t, left, now);
		t->ticks.owed = owed;
		break;
	case CONTROL:
		t->control = (u32)(value & DEFINED);
		start(t, left, now);
		break;
	case INT_CLR: t->raw = 0; break;
	default: return false;
	}
	return true;
}

const struct device_model sp804_model = {
	.name = "sp804",
	.size = sizeof(struct sp804_state),
	.reset = sp804_reset,
	.resume = sp804_resume,
	.read = sp804_read,
	.write = sp804_write,
	.timer = sp804_timer,
};
