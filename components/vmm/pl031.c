/* SPDX-License-Identifier: Apache-2.0 */
/* The clock's registers (DDI 0224 §3.3). */
#include "components/vmm/pl031.h"

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

static void update(struct pl031 *rtc)
{
	bool level = (rtc->state->raw & rtc->state->mask) != 0;

	if (level == rtc->level || rtc->interrupt == UINT32_MAX)
		return;
	rtc->level = level;
	sys_virq_set(rtc->interrupt, level);
}

/* The clock that seconds are counted by; @core_ns: the core's at the same moment. */
static u64 clock_ns(u64 *core_ns)
{
	ns_t since_1970 = NS(0);

	*core_ns = sys_time(&since_1970).v;
	return since_1970.v != 0 ? since_1970.v : *core_ns;
}

static u32 seconds(const struct pl031 *rtc)
{
	u64 core_ns;

	return (u32)(clock_ns(&core_ns) / SECOND) + rtc->state->offset;
}

ns_t pl031_alarm(struct pl031 *rtc)
{
	struct pl031_state *s = rtc->state;
	u64 core_ns, now_ns;
	u32 left;

	if (s->armed == 0)
		return NS(UINT64_MAX);
	now_ns = clock_ns(&core_ns);
	left = s->match - ((u32)(now_ns / SECOND) + s->offset);
	/* Times behind lie in the upper half, as with any counter that wraps. */
	if (left == 0 || left > INT32_MAX) {
		s->armed = 0;
		s->raw = 1;
		update(rtc);
		return NS(UINT64_MAX);
	}
	return NS(core_ns + left * SECOND - now_ns % SECOND);
}

void pl031_reset(struct pl031 *rtc)
{
	u32 offset = rtc->state->offset;

	*rtc->state = (struct pl031_state){ .offset = offset };
	rtc->level = true;
	update(rtc);
}

void pl031_resume(struct pl031 *rtc)
{
	rtc->state->raw &= 1;
	rtc->state->mask &= 1;
	rtc->level = (rtc->state->raw & rtc->state->mask) == 0;
	update(rtc);
}

u64 pl031_read(struct pl031 *rtc, u64 offset)
{
	static const u8 ids[8] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	const struct pl031_state *s = rtc->state;

	switch (offset) {
	case DR: return seconds(rtc);
	case MR: return s->match;
	case LR: return s->load;
	case CR: return 1;
	case IMSC: return s->mask;
	case RIS: return s->raw;
	case MIS: return s->raw & s->mask;
	default: return offset >= IDS && offset < SIZE ? ids[(offset - IDS) / 4] : 0;
	}
}

void pl031_write(struct pl031 *rtc, u64 offset, u64 value)
{
	struct pl031_state *s = rtc->state;

	switch (offset) {
	case MR:
		s->match = (u32)value;
		s->armed = 1;
		break;
	case LR:
		s->load = (u32)value;
		s->offset += s->load - seconds(rtc);
		break;
	case IMSC: s->mask = (u32)value & 1; break;
	case ICR: s->raw &= ~(u32)value; break;
	default: break;
	}
	update(rtc);
}
