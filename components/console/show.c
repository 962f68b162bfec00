/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown next: the core's log before the ports. Text is taken only when little waits for the
 * UART, so that what a slow UART cannot send stays in the channel, and its sender waits.
 */
#include "components/console/console.h"

#define COLOURS 6u /* red to cyan: black and white may be the background */

void console_name(struct console *console, u32 index)
{
	char colour[] = "\033[31m";

	if (console->colour) {
		colour[3] = (char)('1' + index % COLOURS);
		output_text(&console->output, colour);
	}
	output_text(&console->output, console->ports[index].name);
	if (console->colour)
		output_text(&console->output, "\033[0m");
}

static void show_prefix(struct console *console, u32 index)
{
	console_name(console, index);
	output_text(&console->output, "| ");
}

/* --- The log ---------------------------------------------------------------------------------- */

/* A component's or guest's words are in it: nothing passes that moves the cursor. */
static void show_log_byte(struct console *console, u8 byte)
{
	struct output *output = &console->output;

	if (!console->log_open)
		output_fresh_line(output);
	console->log_open = byte != '\n';
	if (byte == '\n')
		output_text(output, "\r\n");
	else if (byte != '\r')
		output_byte(output, (byte >= 0x20 && byte < 0x7f) || byte == '\t' ? byte : '.');
}

static bool show_log(struct console *console)
{
	u32 n = MIN(console->log_size - console->log_at, OUTPUT_LOW);

	for (u32 i = 0; i < n; i++)
		show_log_byte(console, console->log[console->log_at++]);
	return n > 0;
}

/* --- The port in focus ------------------------------------------------------------------------ */

static void show_byte(struct console *console, u32 index, u8 byte)
{
	struct output *output = &console->output;

	if (console->all) {
		byte = output_plain(&console->ports[index].skip, byte);
		if (byte == 0)
			return;
	}
	if (console->prefix && output->fresh && byte >= 0x20)
		show_prefix(console, index);
	if (console->all && byte == '\n')
		output_byte(output, '\r');
	output_byte(output, byte);
}

static bool show_focus(struct console *console)
{
	u8 bytes[OUTPUT_LOW];
	u32 n = port_take(&console->ports[console->focus], bytes, sizeof(bytes));

	if (!console->prefix) {
		output_bytes(&console->output, bytes, n);
		return n > 0;
	}
	for (u32 i = 0; i < n; i++)
		show_byte(console, console->focus, bytes[i]);
	return n > 0;
}

/* --- Option "all": the lines of the others ---------------------------------------------------- */

static void show_line(struct console *console, u32 index)
{
	struct port *port = &console->ports[index];

	output_fresh_line(&console->output);
	show_prefix(console, index);
	for (u32 i = 0; i < port->collected; i++)
		output_byte(&console->output, port->text[i]);
	output_text(&console->output, "\r\n");
	port->collected = 0;
}

/* A line that is too long comes in pieces. Return: whether there was anything. */
static bool collect_lines(struct console *console, u32 index)
{
	struct port *port = &console->ports[index];
	u8 bytes[OUTPUT_LOW];
	u32 n = port_take(port, bytes, sizeof(bytes));

	for (u32 i = 0; i < n; i++) {
		u8 byte = output_plain(&port->skip, bytes[i]);

		if (byte != 0 && byte != '\n')
			port->text[port->collected++] = byte;
		if (port->collected == LINE_BYTES || (byte == '\n' && port->collected > 0))
			show_line(console, index);
	}
	return n > 0;
}

static bool show_others(struct console *console)
{
	for (u32 i = 0; i < console->num_ports; i++) {
		u32 index = console->turn;

		console->turn = (index + 1) % console->num_ports;
		if (index != console->focus && collect_lines(console, index))
			return true;
	}
	return false;
}

/* A line of the log does not break an escape sequence that still comes, and is not broken. */
bool console_show(struct console *console)
{
	bool any = false;
	bool port = console->num_ports > 0 && port_has_output(&console->ports[console->focus]);

	if (console->log_at < console->log_size &&
	    (console->log_open || !port || output_may_break(&console->output)))
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
