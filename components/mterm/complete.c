/* SPDX-License-Identifier: Apache-2.0 */
/* Completion at the cursor, by the command table and the core's names. */
#include "components/mterm/output.h"
#include "components/mterm/term.h"

#include <mullion/string.h>

#define SHOWN_MAX 64u

/* The words before the cursor. */
struct context {
	char text[EDIT_LINE_MAX];
	const char *words[TERM_WORDS];
	u32 num_words;      /* whole ones, without options */
	const char *prefix; /* of the one that is being typed */
};

/* Candidates that begin with the prefix, counted; the first ones are shown on request. */
struct candidates {
	const char *prefix;
	u32 count;
	bool show;
	char common[RECORD_NAME]; /* their longest common prefix */
};

static void candidate(struct candidates *c, const char *text)
{
	u32 n = 0;

	if (!str_has_prefix(text, c->prefix))
		return;
	if (c->show && c->count < SHOWN_MAX)
		out_format("%s%s", c->count == 0 ? "" : "  ", text);
	if (c->count++ == 0) {
		(void)str_copy(c->common, sizeof(c->common), text);
		return;
	}
	while (c->common[n] != '\0' && c->common[n] == text[n])
		n++;
	c->common[n] = '\0';
}

static bool take_context(const struct editor *e, struct context *x)
{
	char *at = x->text;

	memcpy(x->text, e->line, e->cursor);
	x->text[e->cursor] = '\0';
	x->num_words = 0;
	for (;;) {
		while (*at == ' ')
			at++;
		x->prefix = at;
		while (*at != '\0' && *at != ' ')
			at++;
		if (*at == '\0')
			return true;
		*at++ = '\0';
		if (x->prefix[0] == '-')
			continue;
		if (x->num_words == TERM_WORDS)
			return false;
		x->words[x->num_words++] = x->prefix;
	}
}

static const struct command *command_at(const char *name, const char *verb)
{
	for (u32 i = 0; i < num_commands; i++) {
		const struct command *c = &commands[i];

		if (str_equal(c->name, name) &&
		    (c->verb == NULL || verb == NULL || str_equal(c->verb, verb)))
			return c;
	}
	return NULL;
}

static void command_names(struct candidates *c)
{
	for (u32 i = 0; i < num_commands; i++)
		if (i == 0 || !str_equal(commands[i].name, commands[i - 1].name))
			candidate(c, commands[i].name);
}

static void verbs(struct candidates *c, const char *name)
{
	for (u32 i = 0; i < num_commands; i++)
		if (str_equal(commands[i].name, name) && commands[i].verb != NULL)
			candidate(c, commands[i].verb);
}

static void options(struct candidates *c, const struct command *command)
{
	for (u32 k = 0; k < TERM_OPTIONS; k++)
		if ((command->options & BIT(k)) != 0)
			candidate(c, term_options[k]);
}

static void names(struct candidates *c, enum kind kind)
{
	struct record record;
	struct walk walk;

	walk_begin(&walk, kind);
	while (walk_next(&walk, &record))
		candidate(c, record.name);
}

static void arguments(struct candidates *c, const struct command *command)
{
	if (command->run == NULL) /* help */
		command_names(c);
	else if (command->run == run_level)
		for (u32 i = 0; i < abi_names[NAMES_LOG_LEVEL].count; i++)
			candidate(c, abi_name(NAMES_LOG_LEVEL, i));
	else if (command->names)
		names(c, command->kind);
	else if (command->kind != KIND_NONE)
		names(c, KIND_GUEST);
}

static void collect(const struct context *x, struct candidates *c)
{
	const struct command *command;
	u32 used;

	if (x->num_words == 0) {
		command_names(c);
		return;
	}
	command = command_at(x->words[0], x->num_words > 1 ? x->words[1] : NULL);
	if (command == NULL)
		return;
	used = command->verb != NULL ? 2 : 1;
	if (x->prefix[0] == '-')
		options(c, command);
	else if (x->num_words < used)
		verbs(c, x->words[0]);
	else if (x->num_words - used < command->max)
		arguments(c, command);
}

void complete(struct editor *e)
{
	struct candidates c = { .prefix = NULL };
	struct context x = { .num_words = 0 };
	size_t typed;

	if (!take_context(e, &x))
		return;
	c.prefix = x.prefix;
	collect(&x, &c);
	typed = strlen(x.prefix);
	if (c.count == 0 || typed > strlen(c.common)) {
		out_char('\a');
	} else if (c.count == 1 || c.common[typed] != '\0') {
		edit_insert(e, c.common + typed);
		if (c.count == 1)
			edit_insert(e, " ");
	} else {
		out_char('\n');
		c = (struct candidates){ .prefix = x.prefix, .show = true };
		collect(&x, &c);
		out_text(c.count > SHOWN_MAX ? "  ...\n" : "\n");
		edit_redraw(e);
	}
}
