/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation table entries, pure: no system registers, no memory access. Four levels of 512
 * entries (Intel SDM vol. 3 §4.5, AMD APM vol. 2 §5.3). Nested tables of SVM have the same form,
 * and every access of a guest counts as one of user mode (§15.25.5). Those of VMX have permissions
 * and memory types of their own (EPT, SDM vol. 3 §29.3.2).
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

#define EPT_READ       BIT(0)
#define EPT_WRITE      BIT(1)
#define EPT_EXEC       BIT(2)
#define EPT_ALL        (EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPT_TYPE       MASK(5, 3) /* 0: uncacheable */
#define EPT_WRITE_BACK (UINT64_C(6) << 3)

/* Of a component (IA-32e), of a guest on SVM, and of a guest on VMX. */
enum arch_space_kind { SPACE_IA32E, SPACE_NPT, SPACE_EPT };

/* The core's own pages. */
enum pte_kind { PTE_CODE, PTE_RODATA, PTE_DATA, PTE_DEVICE };

/** pte_core_leaf() - a page or block of the core's own space. Pure. */
u64 pte_core_leaf(u64 pa, u32 level, enum pte_kind kind);
/** pte_encode() - arch_space_encode(). Pure. */
u64 pte_encode(u32 kind, u32 level, struct space_entry entry);

/** ept_decode() - pte_decode() of an EPT entry. Pure. */
static inline __attribute__((always_inline)) struct space_entry ept_decode(u32 level, u64 entry)
{
	u32 write = entry & EPT_WRITE ? SPACE_WRITE : 0, exec = entry & EPT_EXEC ? SPACE_EXEC : 0;
	u32 device = (entry & EPT_TYPE) == 0 ? SPACE_DEVICE : 0;
	bool valid = (entry & EPT_ALL) != 0;
	bool table = level < 3 && valid && (entry & PTE_BLOCK) == 0;

	return (struct space_entry){
		.to = HPA(entry & PTE_ADDRESS),
		.flags = table ? 0 : SPACE_READ | write | exec | device,
		.valid = valid,
		.table = table,
	};
}

/** pte_decode() - arch_space_decode(). Pure. */
static inline __attribute__((always_inline)) struct space_entry pte_decode(u32 kind, u32 level,
									   u64 entry)
{
	u32 write = entry & PTE_WRITE ? SPACE_WRITE : 0, exec = entry & PTE_NX ? 0 : SPACE_EXEC;
	bool uncached = (entry & PTE_UNCACHED) == PTE_UNCACHED;
	bool table = level < 3 && (entry & (PTE_PRESENT | PTE_BLOCK)) == PTE_PRESENT;

	if (kind == SPACE_EPT)
		return ept_decode(level, entry);
	return (struct space_entry){
		.to = HPA(entry & PTE_ADDRESS),
		.flags = table ? 0 : SPACE_READ | write | exec | (uncached ? SPACE_DEVICE : 0),
		.valid = (entry & PTE_PRESENT) != 0,
		.table = table,
	};
}

#endif
