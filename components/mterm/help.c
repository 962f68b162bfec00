/* SPDX-License-Identifier: Apache-2.0 */
/* Help: all commands on one screen, one command, and advice about an unknown one. */
#include "components/mterm/output.h"
#include "components/mterm/term.h"

#include <mullion/format.h>
#include <mullion/string.h>

/* Is @name one of @words, which blanks part? */
static bool is_word_of(const char *words, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = words; *at != '\0'; at++) {
		const char *end = at;

		while (*end != '\0' && *end != ' ')
			end++;
		if ((size_t)(end - at) == n && strncmp(at, name, n) == 0)
			return true;
		if (*end == '\0')
			return false;
		at = end;
	}
	return false;
}

/* Print advice about a word that is no command. Returns false if there is none. */
static bool advise(const struct call *call, const char *name)
{
	static const enum kind kinds[] = { KIND_GUEST, KIND_COMPONENT };
	struct similar similar;
	struct record record;

	for (u32 i = 0; i < num_near_misses; i++) {
		if (!is_word_of(near_misses[i].words, name))
			continue;
		report_error(call, "there is no command '%.*s'; %s", WORD_SHOWN, name,
			     near_misses[i].advice);
		return true;
	}
	for (u32 i = 0; i < num_commands; i++) {
		const struct command *c = &commands[i];

		if (c->verb == NULL || !str_equal(c->verb, name))
			continue;
		report_error(call, "a command comes before '%s'; write '%s %s%s%s'", name, c->name,
			     name, *c->arguments != '\0' ? " " : "", c->arguments);
		return true;
	}
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!record_find(kinds[i], name, &record, &similar))
			continue;
		report_error(call, "'%s' is a %s, no command; '%s show %s' describes it", name,
			     record_word(kinds[i]), record_word(kinds[i]), name);
		return true;
	}
	return false;
}

void help_unknown(const struct call *call, const char *name)
{
	struct similar similar;

	if (advise(call, name))
		return;
	similar_init(&similar, name);
	for (u32 i = 0; i < num_commands; i++)
		similar_offer(&similar, commands[i].name);
	report_error(call, "there is no command '%.*s'%s", WORD_SHOWN, name,
		     similar_hint(&similar, "; 'help' lists all"));
}

static void help_row(const struct command *c)
{
	char usage[80];
	size_t n = format(usage, sizeof(usage), "%s%s%s%s%s", c->name, c->verb != NULL ? " " : "",
			  c->verb != NULL ? c->verb : "", *c->arguments != '\0' ? " " : "",
			  c->arguments);
	u8 options = c->options & (u8)~OPTION_JSON; /* which all but a few have */

	if (c->ask == ASK_NEVER)
		options &= (u8)~OPTION_YES;
	for (u32 k = 0; k < TERM_OPTIONS && n < sizeof(usage); k++)
		if ((options & BIT(k)) != 0)
			n += format(usage + n, sizeof(usage) - n, " [%s]", term_options[k]);
	out_format("  %-33s %s\n", usage, c->what);
}

static void help_all(void)
{
	for (u32 i = 0; i < num_topics; i++)
		out_format("%-8s %-10s%s\n", topics[i].group, topics[i].name, topics[i].what);
	out_text(
		"\n'help COMMAND' shows more. Tab completes. --json prints one line for programs.\n"
		"Ctrl-] and a digit shows another port: a guest's, for one.\n");
}

void help_show(const struct call *call)
{
	const char *name = call->num_arguments > 0 ? call->arguments[0] : NULL;
	const char *verb = call->num_arguments > 1 ? call->arguments[1] : NULL;
	struct call plain = { .command = NULL };
	u32 shown = 0;
	bool known = false;

	if (name == NULL) {
		help_all();
		return;
	}
	for (u32 i = 0; i < num_commands; i++) {
		const struct command *c = &commands[i];

		if (!str_equal(c->name, name))
			continue;
		known = true;
		if (verb != NULL && (c->verb == NULL || !str_equal(c->verb, verb)))
			continue;
		help_row(c);
		shown++;
		if (verb != NULL && c->states != NULL)
			out_format("  for a %s that is %s\n", record_word(c->kind), c->states);
	}
	if (!known)
		help_unknown(&plain, name);
	else if (shown == 0)
		report_error(&plain, "there is no '%.*s %.*s'; 'help %s' lists what it can do",
			     WORD_SHOWN, name, WORD_SHOWN, verb, name);
	else if (shown > 1)
		out_format("'%s' alone is the first of them.\n", name);
}
