/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the terminal: a queue before the UART, and what the terminal is made to do by it. */
#include "components/console/console.h"

#define BELL          0x07
#define CANCEL        0x18 /* ends any escape sequence */
#define SUBSTITUTE    0x1a /* so does this */
#define ESCAPE        0x1b
#define SEQUENCE_LONG 256u /* bytes; a longer one is broken when the console has to speak */

u32 output_used(const struct output *output)
{
	return output->in - output->out;
}

u32 output_room(const struct output *output)
{
	return OUTPUT_BYTES - output_used(output);
}

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

static void follow(struct output *output, u8 byte)
{
	bool plain = output->sequence == PLAIN;

	output->sequence = next_sequence(output->sequence, byte);
	if (output->sequence == PLAIN)
		output->sequence_bytes = 0;
	else
		output->sequence_bytes++;
	if (byte == '\n')
		output->fresh = true;
	else if (plain && byte >= 0x20)
		output->fresh = false;
}

void output_byte(struct output *output, u8 byte)
{
	if (output_room(output) == 0)
		return;
	output->bytes[output->in++ % OUTPUT_BYTES] = byte;
	follow(output, byte);
}

/* Text that moves nothing but the cursor goes by runs. */
void output_bytes(struct output *output, const u8 *bytes, u32 n)
{
	while (n > 0) {
		u32 in = output->in, room = output_room(output), run = 0;

		room = output->sequence == PLAIN ? MIN(room, n) : 0;
		for (; run < room && bytes[run] >= 0x20; run++)
			output->bytes[in++ % OUTPUT_BYTES] = bytes[run];
		output->in = in;
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
 * Leaving the alternate screen puts the cursor where it was saved last, also where there is nothing
 * to leave, and setting the margins puts it home: so it is saved before each of them.
 */
void output_reset(struct output *output)
{
	if (output->sequence != PLAIN)
		output_byte(output, CANCEL);
	output_text(output, "\0337\033[?1049l"                            /* alternate screen */
			    "\0337\033[r\033[?6l\0338"                    /* margins, origin */
			    "\033[?1000;1002;1003;1006;2004l"             /* mouse, pasting */
			    "\033[0m\033(B\017\033[4l\033[?7h\033[?25h"); /* all else */
}

bool output_may_break(const struct output *output)
{
	return output->sequence == PLAIN || output->sequence_bytes > SEQUENCE_LONG;
}

bool output_send(struct output *output, struct uart *uart)
{
	while (output_used(output) > 0) {
		u32 n = MIN(uart_room(uart), output_used(output));

		if (n == 0)
			return false;
		for (u32 i = 0; i < n; i++)
			uart_put(uart, output->bytes[output->out++ % OUTPUT_BYTES]);
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
