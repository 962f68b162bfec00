/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the files of the entry checker share; see entry.h. */
#ifndef X86_64_PURE_ENTRY_INTERNAL_H
#define X86_64_PURE_ENTRY_INTERNAL_H

#include "arch/x86_64/pure/entry.h"
#include "arch/x86_64/pure/regs.h"

#define ENTRY_EFER_BITS (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

/** entry_canonical() - returns true if bits 47 to 63 of @address are equal. */
static inline bool entry_canonical(u64 address)
{
	return address >> 47 == 0 || address >> 47 == 0x1ffff;
}

/* The secondary controls; 0 if the primary ones do not activate them. */
static inline u64 entry_secondary(const struct entry_state *s)
{
	return (s->field[ENTRY_PRIMARY] & PRIMARY_SECONDARY) != 0 ? s->field[ENTRY_SECONDARY] : 0;
}

/* UC, WC, WT, WP, WB, UC-: SDM vol. 3, table 12-10. */
static inline bool entry_pat_is_valid(u64 pat)
{
	for (u32 i = 0; i < 8; i++, pat >>= 8) {
		u64 type = pat & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

#endif
