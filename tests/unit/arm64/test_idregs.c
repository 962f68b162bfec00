/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/idregs.c: nothing gets through that a guest does not have. */
#include "arch/arm64/pure/idregs.h"

#include "support/test.h"

#define NIBBLE(value, lo) FIELD(value, (lo) + 3, lo)

static u64 raw[IDREG_COUNT], out[IDREG_COUNT];
static const struct idreg_offer full = { .pauth = true, .gic_sysregs = true, .ipa_bits = 40 };

/* A machine where every field is 1: a field that is 0 afterwards was hidden deliberately. */
static void set_all_ones(void)
{
	for (u32 i = 0; i < IDREG_COUNT; i++)
		raw[i] = UINT64_C(0x1111111111111111);
}

static void hidden_features(void **state)
{
	static const struct {
		u32 reg, lo;
		const char *name;
	} hidden[] = {
		{ IDREG_AA64PFR0, 8, "EL2" },         { IDREG_AA64PFR0, 12, "EL3" },
		{ IDREG_AA64PFR0, 28, "RAS" },        { IDREG_AA64PFR0, 32, "SVE" },
		{ IDREG_AA64PFR0, 36, "SEL2" },       { IDREG_AA64PFR0, 40, "MPAM" },
		{ IDREG_AA64PFR0, 44, "AMU" },        { IDREG_AA64PFR0, 52, "RME" },
		{ IDREG_AA64PFR1, 8, "MTE" },         { IDREG_AA64PFR1, 16, "MPAM_frac" },
		{ IDREG_AA64PFR1, 24, "SME" },        { IDREG_AA64DFR0, 4, "TraceVer" },
		{ IDREG_AA64DFR0, 8, "PMUVer" },      { IDREG_AA64DFR0, 32, "PMSVer" },
		{ IDREG_AA64DFR0, 40, "TraceFilt" },  { IDREG_AA64ISAR0, 24, "TME" },
		{ IDREG_AA64ISAR1, 56, "XS" },        { IDREG_AA64ISAR1, 60, "LS64" },
		{ IDREG_AA64ISAR2, 0, "WFxT" },       { IDREG_AA64ISAR2, 16, "MOPS" },
		{ IDREG_AA64MMFR0, 32, "TGran16_2" }, { IDREG_AA64MMFR0, 56, "FGT" },
		{ IDREG_AA64MMFR0, 60, "ECV" },       { IDREG_AA64MMFR1, 4, "VMIDBits" },
		{ IDREG_AA64MMFR1, 8, "VH" },         { IDREG_AA64MMFR1, 16, "LO" },
		{ IDREG_AA64MMFR1, 40, "HCX" },       { IDREG_AA64MMFR2, 12, "IESB" },
		{ IDREG_AA64MMFR2, 24, "NV" },        { IDREG_AA64MMFR2, 40, "FWB" },
		{ IDREG_DFR0_32, 24, "PerfMon" },     { IDREG_PFR0_32, 28, "RAS (AArch32)" },
	};

	(void)state;
	set_all_ones();
	idregs_sanitise(raw, &full, out);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (NIBBLE(out[hidden[i].reg], hidden[i].lo) != 0)
			fail_msg("%s is shown", hidden[i].name);
	/* Whole registers: AFR0/1, DFR1, ZFR0, SMFR0, MMFR3, and everything reserved. */
	assert_int_equal(out[IDREG(4, 4)], 0);
	assert_int_equal(out[IDREG(4, 5)], 0);
	assert_int_equal(out[IDREG(5, 1)], 0);
	assert_int_equal(out[IDREG(5, 4)], 0);
	assert_int_equal(out[IDREG(7, 3)], 0);
	assert_int_equal(out[IDREG(7, 7)], 0);
	assert_int_equal(out[IDREG(0, 0)], 0);
}

static void kept_features(void **state)
{
	(void)state;
	set_all_ones();
	idregs_sanitise(raw, &full, out);
	assert_int_equal(NIBBLE(out[IDREG_AA64ISAR0], 20), 1); /* atomics */
	assert_int_equal(NIBBLE(out[IDREG_AA64ISAR0], 60), 1); /* RNDR */
	assert_int_equal(NIBBLE(out[IDREG_AA64ISAR0], 4), 1);  /* AES */
	assert_int_equal(NIBBLE(out[IDREG_AA64PFR0], 48), 1);  /* DIT */
	assert_int_equal(NIBBLE(out[IDREG_AA64PFR1], 0), 1);   /* BTI */
	assert_int_equal(NIBBLE(out[IDREG_AA64MMFR1], 20), 1); /* PAN */
	assert_int_equal(NIBBLE(out[IDREG_AA64MMFR2], 4), 1);  /* UAO */
	/* Absent floating point stays absent: the field is signed. */
	raw[IDREG_AA64PFR0] = UINT64_C(0xff) << 16;
	idregs_sanitise(raw, &full, out);
	assert_int_equal(FIELD(out[IDREG_AA64PFR0], 23, 16), 0xff);
}

static void exception_levels(void **state)
{
	(void)state;
	raw[IDREG_AA64PFR0] = 0x2222;
	idregs_sanitise(raw, &full, out);
	assert_int_equal(out[IDREG_AA64PFR0] & 0xffff, 0x0012); /* AArch32 at EL0 alone */
	raw[IDREG_AA64PFR0] = 0x1111;
	idregs_sanitise(raw, &full, out);
	assert_int_equal(out[IDREG_AA64PFR0] & 0xffff, 0x0011);
}

static void offers(void **state)
{
	struct idreg_offer offer = full;

	(void)state;
	set_all_ones();
	assert_true(idregs_has_pauth(raw));
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(NIBBLE(out[IDREG_AA64PFR0], 24), 1);
	assert_int_equal(NIBBLE(out[IDREG_AA64ISAR1], 4), 1);
	offer.pauth = false;
	offer.gic_sysregs = false;
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(NIBBLE(out[IDREG_AA64PFR0], 24), 0);
	assert_int_equal(out[IDREG_AA64ISAR1] & 0xff000ff0, 0);
	assert_int_equal(out[IDREG_AA64ISAR2] & 0x0f00ff00, 0);
	for (u32 i = 0; i < IDREG_COUNT; i++)
		raw[i] = 0;
	assert_false(idregs_has_pauth(raw));
	raw[IDREG_AA64ISAR2] = 0x1000; /* APA3 */
	assert_true(idregs_has_pauth(raw));
}

static void bounds(void **state)
{
	struct idreg_offer offer = full;

	(void)state;
	raw[IDREG_AA64MMFR0] = 5; /* 48 bits */
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(out[IDREG_AA64MMFR0] & 0xf, 2); /* 40 */
	offer.ipa_bits = 39;
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(out[IDREG_AA64MMFR0] & 0xf, 1); /* 36 */
	raw[IDREG_AA64MMFR0] = 1;
	offer.ipa_bits = 40;
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(out[IDREG_AA64MMFR0] & 0xf, 1);
	raw[IDREG_AA64MMFR0] = 15;
	offer.ipa_bits = 20;
	idregs_sanitise(raw, &offer, out);
	assert_int_equal(out[IDREG_AA64MMFR0] & 0xf, 0);
	/* CSV2 beyond 1 would promise SCXTNUM_ELx. */
	raw[IDREG_AA64PFR0] = UINT64_C(3) << 56;
	idregs_sanitise(raw, &full, out);
	assert_int_equal(FIELD(out[IDREG_AA64PFR0], 59, 56), 1);
	/* Debug: ARMv8.0, two of each, one breakpoint for contexts. */
	raw[IDREG_AA64DFR0] = UINT64_MAX;
	idregs_sanitise(raw, &full, out);
	assert_int_equal(out[IDREG_AA64DFR0], UINT64_C(0xf000101006));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_features),  cmocka_unit_test(kept_features),
		cmocka_unit_test(exception_levels), cmocka_unit_test(offers),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
