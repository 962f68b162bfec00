/* SPDX-License-Identifier: Apache-2.0 */
/* Spelling hints: which candidate is near enough, and which is the nearest. */
#include "support/test.h"

#include <mullion/similar.h>
#include <mullion/string.h>

/* The best of up to four candidates, or "". */
static const char *best_of(const char *wanted, const char *a, const char *b, const char *c)
{
	static struct similar similar;

	similar_init(&similar, wanted);
	similar_offer(&similar, a);
	similar_offer(&similar, b);
	similar_offer(&similar, c);
	return similar.best;
}

static void one_edit_is_found(void **state)
{
	(void)state;
	assert_string_equal(best_of("linus", "linux", "rtos", "mterm"), "linux");  /* replaced */
	assert_string_equal(best_of("linu", "linux", "rtos", "mterm"), "linux");   /* deleted */
	assert_string_equal(best_of("linuux", "linux", "rtos", "mterm"), "linux"); /* inserted */
	assert_string_equal(best_of("strat", "start", "stop", "reset"), "start");  /* swapped */
	assert_string_equal(best_of("Imgae", "Image", "initrd", "x"), "Image");
}

static void the_nearest_wins(void **state)
{
	(void)state;
	assert_string_equal(best_of("guest", "guests", "guest1x", "gust"), "guests");
	assert_string_equal(best_of("console", "consle0", "console0", "consoles"), "console0");
}

static void another_word_is_no_hint(void **state)
{
	struct similar similar;

	(void)state;
	assert_string_equal(best_of("kernel", "initrd", "bootargs", "console"), "");
	/* All letters may not differ. */
	assert_string_equal(best_of("a", "b", "", "cd"), "");
	assert_string_equal(best_of("ab", "xy", "b", "abcd"), "b");
	assert_string_equal(best_of("", "", "a", "b"), "");
	similar_init(&similar, "kernel");
	similar_offer(&similar, "initrd");
	assert_string_equal(similar_hint(&similar, "; write it"), "; write it");
	similar_offer(&similar, "kernels");
	assert_string_equal(similar_hint(&similar, "; write it"), "; did you mean 'kernels'?");
}

/* Names at the bound, and above it. */
static void long_names(void **state)
{
	static const char bound[] = "abcdefghijklmnopqrstuvwxyz012345";
	static const char wrong[] = "abcdefghijklmnopqrstuvwxyz012346";
	static const char above[] = "abcdefghijklmnopqrstuvwxyz0123456";
	struct similar similar;

	(void)state;
	assert_int_equal(strlen(bound), SIMILAR_MAX);
	similar_init(&similar, wrong);
	similar_offer(&similar, above);
	assert_string_equal(similar.best, "");
	similar_offer(&similar, bound);
	assert_string_equal(similar.best, bound);
	assert_string_equal(similar_hint(&similar, ""),
			    "; did you mean 'abcdefghijklmnopqrstuvwxyz012345'?");
	similar_init(&similar, above);
	similar_offer(&similar, bound);
	assert_string_equal(similar.best, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_edit_is_found),
		cmocka_unit_test(the_nearest_wins),
		cmocka_unit_test(another_word_is_no_hint),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
