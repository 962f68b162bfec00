/* SPDX-License-Identifier: Apache-2.0 */
/* Translation table entries: see pte.h. */
#include "arch/x86_64/pure/pte.h"

u64 pte_core_leaf(u64 pa, u32 level, enum pte_kind kind)
{
	u64 entry = pa | PTE_PRESENT | PTE_ACCESSED | (level < SPACE_LAST_LEVEL ? PTE_BLOCK : 0);

	if (kind == PTE_DATA || kind == PTE_DEVICE)
		entry |= PTE_WRITE | PTE_DIRTY;
	if (kind == PTE_DEVICE)
		entry |= PTE_UNCACHED;
	if (kind != PTE_CODE)
		entry |= PTE_NX;
	return entry;
}

/* A guest's RAM is write-back; its own PAT applies on top. */
static u64 ept_encode(u32 level, struct space_entry entry)
{
	u64 code = entry.to.v | EPT_READ;

	if (entry.table)
		return code | EPT_WRITE | EPT_EXEC;
	if (level < SPACE_LAST_LEVEL)
		code |= PTE_BLOCK;
	if (entry.flags & SPACE_WRITE)
		code |= EPT_WRITE;
	if (entry.flags & SPACE_EXEC)
		code |= EPT_EXEC;
	if (!(entry.flags & SPACE_DEVICE))
		code |= EPT_WRITE_BACK;
	return code;
}

u64 pte_encode(u32 kind, u32 level, struct space_entry entry)
{
	u64 code = entry.to.v | PTE_PRESENT | PTE_USER | PTE_ACCESSED;

	if (kind == SPACE_EPT)
		return ept_encode(level, entry);
	if (entry.table)
		return code | PTE_WRITE;
	if (level < SPACE_LAST_LEVEL)
		code |= PTE_BLOCK;
	if (entry.flags & SPACE_WRITE)
		code |= PTE_WRITE | PTE_DIRTY;
	if (entry.flags & SPACE_DEVICE)
		code |= PTE_UNCACHED;
	if (!(entry.flags & SPACE_EXEC))
		code |= PTE_NX;
	return code;
}
