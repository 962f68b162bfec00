/* SPDX-License-Identifier: Apache-2.0 */
/* The output: a queue before the UART, and the terminal's state as the sent bytes change it. */
#include "components/console/console.h"

#define BELL          0x07
#define SHIFT_OUT     0x0e
#define CANCEL        0x18 /* ends any escape sequence */
#define SUBSTITUTE    0x1a /* so does this */
#define ESCAPE        0x1b
#define SEQUENCE_LONG 256u /* bytes; a longer one is broken when the console has to speak */

_Static_assert(OUTPUT_BYTES <= 0x8000, "indices are of 16 bits");

void output_start(struct output *output, bool kept, bool changed)
{
	if (!kept || (u16)(output->step.in - output->out) > OUTPUT_BYTES) {
		*output = (struct output){ .changed = changed };
		output->step.port = NO_PORT;
	}
	output->put = output->step.in;
}

u32 output_used(const struct output *output)
{
	return (u16)(output->put - output->out);
}

u32 output_room(const struct output *output)
{
	return OUTPUT_BYTES - output_used(output);
}

void output_commit(struct output *output, u32 port, u32 upto)
{
	union output_step next = { .in = output->put, .port = (u16)port, .upto = upto };

	keep_order();
	output->step.all = next.all;
	keep_order();
}

void output_own(struct output *output)
{
	output_commit(output, output->step.port, output->step.upto);
}

/* --- Sequences ---------------------------------------------------------------------------------
 */

static enum sequence after_escape(u8 byte)
{
	switch (byte) {
	case '[': return CONTROL;
	case ']': /* OSC, DCS, SOS, PM, APC: a string up to ST */
	case 'P':
	case 'X':
	case '^':
	case '_': return STRING;
	default: return byte >= 0x20 && byte <= 0x2f ? ESCAPED : PLAIN;
	}
}

/* As the terminal reads it (ECMA-48, 5.4 and 8.3). */
static enum sequence next_sequence(enum sequence now, u8 byte)
{
	if (byte == CANCEL || byte == SUBSTITUTE)
		return PLAIN;
	if (byte == ESCAPE)
		return ESCAPED;
	if (now == STRING)
		return byte == BELL ? PLAIN : STRING;
	if (byte < 0x20)
		return now;
	if (now == ESCAPED)
		return after_escape(byte);
	if (now == CONTROL && byte >= 0x40 && byte <= 0x7e)
		return PLAIN;
	return now;
}

static bool is_one_of(u8 byte, const char *bytes)
{
	while (*bytes != 0 && (u8)*bytes != byte)
		bytes++;
	return *bytes != 0;
}

/* Cursor movement, erasure, scrolling and queries leave no change; unknown sequences may. */
static void note_control(struct output *output, u8 final)
{
	if (output->marker == 0 && final == 'm')
		output->coloured = output->parameters;
	else if (output->marker != 0 && output->marker != '?' && is_one_of(final, "mu"))
		output->keyed = output->changed = true;
	else if (!is_one_of(final, output->marker == 0 ? "@ABCDEFGHIJKLMPSTXZ`abcdefgnsu" : "JKnc"))
		output->changed = true;
}

/* @before: what the terminal was within when @byte came. */
static void note_effect(struct output *output, enum sequence before, u8 byte)
{
	if (byte == CANCEL || byte == SUBSTITUTE)
		return;
	if (byte == SHIFT_OUT) {
		output->changed = true;
	} else if (before == ESCAPED && output->sequence == CONTROL) {
		output->marker = 0;
		output->parameters = false;
	} else if (before == ESCAPED && output->sequence != STRING) {
		/* Saved and restored cursors, line feeds, the end of a string; else e.g. a set. */
		output->changed |= !is_one_of(byte, "78DEM\\");
	} else if (before == CONTROL && output->sequence == PLAIN) {
		note_control(output, byte);
	} else if (before == CONTROL && byte >= '<' && byte <= '?') {
		output->marker = byte;
	} else if (before == CONTROL && byte != '0' && byte != ';') {
		output->parameters = true;
	}
}

static void follow(struct output *output, u8 byte)
{
	enum sequence before = output->sequence;

	output->sequence = next_sequence(before, byte);
	note_effect(output, before, byte);
	if (output->sequence == PLAIN)
		output->sequence_bytes = 0;
	else
		output->sequence_bytes++;
	if (byte == '\n')
		output->fresh = true;
	else if (before == PLAIN && byte >= 0x20)
		output->fresh = false;
}

/* --- Text --------------------------------------------------------------------------------------
 */

void output_byte(struct output *output, u8 byte)
{
	if (output_room(output) == 0)
		return;
	output->bytes[output->put++ % OUTPUT_BYTES] = byte;
	follow(output, byte);
}

/* Text that moves nothing but the cursor goes by runs. */
void output_bytes(struct output *output, const u8 *bytes, u32 n)
{
	while (n > 0) {
		u32 put = output->put, room = output_room(output), run = 0;

		room = output->sequence == PLAIN ? MIN(room, n) : 0;
		for (; run < room && bytes[run] >= 0x20; run++)
			output->bytes[put++ % OUTPUT_BYTES] = bytes[run];
		output->put = (u16)put;
		if (run > 0)
			output->fresh = false;
		else
			output_byte(output, bytes[run++]);
		bytes += run;
		n -= run;
	}
}

void output_text(struct output *output, const char *text)
{
	for (; *text != 0; text++)
		output_byte(output, (u8)*text);
}

void output_number(struct output *output, u64 number)
{
	char digits[21] = { 0 };
	u32 at = sizeof(digits) - 1;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	output_text(output, digits + at);
}

void output_fresh_line(struct output *output)
{
	if (output->sequence != PLAIN)
		output_byte(output, CANCEL);
	if (!output->fresh)
		output_text(output, "\r\n");
}

/*
 * Leaving the alternate screen restores the saved cursor, even if the screen is not active. Setting
 * the margins moves the cursor home. So the cursor is saved before each of them.
 */
void output_reset(struct output *output)
{
	if (output->sequence != PLAIN)
		output_byte(output, CANCEL);
	if (output->changed)
		output_text(output, "\0337\033[?1049l"                /* alternate screen */
				    "\0337\033[r\033[?6l\0338"        /* margins, origin */
				    "\033[?1000;1002;1003;1006;2004l" /* mouse, pasting */
				    "\033[>4m\033[<u\033[=0u"         /* keys as sequences */
				    "\033[?1l\033>\033[?1004l" /* cursor keys, keypad, focus */
				    "\033[0m\033(B\017\033[4l\033[?5l\033[?7h\033[?25h");
	else if (output->coloured)
		output_text(output, "\033[0m");
	output->changed = output->coloured = output->keyed = false;
}

bool output_may_break(const struct output *output)
{
	return output->sequence == PLAIN || output->sequence_bytes > SEQUENCE_LONG;
}

/* A byte counts as sent only afterwards: if the console ends in between, it is sent once more. */
bool output_send(struct output *output, struct uart *uart)
{
	u32 left, at;

	while ((left = (u16)(output->step.in - output->out)) > 0) {
		at = output->out % OUTPUT_BYTES;
		if (!uart->driver->send(uart, output->bytes + at, MIN(left, OUTPUT_BYTES - at),
					&output->out))
			return false;
	}
	return true;
}

u8 output_plain(u8 *skip, u8 byte)
{
	enum sequence before = (enum sequence) * skip;

	if (byte == ESCAPE) {
		*skip = ESCAPED;
		return '.';
	}
	if (byte == '\n') {
		*skip = PLAIN;
		return byte;
	}
	if (before != PLAIN) {
		enum sequence now = next_sequence(before, byte);

		/* The text of a string is harmless, and its end need never come. */
		*skip = now == STRING ? PLAIN : (u8)now;
		return 0;
	}
	if (byte == '\t')
		return byte;
	if (byte < 0x20 || byte == 0x7f)
		return 0;
	return byte < 0x7f ? byte : '.';
}
