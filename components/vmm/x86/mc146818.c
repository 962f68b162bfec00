/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock and CMOS memory of a PC (Motorola MC146818A). The time is computed when it is read: the
 * core's time since 1970, and the seconds by which the guest has set its clock. The interrupts are
 * periodic, of the alarm, and of each second's update.
 */
#include "components/lib/ticks.h"
#include "components/vmm/x86/devices.h"

#include <mullion/date.h>
#include <mullion/string.h>

#define INDEX 0x70u
#define BYTES 128u

#define SECONDS 0u
#define MINUTES 2u
#define HOURS   4u
#define WEEKDAY 6u
#define DAY     7u
#define MONTH   8u
#define YEAR    9u
#define REG_A   10u
#define REG_B   11u
#define REG_C   12u
#define REG_D   13u
#define CENTURY 0x32u

#define A_RATE    0x0fu
#define A_DEFAULT 0x26u
#define B_24_HOUR 0x02u
#define B_BINARY  0x04u
#define B_UPDATE  0x10u
#define B_ALARM   0x20u
#define B_PERIOD  0x40u
#define B_SET     0x80u
#define C_PENDING 0x80u
#define D_VALID   0x80u
#define ALARM_ANY 0xc0u /* such values match always */

#define SECOND_NS UINT64_C(1000000000)
#define BASE_HZ   32768u

struct mc146818_state {
	u64 offset; /* seconds that the guest's clock is ahead of the core's; a reset preserves it
		     */
	struct ticks ticks;
	u64 checked; /* the guest's second up to which alarm and update are served */
	u32 index;
	u8 ram[BYTES]; /* alarms and registers A to C as well; with SET, the time too */
};

_Static_assert(sizeof(struct mc146818_state) <= DEVICE_STATE, "device.h");

/* Returns the seconds that the guest's clock shows; *@part_ns: of the present one. */
static u64 clock_now(const struct mc146818_state *s, u64 *core_ns, u64 *part_ns)
{
	ns_t since_1970 = NS(0);
	u64 now;

	*core_ns = sys_time(&since_1970).v;
	now = since_1970.v != 0 ? since_1970.v : *core_ns;
	*part_ns = now % SECOND_NS;
	return now / SECOND_NS + s->offset;
}

static u8 encode(const struct mc146818_state *s, u32 value)
{
	return (u8)((s->ram[REG_B] & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10);
}

static u32 decode(const struct mc146818_state *s, u8 value)
{
	return (s->ram[REG_B] & B_BINARY) != 0 ? value : (u32)(value >> 4) * 10 + (value & 0xf);
}

static u8 encode_hour(const struct mc146818_state *s, u32 hour)
{
	if ((s->ram[REG_B] & B_24_HOUR) != 0)
		return encode(s, hour);
	return (u8)(encode(s, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0));
}

static u32 decode_hour(const struct mc146818_state *s, u8 value)
{
	if ((s->ram[REG_B] & B_24_HOUR) != 0)
		return decode(s, value);
	return decode(s, value & 0x7f) % 12 + ((value & 0x80) != 0 ? 12 : 0);
}

/* The time into the memory. */
static void show_time(struct mc146818_state *s)
{
	u64 core_ns, part;
	struct date d = date_of(clock_now(s, &core_ns, &part));

	s->ram[SECONDS] = encode(s, d.second);
	s->ram[MINUTES] = encode(s, d.minute);
	s->ram[HOURS] = encode_hour(s, d.hour);
	s->ram[WEEKDAY] = encode(s, d.weekday);
	s->ram[DAY] = encode(s, d.day);
	s->ram[MONTH] = encode(s, d.month);
	s->ram[YEAR] = encode(s, d.year % 100);
	s->ram[CENTURY] = encode(s, d.year / 100);
}

static u32 within(u32 value, u32 least, u32 most)
{
	return value < least ? least : MIN(value, most);
}

/* The memory's time becomes the clock's. A field that is none counts as the nearest one. */
static void set_time(struct mc146818_state *s)
{
	struct date d = {
		.second = within(decode(s, s->ram[SECONDS]), 0, 59),
		.minute = within(decode(s, s->ram[MINUTES]), 0, 59),
		.hour = within(decode_hour(s, s->ram[HOURS]), 0, 23),
		.day = within(decode(s, s->ram[DAY]), 1, 31),
		.month = within(decode(s, s->ram[MONTH]), 1, 12),
		.year = within(decode(s, s->ram[CENTURY]) * 100 + decode(s, s->ram[YEAR]), 1970,
			       9999),
	};
	u64 core_ns, part, now = clock_now(s, &core_ns, &part);

	s->offset += date_seconds(&d) - now;
	s->checked = date_seconds(&d);
}

static bool is_time(u32 index)
{
	return index == SECONDS || index == MINUTES || index == HOURS ||
	       (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

static void rtc_update(struct device *rtc)
{
	struct mc146818_state *s = rtc->state;

	if ((s->ram[REG_B] & s->ram[REG_C] & (B_UPDATE | B_ALARM | B_PERIOD)) != 0)
		s->ram[REG_C] |= C_PENDING;
	x86_set_level(rtc, (s->ram[REG_C] & C_PENDING) != 0);
}

static bool alarm_matches(const struct mc146818_state *s, u64 seconds)
{
	struct date d = date_of(seconds);
	const u8 now[3] = { encode(s, d.second), encode(s, d.minute), encode_hour(s, d.hour) };

	for (u32 i = 0; i < 3; i++)
		if (s->ram[2 * i + 1] < ALARM_ANY && s->ram[2 * i + 1] != now[i])
			return false;
	return true;
}

/* Rates of 3 and above halve from 8192 Hz on; 1 and 2 are 256 and 128 Hz. */
static u64 period_ns(u32 rate)
{
	u32 shift = rate <= 2 ? rate + 6 : rate - 1;

	return (UINT64_C(1) << shift) * SECOND_NS / BASE_HZ;
}

static void rtc_schedule(struct mc146818_state *s)
{
	u32 rate = s->ram[REG_A] & A_RATE;
	u64 period = rate != 0 ? period_ns(rate) : 0;

	if ((s->ram[REG_B] & B_PERIOD) == 0 || period == 0)
		ticks_stop(&s->ticks);
	else if (s->ticks.period != period)
		ticks_start(&s->ticks, sys_time(NULL).v + period, period);
}

/* Serve the seconds that have begun; of more than one, the last alone. */
static u64 serve_seconds(struct mc146818_state *s, u64 core_ns, u64 second, u64 part)
{
	if (second != s->checked) {
		s->ram[REG_C] |= B_UPDATE;
		if (alarm_matches(s, second))
			s->ram[REG_C] |= B_ALARM;
		s->checked = second;
	}
	return core_ns + SECOND_NS - part;
}

/* A tick waits until the guest has read the flag of the one before. */
static u64 serve_period(struct mc146818_state *s, u64 now)
{
	if (s->ticks.period == 0)
		return UINT64_MAX;
	ticks_count(&s->ticks, now);
	if ((s->ram[REG_C] & B_PERIOD) != 0)
		return s->ticks.next;
	if (ticks_due(&s->ticks, now))
		s->ram[REG_C] |= B_PERIOD;
	return ticks_when(&s->ticks);
}

static ns_t rtc_timer(struct device *rtc)
{
	struct mc146818_state *s = rtc->state;
	u64 core_ns, part, second, when;

	if ((s->ram[REG_B] & (B_UPDATE | B_ALARM | B_PERIOD)) == 0)
		return NS(UINT64_MAX);
	second = clock_now(s, &core_ns, &part);
	when = serve_period(s, core_ns);
	if ((s->ram[REG_B] & (B_UPDATE | B_ALARM)) != 0 && (s->ram[REG_B] & B_SET) == 0)
		when = MIN(when, serve_seconds(s, core_ns, second, part));
	rtc_update(rtc);
	return NS(when);
}

static void write_b(struct mc146818_state *s, u8 value)
{
	u8 before = s->ram[REG_B];
	u64 core_ns, part;

	if ((value & ~before & B_SET) != 0)
		show_time(s);
	s->ram[REG_B] = value;
	if ((before & ~value & B_SET) != 0)
		set_time(s);
	if ((value & ~before & (B_UPDATE | B_ALARM)) != 0)
		s->checked = clock_now(s, &core_ns, &part);
}

static void rtc_write_register(struct mc146818_state *s, u32 index, u8 value)
{
	switch (index) {
	case REG_A: s->ram[REG_A] = value & 0x7f; break;
	case REG_B: write_b(s, value); break;
	case REG_C:
	case REG_D: break;
	default:
		if (is_time(index) && (s->ram[REG_B] & B_SET) == 0)
			show_time(s);
		s->ram[index] = value;
		if (is_time(index) && (s->ram[REG_B] & B_SET) == 0)
			set_time(s);
		break;
	}
}

static u64 rtc_read_register(struct device *rtc, u32 index)
{
	struct mc146818_state *s = rtc->state;
	u8 value;

	switch (index) {
	case REG_C:
		value = s->ram[REG_C];
		s->ram[REG_C] = 0;
		x86_set_level(rtc, false);
		return value;
	case REG_D: return D_VALID;
	default:
		if (is_time(index) && (s->ram[REG_B] & B_SET) == 0)
			show_time(s);
		return s->ram[index];
	}
}

static u64 rtc_read(struct device *rtc, u64 offset, u64 number, u64 where)
{
	const struct mc146818_state *s = rtc->state;

	(void)number;
	(void)where;
	return rtc->base + offset == INDEX ? s->index : rtc_read_register(rtc, s->index % BYTES);
}

static bool rtc_write(struct device *rtc, u64 offset, u64 value, u64 number, u64 where)
{
	struct mc146818_state *s = rtc->state;

	(void)number;
	(void)where;
	if (rtc->base + offset == INDEX) {
		s->index = (u32)value % BYTES; /* bit 7 masks the NMI, which there is not */
		return false;
	}
	rtc_write_register(s, s->index % BYTES, (u8)value);
	rtc_schedule(s);
	rtc_update(rtc);
	return true;
}

static void rtc_reset(struct device *rtc)
{
	struct mc146818_state *s = rtc->state;

	*s = (struct mc146818_state){ .offset = s->offset };
	s->ram[REG_A] = A_DEFAULT;
	s->ram[REG_B] = B_24_HOUR;
	x86_force_level(rtc, false);
}

static void rtc_resume(struct device *rtc)
{
	struct mc146818_state *s = rtc->state;

	ticks_stop(&s->ticks);
	rtc_schedule(s);
	x86_force_level(rtc, (s->ram[REG_C] & C_PENDING) != 0);
}

const struct device_model mc146818_model = {
	.name = "mc146818",
	.size = sizeof(struct mc146818_state),
	.joined = true,
	.reset = rtc_reset,
	.resume = rtc_resume,
	.read = rtc_read,
	.write = rtc_write,
	.timer = rtc_timer,
};
