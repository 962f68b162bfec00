/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page-table entries of VMSAv8-64 with a 4 KiB granule: encoding and decoding only. So the walkers
 * have tests on the build machine. (Arm ARM D8.3, D8.5.)
 */
#ifndef ARM64_PTE_H
#define ARM64_PTE_H

#include <mullion/space.h>
#include <mullion/types.h>

#define PTE_VALID      BIT(0)
#define PTE_TABLE      BIT(1) /* levels 0..2: a table; level 3: a page (must be set) */
#define PTE_AF         BIT(10)
#define PTE_SH_INNER   (UINT64_C(3) << 8)
#define PTE_S1_ATTR(i) ((u64)(i) << 2)
#define PTE_S1_RES1    BIT(6) /* AP[1], one at EL2 */
#define PTE_S1_RO      BIT(7)
#define PTE_S1_GP      BIT(50) /* guarded page: FEAT_BTI */
#define PTE_S1_XN      BIT(54)
#define PTE_S2_NORMAL  (UINT64_C(0xf) << 2) /* inner and outer write-back */
#define PTE_S2_DEVICE  (UINT64_C(0x1) << 2) /* Device-nGnRE */
#define PTE_S2_READ    BIT(6)
#define PTE_S2_WRITE   BIT(7)
#define PTE_S2_XN      BIT(54)
#define PTE_ADDRESS    MASK(47, 12)

/* Stage 1 of the core. */
enum pte_kind { PTE_CODE, PTE_CODE_GUARDED, PTE_RODATA, PTE_DATA, PTE_DEVICE };

/** pte_s1_leaf() - a page or block of the core's own space; guarded: for a CPU with FEAT_BTI. Pure.
 */
u64 pte_s1_leaf(u64 pa, u32 level, enum pte_kind kind);

/* Stage 2, which translates for guests and components alike. */
#define PTE_S2_MAX_IPA_BITS    40
#define ARCH_SPACE_BLOCK_LEVEL 1u /* the lowest level number that may hold a block */

enum arch_space_kind { SPACE_STAGE2 };

/** pte_s2_start_level() - return the first level of the walk of an @ipa_bits space: 2 for 31 to 34
 * bits, 1 above. First-level tables are concatenated, which saves a level (Arm ARM D8.2.7).
 * Pure. */
u32 pte_s2_start_level(u32 ipa_bits);

/** pte_s2_control() - VTCR_EL2 for an @ipa_bits space on a CPU whose PARange field is @parange.
 * Write-back walks, inner shareable, 8-bit VMIDs. Pure. D13.2.148. */
u64 pte_s2_control(u32 ipa_bits, u32 parange);

/** pte_s2_pa_bits() - return the bits of a physical address for ID_AA64MMFR0_EL1.PARange value
 * @parange, at most the supported 48. Pure. */
u32 pte_s2_pa_bits(u32 parange);

/** pte_s2_flags() - SPACE_* of a stage 2 leaf. Pure. */
static inline u32 pte_s2_flags(u64 entry)
{
	return (entry & PTE_S2_READ ? SPACE_READ : 0) | (entry & PTE_S2_WRITE ? SPACE_WRITE : 0) |
	       (entry & PTE_S2_XN ? 0 : SPACE_EXEC) |
	       ((entry & PTE_S2_NORMAL) == PTE_S2_DEVICE ? SPACE_DEVICE : 0);
}

/* Inline: a caller uses a field or two. */
static inline __attribute__((always_inline)) struct space_entry
arch_space_decode(u32 kind, u32 level, u64 entry)
{
	bool table = level < 3 && (entry & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);

	(void)kind;
	return (struct space_entry){
		.to = HPA(entry & PTE_ADDRESS),
		.flags = table ? 0 : pte_s2_flags(entry),
		.valid = (entry & PTE_VALID) != 0,
		.table = table,
	};
}

#endif
