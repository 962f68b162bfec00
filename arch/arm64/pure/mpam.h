/* SPDX-License-Identifier: Apache-2.0 */
/* Traps of memory partitioning (MPAM), by MPAMIDR_EL1. Arm DDI 0598, chapter 7. */
#ifndef ARM64_PURE_MPAM_H
#define ARM64_PURE_MPAM_H

#include <mullion/types.h>

#define MPAMIDR_HAS_HCR  BIT(17)
#define MPAMIDR_HAS_TIDR BIT(58)
#define MPAM2_TRAP1      BIT(48)
#define MPAM2_TRAP0      BIT(49)
#define MPAM2_TIDR       BIT(58)
#define MPAMHCR_TRAP_IDR BIT(31)

/** mpam2_traps() - MPAM2_EL2 for a machine with MPAMIDR_EL1 @id. Accesses of EL1 to MPAM0_EL1 and
 * MPAM1_EL1 trap, and to MPAMIDR_EL1 where the machine has that bit. EL2 is in partition 0. */
static inline u64 mpam2_traps(u64 id)
{
	return MPAM2_TRAP0 | MPAM2_TRAP1 | ((id & MPAMIDR_HAS_TIDR) != 0 ? MPAM2_TIDR : 0);
}

/** mpamhcr_traps() - MPAMHCR_EL2, or 0 where the machine has no such register. */
static inline u64 mpamhcr_traps(u64 id)
{
	return (id & MPAMIDR_HAS_HCR) != 0 ? MPAMHCR_TRAP_IDR : 0;
}

#endif
