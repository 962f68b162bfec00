/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's modes: the receiver of each typed byte, and the next line to run. */
#include "components/mterm/term.h"

#include "components/mterm/output.h"
#include "components/mterm/use.h"
#include <mullion/string.h>

#define PROMPT "mullion> "
#define CTRL_C 0x03
#define ESC    0x1b

static void run_line(struct term *t, char *line, bool confirmed)
{
	t->mode = MODE_EDIT;
	out_begin();
	command_run(t, line, confirmed);
}

/* A line of the script as one that could have been typed; false when it could not. */
static bool take_line(char line[EDIT_LINE_MAX], const char *from, size_t n)
{
	if (n >= EDIT_LINE_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		line[i] = from[i] == '\t' ? ' ' : from[i];
		if (line[i] < ' ' || line[i] > '~')
			return false;
	}
	line[n] = '\0';
	return true;
}

/* The next line of the script. Returns false when there is none. */
static bool script_line(struct term *t)
{
	const char *script = t->config.script;
	size_t end = t->script_at, n;
	char line[EDIT_LINE_MAX];

	if (script == NULL || t->script_at >= t->config.script_bytes)
		return false;
	while (end < t->config.script_bytes && script[end] != '\n')
		end++;
	n = end - t->script_at;
	if (n > 0 && script[end - 1] == '\r')
		n--;
	out_begin();
	out_text(PROMPT);
	out_foreign(script + t->script_at, MIN(n, sizeof(line) - 1));
	out_char('\n');
	if (!take_line(line, script + t->script_at, n)) {
		out_text("this line of the script is too long or no text: it is left out\n");
	} else {
		t->scripted = true;
		run_line(t, line, false);
		t->scripted = false;
	}
	t->script_at = end + 1;
	return true;
}

/* Run the next line of the script, or begin to edit; a waiting command changes nothing. */
static void go_on(struct term *t)
{
	while (t->mode == MODE_EDIT && script_line(t))
		out_flush();
	if (t->mode == MODE_EDIT) {
		bool stopped;

		out_flush();
		stopped = out_stopped();
		out_begin();
		if (stopped)
			out_text("^C\n");
		edit_begin(&t->editor, PROMPT, &t->history);
	} else if (t->mode == MODE_CONFIRM) {
		edit_begin(&t->editor, t->question, NULL);
	}
	out_flush();
}

static void edit_done(struct term *t)
{
	char line[EDIT_LINE_MAX];

	(void)str_copy(line, sizeof(line), t->editor.line);
	if (t->mode == MODE_CONFIRM) {
		t->mode = MODE_EDIT;
		if (!t->editor.overflow && (str_equal(line, "y") || str_equal(line, "yes")))
			run_line(t, t->pending, true);
		else
			out_text("nothing was done\n");
	} else if (t->editor.overflow) {
		out_format("the line is longer than %u characters: nothing was done\n",
			   EDIT_LINE_MAX - 1);
	} else {
		history_add(&t->history, line);
		run_line(t, line, false);
	}
	go_on(t);
}

static void edit_byte(struct term *t, char byte)
{
	switch (edit_key(&t->editor, byte)) {
	case EDIT_LINE: edit_done(t); break;
	case EDIT_CANCEL:
		t->mode = MODE_EDIT;
		go_on(t);
		break;
	case EDIT_TAB:
		if (t->mode == MODE_EDIT)
			complete(&t->editor);
		break;
	default: break;
	}
}

/* A live view ends with any key. The bytes behind a cursor key's ESC belong to that key. */
static void leave_view(struct term *t, char byte)
{
	mode_end(t);
	out_char('\n');
	go_on(t);
	t->editor.cr = byte == '\r';
	if (byte == ESC)
		(void)edit_key(&t->editor, ESC);
}

static void stop_waiting(struct term *t)
{
	mode_end(t);
	t->num_ahead = 0;
	t->script_at = t->config.script_bytes;
	out_text("^C\n");
	go_on(t);
}

void term_input(struct term *t, const char *bytes, size_t n)
{
	out_begin();
	for (size_t i = 0; i < n; i++) {
		switch (t->mode) {
		case MODE_TOP:
		case MODE_FOLLOW: leave_view(t, bytes[i]); break;
		case MODE_SLEEP:
		case MODE_MEASURE:
		case MODE_TOP_ONCE:
			if (bytes[i] == CTRL_C)
				stop_waiting(t);
			else if (t->num_ahead < sizeof(t->ahead))
				t->ahead[t->num_ahead++] = bytes[i];
			break;
		default: edit_byte(t, bytes[i]); break;
		}
	}
	out_flush();
}

/* The line that waited for its measurement, once more. */
static void run_measured(struct term *t)
{
	char line[EDIT_LINE_MAX];

	(void)str_copy(line, sizeof(line), t->pending);
	t->measured = true;
	use_look();
	run_line(t, line, false);
	t->measured = false;
}

void term_timer(struct term *t)
{
	char ahead[TERM_AHEAD];
	u32 n = t->num_ahead;

	switch (t->mode) {
	case MODE_TOP:
		out_begin();
		top_tick(t);
		mode_wait(t, MODE_TOP, USE_TOP_MS);
		out_flush();
		return;
	case MODE_TOP_ONCE:
		out_begin();
		top_tick(t);
		break;
	case MODE_MEASURE: run_measured(t); break;
	case MODE_SLEEP: break;
	default: return;
	}
	t->mode = MODE_EDIT;
	memcpy(ahead, t->ahead, n);
	t->num_ahead = 0;
	go_on(t);
	term_input(t, ahead, n);
}

void term_news(struct term *t)
{
	if (t->mode != MODE_FOLLOW)
		return;
	log_follow(t);
	out_flush();
	if (out_stopped())
		leave_view(t, CTRL_C);
}

void term_start(struct term *t, const struct term_config *config)
{
	memset(t, 0, sizeof(*t));
	t->config = *config;
	out_begin();
	out_text("\nMullion's terminal. 'help' lists the commands.\n");
	go_on(t);
}
