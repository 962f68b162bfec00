/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding of VMSAv8-64 page-table entries; see pte.h. */
#include "arch/arm64/pure/pte.h"

#include <arch/mmu.h>

/* MAIR_EL2 indices; asm/sysreg.h gives the register its value. */
#define ATTR_DEVICE 0
#define ATTR_NORMAL 1
#define NORMAL      (PTE_S1_ATTR(ATTR_NORMAL) | PTE_SH_INNER)

u64 pte_s1_leaf(u64 pa, u32 level, enum pte_kind kind)
{
	u64 entry = (pa & PTE_ADDRESS) | PTE_VALID | PTE_AF | PTE_S1_RES1;

	if (level == SPACE_LAST_LEVEL)
		entry |= PTE_TABLE;
	switch (kind) {
	case PTE_CODE: return entry | NORMAL | PTE_S1_RO;
	case PTE_CODE_GUARDED: return entry | NORMAL | PTE_S1_RO | PTE_S1_GP;
	case PTE_RODATA: return entry | NORMAL | PTE_S1_RO | PTE_S1_XN;
	case PTE_DATA: return entry | NORMAL | PTE_S1_XN;
	case PTE_DEVICE: break;
	}
	return entry | PTE_S1_ATTR(ATTR_DEVICE) | PTE_S1_XN;
}

u32 pte_s2_start_level(u32 ipa_bits)
{
	return ipa_bits <= 34 ? 2 : 1;
}

u32 pte_s2_pa_bits(u32 parange)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };

	return parange < ARRAY_SIZE(bits) ? bits[parange] : 48;
}

u64 pte_s2_control(u32 ipa_bits, u32 parange)
{
	u64 sl0 = pte_s2_start_level(ipa_bits) == 1 ? 1 : 0;
	u64 ps = MIN(parange, 5u);

	return BIT(31) | (ps << 16) | (UINT64_C(3) << 12) | BIT(10) | BIT(8) | (sl0 << 6) |
	       (64 - ipa_bits);
}

u64 arch_space_encode(u32 kind, u32 level, struct space_entry entry)
{
	u64 code = (entry.to.v & PTE_ADDRESS) | PTE_VALID;

	(void)kind;
	if (entry.table)
		return code | PTE_TABLE;
	code |= PTE_AF;
	if (level == SPACE_LAST_LEVEL)
		code |= PTE_TABLE;
	if (entry.flags & SPACE_READ)
		code |= PTE_S2_READ;
	if (entry.flags & SPACE_WRITE)
		code |= PTE_S2_WRITE;
	if (!(entry.flags & SPACE_EXEC))
		code |= PTE_S2_XN;
	/* Shareability is ignored for Device memory (always outer shareable). */
	return code | (entry.flags & SPACE_DEVICE ? PTE_S2_DEVICE : PTE_S2_NORMAL | PTE_SH_INNER);
}
