/* SPDX-License-Identifier: Apache-2.0 */
/* Dates against the C library's. */
#include "support/test.h"

#include <time.h>

#include <mullion/date.h>

static void check(u64 seconds)
{
	struct date d = date_of(seconds);
	time_t t = (time_t)seconds;
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	assert_int_equal(d.second, tm.tm_sec);
	assert_int_equal(d.minute, tm.tm_min);
	assert_int_equal(d.hour, tm.tm_hour);
	assert_int_equal(d.weekday, tm.tm_wday + 1);
	assert_int_equal(d.day, tm.tm_mday);
	assert_int_equal(d.month, tm.tm_mon + 1);
	assert_int_equal(d.year, tm.tm_year + 1900);
	assert_int_equal(date_seconds(&d), seconds);
}

/* Each day of 800 years, at another second. */
static void test_days(void **state)
{
	(void)state;
	for (u64 day = 0; day < 292194; day++)
		check(day * 86400 + day * 7919 % 86400);
}

static void test_limits(void **state)
{
	(void)state;
	check(0);
	check(86399);
	check(UINT64_C(951782399));    /* 2000-02-28 23:59:59 */
	check(UINT64_C(253402300799)); /* 9999-12-31 23:59:59 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
