/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer of a PC (Intel 8254), and port 0x61, which holds the gate and output of channel 2.
 * A counter is computed when it is read, from the time of its load. Channel 0 raises the interrupt.
 */
#include "components/lib/ticks.h"
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define HZ       UINT64_C(1193182)
#define CHANNELS 3u
#define COMMAND  0x43u
#define GATE     0x61u
#define FIRST    0x40u

#define GATE_2       0x01u
#define GATE_WRITE   0x03u
#define GATE_REFRESH 0x10u
#define GATE_OUT_2   0x20u
#define REFRESH_NS   15085u /* half a period of the refresh signal */

#define READ_BACK    3u /* as channel of a command */
#define COUNT_LATCH  0u /* as access of a command */
#define ACCESS_LOW   1u
#define ACCESS_HIGH  2u
#define ACCESS_BOTH  3u
#define STATUS_OUT   0x80u
#define STATUS_NULL  0x40u
#define LATCHED_LOW  1u
#define LATCHED_HIGH 2u
#define MODE_ONCE    0u
#define MODE_RATE    2u
#define MODE_SQUARE  3u

struct channel {
	u64 start; /* time of the load, or of the gate's rise */
	u32 count; /* loaded: 1 to 65536; 0: none yet */
	u16 latch;
	u8 mode, access;
	u8 latched; /* LATCHED_...: bytes of the latch that are to be read */
	u8 status, status_latched;
	u8 high;            /* the next byte read is the high one */
	u8 write_high, low; /* the next byte written is the high one; the low one */
	u8 stopped;         /* by the gate */
	u8 bcd;
};

struct i8254_state {
	struct channel channels[CHANNELS];
	struct ticks ticks;
	u64 once; /* time of the interrupt of a mode that has one; UINT64_MAX: none */
	u32 gate;
	u32 reserved;
};

_Static_assert(sizeof(struct i8254_state) <= DEVICE_STATE, "device.h");

static bool is_periodic(const struct channel *c)
{
	return c->mode == MODE_RATE || c->mode == MODE_SQUARE;
}

static u64 elapsed(const struct channel *c, u64 now)
{
	return now < c->start ? 0 : clock_cycles(now - c->start, HZ);
}

static u32 to_bcd(u32 n)
{
	return n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12;
}

static u32 from_bcd(u32 n)
{
	return (n & 0xf) + (n >> 4 & 0xf) * 10 + (n >> 8 & 0xf) * 100 + (n >> 12 & 0xf) * 1000;
}

static u16 counter(const struct channel *c, u64 now)
{
	u64 ticks = c->stopped != 0 ? 0 : elapsed(c, now);
	u32 range = c->bcd != 0 ? 10000 : 65536, left;

	if (c->count == 0)
		return 0;
	if (c->mode == MODE_SQUARE) /* it counts by two, twice in a period */
		left = c->count - (u32)(ticks * 2 % c->count);
	else if (c->mode == MODE_RATE)
		left = c->count - (u32)(ticks % c->count);
	else
		left = (c->count + range - (u32)(ticks % range)) % range;
	return (u16)(c->bcd != 0 ? to_bcd(left % range) : left);
}

static bool output(const struct channel *c, u64 now)
{
	u64 ticks = elapsed(c, now);

	if (c->count == 0)
		return c->mode != MODE_ONCE;
	switch (c->mode) {
	case MODE_ONCE: return c->stopped == 0 && ticks >= c->count;
	case 1: return ticks >= c->count;
	case MODE_RATE: return ticks % c->count != c->count - 1;
	case MODE_SQUARE: return ticks % c->count < (c->count + 1) / 2;
	default: return ticks != c->count;
	}
}

/* Channel 0 was loaded: when does it raise the interrupt? */
static void pit_schedule(struct i8254_state *s)
{
	const struct channel *c = &s->channels[0];
	u64 ns = clock_ns(c->count, HZ);

	ticks_stop(&s->ticks);
	s->once = UINT64_MAX;
	if (c->count == 0)
		return;
	if (is_periodic(c))
		ticks_start(&s->ticks, c->start + ns, ns);
	else
		s->once = c->start + ns;
}

static void load(struct i8254_state *s, u32 index, u32 value)
{
	struct channel *c = &s->channels[index];
	u32 range = c->bcd != 0 ? 10000 : 65536;

	if (c->bcd != 0)
		value = from_bcd(value) % range;
	c->count = value == 0 ? range : value;
	c->start = sys_time(NULL).v;
	if (index == 0)
		pit_schedule(s);
}

static void latch_count(struct channel *c, u64 now)
{
	if (c->latched != 0)
		return;
	c->latch = counter(c, now);
	c->latched = c->access == ACCESS_BOTH ? LATCHED_LOW | LATCHED_HIGH : c->access;
}

static void read_back(struct i8254_state *s, u32 command, u64 now)
{
	for (u32 i = 0; i < CHANNELS; i++) {
		struct channel *c = &s->channels[i];

		if ((command & 2u << i) == 0)
			continue;
		if ((command & 0x20) == 0)
			latch_count(c, now);
		if ((command & 0x10) == 0 && c->status_latched == 0) {
			c->status = (u8)((output(c, now) ? STATUS_OUT : 0) |
					 (c->count == 0 ? STATUS_NULL : 0) | (u32)c->access << 4 |
					 (u32)c->mode << 1 | c->bcd);
			c->status_latched = 1;
		}
	}
}

static void set_mode(struct i8254_state *s, u32 index, u32 command)
{
	struct channel *c = &s->channels[index];
	u32 mode = (u32)FIELD(command, 3, 1);

	*c = (struct channel){
		.mode = (u8)(mode > 5 ? mode & 3 : mode),
		.access = (u8)FIELD(command, 5, 4),
		.bcd = (u8)(command & 1),
		.stopped = index == 2 && (s->gate & GATE_2) == 0,
	};
	if (index == 0)
		pit_schedule(s);
}

static void command(struct i8254_state *s, u32 value)
{
	u32 index = (u32)FIELD(value, 7, 6);
	u64 now = sys_time(NULL).v;

	if (index == READ_BACK)
		read_back(s, value, now);
	else if (FIELD(value, 5, 4) == COUNT_LATCH)
		latch_count(&s->channels[index], now);
	else
		set_mode(s, index, value);
}

static u8 read_latch(struct channel *c)
{
	if ((c->latched & LATCHED_LOW) != 0) {
		c->latched &= (u8)~LATCHED_LOW;
		return (u8)c->latch;
	}
	c->latched = 0;
	return (u8)(c->latch >> 8);
}

static u8 read_channel(struct channel *c)
{
	u16 now;

	if (c->status_latched != 0) {
		c->status_latched = 0;
		return c->status;
	}
	if (c->latched != 0)
		return read_latch(c);
	now = counter(c, sys_time(NULL).v);
	if (c->access == ACCESS_HIGH)
		return (u8)(now >> 8);
	if (c->access == ACCESS_LOW)
		return (u8)now;
	c->high ^= 1;
	return c->high != 0 ? (u8)now : (u8)(now >> 8);
}

static void write_channel(struct i8254_state *s, u32 index, u8 value)
{
	struct channel *c = &s->channels[index];

	if (c->access == ACCESS_LOW) {
		load(s, index, value);
	} else if (c->access == ACCESS_HIGH) {
		load(s, index, (u32)value << 8);
	} else if (c->write_high == 0) {
		c->low = value;
		c->write_high = 1;
	} else {
		c->write_high = 0;
		load(s, index, (u32)value << 8 | c->low);
	}
}

/* The gate's rise starts channel 2 again. Its fall stops the modes that count while it is high.
 */
static void write_gate(struct i8254_state *s, u32 value)
{
	struct channel *c = &s->channels[2];

	if ((value & ~s->gate & GATE_2) != 0) {
		c->start = sys_time(NULL).v;
		c->stopped = 0;
	} else if ((~value & s->gate & GATE_2) != 0 && c->mode != 1 && c->mode != 5) {
		c->stopped = 1;
	}
	s->gate = value & GATE_WRITE;
}

static u32 read_gate(const struct i8254_state *s)
{
	u64 now = sys_time(NULL).v;

	return s->gate | (now / REFRESH_NS % 2 != 0 ? GATE_REFRESH : 0) |
	       (output(&s->channels[2], now) ? GATE_OUT_2 : 0);
}

static u64 pit_read(struct device *pit, u64 offset, u64 number, u64 where)
{
	struct i8254_state *s = pit->state;
	u64 port = pit->base + offset;

	(void)number;
	(void)where;
	if (port == GATE)
		return read_gate(s);
	return port - FIRST < CHANNELS ? read_channel(&s->channels[port - FIRST]) : UINT64_MAX;
}

static bool pit_write(struct device *pit, u64 offset, u64 value, u64 number, u64 where)
{
	struct i8254_state *s = pit->state;
	u64 port = pit->base + offset;

	(void)number;
	(void)where;
	if (port == GATE)
		write_gate(s, (u32)value);
	else if (port == COMMAND)
		command(s, (u8)value);
	else if (port - FIRST < CHANNELS)
		write_channel(s, (u32)(port - FIRST), (u8)value);
	return true;
}

static ns_t pit_timer(struct device *pit)
{
	struct i8254_state *s = pit->state;
	u64 now;

	if (s->ticks.period == 0 && s->once == UINT64_MAX)
		return NS(UINT64_MAX);
	now = sys_time(NULL).v;
	if (ticks_due(&s->ticks, now) && x86_pulse(pit))
		ticks_again(&s->ticks);
	if (now >= s->once) {
		s->once = UINT64_MAX;
		(void)x86_pulse(pit);
	}
	return NS(MIN(ticks_when(&s->ticks), s->once));
}

static void pit_reset(struct device *pit)
{
	struct i8254_state *s = pit->state;

	memset(s, 0, sizeof(*s));
	s->once = UINT64_MAX;
	x86_force_level(pit, false);
}

/* A preserved state may hold anything: counts and modes are bounded again. */
static void pit_resume(struct device *pit)
{
	struct i8254_state *s = pit->state;

	for (u32 i = 0; i < CHANNELS; i++) {
		s->channels[i].count = MIN(s->channels[i].count, 65536);
		s->channels[i].mode %= 6;
	}
	pit_schedule(s);
	x86_force_level(pit, false);
}

const struct device_model i8254_model = {
	.name = "i8254",
	.size = sizeof(struct i8254_state),
	.joined = true,
	.reset = pit_reset,
	.resume = pit_resume,
	.read = pit_read,
	.write = pit_write,
	.timer = pit_timer,
};
