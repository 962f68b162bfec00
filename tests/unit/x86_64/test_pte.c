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
	static const u32 kinds[] = { SPACE_IA32E, SPACE_NPT, SPACE_EPT };

	(void)state;
	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++)
		for (u32 level = 2; level <= 3; level++)
			for (u32 more = 0; more < 16; more++) {
				u32 flags = more | (u32)SPACE_READ;
				u64 code = pte_encode(kinds[k], level,
						      (struct space_entry){ .to = HPA(PA),
									    .flags = flags,
									    .valid = true });
				struct space_entry entry = pte_decode(kinds[k], level, code);

				assert_true(entry.valid && !entry.table);
				assert_int_equal(entry.to.v, PA);
				assert_int_equal(entry.flags, flags);
				assert_true(kinds[k] == SPACE_EPT || (code & PTE_USER) != 0);
			}
}

static void tables(void **state)
{
	struct space_entry table = { .to = HPA(PA), .valid = true, .table = true };

	(void)state;
	assert_int_equal(pte_encode(SPACE_IA32E, 2, table), PA | 0x27);
	assert_true(pte_decode(SPACE_IA32E, 2, PA | 0x27).table);
	assert_false(pte_decode(SPACE_IA32E, 3, PA | 0x27).table); /* a page */
	assert_false(pte_decode(SPACE_IA32E, 2, PA | 0xa7).table); /* a block */
	assert_false(pte_decode(SPACE_IA32E, 2, PA | 0x26).valid);
	assert_false(pte_decode(SPACE_IA32E, 2, 0).valid);
	assert_int_equal(space_level_shift(0), 39);
	assert_int_equal(space_level_shift(3), 12);
}

/* SDM vol. 3, tables 29-3 to 29-7. */
static void ept(void **state)
{
	struct space_entry table = { .to = HPA(PA), .valid = true, .table = true };
	struct space_entry page = { .to = HPA(PA), .valid = true, .flags = SPACE_READ };

	(void)state;
	assert_int_equal(pte_encode(SPACE_EPT, 2, table), PA | 0x7);
	assert_int_equal(pte_encode(SPACE_EPT, 3, page), PA | 0x31);
	assert_int_equal(pte_encode(SPACE_EPT, 2, page), PA | 0xb1);
	page.flags |= SPACE_WRITE | SPACE_EXEC;
	assert_int_equal(pte_encode(SPACE_EPT, 3, page), PA | 0x37);
	page.flags |= SPACE_DEVICE;
	assert_int_equal(pte_encode(SPACE_EPT, 3, page), PA | 0x07);
	assert_true(pte_decode(SPACE_EPT, 2, PA | 0x7).table);
	assert_false(pte_decode(SPACE_EPT, 3, PA | 0x7).table);  /* a page */
	assert_false(pte_decode(SPACE_EPT, 2, PA | 0xb7).table); /* a block */
	assert_false(pte_decode(SPACE_EPT, 2, PA | 0xb0).valid);
	assert_false(pte_decode(SPACE_EPT, 2, 0).valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_core_is_never_writable_and_executable),
		cmocka_unit_test(space_flags_come_back),
		cmocka_unit_test(tables),
		cmocka_unit_test(ept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
