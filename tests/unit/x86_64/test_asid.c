/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/asid.h, against a model of a CPU that keeps translations until a flush. */
#include "arch/x86_64/pure/asid.h"

#include "support/test.h"

#define MOST 64u

static void no_asid_has_old_translations(void **state)
{
	(void)state;
	for (u32 count = 2; count <= MOST; count++) {
		bool used[MOST] = { false };
		u32 next = 1, flushes = 0;

		for (u32 load = 0; load < 5 * (count - 1); load++) {
			bool flush = false;
			u32 asid = asid_next(&next, count, &flush);

			assert_in_range(asid, 1, count - 1);
			if (flush)
				memset(used, 0, sizeof(used));
			flushes += flush;
			assert_false(used[asid]);
			used[asid] = true;
		}
		assert_int_equal(flushes, 5); /* and no more than one in each round */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_asid_has_old_translations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
