/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal on a fake machine: a test sends a line and gets its output. */
#ifndef TESTS_MTERM_TERMINAL_H
#define TESTS_MTERM_TERMINAL_H

#include "support/test.h"

#include "components/mterm/use.h"
#include "support/fake_core.h"

static struct term term;
static const struct term_config config = { .self = "mterm", .console = "console" };

static int begin(void **state)
{
	(void)state;
	fake_reset();
	term_start(&term, &config);
	return 0;
}

/* Returns the output of a command line without its echo, CRs and the prompt that follows. */
static const char *output_of(const char *line)
{
	static char text[FAKE_OUTPUT];
	size_t n = 0;
	char *end;

	fake.num_output = 0;
	fake.output[0] = '\0';
	term_input(&term, line, strlen(line));
	term_input(&term, "\r", 1);
	if (term.mode == MODE_MEASURE)
		fake_time(&term, USE_LIST_MS);
	for (const char *c = strchr(fake.output, '\n') + 1; *c != '\0'; c++)
		if (*c != '\r')
			text[n++] = *c;
	text[n] = '\0';
	end = strstr(text, "mullion> ");
	if (end != NULL)
		*end = '\0';
	return text;
}

static void says(const char *line, const char *expected)
{
	assert_string_equal(output_of(line), expected);
}

static void has(const char *line, const char *expected)
{
	const char *output = output_of(line);

	if (strstr(output, expected) == NULL)
		fail_msg("'%s' printed\n%swithout\n%s", line, output, expected);
}

#endif
