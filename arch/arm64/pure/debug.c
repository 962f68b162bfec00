/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's breakpoints and watchpoints: see debug.h. */
#include "arch/arm64/pure/debug.h"

/* DBGBCR<n>_EL1 and DBGWCR<n>_EL1: fields that exist in ARMv8.0 (D13.3.2, D13.3.11). */
#define POINT_E     BIT(0)
#define BCR_WRITTEN (MASK(23, 13) | MASK(8, 5) | MASK(2, 0)) /* BT, LBN, SSC, HMC, BAS, PMC, E */
#define WCR_WRITTEN (MASK(28, 24) | MASK(20, 0)) /* MASK, WT, LBN, SSC, HMC, BAS, LSC, PAC, E */
#define LBN_SHIFT   16
#define LBN_MASK    MASK(19, 16)
#define WVR_ALIGNED (~UINT64_C(3))

/* BCR.BT: 0 and 1 match an address, 2 and 3 a context ID; odd ones are linked. */
#define BT(bcr)       FIELD(bcr, 23, 20)
#define BT_CONTEXT    2u
#define BT_LAST_KNOWN 3u

__cold void debug_reset(struct debug_state *debug)
{
	*debug = (struct debug_state){ .os_locked = true };
}

__cold bool debug_access(struct debug_state *debug, enum debug_kind kind, u32 index, bool write,
			 u64 *value)
{
	if (index >= DEBUG_POINTS)
		return false;
	switch (kind) {
	case DEBUG_BVR:
		if (write)
			debug->bvr[index] = *value;
		*value = debug->bvr[index];
		return true;
	case DEBUG_BCR:
		if (write)
			debug->bcr[index] = (u32)(*value & BCR_WRITTEN);
		*value = debug->bcr[index];
		return true;
	case DEBUG_WVR:
		if (write)
			debug->wvr[index] = *value & WVR_ALIGNED;
		*value = debug->wvr[index];
		return true;
	case DEBUG_WCR:
		if (write)
			debug->wcr[index] = (u32)(*value & WCR_WRITTEN);
		*value = debug->wcr[index];
		return true;
	default: return false;
	}
}

static bool has_type(u32 bcr, u32 index)
{
	return BT(bcr) < BT_CONTEXT || (BT(bcr) <= BT_LAST_KNOWN && index == DEBUG_POINTS - 1);
}

__cold bool debug_live(const struct debug_state *debug)
{
	if (debug->os_locked || (debug->mdscr & MDSCR_MDE) == 0)
		return false;
	for (u32 i = 0; i < DEBUG_POINTS; i++)
		if (((debug->bcr[i] & POINT_E) != 0 && has_type(debug->bcr[i], i)) ||
		    (debug->wcr[i] & POINT_E) != 0)
			return true;
	return false;
}

__cold u64 debug_mdscr(const struct debug_state *debug)
{
	u64 kept = MDSCR_SS | MDSCR_TDCC | MDSCR_KDE;

	if (debug->os_locked)
		return debug->mdscr & MDSCR_TDCC;
	return debug->mdscr & (kept | (debug_live(debug) ? MDSCR_MDE : 0));
}

/* The linked breakpoint's number, from the guest's into the hardware's. */
static u64 relinked(u64 control, u32 last)
{
	u64 number = FIELD(control, 19, 16) == DEBUG_POINTS - 1 ? last : 0;

	return (control & ~LBN_MASK) | number << LBN_SHIFT;
}

__cold u64 debug_bcr(const struct debug_state *debug, u32 index, u32 last)
{
	u32 bcr = debug->bcr[index];

	return has_type(bcr, index) ? relinked(bcr, last) : 0;
}

__cold u64 debug_wcr(const struct debug_state *debug, u32 index, u32 last)
{
	return relinked(debug->wcr[index], last);
}
