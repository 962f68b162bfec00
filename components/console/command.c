/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of the keys that follow the escape key. */
#include "components/console/console.h"

#include <mullion/string.h>

#define TERMINAL "mterm"

/* A line of the list: marks, number, colour, name, count, text. */
_Static_assert(PORTS_MAX *(2 + 3 + 9 + GRANT_NAME + 22 + 16) <= NOTE_BYTES, "the list fits");

static void note(struct console *console, const char *text)
{
	output_fresh_line(console->output);
	output_text(console->output, "[console: ");
	output_text(console->output, text);
	output_text(console->output, "]\r\n");
}

/* The line that a port's prompt or an unfinished command is in. */
static void show_line_again(struct console *console, u32 index)
{
	struct output *output = console->output;
	u8 text[LINE_BYTES];
	u32 cursor, n = port_line(&console->ports[index], text, &cursor);

	if (n == 0)
		return;
	if (console->prefix)
		console_prefix(console, index);
	output_bytes(output, text, n);
	for (; n > cursor; n--)
		output_byte(output, '\b');
}

void console_focus(struct console *console, u32 index, bool again)
{
	struct output *output = console->output;
	struct port *port = &console->ports[index];

	/* A byte that is held was typed for the port that had the focus. */
	if (index != console->focus)
		console->held = console->dropping = false;
	console->focus = index;
	console->state->focus = index;
	output_reset(output);
	output_fresh_line(output);
	output_text(output, "[console: ");
	console_name(console, index);
	output_text(output, "]\r\n");
	if (port->state->lost > 0) {
		output_text(output, "[");
		output_number(output, port->state->lost);
		output_text(output, " bytes lost]\r\n");
		port->state->lost = 0;
	} else if (again) {
		show_line_again(console, index);
	}
}

static void focus_terminal(struct console *console)
{
	for (u32 i = 0; i < console->num_ports; i++) {
		if (str_equal(console->ports[i].name, TERMINAL)) {
			console_focus(console, i, true);
			return;
		}
	}
	note(console, "there is no port " TERMINAL);
}

static void list(struct console *console)
{
	struct output *output = console->output;

	note(console, "ports; * is in focus");
	for (u32 i = 0; i < console->num_ports; i++) {
		const struct port *port = &console->ports[i];

		output_text(output, i == console->focus ? "* " : "  ");
		output_number(output, i + 1);
		output_text(output, " ");
		console_name(console, i);
		if (port_unseen(port) > 0 || port->state->lost > 0) {
			output_text(output, "  ");
			output_number(output, port_unseen(port) + port->state->lost);
			output_text(output, " bytes unseen");
		}
		output_text(output, "\r\n");
	}
}

/* The key as people write it: Ctrl with a letter or sign, else the character. */
static void name_key(struct console *console)
{
	u8 key = console->escape.key;

	if (key < 0x20)
		output_text(console->output, "Ctrl-");
	output_byte(console->output, key < 0x20 ? (u8)(key + '@') : key);
}

static void help(struct console *console)
{
	struct output *output = console->output;

	output_fresh_line(output);
	output_text(output, "[console: keys behind ");
	name_key(console);
	output_text(output, "]\r\n"
			    "  1 to 9  the port of that number\r\n"
			    "  0       any port: its number, then Enter\r\n"
			    "  n  p    next port, previous port\r\n"
			    "  m       the terminal, mterm\r\n"
			    "  l       list of ports\r\n"
			    "  ? h     this help\r\n  ");
	name_key(console);
	output_text(output, "  send it\r\n");
}

static void ask_for_number(struct console *console)
{
	list(console);
	output_text(console->output, "number, then Enter: ");
}

void console_command(struct console *console, enum key key, u8 value)
{
	u32 ports = console->num_ports;

	if (key == KEY_DIGIT) {
		output_byte(console->output, value);
	} else if (key == KEY_CANCEL) {
		note(console, "no port chosen");
	} else if (key == KEY_HELP) {
		help(console);
	} else if (key == KEY_UNKNOWN) {
		note(console, "no such key; ? lists them");
	} else if (ports == 0 || (key == KEY_PORT && value >= ports)) {
		note(console, "no such port; l lists them");
	} else if (key == KEY_PORT) {
		console_focus(console, value, true);
	} else if (key == KEY_NEXT) {
		console_focus(console, (console->focus + 1) % ports, true);
	} else if (key == KEY_PREVIOUS) {
		console_focus(console, (console->focus + ports - 1) % ports, true);
	} else if (key == KEY_TERMINAL) {
		focus_terminal(console);
	} else if (key == KEY_LIST) {
		list(console);
	} else if (key == KEY_MENU) {
		ask_for_number(console);
	}
}
