/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a guest's own table walk ran into stage 2: the hardware tells the descriptor's address, the
 * guest must be told the level of the table. Pure; the guest's memory is read through a function.
 */
#ifndef ARM64_PURE_WALK_H
#define ARM64_PURE_WALK_H

#include <mullion/types.h>

struct walk {
	u64 tcr, ttbr0, ttbr1; /* of EL1 */
	u64 va;
	/* Read the descriptor at @ipa; false when it is in no memory. */
	bool (*read)(void *context, u64 ipa, u64 *descriptor);
	void *context;
};

/** walk_level() - the level (0 to 3) of the walk for walk->va whose descriptor lies in the page of
 * @ipa. Follows the guest's tables, at most four steps. Any context that may call walk->read.
 * Return: false when the tables, which the guest may have changed since, no longer lead there.
 * Arm ARM D8.2 (VMSAv8-64 translation tables, 48 bits). */
bool walk_level(const struct walk *walk, u64 ipa, u8 *level);

#endif
