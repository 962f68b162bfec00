/* SPDX-License-Identifier: Apache-2.0 */
/* lib/format.c against the C library's snprintf, whose subset it is; and lib/err.c. */
#include <mullion/err.h>
#include <mullion/format.h>

#include "support/test.h"

/* Calls that the compiler would refuse, because it knows the subset's big sister. */
static size_t (*volatile const unchecked)(char *, size_t, const char *, ...) = format;

/* The same call to both; text and length must be the same, at every size of buffer. */
#define same(...)                                                                \
	do {                                                                     \
		char ours[64], theirs[64];                                       \
		for (size_t size = 0; size <= sizeof(ours); size++) {            \
			int want;                                                \
			memset(ours, '#', sizeof(ours));                         \
			memset(theirs, '#', sizeof(theirs));                     \
			want = snprintf(theirs, size, __VA_ARGS__);              \
			assert_int_equal(format(ours, size, __VA_ARGS__), want); \
			assert_memory_equal(ours, theirs, sizeof(ours));         \
		}                                                                \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	same("%d %i", 0, -1);
	same("%d", INT32_MIN);
	same("%5d|%-5d|%05d", -42, -42, -42);
	same("%u", UINT32_MAX);
	same("%x %X", 0xdeadbeefU, 0xdeadbeefU);
	same("%08x|%8x|%-8x|", 0x1234U, 0x1234U, 0x1234U);
	same("%lu %lx", 18446744073709551615UL, 0x123456789abcdefUL);
	same("%llu %llx", 18446744073709551615ULL, 0x123456789abcdefULL);
	same("%lld", (long long)INT64_MIN);
	same("%ld", -5L);
	same("%zu %zd", (size_t)123, (ptrdiff_t)-123);
	same("%.3d %.0x %8.3x|", 5, 7U, 0x1fU);
	same("%*d|%-*d|", 6, 12, 6, 12);
	same("%.*d", 4, 12);
	same("0x%016llx", 0x40000000ULL);
	same("%#x %#llx %#X %#x %#010x %#8x|%#-8x|", 0xaU, 0x40000000ULL, 0xbU, 0U, 0xcU, 0xdU,
	     0xeU);
}

static void text(void **state)
{
	(void)state;
	same("%s", "plain");
	same("[%8s|%-8s]", "abc", "abc");
	same("%.2s|%.9s|%6.2s|", "abc", "abc", "abc");
	same("%.*s", 3, "abcdef");
	same("%c%c%3c|%-3c|", 'a', 'b', 'c', 'd');
	same("100%%");
	same("no conversion at all");
	same("%s%s", "", "");
}

static void bounded_string_is_not_read_past_its_precision(void **state)
{
	char *three = malloc(3), buf[8];

	(void)state;
	assert_non_null(three);
	memcpy(three, "xyz", 3);
	assert_int_equal(format(buf, sizeof(buf), "%.3s", three), 3);
	assert_string_equal(buf, "xyz");
	free(three);
}

static void pointers_have_all_digits(void **state)
{
	char buf[32];

	(void)state;
	assert_int_equal(format(buf, sizeof(buf), "%p", (void *)(uintptr_t)0xff00dead1000), 18);
	assert_string_equal(buf, "0x0000ff00dead1000");
	(void)unchecked(buf, sizeof(buf), "%s", (const char *)NULL);
	assert_string_equal(buf, "(null)");
}

/* Their arguments cannot be skipped, so no later %s may be served: it would read a number. */
static void unknown_conversions_end_the_formatting(void **state)
{
	char buf[32];

	(void)state;
	(void)unchecked(buf, sizeof(buf), "%d %q %s %%", 1, 2ULL, "x");
	assert_string_equal(buf, "1 %q %s %%");
	(void)unchecked(buf, sizeof(buf), "end %");
	assert_string_equal(buf, "end %");
	(void)unchecked(buf, sizeof(buf), "end %08L");
	assert_string_equal(buf, "end %08L");
}

static void width_is_bounded(void **state)
{
	char buf[4];

	(void)state;
	assert_int_equal(unchecked(buf, sizeof(buf), "%99999999999d", 1), 256);
	assert_int_equal(unchecked(buf, sizeof(buf), "%*d", INT32_MAX, 1), 256);
	assert_int_equal(unchecked(buf, sizeof(buf), "%*d", INT32_MIN, 1), 1);
}

static void sizes(void **state)
{
	static const struct {
		u64 bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 bytes" },           { 1, "1 byte" },
		{ 1023, "1023 bytes" },     { 1024, "1 KiB" },
		{ 4097, "4097 bytes" },     { MIB(256), "256 MiB" },
		{ GIB(1), "1 GiB" },        { MIB(1536), "1536 MiB" },
		{ GIB(2048), "2 TiB" },     { UINT64_MAX, "18446744073709551615 bytes" },
		{ BIT(63), "8388608 TiB" },
	};
	char buf[FORMAT_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(format_bytes(buf, sizeof(buf), cases[i].bytes), cases[i].text);
}

static void times(void **state)
{
	static const struct {
		u64 ns;
		const char *text;
	} cases[] = {
		{ 0, "0.000 us" },
		{ 41072, "41.072 us" },
		{ 999999, "999.999 us" },
		{ 10000000, "10.000 ms" },
		{ 999999999, "999.999 ms" },
		{ 1000000000, "1.000 s" },
		{ UINT64_C(86400123456789), "86400.123 s" },
		{ UINT64_MAX, "18446744073.709 s" },
	};
	char buf[FORMAT_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(format_time(buf, sizeof(buf), cases[i].ns), cases[i].text);
}

static void errors_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT; i++) {
		assert_non_null(err_name((enum err)i));
		assert_string_not_equal(err_name((enum err)i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(err_name((enum err)i), err_name((enum err)j));
	}
	assert_string_equal(err_name(ERR_NOT_FOUND), "not found");
	assert_string_equal(err_name(ERR_COUNT), "unknown");
	assert_string_equal(err_name((enum err) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(text),
		cmocka_unit_test(bounded_string_is_not_read_past_its_precision),
		cmocka_unit_test(pointers_have_all_digits),
		cmocka_unit_test(unknown_conversions_end_the_formatting),
		cmocka_unit_test(width_is_bounded),
		cmocka_unit_test(sizes),
		cmocka_unit_test(times),
		cmocka_unit_test(errors_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
