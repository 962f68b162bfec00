/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/esr.c: syndromes by the manual's bit positions, injected exceptions by its rules.
 */
#include "arch/arm64/pure/esr.h"

#include "support/test.h"

#define EC(n) ((u64)(n) << 26)
#define IL    BIT(25)
#define ISV   BIT(24)
#define DABT  (EC(0x24) | IL)
#define IABT  (EC(0x20) | IL)

static struct abort_info decode(u64 esr)
{
	struct abort_info info;

	abort_decode(esr, &info);
	return info;
}

static void decoded_accesses(void **state)
{
	struct abort_info info = decode(DABT | ISV | 2u << 22 | 5u << 16 | 0x06);

	(void)state;
	assert_true(info.translation && info.decoded && info.hpfar_valid && info.far_valid);
	assert_false(info.write || info.sign_extend || info.reg64 || info.exec || info.walk);
	assert_int_equal(info.width, 4);
	assert_int_equal(info.reg, 5);
	assert_int_equal(info.level, 2);
	for (u32 sas = 0; sas < 4; sas++)
		assert_int_equal(decode(DABT | ISV | (u64)sas << 22 | 0x07).width, 1 << sas);
	info = decode(DABT | ISV | BIT(21) | BIT(15) | 31u << 16 | BIT(6) | 0x07);
	assert_true(info.sign_extend && info.reg64 && info.write);
	assert_int_equal(info.reg, 31);
}

static void what_is_no_access(void **state)
{
	struct abort_info info = decode(DABT | 0x07);

	(void)state;
	assert_true(info.translation);
	assert_false(info.decoded);
	info = decode(DABT | ISV | 0x0f); /* permission, level 3 */
	assert_true(info.permission && !info.translation);
	assert_false(info.hpfar_valid);
	info = decode(DABT | BIT(7) | 0x0d); /* the same in a walk */
	assert_true(info.walk && info.permission && info.hpfar_valid);
	info = decode(DABT | BIT(7) | BIT(6) | 0x05);
	assert_true(info.walk && info.translation && info.hpfar_valid);
	info = decode(DABT | BIT(10) | 0x10);
	assert_true(info.external && !info.far_valid && !info.translation);
	assert_true(decode(DABT | 0x17).external);
	assert_true(decode(DABT | BIT(8) | BIT(6) | 0x06).cache_op);
	/* Instruction aborts have no ISV: bit 24 means nothing there. */
	info = decode(IABT | ISV | BIT(6) | 0x06);
	assert_true(info.exec && info.translation && !info.decoded && !info.write);
	assert_true(decode(DABT | 0x0b).hpfar_valid); /* access flag */
}

static void addresses(void **state)
{
	(void)state;
	assert_int_equal(abort_ipa(0x90000, 0xffff000012345678), 0x9000678);
	assert_int_equal(abort_ipa(UINT64_C(0xff0) << 32, 0), UINT64_C(0xff0) << 40);
}

/* FAR_EL2 is of this exception; everything else would show an earlier one's. */
static void whose_address(void **state)
{
	(void)state;
	for (u32 ec = 0; ec < 64; ec++) {
		bool has = (ec >= 0x20 && ec <= 0x22) || ec == 0x24 || ec == 0x25 || ec == 0x34 ||
			   ec == 0x35;

		assert_int_equal(syndrome_has_address((u64)ec << 26 | IL | 4), has);
	}
	assert_true(syndrome_has_address(DABT | 0x10));
	assert_false(syndrome_has_address(DABT | 0x10 | BIT(10))); /* FnV */
	assert_true(syndrome_has_address(DABT | 0x07 | BIT(10)));
}

static void loads_extend(void **state)
{
	(void)state;
	assert_int_equal(extend_value(0x1ff, 1, false, true), 0xff);
	assert_int_equal(extend_value(0x80, 1, true, true), UINT64_C(0xffffffffffffff80));
	assert_int_equal(extend_value(0x80, 1, true, false), 0xffffff80);
	assert_int_equal(extend_value(0x7f, 1, true, true), 0x7f);
	assert_int_equal(extend_value(0x8000, 2, true, false), 0xffff8000);
	assert_int_equal(extend_value(0x80000000, 4, true, true), UINT64_C(0xffffffff80000000));
	assert_int_equal(extend_value(0x80000000, 4, false, true), 0x80000000);
	assert_int_equal(extend_value(UINT64_MAX, 8, false, true), UINT64_MAX);
	assert_int_equal(extend_value(UINT64_MAX, 4, false, false), UINT32_MAX);
}

static struct inject inject(u64 pstate, u64 esr)
{
	struct inject in = { .pc = 0x1234, .pstate = pstate, .vbar = 0x80000, .esr = esr };

	inject_encode(&in);
	return in;
}

#define EL1H 5u
#define EL1T 4u
#define EL0T 0u
#define A32  0x10u

static void vectors(void **state)
{
	struct inject in = inject(EL1H, EC(0x24) | IL | 0x10);

	(void)state;
	assert_int_equal(in.new_pc, 0x80200);
	assert_int_equal(in.new_esr, EC(0x25) | IL | 0x10);
	assert_int_equal(in.elr, 0x1234);
	assert_int_equal(in.spsr, EL1H);
	assert_int_equal(in.new_pstate, 0x3c5);
	assert_int_equal(inject(EL1T, IABT).new_pc, 0x80000);
	assert_int_equal(inject(EL1T, IABT).new_esr, EC(0x21) | IL);
	in = inject(EL0T, EC(0x24) | IL | BIT(6) | 0x10);
	assert_int_equal(in.new_pc, 0x80400);
	assert_int_equal(in.new_esr, EC(0x24) | IL | BIT(6) | 0x10);
	assert_int_equal(inject(A32, DABT).new_pc, 0x80600);
	assert_int_equal(inject(EL1H, IL).new_esr, IL); /* unknown: the same from everywhere */
	assert_int_equal(inject(EL0T, IL).new_esr, IL);
}

static void pstate_of_the_handler(void **state)
{
	u64 all = MASK(31, 20) | BIT(12) | MASK(11, 10) | EL1H;
	struct inject in = inject(all, IL);

	(void)state;
	/* Flags and DIT stay; SS, IL, UAO, TCO, BTYPE go; PAN and SSBS the CPU does not have. */
	assert_int_equal(in.new_pstate, MASK(31, 28) | BIT(24) | 0x3c5);
	assert_int_equal(in.spsr, all);

	in = (struct inject){ .pstate = EL0T, .esr = IL, .pan = true, .ssbs = true };
	inject_encode(&in);
	assert_int_equal(in.new_pstate, BIT(22) | 0x3c5); /* SPAN=0: PAN is set */
	in.sctlr = BIT(23) | BIT(44);
	inject_encode(&in);
	assert_int_equal(in.new_pstate, BIT(12) | 0x3c5); /* SPAN=1: as it was; DSSBS=1 */
	in.pstate = EL1H | BIT(22);
	inject_encode(&in);
	assert_int_equal(in.new_pstate, BIT(22) | BIT(12) | 0x3c5);
}

static void it_advances(void **state)
{
	/* ITTE: condition 0b0001 in bits 7:5 and pattern; each step shifts the low five bits. */
	u32 it = 0x1a;
	u64 spsr = A32 | (u64)(it >> 2) << 10 | (u64)(it & 3) << 25;

	(void)state;
	spsr = a32_skip_it(spsr);
	assert_int_equal(FIELD(spsr, 15, 10) << 2 | FIELD(spsr, 26, 25), 0x14);
	spsr = a32_skip_it(spsr);
	assert_int_equal(FIELD(spsr, 15, 10) << 2 | FIELD(spsr, 26, 25), 0x08);
	spsr = a32_skip_it(spsr);
	assert_int_equal(spsr, A32);
	assert_int_equal(a32_skip_it(A32), A32);
}

static void register_names(void **state)
{
	u32 reg = SYSREG(3, 4, 12, 11, 7);

	(void)state;
	assert_int_equal(SYSREG_OP0(reg), 3);
	assert_int_equal(SYSREG_OP1(reg), 4);
	assert_int_equal(SYSREG_CRN(reg), 12);
	assert_int_equal(SYSREG_CRM(reg), 11);
	assert_int_equal(SYSREG_OP2(reg), 7);
	assert_int_equal(SYSREG_RT(reg | 31 << 5 | 1), 31);
	assert_int_equal(SYSREG_MASK, 0x3ffc1e); /* all of the ISS but Rt and direction */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoded_accesses), cmocka_unit_test(what_is_no_access),
		cmocka_unit_test(addresses),        cmocka_unit_test(loads_extend),
		cmocka_unit_test(vectors),          cmocka_unit_test(pstate_of_the_handler),
		cmocka_unit_test(it_advances),      cmocka_unit_test(register_names),
		cmocka_unit_test(whose_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
