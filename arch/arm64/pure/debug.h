/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug of a guest: its breakpoint and watchpoint registers as written, and their
 * values for the hardware. Every guest access to a debug register traps, so this structure is
 * always current, and a switch reads nothing back. Pure; Arm ARM D2, D13.3.
 */
#ifndef ARM64_PURE_DEBUG_H
#define ARM64_PURE_DEBUG_H

#include <mullion/types.h>

/* Of each kind, as DFR0_GUEST says (idregs.c): the fewest that the architecture allows. The last
 * breakpoint alone can match a context ID (ID_AA64DFR0_EL1.CTX_CMPs is 0). */
#define DEBUG_POINTS 2u

/* MDSCR_EL1. */
#define MDSCR_SS   BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)

struct debug_state {
	u64 bvr[DEBUG_POINTS], wvr[DEBUG_POINTS];
	u32 bcr[DEBUG_POINTS], wcr[DEBUG_POINTS];
	u32 mdscr;
	bool os_locked; /* OSLSR_EL1.OSLK */
};

/* A register of a trapped access: DBGBVRn, DBGBCRn, DBGWVRn, DBGWCRn. */
enum debug_kind { DEBUG_BVR = 4, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR }; /* their op2 */

/** debug_reset() - as out of a cold reset: everything off, the OS lock taken (D13.3.25). */
void debug_reset(struct debug_state *debug);

/** debug_access() - a guest's access to register @index of @kind. Reserved bits are dropped.
 * Returns false when it has no such register. */
bool debug_access(struct debug_state *debug, enum debug_kind kind, u32 index, bool write,
		  u64 *value);

/** debug_live() - can a breakpoint or watchpoint of @debug fire? Only then its registers need the
 * hardware. */
bool debug_live(const struct debug_state *debug);

/** debug_mdscr() - return MDSCR_EL1 for the hardware. MDE is set only with debug_live(), because
 * MDE alone would enable old registers. No bit is set while the OS lock is taken (D2.1). */
u64 debug_mdscr(const struct debug_state *debug);

/** debug_bcr() - DBGBCR of breakpoint @index for the hardware, where the guest's last breakpoint is
 * number @last. Types that compare a VMID, which no guest without EL2 has, are off. */
u64 debug_bcr(const struct debug_state *debug, u32 index, u32 last);
/** debug_wcr() - DBGWCR of watchpoint @index, the same. */
u64 debug_wcr(const struct debug_state *debug, u32 index, u32 last);

#endif
