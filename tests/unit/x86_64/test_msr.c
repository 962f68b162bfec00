/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/msr.c: registers are refused by default, and both bitmaps agree with the table.
 */
#include "arch/x86_64/pure/msr.h"

#include "support/test.h"

static struct msr_state msrs;

static int setup(void **state)
{
	(void)state;
	msr_state_reset(&msrs, 40);
	return 0;
}

static void refused(void **state)
{
	static const u32 list[] = {
		0x48,       0x480,
		0x491,      0x9b,
		0xc1,       0x186,
		0x345,      0x400,
		0x480,      0x7ff,
		0x840,      0x1d4,
		0x560,      0xc80 /* IA32_DEBUG_INTERFACE */,
		0xc0000085, 0xc0000104,
		0xc0010115, 0xc0010117 /* VM_HSAVE_PA */,
		0xc0010118, 0xc0010140,
		0xc0011030, 0x40000000,
		UINT32_MAX,
	};
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_int_equal(msr_action(list[i], false), MSR_REFUSE);
		assert_int_equal(msr_action(list[i], true), MSR_REFUSE);
		assert_false(msr_read(&msrs, list[i], &value));
		assert_false(msr_write(&msrs, list[i], 0));
	}
	/* Readable, but refused for writing; and the reverse. */
	assert_int_equal(msr_action(MSR_FEATURE_CTL, true), MSR_REFUSE);
	assert_int_equal(msr_action(MSR_VM_CR, true), MSR_REFUSE);
	assert_int_equal(msr_action(MSR_UCODE_WRITE, false), MSR_REFUSE);
	assert_int_equal(msr_action(MSR_PRED_CMD, false), MSR_REFUSE);
	assert_int_equal(msr_action(MSR_PRED_CMD, true), MSR_TO_CPU);
}

static void constants(void **state)
{
	u64 value;

	(void)state;
	assert_true(msr_read(&msrs, MSR_FEATURE_CTL, &value));
	assert_int_equal(value, 1);
	assert_true(msr_read(&msrs, MSR_VM_CR, &value));
	assert_int_equal(value, 0x18);
	assert_true(msr_read(&msrs, MSR_MTRR_CAP, &value));
	assert_int_equal(value, 0x508);
	assert_true(msr_write(&msrs, MSR_UCODE_WRITE, 1));
	assert_true(msr_write(&msrs, MSR_PERF_GLOBAL, 0));
	assert_false(msr_write(&msrs, MSR_PERF_GLOBAL, 1));
	assert_true(msr_write(&msrs, MSR_XSS, 0));
	assert_false(msr_write(&msrs, MSR_XSS, BIT(11)));
}

/* Registers of the hardware, the LAPIC and the vCPU are none of this state's. */
static void elsewhere(void **state)
{
	static const u32 list[] = { MSR_TSC, MSR_APIC_BASE, MSR_X2APIC, MSR_EFER, MSR_STAR };
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_false(msr_read(&msrs, list[i], &value));
		assert_false(msr_write(&msrs, list[i], 0));
	}
}

static void ranges(void **state)
{
	u64 value;

	(void)state;
	assert_true(msr_read(&msrs, MSR_MTRR_DEF, &value));
	assert_int_equal(value, 0);
	assert_true(msr_write(&msrs, MSR_MTRR_DEF, 0xc06));
	assert_false(msr_write(&msrs, MSR_MTRR_DEF, 0xc02));
	assert_false(msr_write(&msrs, MSR_MTRR_DEF, 0x1006));
	assert_true(msr_write(&msrs, MSR_MTRR_PHYS, UINT64_C(0xc0000006)));
	assert_false(msr_write(&msrs, MSR_MTRR_PHYS, BIT(40) | 6));
	assert_false(msr_write(&msrs, MSR_MTRR_PHYS, UINT64_C(0xc0000106)));
	assert_false(msr_write(&msrs, MSR_MTRR_PHYS, 3));
	assert_true(msr_write(&msrs, MSR_MTRR_PHYS + 1, UINT64_C(0xffc0000800)));
	assert_false(msr_write(&msrs, MSR_MTRR_PHYS + 1, BIT(40) | BIT(11)));
	assert_false(msr_write(&msrs, MSR_MTRR_PHYS + 1, 1));
	assert_true(msr_write(&msrs, MSR_MTRR_FIX4K + 7, UINT64_C(0x0606060606060606)));
	assert_false(msr_write(&msrs, MSR_MTRR_FIX4K, UINT64_C(0x0602060606060606)));
	for (u32 i = 0; i < 16; i++)
		assert_true(msr_write(&msrs, MSR_MTRR_PHYS + i, 0));
	assert_int_equal(msr_action(MSR_MTRR_PHYS + 16, true), MSR_REFUSE);
	/* Each register has a place of its own. */
	for (u32 i = 0; i < 8; i++)
		assert_true(msr_write(&msrs, MSR_MTRR_FIX4K + i, i == 3 ? 6 : 4));
	assert_true(msr_write(&msrs, MSR_MTRR_FIX16K, 5));
	assert_true(msr_write(&msrs, MSR_MTRR_FIX16K + 1, 1));
	assert_true(msr_read(&msrs, MSR_MTRR_FIX4K + 3, &value));
	assert_int_equal(value, 6);
	assert_true(msr_read(&msrs, MSR_MTRR_FIX16K, &value));
	assert_int_equal(value, 5);
	assert_true(msr_read(&msrs, MSR_MTRR_FIX64K, &value));
	assert_int_equal(value, 0);
}

static void misc_enable(void **state)
{
	u64 value;

	(void)state;
	assert_true(msr_read(&msrs, MSR_MISC_ENABLE, &value));
	assert_int_equal(value, 0x1801);
	assert_true(msr_write(&msrs, MSR_MISC_ENABLE, 0x1800));
	assert_false(msr_write(&msrs, MSR_MISC_ENABLE, 0x1800 | BIT(22)));
	assert_false(msr_write(&msrs, MSR_MISC_ENABLE, 0));
	assert_true(msr_write(&msrs, MSR_MCG_STATUS, 0));
	assert_false(msr_write(&msrs, MSR_MCG_STATUS, 4));
}

static bool svm_exits(const u8 *map, u32 msr, bool write)
{
	u64 bit = 0;

	if (msr < 0x2000)
		bit = 2 * (u64)msr;
	else if (msr - 0xc0000000 < 0x2000)
		bit = 8 * 0x800 + 2 * (u64)(msr - 0xc0000000);
	else if (msr - 0xc0010000 < 0x2000)
		bit = 8 * 0x1000 + 2 * (u64)(msr - 0xc0010000);
	else
		return true;
	bit += write;
	return map[bit / 8] >> bit % 8 & 1;
}

static bool vmx_exits(const u8 *map, u32 msr, bool write)
{
	u64 bit = write ? 8 * 0x800 : 0;

	if (msr - 0xc0000000 < 0x2000)
		bit += 8 * 0x400 + (msr - 0xc0000000);
	else if (msr < 0x2000)
		bit += msr;
	else
		return true;
	return map[bit / 8] >> bit % 8 & 1;
}

static void bitmaps(void **state)
{
	static u8 svm[MSR_SVM_BITMAP_BYTES], vmx[MSR_VMX_BITMAP_BYTES];
	static const u32 bases[] = { 0, 0xc0000000, 0xc0010000 };
	u32 passes = 0;

	(void)state;
	msr_bitmap_svm(svm);
	msr_bitmap_vmx(vmx);
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		for (u32 msr = bases[i]; msr < bases[i] + 0x2000; msr++)
			for (u32 write = 0; write < 2; write++) {
				bool pass = msr_action(msr, write) == MSR_PASS;

				passes += pass;
				assert_int_equal(svm_exits(svm, msr, write), !pass);
				assert_int_equal(vmx_exits(vmx, msr, write), !pass);
			}
	assert_int_equal(passes, 22);
	for (size_t i = 0x1800; i < sizeof(svm); i++)
		assert_int_equal(svm[i], 0xff);
}

/* The search finds each row: neighbours of a row's ends are found or refused, as the table has it.
 */
static void order(void **state)
{
	(void)state;
	assert_int_equal(msr_action(MSR_X2APIC - 1, false), MSR_REFUSE);
	for (u32 msr = 0; msr < 0x2000; msr++)
		for (u32 write = 0; write < 2; write++)
			assert_int_equal(msr_action(msr, write), msr_listed_action(msr, write));
	assert_int_equal(msr_action(MSR_X2APIC, false), MSR_TO_X2APIC);
	assert_int_equal(msr_action(MSR_X2APIC_LAST, true), MSR_TO_X2APIC);
	assert_int_equal(msr_action(MSR_X2APIC_LAST + 1, true), MSR_REFUSE);
	assert_int_equal(msr_action(MSR_EFER, true), MSR_TO_CPU);
	assert_int_equal(msr_action(0xc001102a, false), MSR_CONSTANT);
	assert_int_equal(msr_action(MSR_TSC, false), MSR_PASS);
	assert_int_equal(msr_action(MSR_TSC, true), MSR_TO_CPU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(constants, setup),
		cmocka_unit_test_setup(elsewhere, setup),
		cmocka_unit_test_setup(ranges, setup),
		cmocka_unit_test_setup(misc_enable, setup),
		cmocka_unit_test(bitmaps),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
