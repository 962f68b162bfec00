/* SPDX-License-Identifier: Apache-2.0 */
/* The console's turn: input, then output, a bounded piece of each. */
#include "components/console/console.h"

#define INPUT_PIECE  64u  /* bytes of input in one turn */
#define OUTPUT_STEPS 256u /* pieces of output in one turn */

static struct port *focused(struct console *console)
{
	return &console->ports[console->focus];
}

/* --- Input ------------------------------------------------------------------------------------ */

static void begin_drop(struct console *console)
{
	struct output *output = console->output;

	console->dropping = true;
	output_fresh_line(output);
	output_text(output, "[console: ");
	console_name(console, console->focus);
	output_text(output, " does not read; what you type is dropped]\r\n");
}

/*
 * Give the held byte to the port in focus. If the port does not read for long, the byte is dropped:
 * the UART must be read, for the user's escape key. Returns true if no byte is held.
 */
static bool place_held(struct console *console, u64 now_ns)
{
	if (console->held && port_give(focused(console), console->held_byte)) {
		console->held = false;
		console->dropping = false;
	}
	if (console->held && now_ns >= console->held_until_ns) {
		console->held = false;
		begin_drop(console);
	}
	return !console->held;
}

static void take_input(struct console *console, u8 byte, u64 now_ns)
{
	u8 value;
	enum key key = escape_feed(&console->escape, byte, &value);

	if (key == KEY_NONE)
		return;
	if (key != KEY_BYTE) {
		console_command(console, key, value);
		return;
	}
	if (console->num_ports == 0)
		return;
	if (port_give(focused(console), value)) {
		console->dropping = false;
	} else if (!console->dropping) {
		console->held = true;
		console->held_byte = value;
		console->held_until_ns = now_ns + PATIENCE_NS;
	}
}

/* The next byte of the user, or of a sequence that is none of the console's keys. */
static bool next_input(struct console *console, u8 *byte, u64 now_ns)
{
	struct keys *keys = &console->keys;

	for (;;) {
		if (!keys_waits(keys, now_ns) && keys_take(keys, byte))
			return true;
		if (!console->uart.driver->get(&console->uart, byte))
			return false;
		if (!console->output->keyed && !keys_waits(keys, now_ns))
			return true;
		keys_feed(keys, &console->escape, *byte, now_ns);
	}
}

/* Returns true if the UART may have more. */
static bool read_input(struct console *console, u64 now_ns)
{
	u8 byte;

	for (u32 i = 0; i < INPUT_PIECE; i++) {
		if (output_room(console->output) < NOTE_BYTES || !place_held(console, now_ns))
			return false;
		if (!next_input(console, &byte, now_ns))
			return false;
		take_input(console, byte, now_ns);
	}
	return true;
}

/* --- Output ----------------------------------------------------------------------------------- */

/* Returns true if there may be more that the UART would take. */
static bool write_output(struct console *console)
{
	for (u32 i = 0; i < OUTPUT_STEPS; i++) {
		output_own(console->output);
		if (!output_send(console->output, &console->uart))
			return false;
		if (!console_show(console))
			return false;
	}
	return true;
}

static void set_interrupts(struct console *console)
{
	struct uart *uart = &console->uart;
	u32 wanted = 0;

	if (!console->held && output_room(console->output) >= NOTE_BYTES)
		wanted |= UART_RECEIVED;
	if (output_used(console->output) > 0)
		wanted |= UART_ROOM;
	if (wanted == uart->interrupts)
		return;
	uart->interrupts = wanted;
	uart->driver->interrupts(uart);
}

bool console_pump(struct console *console, u64 now_ns)
{
	bool more = false;

	for (u32 i = 0; i < console->num_ports; i++) {
		port_check(&console->ports[i]);
		if (i != console->focus)
			more |= port_keep(&console->ports[i], !console->all);
	}
	if (console->uart.driver == NULL)
		return more;
	more |= read_input(console, now_ns);
	more |= write_output(console);
	set_interrupts(console);
	return more;
}

u64 console_alarm(const struct console *console)
{
	u64 held = console->held ? console->held_until_ns : UINT64_MAX;
	u64 keys = keys_waits(&console->keys, 0) ? console->keys.until_ns : UINT64_MAX;

	return MIN(held, keys);
}
