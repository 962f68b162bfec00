/* SPDX-License-Identifier: Apache-2.0 */
/* The clock's registers (DDI 0224 §3.3). */
#include "components/vmm/arm64/pl031.h"

#define DR   0x000u
#define MR   0x004u
#define LR   0x008u
#define CR   0x00cu
#define IMSC 0x010u
#define RIS  0x014u
#define MIS  0x018u
#define ICR  0x01cu
#define IDS  0xfe0u
#define SIZE 0x1000u

#define SECOND UINT64_C(1000000000)

struct pl031_state {
	u32 offset; /* seconds that the guest's clock is ahead of the core's; a reset preserves it
		     */
	u32 match, load, mask, raw;
	u32 armed; /* an alarm is pending */
};

_Static_assert(sizeof(struct pl031_state) <= DEVICE_STATE, "device.h");

static void pl031_update(struct device *rtc)
{
	const struct pl031_state *s = rtc->state;

	device_set_level(rtc, (s->raw & s->mask) != 0);
}

/* Returns the time that seconds are counted from; @core_ns: the core's time at that moment. */
static u64 pl031_clock(u64 *core_ns)
{
	ns_t since_1970 = NS(0);

	*core_ns = sys_time(&since_1970).v;
	return since_1970.v != 0 ? since_1970.v : *core_ns;
}

static u32 pl031_seconds(const struct pl031_state *s)
{
	u64 core_ns;

	return (u32)(pl031_clock(&core_ns) / SECOND) + s->offset;
}

/* The alarm. */
static ns_t pl031_timer(struct device *rtc)
{
	struct pl031_state *s = rtc->state;
	u64 core_ns, now_ns;
	u32 left;

	if (s->armed == 0)
		return NS(UINT64_MAX);
	now_ns = pl031_clock(&core_ns);
	left = s->match - ((u32)(now_ns / SECOND) + s->offset);
	/* Times in the past lie in the upper half, as with any counter that wraps. */
	if (left == 0 || left > INT32_MAX) {
		s->armed = 0;
		s->raw = 1;
		pl031_update(rtc);
		return NS(UINT64_MAX);
	}
	return NS(core_ns + left * SECOND - now_ns % SECOND);
}

static void pl031_reset(struct device *rtc)
{
	struct pl031_state *s = rtc->state;

	*s = (struct pl031_state){ .offset = s->offset };
	device_force_level(rtc, false);
}

static void pl031_resume(struct device *rtc)
{
	struct pl031_state *s = rtc->state;

	s->raw &= 1;
	s->mask &= 1;
	device_force_level(rtc, (s->raw & s->mask) != 0);
}

static u64 pl031_read(struct device *rtc, u64 offset, u64 number, u64 where)
{
	static const u8 ids[8] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	const struct pl031_state *s = rtc->state;

	(void)number;
	(void)where;
	switch (offset) {
	case DR: return pl031_seconds(s);
	case MR: return s->match;
	case LR: return s->load;
	case CR: return 1;
	case IMSC: return s->mask;
	case RIS: return s->raw;
	case MIS: return s->raw & s->mask;
	default: return offset >= IDS && offset < SIZE ? ids[(offset - IDS) / 4] : 0;
	}
}

static bool pl031_write(struct device *rtc, u64 offset, u64 value, u64 number, u64 where)
{
	struct pl031_state *s = rtc->state;

	(void)number;
	(void)where;
	switch (offset) {
	case MR:
		s->match = (u32)value;
		s->armed = 1;
		break;
	case LR:
		s->load = (u32)value;
		s->offset += s->load - pl031_seconds(s);
		break;
	case IMSC: s->mask = (u32)value & 1; break;
	case ICR: s->raw &= ~(u32)value; break;
	default: break;
	}
	pl031_update(rtc);
	return true;
}

const struct device_model pl031_model = {
	.name = "pl031",
	.size = sizeof(struct pl031_state),
	.reset = pl031_reset,
	.resume = pl031_resume,
	.read = pl031_read,
	.write = pl031_write,
	.timer = pl031_timer,
};
