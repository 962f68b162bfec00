/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of control registers; see cr.h. */
#include "arch/x86_64/pure/cr.h"

#define CR3_PCID MASK(11, 0)

#define XCR0_X87    BIT(0)
#define XCR0_SSE    BIT(1)
#define XCR0_AVX    BIT(2)
#define XCR0_AVX512 MASK(7, 5)

/* Bits of CR4, and the bit of CPUID that offers each. */
struct offer {
	u64 cr4;
	u8 word; /* 0: leaf 1 ECX, 1: leaf 1 EDX, 2: leaf 7 EBX, 3: leaf 7 ECX */
	u8 bit;
};

static const struct offer offers[] = {
	{ CR4_VME | CR4_PVI, 1, 1 }, { CR4_DE, 1, 2 },       { CR4_PSE, 1, 3 },
	{ CR4_TSD, 1, 4 },           { CR4_PAE, 1, 6 },      { CR4_MCE, 1, 7 },
	{ CR4_PGE, 1, 13 },          { CR4_OSFXSR, 1, 24 },  { CR4_OSXMMEXCPT, 1, 25 },
	{ CR4_PCIDE, 0, 17 },        { CR4_OSXSAVE, 0, 26 }, { CR4_FSGSBASE, 2, 0 },
	{ CR4_SMEP, 2, 7 },          { CR4_SMAP, 2, 20 },    { CR4_UMIP, 3, 2 },
	{ CR4_PKE, 3, 3 },
};

u64 cr4_offer(u32 leaf1_ecx, u32 leaf1_edx, u32 leaf7_ebx, u32 leaf7_ecx)
{
	const u32 words[] = { leaf1_ecx, leaf1_edx, leaf7_ebx, leaf7_ecx };
	u64 offer = CR4_PCE; /* no feature bit; RDPMC has no counters to read */

	for (u32 i = 0; i < ARRAY_SIZE(offers); i++)
		if ((words[offers[i].word] & BIT(offers[i].bit)) != 0)
			offer |= offers[i].cr4;
	return offer;
}

u64 efer_offer(u32 extended1_edx)
{
	u64 offer = 0;

	if ((extended1_edx & BIT(11)) != 0)
		offer |= EFER_SCE;
	if ((extended1_edx & BIT(20)) != 0)
		offer |= EFER_NXE;
	if ((extended1_edx & BIT(29)) != 0)
		offer |= EFER_LME | EFER_LMA;
	return offer;
}

bool cr0_is_valid(const struct cr_state *state, u64 value)
{
	bool turns_on = (value & ~state->cr0 & CR0_PG) != 0;
	bool turns_off = (~value & state->cr0 & CR0_PG) != 0;

	if ((value >> 32) != 0)
		return false;
	if ((value & CR0_PG) != 0 && (value & CR0_PE) == 0)
		return false;
	if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0)
		return false;
	if (turns_on && (state->efer & EFER_LME) != 0 &&
	    ((state->cr4 & CR4_PAE) == 0 || state->code64))
		return false;
	/* 64-bit code cannot turn paging off; nor can other code while PCIDs are in use. */
	if (turns_off &&
	    (((state->efer & EFER_LMA) != 0 && state->code64) || (state->cr4 & CR4_PCIDE) != 0))
		return false;
	return true;
}

u64 cr0_efer(u64 efer, u64 value)
{
	if ((value & CR0_PG) != 0 && (efer & EFER_LME) != 0)
		return efer | EFER_LMA;
	return efer & ~EFER_LMA;
}

bool cr4_is_valid(const struct cr_state *state, u64 value, u64 offer)
{
	bool long_mode = (state->efer & EFER_LMA) != 0;

	if ((value & ~offer) != 0)
		return false;
	if (long_mode && (value & CR4_PAE) == 0)
		return false;
	if ((value & ~state->cr4 & CR4_PCIDE) != 0 && (!long_mode || (state->cr3 & CR3_PCID) != 0))
		return false;
	return true;
}

bool cr_loads_pdptes(const struct cr_state *state, u64 cr0, u64 cr4)
{
	u64 changed0 = cr0 ^ state->cr0, changed4 = cr4 ^ state->cr4;

	if ((cr0 & CR0_PG) == 0 || (cr4 & CR4_PAE) == 0 || (state->efer & EFER_LME) != 0)
		return false;
	return (changed0 & (CR0_CD | CR0_NW | CR0_PG)) != 0 ||
	       (changed4 & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)) != 0;
}

bool efer_is_valid(const struct cr_state *state, u64 value, u64 offer)
{
	if ((value & ~offer) != 0)
		return false;
	if (((value ^ state->efer) & EFER_LMA) != 0)
		return false;
	return ((value ^ state->efer) & EFER_LME) == 0 || (state->cr0 & CR0_PG) == 0;
}

bool xcr0_is_valid(u64 value, u64 offer)
{
	if ((value & ~offer) != 0 || (value & XCR0_X87) == 0)
		return false;
	if ((value & XCR0_AVX) != 0 && (value & XCR0_SSE) == 0)
		return false;
	if ((value & XCR0_AVX512) == 0)
		return true;
	return (value & XCR0_AVX512) == XCR0_AVX512 && (value & XCR0_AVX) != 0;
}

bool pat_is_valid(u64 value)
{
	for (u32 i = 0; i < 64; i += 8) {
		u64 type = value >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}
