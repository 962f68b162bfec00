/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/string.c. A host build takes the C library's memory functions, so those of a freestanding
 * build are compiled in here under other names.
 */
#define STRING_UNDER_TEST
#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#include "support/test.h"

#define MAX_LENGTH 40
#define MAX_OFFSET 8
#define ROOM       (MAX_LENGTH + 2 * MAX_OFFSET)

static void fill(u8 *p, size_t n, u8 seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)(seed + i * 7);
}

static void copies_at_every_alignment(void **state)
{
	u8 from[ROOM] __aligned(16), to[ROOM] __aligned(16), want[ROOM];

	(void)state;
	for (size_t n = 0; n <= MAX_LENGTH; n++) {
		for (size_t s = 0; s < MAX_OFFSET; s++) {
			for (size_t d = 0; d < MAX_OFFSET; d++) {
				fill(from, ROOM, 1);
				fill(to, ROOM, 100);
				fill(want, ROOM, 100);
				for (size_t i = 0; i < n; i++)
					want[d + i] = from[s + i];
				assert_ptr_equal(our_memcpy(to + d, from + s, n), to + d);
				assert_memory_equal(to, want, ROOM);
			}
		}
	}
}

static void moves_onto_itself(void **state)
{
	u8 buf[ROOM + MAX_LENGTH] __aligned(16), want[ROOM + MAX_LENGTH];

	(void)state;
	for (size_t n = 0; n <= MAX_LENGTH; n++) {
		for (size_t s = 0; s < 2 * MAX_OFFSET; s++) {
			for (size_t d = 0; d < 2 * MAX_OFFSET; d++) {
				fill(buf, sizeof(buf), 3);
				fill(want, sizeof(want), 3);
				for (size_t i = 0; i < n; i++)
					want[d + i] = buf[s + i];
				assert_ptr_equal(our_memmove(buf + d, buf + s, n), buf + d);
				assert_memory_equal(buf, want, sizeof(buf));
			}
		}
	}
}

static void sets_at_every_alignment(void **state)
{
	u8 buf[ROOM] __aligned(16), want[ROOM];

	(void)state;
	for (size_t n = 0; n <= MAX_LENGTH; n++) {
		for (size_t d = 0; d < MAX_OFFSET; d++) {
			fill(buf, ROOM, 9);
			fill(want, ROOM, 9);
			for (size_t i = 0; i < n; i++)
				want[d + i] = 0xa5;
			assert_ptr_equal(our_memset(buf + d, 0x7fa5, n), buf + d);
			assert_memory_equal(buf, want, ROOM);
		}
	}
}

static void compares_bytes_as_unsigned(void **state)
{
	(void)state;
	assert_int_equal(our_memcmp("abc", "abd", 2), 0);
	assert_true(our_memcmp("abc", "abd", 3) < 0);
	assert_true(our_memcmp("\x80", "\x7f", 1) > 0);
	assert_int_equal(our_memcmp("x", "y", 0), 0);
	assert_true(our_strcmp("\x80", "\x7f") > 0);
	assert_true(our_strcmp("ab", "abc") < 0);
	assert_true(our_strcmp("abc", "ab") > 0);
	assert_int_equal(our_strcmp("", ""), 0);
	assert_int_equal(our_strncmp("abcd", "abce", 3), 0);
	assert_true(our_strncmp("abcd", "abce", 4) < 0);
	assert_int_equal(our_strncmp("ab\0x", "ab\0y", 4), 0);
}

static void finds_characters(void **state)
{
	const char *text = "path/to/node";

	(void)state;
	assert_ptr_equal(our_strchr(text, '/'), text + 4);
	assert_null(our_strchr(text, '@'));
	assert_ptr_equal(our_strchr(text, '\0'), text + 12);
	assert_ptr_equal(our_memchr(text, 'n', 12), text + 8);
	assert_null(our_memchr(text, 'n', 8));
	assert_int_equal(our_strlen(text), 12);
	assert_int_equal(our_strnlen(text, 5), 5);
	assert_int_equal(our_strnlen(text, 50), 12);
}

static void copies_text_within_bounds(void **state)
{
	char buf[6];

	(void)state;
	assert_true(str_copy(buf, sizeof(buf), "12345"));
	assert_string_equal(buf, "12345");
	assert_false(str_copy(buf, sizeof(buf), "123456"));
	assert_string_equal(buf, "12345");
	assert_true(str_copy(buf, sizeof(buf), ""));
	assert_string_equal(buf, "");
	assert_true(str_append(buf, sizeof(buf), "ab"));
	assert_true(str_append(buf, sizeof(buf), "cde"));
	assert_string_equal(buf, "abcde");
	assert_false(str_append(buf, sizeof(buf), "f"));
	assert_string_equal(buf, "abcde");
	assert_false(str_copy(buf, 1, "a"));
	assert_string_equal(buf, "");
	assert_true(str_has_prefix("./name", "./"));
	assert_true(str_has_prefix("x", ""));
	assert_false(str_has_prefix(".", "./"));
	assert_true(str_equal("same", "same"));
	assert_false(str_equal("same", "sama"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_at_every_alignment),
		cmocka_unit_test(moves_onto_itself),
		cmocka_unit_test(sets_at_every_alignment),
		cmocka_unit_test(compares_bytes_as_unsigned),
		cmocka_unit_test(finds_characters),
		cmocka_unit_test(copies_text_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
