/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's stage 1, walked by software. The core has no AT instruction. On several cores a
 * speculative AT during the exchange of VTTBR_EL2 and the guest's registers puts a wrong
 * translation into the TLB. These are Cortex-A55 1530923, A57 1319537, A72 1319367 and A76 1165522.
 * Pure; the guest's memory is read through a function.
 */
#ifndef ARM64_PURE_WALK_H
#define ARM64_PURE_WALK_H

#include <mullion/types.h>

struct walk {
	u64 tcr, ttbr0, ttbr1, sctlr; /* of EL1 */
	u64 va;
	/* Read the descriptor at @ipa; false when it is in no memory. */
	bool (*read)(void *context, u64 ipa, u64 *descriptor);
	void *context;
};

/** walk_level() - the level (0 to 3) of the walk for walk->va whose descriptor lies in the page of
 * @ipa. Follows the guest's tables, at most five steps. Any context that may call walk->read.
 * Returns false when the tables, which the guest may have changed since, no longer lead there.
 * Arm ARM D8.2 (VMSAv8-64 translation tables). */
bool walk_level(const struct walk *walk, u64 ipa, u8 *level);

/** walk_translate() - the intermediate physical address that a read of walk->va by EL1, or by EL0
 * with @el0, goes to. At most five steps, context as above. Returns false when it faults. */
bool walk_translate(const struct walk *walk, bool el0, u64 *ipa);

#endif
