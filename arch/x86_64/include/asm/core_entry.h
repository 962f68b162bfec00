/* SPDX-License-Identifier: Apache-2.0 */
/* Form and maintenance of the core's own tables: see arch/common/mmu.h. A processor sees entries
 * that are added, so the compiler alone must not move a use before them. */
#ifndef ASM_CORE_ENTRY_H
#define ASM_CORE_ENTRY_H

#include "arch/x86_64/pure/pte.h"
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <stdatomic.h>

static inline u64 core_leaf(u64 pa, u32 level, enum pte_kind kind)
{
	return pte_core_leaf(pa, level, kind);
}

/* For the supervisor alone. */
static inline u64 core_table(u64 pa)
{
	return pa | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
}

static inline void core_window_added(void)
{
	__asm__ volatile("" : : : "memory");
}

/* A stack's address may have had other pages. */
static inline void core_added(void)
{
	core_window_added();
	mmu_see_stacks();
}

static inline void core_removed(u64 va, u64 bytes)
{
	(void)va;
	(void)bytes;
	atomic_fetch_add(&mmu_stacks_changed, 1);
	mmu_see_stacks();
}

static inline void core_window_removed(u64 va, u64 bytes)
{
	if (bytes > 8 * PAGE_SIZE)
		write_cr3(read_cr3());
	else
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			invalidate_page(va + at);
}

#endif
