/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choice of the next text: the core's log before the ports. Text is taken only when the output
 * is short. With a slow UART, text stays in the channel, and its sender waits.
 */
#include "components/console/console.h"

#define LINE_RAW (2 * LINE_BYTES) /* bytes in which a line is looked for, sequences included */
#define COLOURS  6u               /* red to cyan: black and white may be the background */

void console_name(struct console *console, u32 index)
{
	char colour[] = "\033[31m";

	if (console->colour) {
		colour[3] = (char)('1' + index % COLOURS);
		output_text(console->output, colour);
	}
	output_text(console->output, console->ports[index].name);
	if (console->colour)
		output_text(console->output, "\033[0m");
}

void console_prefix(struct console *console, u32 index)
{
	console_name(console, index);
	output_text(console->output, "| ");
}

#define LOG_PATIENCE 256u /* bytes of a port's line that a line of the log waits for */

/* --- The log ---------------------------------------------------------------------------------- */

/* A component's or guest's words are in it: nothing passes that moves the cursor. */
static void show_log_byte(struct console *console, u8 byte)
{
	struct output *output = console->output;

	if (!console->log_open)
		output_fresh_line(output);
	console->log_behind = 0;
	console->log_open = byte != '\n';
	if (byte == '\n')
		output_text(output, "\r\n");
	else if (byte != '\r')
		output_byte(output, (byte >= 0x20 && byte < 0x7f) || byte == '\t' ? byte : '.');
}

static bool show_log(struct console *console)
{
	u32 n = MIN(console->log_size - console->log_at, OUTPUT_PIECE);

	for (u32 i = 0; i < n; i++)
		show_log_byte(console, console->log[console->log_at++]);
	return n > 0;
}

/* --- The port in focus ------------------------------------------------------------------------ */

static void show_byte(struct console *console, u32 index, u8 byte)
{
	struct output *output = console->output;

	if (console->all) {
		byte = output_plain(&console->ports[index].skip, byte);
		if (byte == 0)
			return;
	}
	if (console->prefix && output->fresh && byte >= 0x20)
		console_prefix(console, index);
	if (console->all && byte == '\n')
		output_byte(output, '\r');
	output_byte(output, byte);
}

static bool log_waits(const struct console *console)
{
	return console->log_at < console->log_size && !console->log_open;
}

static u32 up_to_newline(const u8 *bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (bytes[i] == '\n')
			return i + 1;
	return n;
}

static bool show_focus(struct console *console)
{
	struct port *port = &console->ports[console->focus];
	u8 space[OUTPUT_PIECE + 8] __aligned(8);
	/* As it lies in the rings: so it is copied by words. */
	u8 *bytes = space + port->state->shown % 8;
	u32 n = port_peek(port, bytes, OUTPUT_PIECE), upto;

	if (n == 0)
		return false;
	if (log_waits(console)) {
		n = up_to_newline(bytes, n);
		console->log_behind += n;
	}
	upto = port->state->shown + n;
	if (!console->prefix)
		output_bytes(console->output, bytes, n);
	for (u32 i = 0; i < n && console->prefix; i++)
		show_byte(console, console->focus, bytes[i]);
	output_commit(console->output, console->focus, upto);
	port_show(port, upto);
	return true;
}

/* --- Option "all": the lines of the others ---------------------------------------------------- */

/* The first line of what is kept, or a piece of one that is too long, as plain text. Returns how
 * many bytes it is made of; 0: it is not complete. */
static u32 collect_line(struct port *port, u8 text[LINE_BYTES], u32 *used)
{
	u8 bytes[LINE_RAW], skip = port->skip;
	u32 n = MIN(port_unseen(port), LINE_RAW);

	n = n > 0 ? port_peek(port, bytes, n) : 0;
	*used = 0;
	for (u32 i = 0; i < n; i++) {
		u8 byte = output_plain(&skip, bytes[i]);

		if (byte != 0 && byte != '\n')
			text[(*used)++] = byte;
		if (byte == '\n' || *used == LINE_BYTES || i + 1 == LINE_RAW) {
			port->skip = skip;
			return i + 1;
		}
	}
	return 0;
}

static bool show_line(struct console *console, u32 index)
{
	struct port *port = &console->ports[index];
	u8 text[LINE_BYTES];
	u32 used, n = collect_line(port, text, &used), upto = port->state->shown + n;

	if (n == 0)
		return false;
	if (used > 0) {
		output_fresh_line(console->output);
		console_prefix(console, index);
		output_bytes(console->output, text, used);
		output_text(console->output, "\r\n");
	}
	output_commit(console->output, index, upto);
	port_show(port, upto);
	return true;
}

static bool show_others(struct console *console)
{
	for (u32 i = 0; i < console->num_ports; i++) {
		u32 index = console->turn;

		console->turn = (index + 1) % console->num_ports;
		if (index != console->focus && show_line(console, index))
			return true;
	}
	return false;
}

/* Returns true if a line of the log may begin. The rest of the line of the port in focus goes
 * first, within bounds, so that the echo of typed bytes stays whole. */
static bool log_may_begin(const struct console *console, bool port)
{
	return !port || (output_may_break(console->output) &&
			 (console->output->fresh || console->log_behind >= LOG_PATIENCE));
}

/* A line of the log does not break an escape sequence that still comes, and is not broken. */
bool console_show(struct console *console)
{
	bool any = false;
	bool port = console->num_ports > 0 && port_has_output(&console->ports[console->focus]);

	if (console->log_at < console->log_size &&
	    (console->log_open || log_may_begin(console, port)))
		return show_log(console);
	if (console->log_open && console->log_more)
		return false;
	console->log_open = false;
	if (console->num_ports == 0)
		return false;
	if (console->all)
		any = show_others(console);
	any |= show_focus(console);
	return any;
}
