/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/mtrr.c: each register once, and each difference is seen. */
#include "support/test.h"

#include "arch/x86_64/pure/mtrr.h"

static void the_registers(void **state)
{
	u32 count = 0;

	(void)state;
	for (u32 i = 0; i < MTRR_REGISTERS; i++)
		count += mtrr_msr(0, i) != 0;
	assert_int_equal(count, 2); /* neither fixed ranges nor pairs */
	count = 0;
	for (u32 i = 0; i < MTRR_REGISTERS; i++)
		count += mtrr_msr(0x508, i) != 0;
	assert_int_equal(count, 2 + 11 + 2 * 8);
	assert_int_equal(mtrr_msr(0x508, 2 + 11), 0x200);
	assert_int_equal(mtrr_msr(0x508, 2 + 11 + 15), 0x20f);
	assert_int_equal(mtrr_msr(0x508, 2 + 11 + 16), 0);
	assert_int_equal(mtrr_msr(0xff, MTRR_REGISTERS - 1), 0x200 + 2 * MTRR_MAX_PAIRS - 1);
}

static void each_difference_is_seen(void **state)
{
	struct mtrr_state a = { .values = { 0x508 } }, b;

	(void)state;
	assert_int_equal(mtrr_differs(&a, &a), 0);
	for (u32 i = 1; i < MTRR_REGISTERS; i++) {
		b = a;
		b.values[i] ^= 6;
		assert_int_equal(mtrr_differs(&a, &b), mtrr_msr(0x508, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registers),
		cmocka_unit_test(each_difference_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
