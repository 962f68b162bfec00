/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory types of a CPU: the MTRRs must be alike on all CPUs (Intel SDM vol. 3 §11.11.8). So each
 * CPU's are compared with the boot CPU's.
 */
#ifndef X86_64_PURE_MTRR_H
#define X86_64_PURE_MTRR_H

#include <mullion/types.h>

#define MTRR_MAX_PAIRS 16u
#define MTRR_REGISTERS (2 + 11 + 2 * MTRR_MAX_PAIRS)

/* One value for each register of mtrr_msr(). */
struct mtrr_state {
	u64 values[MTRR_REGISTERS];
};

/** mtrr_msr() - the number of register @i, below MTRR_REGISTERS, on a CPU whose MTRR_CAP is @cap.
 * Returns 0 if the CPU does not have it. Pure. */
u32 mtrr_msr(u64 cap, u32 i);
/** mtrr_differs() - Returns the number of the first register that differs, or 0. Pure. */
u32 mtrr_differs(const struct mtrr_state *a, const struct mtrr_state *b);

#endif
