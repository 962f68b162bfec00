/* SPDX-License-Identifier: Apache-2.0 */
/* Memory types of a CPU: see mtrr.h. */
#include "arch/x86_64/pure/mtrr.h"

#include "arch/x86_64/pure/regs.h"

#define CAP_PAIRS UINT64_C(0xff)
#define CAP_FIXED BIT(8)

u32 mtrr_msr(u64 cap, u32 i)
{
	/* All that every CPU with MTRRs has, then those of MTRR_CAP. */
	static const u16 fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				     0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

	if (i == 0)
		return MSR_MTRR_CAP;
	if (i == 1)
		return MSR_MTRR_DEF;
	i -= 2;
	if (i < ARRAY_SIZE(fixed))
		return (cap & CAP_FIXED) != 0 ? fixed[i] : 0;
	i -= (u32)ARRAY_SIZE(fixed);
	return i / 2 < MIN(cap & CAP_PAIRS, MTRR_MAX_PAIRS) ? MSR_MTRR_PHYS + i : 0;
}

u32 mtrr_differs(const struct mtrr_state *a, const struct mtrr_state *b)
{
	for (u32 i = 0; i < MTRR_REGISTERS; i++)
		if (a->values[i] != b->values[i])
			return mtrr_msr(a->values[0] | b->values[0], i);
	return 0;
}
