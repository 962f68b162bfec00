/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation table entries, pure: no system registers, no memory access. Four levels of 512
 * entries (Intel SDM vol. 3 §4.5, AMD APM vol. 2 §5.3). Nested tables of SVM have the same form
 * (§15.25.5): every access of a guest counts as one of user mode.
 */
#ifndef X86_64_PURE_PTE_H
#define X86_64_PURE_PTE_H

#include <mullion/space.h>
#include <mullion/types.h>

#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_USER     BIT(2)
#define PTE_PWT      BIT(3)
#define PTE_PCD      BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_BLOCK    BIT(7) /* above level 3: a leaf */
#define PTE_NX       BIT(63)
/* Entry 3 of the page attribute table, as every CPU has it out of reset: uncacheable. */
#define PTE_UNCACHED (PTE_PCD | PTE_PWT)
#define PTE_ADDRESS  MASK(51, 12)

#define PTE_ENTRIES    512u
#define PTE_TABLE_BITS 9u

/* Of a component (IA-32e) and of a guest on SVM. */
enum arch_space_kind { SPACE_IA32E, SPACE_NPT, SPACE_EPT };

/* Bits of address below an entry of @level (0..3): 39, 30, 21, 12. */
static inline u32 pte_shift(u32 level)
{
	return PAGE_SHIFT + (3 - level) * PTE_TABLE_BITS;
}

/* The core's own pages. */
enum pte_kind { PTE_CODE, PTE_RODATA, PTE_DATA, PTE_DEVICE };

/** pte_core_leaf() - a page or block of the core's own space. Pure. */
u64 pte_core_leaf(u64 pa, u32 level, enum pte_kind kind);
/** pte_encode() - arch_space_encode(). Pure. */
u64 pte_encode(u32 kind, u32 level, struct space_entry entry);

/** pte_decode() - arch_space_decode(). Pure. */
static inline __attribute__((always_inline)) struct space_entry pte_decode(u32 kind, u32 level,
									   u64 entry)
{
	u32 write = entry & PTE_WRITE ? SPACE_WRITE : 0, exec = entry & PTE_NX ? 0 : SPACE_EXEC;
	bool uncached = (entry & PTE_UNCACHED) == PTE_UNCACHED;
	bool table = level < 3 && (entry & (PTE_PRESENT | PTE_BLOCK)) == PTE_PRESENT;

	(void)kind;
	return (struct space_entry){
		.to = HPA(entry & PTE_ADDRESS),
		.flags = table ? 0 : SPACE_READ | write | exec | (uncached ? SPACE_DEVICE : 0),
		.valid = (entry & PTE_PRESENT) != 0,
		.table = table,
	};
}

#endif
