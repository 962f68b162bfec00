/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line editor. It uses only what all terminals have: CR, BS, and the sequences of ECMA-48 that
 * move the cursor or erase to the line's end.
 */
#include "components/mterm/edit.h"

#include "components/mterm/output.h"
#include <mullion/string.h>

#define CTRL(letter) ((letter)&0x1f)
#define ESC          0x1b
#define DEL          0x7f

void history_add(struct history *history, const char *line)
{
	const char *last = history_get(history, 1);

	if (*line == '\0' || (last != NULL && str_equal(last, line)))
		return;
	(void)str_copy(history->lines[history->count % EDIT_HISTORY_MAX], EDIT_LINE_MAX, line);
	history->count++;
}

const char *history_get(const struct history *history, u32 back)
{
	if (back == 0 || back > history->count || back > EDIT_HISTORY_MAX)
		return NULL;
	return history->lines[(history->count - back) % EDIT_HISTORY_MAX];
}

static u32 columns_left(const struct editor *e)
{
	return EDIT_COLUMNS - (u32)strnlen(e->prompt, EDIT_COLUMNS - 8);
}

void edit_redraw(const struct editor *e)
{
	u32 room = columns_left(e);
	u32 start = e->cursor >= room ? e->cursor - room + 1 : 0;
	u32 end = MIN(e->length, start + room);

	out_char('\r');
	out_text(e->prompt);
	for (u32 i = start; i < end; i++)
		out_char(e->line[i]);
	out_text("\033[K");
	if (end > e->cursor)
		out_format("\033[%uD", (unsigned int)(end - e->cursor));
}

void edit_begin(struct editor *e, const char *prompt, struct history *history)
{
	e->line[0] = '\0';
	e->length = 0;
	e->cursor = 0;
	e->overflow = false;
	e->overwrite = false;
	e->prompt = prompt;
	e->history = history;
	e->back = 0;
	out_text(prompt);
}

static void set_line(struct editor *e, const char *text)
{
	(void)str_copy(e->line, sizeof(e->line), text);
	e->length = (u32)strlen(e->line);
	e->cursor = e->length;
	e->overflow = false;
	edit_redraw(e);
}

static void bell(void)
{
	out_char('\a');
}

/* Take @n characters from @at on. */
static void erase(struct editor *e, u32 at, u32 n)
{
	memmove(e->line + at, e->line + at + n, e->length - at - n + 1);
	e->length -= n;
	e->cursor = at;
	if (e->length == 0)
		e->overflow = false;
	edit_redraw(e);
}

static void insert_byte(struct editor *e, char c)
{
	if (e->overwrite && e->cursor < e->length) {
		e->line[e->cursor++] = c;
		edit_redraw(e);
		return;
	}
	if (e->length + 1 >= sizeof(e->line)) {
		if (!e->overflow)
			bell();
		e->overflow = true;
		return;
	}
	memmove(e->line + e->cursor + 1, e->line + e->cursor, e->length - e->cursor + 1);
	e->line[e->cursor++] = c;
	e->length++;
	if (e->cursor == e->length && e->length < columns_left(e))
		out_char(c);
	else
		edit_redraw(e);
}

void edit_insert(struct editor *e, const char *text)
{
	while (*text != '\0')
		insert_byte(e, *text++);
}

static void move(struct editor *e, u32 to)
{
	if (to > e->length)
		return;
	e->cursor = to;
	edit_redraw(e);
}

/* From the word before the cursor, and the blanks behind it. */
static void erase_word(struct editor *e)
{
	u32 at = e->cursor;

	while (at > 0 && e->line[at - 1] == ' ')
		at--;
	while (at > 0 && e->line[at - 1] != ' ')
		at--;
	erase(e, at, e->cursor - at);
}

static void browse(struct editor *e, bool older)
{
	const char *line = NULL;

	if (e->history == NULL || (!older && e->back == 0))
		return;
	if (older) {
		line = history_get(e->history, e->back + 1);
		if (line == NULL)
			return;
		if (e->back == 0)
			(void)str_copy(e->typed, sizeof(e->typed), e->line);
		e->back++;
	} else {
		e->back--;
		line = e->back == 0 ? e->typed : history_get(e->history, e->back);
	}
	if (line != NULL)
		set_line(e, line);
}

static void delete_at_cursor(struct editor *e)
{
	if (e->cursor < e->length)
		erase(e, e->cursor, 1);
}

/* The final byte of a cursor key's sequence. */
static void cursor_key(struct editor *e, char final)
{
	switch (final) {
	case 'A': browse(e, true); break;
	case 'B': browse(e, false); break;
	case 'C': move(e, e->cursor + 1); break;
	case 'D': move(e, e->cursor - 1); break;
	case 'H': move(e, 0); break;
	case 'F': move(e, e->length); break;
	default: break;
	}
}

/* ESC [ number ~ */
static void numbered_key(struct editor *e)
{
	switch (e->parameter) {
	case 1:
	case 7: move(e, 0); break;
	case 2: e->overwrite = !e->overwrite; break;
	case 3: delete_at_cursor(e); break;
	case 4:
	case 8: move(e, e->length); break;
	default: break;
	}
}

/* Parameters and intermediates are passed over until the final byte; control characters end the
 * sequence (ECMA-48 §5.4). Returns true if the byte belongs to it. */
static bool escape_key(struct editor *e, char byte)
{
	if (byte < ' ' || byte > '~') {
		e->escape = ESCAPE_NO;
		return false;
	}
	switch (e->escape) {
	case ESCAPE_BEGUN:
		e->parameter = 0;
		e->first = true;
		e->escape = byte == '[' ? ESCAPE_CSI : byte == 'O' ? ESCAPE_SS3 : ESCAPE_NO;
		return true;
	case ESCAPE_SS3:
		e->escape = ESCAPE_NO;
		cursor_key(e, byte);
		return true;
	default: break;
	}
	if (byte >= '0' && byte <= '9') {
		if (e->first)
			e->parameter = MIN(e->parameter * 10 + (u32)(byte - '0'), 1000);
	} else if (byte < '@') {
		e->first = false;
	} else {
		e->escape = ESCAPE_NO;
		if (byte == '~')
			numbered_key(e);
		else
			cursor_key(e, byte);
	}
	return true;
}

static void control_key(struct editor *e, char byte)
{
	switch (byte) {
	case CTRL('A'): move(e, 0); break;
	case CTRL('B'): move(e, e->cursor - 1); break;
	case CTRL('D'): delete_at_cursor(e); break;
	case CTRL('E'): move(e, e->length); break;
	case CTRL('F'): move(e, e->cursor + 1); break;
	case CTRL('H'):
	case DEL:
		if (e->cursor > 0)
			erase(e, e->cursor - 1, 1);
		break;
	case CTRL('K'):
		if (e->cursor < e->length)
			erase(e, e->cursor, e->length - e->cursor);
		break;
	case CTRL('L'):
		out_text("\033[H\033[2J");
		edit_redraw(e);
		break;
	case CTRL('N'): browse(e, false); break;
	case CTRL('P'): browse(e, true); break;
	case CTRL('U'): erase(e, 0, e->cursor); break;
	case CTRL('W'): erase_word(e); break;
	case ESC: e->escape = ESCAPE_BEGUN; break;
	default: break;
	}
}

enum edit_event edit_key(struct editor *e, char byte)
{
	bool after_cr = e->cr;

	e->cr = byte == '\r';
	if (byte == '\n' && after_cr)
		return EDIT_NONE;
	if (e->escape != ESCAPE_NO && escape_key(e, byte))
		return EDIT_NONE;
	switch (byte) {
	case '\r':
	case '\n': out_char('\n'); return EDIT_LINE;
	case '\t': return EDIT_TAB;
	case CTRL('C'): out_text("^C\n"); return EDIT_CANCEL;
	default: break;
	}
	if (byte >= ' ' && byte <= '~')
		insert_byte(e, byte);
	else
		control_key(e, byte);
	return EDIT_NONE;
}
