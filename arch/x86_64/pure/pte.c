/* SPDX-License-Identifier: Apache-2.0 */
/* Translation table entries: see pte.h. */
#include "arch/x86_64/pure/pte.h"

#include <mullion/space.h>

#define LAST_LEVEL 3u

/* Entry 3 of the page attribute table, as every CPU has it out of reset: uncacheable. */
#define PTE_UNCACHED (PTE_PCD | PTE_PWT)

u64 pte_core_leaf(u64 pa, u32 level, enum pte_kind kind)
{
	u64 entry = pa | PTE_PRESENT | PTE_ACCESSED | (level < LAST_LEVEL ? PTE_BLOCK : 0);

	if (kind == PTE_DATA || kind == PTE_DEVICE)
		entry |= PTE_WRITE | PTE_DIRTY;
	if (kind == PTE_DEVICE)
		entry |= PTE_UNCACHED;
	if (kind != PTE_CODE)
		entry |= PTE_NX;
	return entry;
}

u64 pte_leaf(u32 kind, hpa_t pa, u32 level, u32 flags)
{
	u64 entry = pa.v | PTE_PRESENT | PTE_USER | PTE_ACCESSED;

	(void)kind;
	if (level < LAST_LEVEL)
		entry |= PTE_BLOCK;
	if (flags & SPACE_WRITE)
		entry |= PTE_WRITE | PTE_DIRTY;
	if (flags & SPACE_DEVICE)
		entry |= PTE_UNCACHED;
	if (!(flags & SPACE_EXEC))
		entry |= PTE_NX;
	return entry;
}

u64 pte_table(u32 kind, hpa_t table)
{
	(void)kind;
	return table.v | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED;
}

u32 pte_flags(u32 kind, u64 entry)
{
	u64 flags = SPACE_READ;

	(void)kind;
	if (entry & PTE_WRITE)
		flags |= SPACE_WRITE;
	if (!(entry & PTE_NX))
		flags |= SPACE_EXEC;
	if ((entry & PTE_UNCACHED) == PTE_UNCACHED)
		flags |= SPACE_DEVICE;
	return (u32)flags;
}
