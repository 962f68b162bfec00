/* SPDX-License-Identifier: Apache-2.0 */
/* Form and maintenance of the core's own tables: see arch/common/mmu.h. */
#ifndef ASM_CORE_ENTRY_H
#define ASM_CORE_ENTRY_H

#include "arch/arm64/pure/pte.h"
#include <asm/sysreg.h>

static inline u64 core_leaf(u64 pa, u32 level, enum pte_kind kind)
{
	return pte_s1_leaf(pa, level, kind);
}

static inline u64 core_table(u64 pa)
{
	return pa | PTE_VALID | PTE_TABLE;
}

static inline void core_added(void)
{
	dsb(ishst);
	isb();
}

static inline void core_removed(u64 va, u64 bytes)
{
	dsb(ishst);
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		__asm__ volatile("tlbi vae2is, %0" : : "r"((va + at) >> PAGE_SHIFT) : "memory");
	dsb(ish);
	isb();
}

static inline void core_window_added(void)
{
	dsb(nshst);
	isb();
}

static inline void core_window_removed(u64 va, u64 bytes)
{
	dsb(nshst);
	if (bytes > 8 * PAGE_SIZE) {
		/* All of this CPU's entries: the core has few, and one instruction is cheaper. */
		__asm__ volatile("tlbi alle2" : : : "memory");
	} else {
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			__asm__ volatile("tlbi vae2, %0"
					 :
					 : "r"((va + at) >> PAGE_SHIFT)
					 : "memory");
	}
	dsb(nsh);
	isb();
}

#endif
