/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/exception.c, against SDM vol. 3, table 6-5. */
#include "arch/x86_64/pure/exception.h"

#include "support/test.h"

enum class { BENIGN, CONTRIBUTORY, FAULT, DOUBLE };

static enum class class_of(u32 vector) {
	switch (vector){
		case 0 : case 10 : case 11 : case 12 : case 13 : case 21 : return CONTRIBUTORY;
		case 14 : return FAULT;
		case 8 : return DOUBLE;
		default : return BENIGN;
	}
}

static void each_pair(void **state)
{
	/* First exception down, second one across; 0: the second is delivered. */
	static const u32 table[4][3] = {
		[BENIGN] = { 0, 0, 0 },
		[CONTRIBUTORY] = { 0, EXCEPTION_DF, 0 },
		[FAULT] = { 0, EXCEPTION_DF, EXCEPTION_DF },
		[DOUBLE] = { 0, EXCEPTION_SHUTDOWN, EXCEPTION_SHUTDOWN },
	};

	(void)state;
	for (u32 first = 0; first < 32; first++)
		for (u32 second = 0; second < 32; second++) {
			u32 expected;

			if (second == EXCEPTION_DF)
				continue;
			expected = table[class_of(first)][class_of(second)];
			assert_int_equal(exception_combine(first, second),
					 expected != 0 ? expected : second);
		}
}

/* Faults of faults without end: the third one is the last. */
static void at_most_three(void **state)
{
	u32 event = exception_combine(13, 13);

	(void)state;
	assert_int_equal(event, EXCEPTION_DF);
	assert_int_equal(exception_combine(event, 13), EXCEPTION_SHUTDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair),
		cmocka_unit_test(at_most_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
