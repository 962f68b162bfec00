/* SPDX-License-Identifier: Apache-2.0 */
/* The PL031's registers: see pl031.h. */
#include "components/vmm/pl031.h"

#define DR   0x000
#define MR   0x004
#define LR   0x008
#define CR   0x00c
#define IMSC 0x010
#define RIS  0x014
#define MIS  0x018
#define ICR  0x01c
#define ID   0xfe0 /* eight registers: PeriphID0 to 3, CellID0 to 3 */

#define NS_PER_S UINT64_C(1000000000)

static const u8 ids[8] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

/* The clock in nanoseconds: of the date, or else of the core. @now: the core's time. */
static u64 clock_ns(ns_t *now)
{
	ns_t date;

	*now = sys_time(&date);
	return date.v != 0 ? date.v : now->v;
}

static u32 seconds(const struct pl031 *clock)
{
	ns_t now;

	return (u32)(clock_ns(&now) / NS_PER_S) + clock->regs->offset;
}

static void update_line(struct pl031 *clock)
{
	bool level = (clock->regs->ris & clock->regs->imsc) != 0;

	if (level == clock->level)
		return;
	clock->level = level;
	if (clock->interrupt < GRANTS_MAX)
		sys_virq_set(clock->interrupt, level);
}

void pl031_start(struct pl031 *clock, struct pl031_registers *regs, u32 interrupt)
{
	*clock = (struct pl031){ .regs = regs, .interrupt = interrupt, .level = true };
	regs->ris &= 1;
	regs->imsc &= 1;
	update_line(clock);
}

void pl031_reset(struct pl031 *clock)
{
	struct pl031_registers *regs = clock->regs;

	*regs = (struct pl031_registers){ .offset = regs->offset };
	update_line(clock);
}

ns_t pl031_poll(struct pl031 *clock)
{
	struct pl031_registers *regs = clock->regs;
	ns_t now;
	u64 ns = clock_ns(&now);
	s32 left = (s32)(regs->mr - ((u32)(ns / NS_PER_S) + regs->offset));

	if (!regs->armed)
		return NS(UINT64_MAX);
	if (left > 0)
		return NS(now.v + ((u64)left * NS_PER_S - ns % NS_PER_S));
	regs->armed = 0;
	regs->ris = 1;
	update_line(clock);
	return NS(UINT64_MAX);
}

static u32 read_register(const struct pl031 *clock, u32 offset)
{
	const struct pl031_registers *regs = clock->regs;

	switch (offset) {
	case DR: return seconds(clock);
	case MR: return regs->mr;
	case LR: return regs->lr;
	case CR: return 1; /* it cannot be stopped (§3.3.4) */
	case IMSC: return regs->imsc;
	case RIS: return regs->ris;
	case MIS: return regs->ris & regs->imsc;
	default: return offset >= ID && offset < ID + 32 ? ids[(offset - ID) / 4] : 0;
	}
}

u64 pl031_read(struct pl031 *clock, u64 offset, u32 width)
{
	u32 value = read_register(clock, (u32)offset & ~3u) >> 8 * (offset & 3);

	return width < 4 ? value & ((1u << 8 * width) - 1) : value;
}

void pl031_write(struct pl031 *clock, u64 offset, u32 width, u64 value)
{
	struct pl031_registers *regs = clock->regs;
	u32 word = (u32)value;

	(void)width;
	switch (offset) {
	case MR:
		regs->mr = word;
		regs->armed = 1;
		break;
	case LR:
		regs->lr = word;
		regs->offset += word - seconds(clock);
		break;
	case IMSC: regs->imsc = word & 1; break;
	case ICR: regs->ris &= ~word; break;
	default: return;
	}
	update_line(clock);
}
