/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/mterm: random keys. The line stays in its bounds, the output is text, and no
 * destructive act happens without --yes in the line or "y" to the question. The input's first byte
 * selects further events. 0xff in the input advances the clock by a second, 0xfe notifies of the
 * log.
 */
#include "support/fake_core.h"
#include "tests/fuzz/fuzz.h"

#include <mullion/err.h>
#include <stdlib.h>
#include <string.h>

static struct term term;

static bool hurts(u64 operation)
{
	return operation == MANAGE_GUEST_DESTROY || operation == MANAGE_GUEST_HALT ||
	       operation == MANAGE_COMPONENT_KILL || operation == MANAGE_POWEROFF ||
	       operation == MANAGE_REBOOT;
}

/* A destructive act comes from a line with --yes, also in quotation marks, or from a yes to a
 * question. The question is the last output, with no prompt since. */
static void check_act(u64 operation)
{
	const char *line = term.editor.line;
	const char *question = NULL;

	if (!hurts(operation) || term.scripted)
		return;
	for (const char *at = strstr(fake.output, "really "); at != NULL;
	     at = strstr(at + 1, "really "))
		question = at;
	if (strstr(line, "--yes") != NULL || strstr(line, "\"") != NULL)
		return;
	CHECK(strcmp(line, "y") == 0 || strcmp(line, "yes") == 0);
	CHECK(question != NULL && strstr(question, "? [y/N] ") != NULL);
	CHECK(strstr(question, "mullion> ") == NULL);
}

static void check_editor(void)
{
	const struct editor *e = &term.editor;

	CHECK(e->length < EDIT_LINE_MAX && e->cursor <= e->length);
	CHECK(strlen(e->line) == e->length);
	for (u32 i = 0; i < e->length; i++)
		CHECK(e->line[i] >= ' ' && e->line[i] <= '~');
	CHECK(term.num_ahead <= TERM_AHEAD);
}

/* Printable text, ends of lines, the bell, and the terminal's own sequences. */
static void check_output(void)
{
	for (size_t i = 0; i < fake.num_output; i++)
		CHECK(strchr("\r\n\a\033", fake.output[i]) != NULL ||
		      (fake.output[i] >= ' ' && fake.output[i] <= '~'));
}

static void one_byte(uint8_t byte)
{
	if (byte == 0xff)
		fake_second(&term);
	else if (byte == 0xfe)
		term_news(&term);
	else
		term_input(&term, (const char *)&byte, 1);
	check_editor();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char script[] = "guest list\nsleep 10\ntop --once\nguest destroy linux\n";
	struct term_config config = { .self = "mterm", .console = "console" };

	if (size == 0)
		return 0;
	fake_reset();
	fake.on_act = check_act;
	if ((data[0] & 1) != 0) {
		config.script = script;
		config.script_bytes = sizeof(script) - 1;
	}
	if ((data[0] & 2) != 0) {
		/* The rest is also a tree and a script. */
		fake.tree = data + 1;
		fake.tree_bytes = size - 1;
	}
	if ((data[0] & 4) != 0)
		fake.refuse = -(s64)(data[0] >> 4);
	if ((data[0] & 8) != 0) {
		config.script = (const char *)data + 1;
		config.script_bytes = size - 1;
	}
	term_start(&term, &config);
	for (size_t i = 1; i < size; i++)
		one_byte(data[i]);
	check_output();
	return 0;
}
