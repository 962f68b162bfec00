/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's stage 1, walked by software: see walk.h. */
#include "arch/arm64/pure/walk.h"

#include "arch/arm64/include/asm/sysreg.h"

#define VA_SELECT        BIT(55) /* of the two halves of the address space */
#define DESCRIPTOR_TYPE  3u      /* bits 1:0 */
#define DESCRIPTOR_BLOCK 1u      /* levels 1 and 2 */
#define DESCRIPTOR_TABLE 3u      /* levels 0 to 2; at level 3 a page */
#define DESCRIPTOR_EL0   BIT(6)  /* AP[1]: EL0 may access */
#define DESCRIPTOR_AF    BIT(10)
#define TABLE_NO_EL0     BIT(61) /* APTable[0] */

/* TCR_EL1: a pair for the two halves, X0 for the lower one. */
#define TCR_EPD0  BIT(7)
#define TCR_EPD1  BIT(23)
#define TCR_TBI0  BIT(37)
#define TCR_TBI1  BIT(38)
#define TCR_HA    BIT(39)
#define TCR_HPD0  BIT(41)
#define TCR_HPD1  BIT(42)
#define TCR_E0PD0 BIT(55)
#define TCR_E0PD1 BIT(56)
#define TCR_DS    BIT(59)

#define SCTLR_EE BIT(25)

/* Where a walk is. */
struct step {
	u32 granule, stride, bits; /* log2 of the granule, of a table's entries, of the space */
	s32 level, start;
	u64 table;
};

/* Log2 of the granule; 0 for a reserved value. TG0 and TG1 are coded differently. */
static u32 granule_shift(const struct walk *walk)
{
	static const u8 tg0[] = { 12, 16, 14, 0 }, tg1[] = { 0, 14, 12, 16 };

	return walk->va & VA_SELECT ? tg1[FIELD(walk->tcr, 31, 30)] : tg0[FIELD(walk->tcr, 15, 14)];
}

/* Of a pair of bits in TCR_EL1, that of the half in which the address is. */
static bool of_half(const struct walk *walk, u64 lower, u64 upper)
{
	return (walk->tcr & ((walk->va & VA_SELECT) != 0 ? upper : lower)) != 0;
}

__cold static bool begin(const struct walk *walk, struct step *step)
{
	bool high = (walk->va & VA_SELECT) != 0;
	u32 most = granule_shift(walk) == 16 || (walk->tcr & TCR_DS) != 0 ? 52 : 48;

	step->granule = granule_shift(walk);
	step->stride = step->granule - 3;
	step->bits = 64 - (u32)(high ? FIELD(walk->tcr, 21, 16) : FIELD(walk->tcr, 5, 0));
	step->table = (high ? walk->ttbr1 : walk->ttbr0) & MASK(47, 1);
	if (step->granule == 0 || step->bits <= step->granule || step->bits > most)
		return false;
	step->start = 4 - (s32)((step->bits - step->granule + step->stride - 1) / step->stride);
	step->level = step->start;
	return true;
}

/* Log2 of what one entry of the step's table covers. */
static u32 shift_of(const struct step *step)
{
	return step->granule + (u32)(3 - step->level) * step->stride;
}

static u64 entry_address(const struct walk *walk, const struct step *step)
{
	u32 shift = shift_of(step);
	u32 top = step->level == step->start ? step->bits - 1 : shift + step->stride - 1;

	return step->table + (FIELD(walk->va, top, shift) << 3);
}

static bool read_entry(const struct walk *walk, const struct step *step, u64 *descriptor)
{
	if (!walk->read(walk->context, entry_address(walk, step), descriptor))
		return false;
	if (walk->sctlr & SCTLR_EE)
		*descriptor = __builtin_bswap64(*descriptor);
	return true;
}

/* False: the entry leads to no further table. */
static bool descend(struct step *step, u64 descriptor)
{
	if (step->level == 3 || (descriptor & DESCRIPTOR_TYPE) != DESCRIPTOR_TABLE)
		return false;
	step->table = descriptor & MASK(47, step->granule);
	step->level++;
	return true;
}

__cold bool walk_level(const struct walk *walk, u64 ipa, u8 *level)
{
	struct step step;
	u64 descriptor;

	if (!begin(walk, &step))
		return false;
	do {
		if ((entry_address(walk, &step) ^ ipa) >> PAGE_SHIFT == 0 && step.level >= 0) {
			*level = (u8)step.level;
			return true;
		}
	} while (step.level < 3 && read_entry(walk, &step, &descriptor) &&
		 descend(&step, descriptor));
	return false;
}

/* The address is in the part of its half that TCR_EL1 gives a table. */
static bool in_range(const struct walk *walk, u32 bits)
{
	u64 above = ~UINT64_C(0) << bits;

	if (of_half(walk, TCR_TBI0, TCR_TBI1))
		above &= MASK(55, 0);
	return (walk->va & above) == ((walk->va & VA_SELECT) != 0 ? above : 0);
}

static bool is_leaf(const struct step *step, u64 descriptor)
{
	u64 type = descriptor & DESCRIPTOR_TYPE;

	return step->level == 3 ? type == DESCRIPTOR_TABLE
				: step->level >= 1 && type == DESCRIPTOR_BLOCK;
}

__cold bool walk_translate(const struct walk *walk, bool el0, u64 *ipa)
{
	struct step step;
	u64 descriptor, tables = 0;

	if ((walk->sctlr & SCTLR_M) == 0) {
		*ipa = walk->va;
		return true;
	}
	if (!begin(walk, &step) || !in_range(walk, step.bits) ||
	    of_half(walk, TCR_EPD0, TCR_EPD1) || (el0 && of_half(walk, TCR_E0PD0, TCR_E0PD1)))
		return false;
	while (read_entry(walk, &step, &descriptor)) {
		if (is_leaf(&step, descriptor)) {
			u64 inside = MASK(shift_of(&step) - 1, 0);

			*ipa = (descriptor & MASK(47, 0) & ~inside) | (walk->va & inside);
			if ((descriptor & DESCRIPTOR_AF) == 0 && (walk->tcr & TCR_HA) == 0)
				return false;
			return !el0 || ((descriptor & DESCRIPTOR_EL0) != 0 &&
					((tables & TABLE_NO_EL0) == 0 ||
					 of_half(walk, TCR_HPD0, TCR_HPD1)));
		}
		tables |= descriptor;
		if (!descend(&step, descriptor))
			return false;
	}
	return false;
}
