/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line editing: bytes from a terminal become a line of printable ASCII. Any input leaves
 * the line within its bound. A line that was too long is marked: half a command never runs.
 */
#ifndef MTERM_EDIT_H
#define MTERM_EDIT_H

#include <mullion/types.h>

#define EDIT_LINE_MAX    256u /* bytes with NUL */
#define EDIT_HISTORY_MAX 32u
#define EDIT_COLUMNS     79u /* of the user's terminal: a longer line scrolls */

enum edit_event {
	EDIT_NONE,
	EDIT_LINE,   /* Enter: the line is complete */
	EDIT_TAB,    /* complete what stands before the cursor */
	EDIT_CANCEL, /* Ctrl-C */
};

struct history {
	char lines[EDIT_HISTORY_MAX][EDIT_LINE_MAX];
	u32 count; /* ever added; the latest is number count - 1 */
};

struct editor {
	char line[EDIT_LINE_MAX]; /* always ends in NUL */
	u32 length, cursor;
	bool overflow;  /* something typed found no room */
	bool overwrite; /* Insert was pressed */
	bool cr;        /* the last byte was CR: a LF that follows belongs to it */
	enum { ESCAPE_NO, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_SS3 } escape;
	u32 parameter; /* of the sequence: its first number */
	bool first;    /* it is still being read */
	const char *prompt;
	struct history *history; /* NULL: arrows up and down do nothing */
	u32 back;                /* how far back in it; 0: the line being typed */
	char typed[EDIT_LINE_MAX];
};

/** edit_begin() - an empty line behind @prompt, which is printed. */
void edit_begin(struct editor *e, const char *prompt, struct history *history);
/** edit_key() - one byte from the terminal. */
enum edit_event edit_key(struct editor *e, char byte);
/** edit_insert() - as if @text had been typed at the cursor. */
void edit_insert(struct editor *e, const char *text);
/** edit_redraw() - print prompt and line again, in the line where the cursor is. */
void edit_redraw(const struct editor *e);
/** history_add() - remember @line, unless it is empty or the same as the latest. */
void history_add(struct history *history, const char *line);
/** history_get() - number @back from the end, 1 is the latest; NULL when it is not kept. */
const char *history_get(const struct history *history, u32 back);

#endif
