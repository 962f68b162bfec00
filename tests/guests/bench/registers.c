/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Costs of the interrupt controller's registers: a row is the dearest one. Interrupt 40 has no
 * device, SGI 9 and PPI 22 no sender. None of them is enabled, so nothing is delivered. An
 * interrupt that the guest makes active takes a list register all the same, so active bits have a
 * row of their own.
 */
#include "bench.h"

#define ROUNDS 200

enum where { DIST, REDIST, SGI_FRAME };

/* One register. Written is what was read, or @value once @set, and @value changed by @flip. */
struct reg {
	enum where where;
	u32 offset;
	u8 width;
	bool set;
	u32 value, flip;
};

/* Both versions: the distributor's arrays, by SPI 40. */
static const struct reg common[] = {
	{ DIST, 0x000, 4, false, 0, 0 },    { DIST, 0x004, 4, false, 0, 0 },
	{ DIST, 0x008, 4, false, 0, 0 },    { DIST, 0x084, 4, false, 0, 0 },
	{ DIST, 0x104, 4, true, 0, 0 },     { DIST, 0x184, 4, true, 0x100, 0 },
	{ DIST, 0x204, 4, true, 0x100, 0 }, { DIST, 0x284, 4, true, 0x100, 0 },
	{ DIST, 0x304, 4, true, 0x100, 0 }, { DIST, 0x384, 4, true, 0x100, 0 },
	{ DIST, 0x428, 1, false, 0, 0x80 }, { DIST, 0x428, 4, false, 0, 0x80 },
	{ DIST, 0xc08, 4, false, 0, 0 },    { DIST, 0xc0c, 4, false, 0, 0x80000000 },
	{ DIST, 0xe00, 4, false, 0, 0 },
};
static const struct reg v2[] = {
	{ DIST, 0x080, 4, false, 0, 0 },       { DIST, 0x100, 4, true, 0, 0 },
	{ DIST, 0x180, 4, true, 0x400000, 0 }, { DIST, 0x200, 4, true, 0x400000, 0 },
	{ DIST, 0x280, 4, true, 0x400000, 0 }, { DIST, 0x300, 4, true, 0x400000, 0 },
	{ DIST, 0x380, 4, true, 0x400000, 0 }, { DIST, 0x408, 4, false, 0, 0x80 },
	{ DIST, 0x828, 1, false, 0, 0 },       { DIST, 0x828, 4, false, 0, 0 },
	{ DIST, 0xc00, 4, false, 0, 0 },       { DIST, 0xf18, 4, true, 0, 0 },
	{ DIST, 0xf28, 4, true, 0, 0 },        { DIST, 0xfe8, 4, false, 0, 0 },
};
static const struct reg v3[] = {
	{ DIST, 0x6140, 8, false, 0, 0 },           { DIST, 0x6140, 4, false, 0, 0 },
	{ DIST, 0xffe8, 4, false, 0, 0 },           { REDIST, 0x0000, 4, false, 0, 0 },
	{ REDIST, 0x0004, 4, false, 0, 0 },         { REDIST, 0x0008, 8, false, 0, 0 },
	{ REDIST, 0x0014, 4, false, 0, 0 },         { REDIST, 0xffe8, 4, false, 0, 0 },
	{ SGI_FRAME, 0x080, 4, false, 0, 0 },       { SGI_FRAME, 0x100, 4, true, 0, 0 },
	{ SGI_FRAME, 0x180, 4, true, 0x400000, 0 }, { SGI_FRAME, 0x200, 4, true, 0x400200, 0 },
	{ SGI_FRAME, 0x280, 4, true, 0x400200, 0 }, { SGI_FRAME, 0x300, 4, true, 0x400200, 0 },
	{ SGI_FRAME, 0x380, 4, true, 0x400200, 0 }, { SGI_FRAME, 0x408, 4, false, 0, 0x80 },
	{ SGI_FRAME, 0x409, 1, false, 0, 0x80 },    { SGI_FRAME, 0xc00, 4, false, 0, 0 },
	{ SGI_FRAME, 0xc04, 4, false, 0, 0 },
};

static u64 worst[2]; /* of all others, of the active bits */

static void load(u64 at, u32 width)
{
	if (width == 1)
		(void)read8(at);
	else if (width == 4)
		(void)read32(at);
	else
		(void)*(volatile u64 *)at;
}

static void store(u64 at, u32 width, u64 value)
{
	if (width == 1)
		write8(at, (u8)value);
	else if (width == 4)
		write32(at, (u32)value);
	else
		*(volatile u64 *)at = value;
}

static void account(const struct reg *r, const char *what, u64 ticks)
{
	u32 array = r->offset & 0xff80;
	bool active = array == 0x300 || array == 0x380;
	u64 cost = ticks * TICK_INSNS / ROUNDS;
	static const char *const names[] = { "GICD", "GICR", "GICR's SGI frame" };

	print("# %s of %u bytes at %s + 0x%x: %llu\n", what, r->width, names[r->where], r->offset,
	      (unsigned long long)cost);
	if (cost > worst[active])
		worst[active] = cost;
}

static void measure(const struct reg *r)
{
	u64 at = r->offset, from, value;

	at += r->where == DIST     ? gic.gicd
	      : r->where == REDIST ? gic_sgi_frame(0) - 0x10000
				   : gic_sgi_frame(0);
	from = time_now();
	for (u32 i = 0; i < ROUNDS; i++)
		load(at, r->width);
	account(r, "read", time_now() - from);
	value = r->set          ? r->value
		: r->width == 1 ? read8(at)
		: r->width == 4 ? read32(at)
				: *(volatile u64 *)at;
	from = time_now();
	for (u32 i = 0; i < ROUNDS; i++) {
		store(at, r->width, value);
		value ^= r->flip;
	}
	account(r, "write", time_now() - from);
}

void registers_measure(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(common); i++)
		measure(&common[i]);
	for (u32 i = 0; gic.version == 2 && i < ARRAY_SIZE(v2); i++)
		measure(&v2[i]);
	for (u32 i = 0; gic.version == 3 && i < ARRAY_SIZE(v3); i++)
		measure(&v3[i]);
	print("bench: registers %llu.0\n", (unsigned long long)worst[0]);
	print("bench: registers-active %llu.0\n", (unsigned long long)worst[1]);
}
