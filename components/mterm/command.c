/* SPDX-License-Identifier: Apache-2.0 */
/* A line becomes a call of a row of the command table, or a message about the mistake in it. */
#include "components/mterm/term.h"

#include <mullion/format.h>
#include <mullion/similar.h>
#include <mullion/string.h>

/* --- Taking the line apart -------------------------------------------------------------------- */

struct words {
	char *word[TERM_WORDS];
	u32 count;
	const char *wrong; /* why the line cannot be read; NULL: it can */
};

/* Words are parted by blanks; "..." keeps blanks in one. */
static void split(char *line, struct words *words)
{
	char *at = line, *to;

	words->count = 0;
	words->wrong = NULL;
	for (;;) {
		bool quoted = false;

		while (*at == ' ')
			at++;
		if (*at == '\0')
			return;
		if (words->count == TERM_WORDS) {
			words->wrong = "the line has more words than any command takes";
			return;
		}
		words->word[words->count++] = at;
		for (to = at; *at != '\0' && (quoted || *at != ' '); at++) {
			if (*at == '"')
				quoted = !quoted;
			else
				*to++ = *at;
		}
		if (quoted)
			words->wrong = "a quotation mark (\") is missing at the end";
		if (*at != '\0')
			at++;
		*to = '\0';
	}
}

static bool same_command(const struct command *a, const struct command *b)
{
	return a != NULL && str_equal(a->name, b->name);
}

static const struct command *find_command(const struct call *call, const char *name)
{
	for (u32 i = 0; i < num_commands; i++)
		if (str_equal(commands[i].name, name))
			return &commands[i];
	help_unknown(call, name);
	return NULL;
}

static const struct command *find_verb(struct call *call, const struct command *first,
				       const char *verb)
{
	const struct command *end = commands + num_commands;
	char otherwise[SIMILAR_HINT_MAX];
	struct similar similar;

	similar_init(&similar, verb);
	for (const struct command *c = first; c < end && same_command(c, first); c++) {
		if (str_equal(c->verb, verb))
			return c;
		similar_offer(&similar, c->verb);
	}
	(void)format(otherwise, sizeof(otherwise), "; 'help %s' lists what it can do", first->name);
	call->command = NULL;
	report_error(call, "%s: there is no '%s %.*s'%s", first->name, first->name, WORD_SHOWN,
		     verb, similar_hint(&similar, otherwise));
	return NULL;
}

/* Options may stand anywhere behind the command's name. They are taken out of @words. */
static bool take_options(struct call *call, struct words *words, const char **unknown)
{
	u32 kept = 0;

	*unknown = NULL;
	for (u32 i = 0; i < words->count; i++) {
		const char *word = words->word[i];
		u32 k = 0;

		if (word[0] != '-' || word[1] == '\0') {
			words->word[kept++] = words->word[i];
			continue;
		}
		while (k < TERM_OPTIONS && !str_equal(term_options[k], word))
			k++;
		if (k < TERM_OPTIONS)
			call->options |= (u8)BIT(k);
		else if (*unknown == NULL)
			*unknown = word;
	}
	words->count = kept;
	return *unknown == NULL;
}

static bool check_options(const struct call *call, const char *unknown)
{
	const struct command *c = call->command;
	char otherwise[SIMILAR_HINT_MAX];
	struct similar similar;

	for (u32 k = 0; unknown == NULL && k < TERM_OPTIONS; k++)
		if ((call->options & ~c->options & BIT(k)) != 0)
			unknown = term_options[k];
	if (unknown == NULL)
		return true;
	similar_init(&similar, unknown);
	for (u32 k = 0; k < TERM_OPTIONS; k++)
		if ((c->options & BIT(k)) != 0)
			similar_offer(&similar, term_options[k]);
	(void)format(otherwise, sizeof(otherwise), "; 'help %s' shows what it takes", c->name);
	report_error(call, "it has no option '%.*s'%s", WORD_SHOWN, unknown,
		     similar_hint(&similar, otherwise));
	return false;
}

static bool check_count(const struct call *call)
{
	const struct command *c = call->command;
	const char *verb = c->verb != NULL ? c->verb : "", *blank = c->verb != NULL ? " " : "";

	if (call->num_arguments >= c->min && call->num_arguments <= c->max)
		return true;
	report_error(call, "%s; write '%s%s%s%s%s'",
		     call->num_arguments < c->min ? "something is missing" : "there is too much",
		     c->name, blank, verb, *c->arguments != '\0' ? " " : "", c->arguments);
	return false;
}

/* Find the row of the table and the arguments. Returns false after a message or the help that was
 * requested. */
static bool parse(struct call *call, struct words *words)
{
	const struct command *first;
	const char *unknown;
	u32 used = 1;

	(void)take_options(call, words, &unknown);
	if (words->count == 0) {
		report_error(call, "a command comes first; 'help' lists all");
		return false;
	}
	first = find_command(call, words->word[0]);
	if (first == NULL)
		return false;
	call->command = first;
	if (first->verb != NULL && words->count > 1) {
		call->command = find_verb(call, first, words->word[1]);
		used = 2;
	}
	if (call->command == NULL)
		return false;
	if (unknown != NULL && (str_equal(unknown, "--help") || str_equal(unknown, "-h"))) {
		call->arguments[call->num_arguments++] = first->name;
		help_show(call);
		return false;
	}
	if (!check_options(call, unknown))
		return false;
	for (u32 i = used; i < words->count; i++)
		call->arguments[call->num_arguments++] = words->word[i];
	return check_count(call);
}

void command_run(struct term *t, char *line, bool confirmed)
{
	struct call call = { .command = NULL };
	char whole[EDIT_LINE_MAX];
	const char *rest = whole;
	struct words words;

	(void)str_copy(whole, sizeof(whole), line);
	while (*rest == ' ')
		rest++;
	if (*rest == '\0' || *rest == '#')
		return;
	(void)str_copy(t->pending, sizeof(t->pending), whole);
	/* Text is not a command's words. */
	if (str_has_prefix(rest, "echo") && (rest[4] == ' ' || rest[4] == '\0')) {
		call.rest = rest + 4 + (rest[4] == ' ' ? 1 : 0);
		run_echo(t, &call);
		return;
	}
	split(line, &words);
	if (words.wrong != NULL) {
		report_error(&call, "%s", words.wrong);
		return;
	}
	if (!parse(&call, &words))
		return;
	if (confirmed)
		call.options |= OPTION_YES;
	if (call.command->run != NULL)
		call.command->run(t, &call);
	else
		help_show(&call);
}
