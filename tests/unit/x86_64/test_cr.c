/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/cr.c: a value is accepted if and only if the manuals accept it. */
#include "arch/x86_64/pure/cr.h"

#include "support/test.h"

#define LONG_CR4 CR4_PAE
#define OFFER    (CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_OSFXSR | CR4_OSXSAVE | CR4_SMEP)

static struct cr_state real, protected, compat, long64;

static int setup(void **state)
{
	(void)state;
	real = (struct cr_state){ .cr0 = CR0_ET };
	protected = (struct cr_state){ .cr0 = CR0_ET | CR0_PE, .cpl0 = true };
	long64 = (struct cr_state){ .cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_NE,
				    .cr4 = LONG_CR4,
				    .efer = EFER_LME | EFER_LMA,
				    .code64 = true,
				    .cpl0 = true };
	compat = long64;
	compat.code64 = false;
	return 0;
}

static void cr0(void **state)
{
	(void)state;
	assert_true(cr0_is_valid(&real, CR0_PE));
	assert_false(cr0_is_valid(&real, CR0_PG));
	assert_false(cr0_is_valid(&real, CR0_NW));
	assert_true(cr0_is_valid(&real, CR0_NW | CR0_CD));
	assert_false(cr0_is_valid(&real, BIT(32)));
	assert_true(cr0_is_valid(&protected, CR0_PE | CR0_PG));
	/* Long mode: PAE must be on, and the code segment 32-bit. */
	protected.efer = EFER_LME;
	assert_false(cr0_is_valid(&protected, CR0_PE | CR0_PG));
	protected.cr4 = CR4_PAE;
	assert_true(cr0_is_valid(&protected, CR0_PE | CR0_PG));
	protected.code64 = true;
	assert_false(cr0_is_valid(&protected, CR0_PE | CR0_PG));
	/* Out of long mode. */
	assert_false(cr0_is_valid(&long64, CR0_PE));
	assert_true(cr0_is_valid(&compat, CR0_PE));
	compat.cr4 |= CR4_PCIDE;
	assert_false(cr0_is_valid(&compat, CR0_PE));
	assert_true(cr0_is_valid(&long64, CR0_PE | CR0_PG | CR0_TS | CR0_WP));
}

static void efer(void **state)
{
	u64 offer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;

	(void)state;
	assert_int_equal(efer_offer((u32)(BIT(11) | BIT(20) | BIT(29))), offer);
	assert_int_equal(efer_offer(0), 0);
	assert_true(efer_is_valid(&protected, EFER_LME | EFER_NXE, offer));
	assert_false(efer_is_valid(&protected, EFER_LMA, offer));
	assert_false(efer_is_valid(&protected, EFER_SVME, offer));
	assert_false(efer_is_valid(&protected, BIT(1), offer));
	assert_false(efer_is_valid(&protected, EFER_NXE, offer & ~EFER_NXE));
	assert_true(efer_is_valid(&long64, EFER_LME | EFER_LMA | EFER_SCE, offer));
	assert_false(efer_is_valid(&long64, EFER_LMA, offer));
	assert_false(efer_is_valid(&long64, EFER_LME, offer));
	assert_int_equal(cr0_efer(EFER_LME, CR0_PG | CR0_PE), EFER_LME | EFER_LMA);
	assert_int_equal(cr0_efer(EFER_LME | EFER_LMA, CR0_PE), EFER_LME);
	assert_int_equal(cr0_efer(EFER_NXE, CR0_PG | CR0_PE), EFER_NXE);
}

static void cr4(void **state)
{
	(void)state;
	assert_true(cr4_is_valid(&protected, CR4_PAE | CR4_PGE, OFFER));
	assert_false(cr4_is_valid(&protected, CR4_VMXE, OFFER));
	assert_false(cr4_is_valid(&protected, CR4_SMAP, OFFER));
	assert_false(cr4_is_valid(&protected, BIT(40), OFFER));
	assert_false(cr4_is_valid(&long64, 0, OFFER));
	assert_false(cr4_is_valid(&protected, CR4_PAE | CR4_PCIDE, OFFER));
	assert_true(cr4_is_valid(&long64, CR4_PAE | CR4_PCIDE, OFFER));
	long64.cr3 = 0x1005;
	assert_false(cr4_is_valid(&long64, CR4_PAE | CR4_PCIDE, OFFER));
	long64.cr4 |= CR4_PCIDE; /* it stays on */
	assert_true(cr4_is_valid(&long64, CR4_PAE | CR4_PCIDE, OFFER));
	assert_int_equal(cr4_offer(0, 0, 0, 0), CR4_PCE);
	assert_int_equal(cr4_offer(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX) & CR4_VMXE, 0);
	assert_int_equal(cr4_offer(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX) & BIT(12), 0);
	assert_int_equal(cr4_offer((u32)BIT(17), (u32)BIT(6), 0, 0), CR4_PCE | CR4_PCIDE | CR4_PAE);
}

static void pdptes(void **state)
{
	(void)state;
	protected.cr4 = CR4_PAE;
	assert_true(cr_loads_pdptes(&protected, CR0_PE | CR0_PG | CR0_ET, CR4_PAE));
	protected.cr0 |= CR0_PG;
	assert_false(cr_loads_pdptes(&protected, protected.cr0 | CR0_TS, CR4_PAE));
	assert_true(cr_loads_pdptes(&protected, protected.cr0, CR4_PAE | CR4_PGE));
	assert_false(cr_loads_pdptes(&protected, protected.cr0, CR4_PGE));
	assert_false(cr_loads_pdptes(&long64, long64.cr0, CR4_PAE | CR4_PGE));
}

/* All combinations of the offered parts, against the rules of SDM vol. 1, 13.3 in other words. */
static void xcr0(void **state)
{
	(void)state;
	for (u64 value = 0; value < 0x800; value++) {
		bool avx512 = (value & 0xe0) != 0;
		bool good = (value & 1) != 0 && (value & ~UINT64_C(0x2e7)) == 0;

		good = good && ((value & 4) == 0 || (value & 2) != 0);
		good = good && (!avx512 || (value & 0xe6) == 0xe6);
		assert_int_equal(xcr0_is_valid(value, 0x2e7), good);
	}
	assert_false(xcr0_is_valid(7, 3));
	assert_false(xcr0_is_valid(BIT(63) | 1, 0x2e7));
}

static void pat(void **state)
{
	(void)state;
	assert_true(pat_is_valid(UINT64_C(0x0007040600070406)));
	assert_true(pat_is_valid(UINT64_C(0x0705010407060504)));
	for (u32 i = 0; i < 64; i += 8) {
		assert_false(pat_is_valid(UINT64_C(2) << i));
		assert_false(pat_is_valid(UINT64_C(3) << i));
		assert_false(pat_is_valid(UINT64_C(8) << i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cr0, setup),
		cmocka_unit_test_setup(efer, setup),
		cmocka_unit_test_setup(cr4, setup),
		cmocka_unit_test_setup(pdptes, setup),
		cmocka_unit_test(xcr0),
		cmocka_unit_test(pat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
