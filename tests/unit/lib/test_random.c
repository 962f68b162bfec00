/* SPDX-License-Identifier: Apache-2.0 */
/* lib/random.c: known output of the cipher, and that no output comes twice. */
#include <mullion/random.h>

#include "support/test.h"

/* RFC 8439 §2.3.2's block function with key and counter zero (appendix A.1, vector 1). The first
 * output of a new generator is the second half of the first block. */
static void first_block_is_chacha20(void **state)
{
	static const u8 want[32] = {
		0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0,
		0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18,
		0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
	};
	u8 got[32];

	(void)state;
	assert_false(random_is_seeded());
	random_fill(got, sizeof(got));
	assert_memory_equal(got, want, sizeof(got));
}

static void never_the_same_again(void **state)
{
	static u8 out[512][16];

	(void)state;
	random_add("x", 1, false);
	assert_false(random_is_seeded());
	random_fill(out[0], sizeof(out) / 2);
	random_add("a longer piece of entropy than one key holds", 44, true);
	assert_true(random_is_seeded());
	random_fill(out[256], sizeof(out) / 2);
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(out[i], out[k], sizeof(out[0]));
}

static void odd_lengths_stay_inside(void **state)
{
	u8 out[80];

	(void)state;
	for (size_t n = 0; n <= 72; n++) {
		memset(out, 0xaa, sizeof(out));
		random_fill(out, n);
		for (size_t i = n; i < sizeof(out); i++)
			assert_int_equal(out[i], 0xaa);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_block_is_chacha20),
		cmocka_unit_test(never_the_same_again),
		cmocka_unit_test(odd_lengths_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
