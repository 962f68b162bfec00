/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the ID registers for a guest, see idregs.h. Field positions: Arm ARM D13.2. */
#include "arch/arm64/pure/idregs.h"

#define NIBBLE(lo) MASK((lo) + 3, lo)

/* Which bits of the machine's value a guest keeps. Registers that are not here read as zero. */
struct rule {
	u8 reg;
	u64 keep;
};

static const struct rule rules[] = {
	/* AArch32 (for programs at EL0): everything but debug, trace and performance monitors. */
	{ IDREG(1, 0), ~(NIBBLE(28) | NIBBLE(20)) & UINT32_MAX }, /* ID_PFR0: RAS, AMU */
	{ IDREG(1, 1), MASK(15, 0) | NIBBLE(16) },                /* ID_PFR1 */
	{ IDREG(1, 4), UINT32_MAX },                              /* ID_MMFR0 .. 3 */
	{ IDREG(1, 5), UINT32_MAX },
	{ IDREG(1, 6), UINT32_MAX },
	{ IDREG(1, 7), UINT32_MAX },
	{ IDREG(2, 0), UINT32_MAX }, /* ID_ISAR0 .. 5 */
	{ IDREG(2, 1), UINT32_MAX },
	{ IDREG(2, 2), UINT32_MAX },
	{ IDREG(2, 3), UINT32_MAX },
	{ IDREG(2, 4), UINT32_MAX },
	{ IDREG(2, 5), UINT32_MAX },
	{ IDREG(2, 6), UINT32_MAX }, /* ID_MMFR4 */
	{ IDREG(2, 7), UINT32_MAX }, /* ID_ISAR6 */
	{ IDREG(3, 0), UINT32_MAX }, /* MVFR0 .. 2 */
	{ IDREG(3, 1), UINT32_MAX },
	{ IDREG(3, 2), UINT32_MAX },
	{ IDREG(3, 4), NIBBLE(0) | NIBBLE(4) }, /* ID_PFR2: CSV3, SSBS */
	/* PFR0: EL0, EL1, FP, AdvSIMD, DIT, CSV2, CSV3. Not EL2, EL3, RAS, SVE, SEL2, MPAM, AMU,
	   RME. */
	{ IDREG_AA64PFR0,
	  NIBBLE(0) | NIBBLE(16) | NIBBLE(20) | NIBBLE(48) | NIBBLE(56) | NIBBLE(60) },
	/* PFR1: BT, SSBS. Not MTE, RAS_frac, MPAM_frac, SME, RNDR_trap, CSV2_frac, NMI, GCS. */
	{ IDREG_AA64PFR1, NIBBLE(0) | NIBBLE(4) },
	/* ISAR0: all but TME. */
	{ IDREG_AA64ISAR0, ~(NIBBLE(24) | NIBBLE(0)) },
	/* ISAR1: DPB .. I8MM without XS (needs HCRX_EL2) and LS64. */
	{ IDREG_AA64ISAR1, ~(NIBBLE(56) | NIBBLE(60)) },
	/* ISAR2: RPRES, GPA3, APA3, BC, PAC_frac, CSSC. Not WFxT, MOPS. */
	{ IDREG_AA64ISAR2,
	  NIBBLE(4) | NIBBLE(8) | NIBBLE(12) | NIBBLE(20) | NIBBLE(24) | NIBBLE(52) },
	/* MMFR0: PARange, ASIDBits, BigEnd, BigEndEL0, granules. Not SNSMem, stage-2 granules, ExS,
	   FGT, ECV. */
	{ IDREG_AA64MMFR0,
	  NIBBLE(0) | NIBBLE(4) | NIBBLE(8) | NIBBLE(16) | NIBBLE(20) | NIBBLE(24) | NIBBLE(28) },
	/* MMFR1: HAFDBS, HPDS, PAN, SpecSEI, ETS, AFP, nTLBPA. Not VMIDBits, VH, LO, XNX, TWED,
	   HCX. */
	{ IDREG_AA64MMFR1,
	  NIBBLE(0) | NIBBLE(12) | NIBBLE(20) | NIBBLE(24) | NIBBLE(36) | NIBBLE(44) | NIBBLE(48) },
	/* MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD. Not IESB, NV, FWB,
	   EVT. */
	{ IDREG_AA64MMFR2, NIBBLE(0) | NIBBLE(4) | NIBBLE(8) | NIBBLE(16) | NIBBLE(20) |
				   NIBBLE(28) | NIBBLE(32) | NIBBLE(36) | NIBBLE(48) | NIBBLE(52) |
				   NIBBLE(60) },
};

/* ISAR1 APA, API, GPA, GPI; ISAR2 GPA3, APA3, PAC_frac. */
#define ISAR1_PAUTH (NIBBLE(4) | NIBBLE(8) | NIBBLE(24) | NIBBLE(28))
#define ISAR2_PAUTH (NIBBLE(8) | NIBBLE(12) | NIBBLE(24))

/* ID_AA64DFR0_EL1: ARMv8.0 debug (6) with the minimum of two breakpoints and two watchpoints. The
 * second breakpoint compares contexts. DoubleLock (39:36) 0xf: OSDLR_EL1 is not implemented. */
#define DFR0_GUEST (UINT64_C(6) | UINT64_C(1) << 12 | UINT64_C(1) << 20 | NIBBLE(36))

static u64 with_field(u64 value, u32 lo, u64 field)
{
	return (value & ~NIBBLE(lo)) | field << lo;
}

bool idregs_has_pauth(const u64 raw[IDREG_COUNT])
{
	return (raw[IDREG_AA64ISAR1] & ISAR1_PAUTH) != 0 ||
	       (raw[IDREG_AA64ISAR2] & ISAR2_PAUTH) != 0;
}

u32 idregs_parange_bits(u64 mmfr0)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 range = FIELD(mmfr0, 3, 0);

	return range < ARRAY_SIZE(bits) ? bits[range] : 48;
}

static u64 bounded_parange(u64 mmfr0, u8 ipa_bits)
{
	/* The largest range that the guest's address space holds whole. */
	while (FIELD(mmfr0, 3, 0) != 0 && idregs_parange_bits(mmfr0) > ipa_bits)
		mmfr0--;
	return mmfr0;
}

void idregs_sanitise(const u64 raw[IDREG_COUNT], const struct idreg_offer *offer,
		     u64 out[IDREG_COUNT])
{
	for (u32 i = 0; i < IDREG_COUNT; i++)
		out[i] = 0;
	for (u32 i = 0; i < ARRAY_SIZE(rules); i++)
		out[rules[i].reg] = raw[rules[i].reg] & rules[i].keep;

	/* EL1 is AArch64 only; EL0 keeps AArch32 where the machine has it. */
	out[IDREG_AA64PFR0] = with_field(out[IDREG_AA64PFR0], 4, 1);
	out[IDREG_AA64PFR0] = with_field(out[IDREG_AA64PFR0], 24, offer->gic_sysregs ? 1 : 0);
	/* CSV2 above 1 promises SCXTNUM_ELx, which is not switched. */
	if (FIELD(out[IDREG_AA64PFR0], 59, 56) > 1)
		out[IDREG_AA64PFR0] = with_field(out[IDREG_AA64PFR0], 56, 1);
	/* SSBS 2 and above adds MSR access only, which needs no switching (PSTATE is). */
	out[IDREG_AA64DFR0] = DFR0_GUEST;
	out[IDREG_AA64MMFR0] = bounded_parange(out[IDREG_AA64MMFR0], offer->ipa_bits);
	/* CopDbg alone: no PMU, no trace. */
	out[IDREG_DFR0_32] = raw[IDREG_DFR0_32] & NIBBLE(0);
	/* ID_PFR1.GIC */
	out[IDREG(1, 1)] &= ~(NIBBLE(12) | NIBBLE(4));
	if (!offer->pauth) {
		out[IDREG_AA64ISAR1] &= ~ISAR1_PAUTH;
		out[IDREG_AA64ISAR2] &= ~ISAR2_PAUTH;
	}
}
