/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions about the output of a console to its UART. */
#ifndef TESTS_CONSOLE_SCREEN_H
#define TESTS_CONSOLE_SCREEN_H

#include "support/test.h"

#include "console/fake.h"

#define RESET                                                                     \
	"\0337\033[?1049l\0337\033[r\033[?6l\0338\033[?1000;1002;1003;1006;2004l" \
	"\033[>4m\033[<u\033[=0u\033[?1l\033>\033[?1004l"                         \
	"\033[0m\033(B\017\033[4l\033[?5l\033[?7h\033[?25h"

static inline void expect(const char *text)
{
	assert_string_equal(fake.screen, text);
	fake_clear();
}

static inline void has(const char *text)
{
	if (strstr(fake.screen, text) == NULL)
		fail_msg("no \"%s\" in \"%s\"", text, fake.screen);
}

static inline void has_not(const char *text)
{
	if (strstr(fake.screen, text) != NULL)
		fail_msg("\"%s\" in \"%s\"", text, fake.screen);
}

#endif
