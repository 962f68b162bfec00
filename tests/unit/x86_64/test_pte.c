/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/pte.c: entries bit by bit (Intel SDM vol. 3 §4.5, table 4-19). */
#include "support/test.h"

#include "arch/x86_64/pure/pte.h"
#include <mullion/space.h>

#define PA UINT64_C(0x123456789000)

static void the_core_is_never_writable_and_executable(void **state)
{
	(void)state;
	for (u32 level = 2; level <= 3; level++) {
		u64 leaf = PA | 0x21 | (level == 2 ? 0x80 : 0); /* present, accessed, PS */

		assert_int_equal(pte_core_leaf(PA, level, PTE_CODE), leaf);
		assert_int_equal(pte_core_leaf(PA, level, PTE_RODATA), leaf | BIT(63));
		assert_int_equal(pte_core_leaf(PA, level, PTE_DATA), leaf | 0x42 | BIT(63));
		assert_int_equal(pte_core_leaf(PA, level, PTE_DEVICE), leaf | 0x5a | BIT(63));
	}
}

static void space_flags_come_back(void **state)
{
	static const u32 kinds[] = { SPACE_IA32E, SPACE_NPT };

	(void)state;
	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++)
		for (u32 level = 2; level <= 3; level++)
			for (u32 more = 0; more < 16; more++) {
				u32 flags = more | (u32)SPACE_READ;
				u64 entry = pte_leaf(kinds[k], HPA(PA), level, flags);

				assert_true(pte_is_valid(kinds[k], entry));
				assert_true(level == 3 || !pte_is_table(kinds[k], entry));
				assert_int_equal(entry & PTE_ADDRESS, PA);
				assert_int_equal(pte_flags(kinds[k], entry), flags);
				assert_true((entry & PTE_USER) != 0);
			}
}

static void tables(void **state)
{
	(void)state;
	assert_int_equal(pte_table(SPACE_IA32E, HPA(PA)), PA | 0x27);
	assert_true(pte_is_table(SPACE_IA32E, PA | 0x27));
	assert_false(pte_is_table(SPACE_IA32E, PA | 0xa7)); /* a block */
	assert_false(pte_is_valid(SPACE_IA32E, PA | 0x26));
	assert_false(pte_is_valid(SPACE_IA32E, 0));
	assert_int_equal(pte_shift(0), 39);
	assert_int_equal(pte_shift(3), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_core_is_never_writable_and_executable),
		cmocka_unit_test(space_flags_come_back),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
