/* SPDX-License-Identifier: Apache-2.0 */
/* The level at which a guest's table walk failed: see walk.h. */
#include "arch/arm64/pure/walk.h"

#define VA_SELECT        BIT(55) /* of the two halves of the address space */
#define DESCRIPTOR_TABLE 3u      /* bits 1:0, levels 0 to 2 */

/* Log2 of the granule; 0 for a reserved value. TG0 and TG1 are coded differently. */
static u32 granule_shift(const struct walk *walk)
{
	static const u8 tg0[] = { 12, 16, 14, 0 }, tg1[] = { 0, 14, 12, 16 };

	return walk->va & VA_SELECT ? tg1[FIELD(walk->tcr, 31, 30)] : tg0[FIELD(walk->tcr, 15, 14)];
}

bool walk_level(const struct walk *walk, u64 ipa, u8 *level)
{
	bool high = (walk->va & VA_SELECT) != 0;
	u32 granule = granule_shift(walk);
	u32 bits = 64 - (u32)(high ? FIELD(walk->tcr, 21, 16) : FIELD(walk->tcr, 5, 0));
	u64 table = (high ? walk->ttbr1 : walk->ttbr0) & MASK(47, 1);
	u32 stride = granule - 3;
	u32 start;

	if (granule == 0 || bits <= granule || bits > granule + 4 * stride || bits > 52)
		return false;
	start = 4 - (bits - granule + stride - 1) / stride;
	for (u32 l = start; l < 4; l++) {
		u32 shift = granule + (3 - l) * stride;
		u32 top = l == start ? bits - 1 : shift + stride - 1;
		u64 address = table + (FIELD(walk->va, top, shift) << 3);
		u64 descriptor;

		if ((address ^ ipa) >> PAGE_SHIFT == 0) {
			*level = (u8)l;
			return true;
		}
		if (l == 3 || !walk->read(walk->context, address, &descriptor) ||
		    (descriptor & 3) != DESCRIPTOR_TABLE)
			return false;
		table = descriptor & MASK(47, granule);
	}
	return false;
}
