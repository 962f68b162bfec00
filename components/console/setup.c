/* SPDX-License-Identifier: Apache-2.0 */
/* What the description says: grants, and options in `arguments`. */
#include "components/console/console.h"

#include <mullion/string.h>

#define UART  "uart"
#define RINGS "rings"

/* Not zeroed by hand: memory of a component is at each start. */
static u8 own_rings[KEEP_PORTS * KEEP_BYTES];

/* --- Grants ----------------------------------------------------------------------------------- */

static void find_ports(struct console *console, const struct component_info *info)
{
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];
		struct port *port = &console->ports[console->num_ports];

		if ((grant->flags & GRANT_FIRST) == 0 || !serial_attach(&port->end, info, grant))
			continue;
		port->name = grant->name;
		console->num_ports++;
	}
}

static void find_uart(struct console *console, const struct component_info *info)
{
	const struct grant_info *regs = grant_find(info, GRANT_DEVICE, UART);
	const struct grant_info *interrupt = grant_find(info, GRANT_INTERRUPT, UART);

	if (regs == NULL)
		return;
	uart_start(&console->uart, regs->address);
	if (interrupt == NULL)
		return;
	console->uart_interrupt = grant_index(info, interrupt);
	console->uart_bit = BIT(interrupt->bit);
}

/* Each port has its part of the memory that there is, and of its own memory KEEP_BYTES at most. */
static void share_rings(struct console *console, const struct component_info *info)
{
	const struct grant_info *rings = grant_find(info, GRANT_MEMORY, RINGS);
	u8 *from = rings == NULL ? own_rings : (u8 *)(uintptr_t)rings->address;
	u64 bytes = rings == NULL ? sizeof(own_rings) : MIN(rings->size, GIB(1));

	if (console->num_ports == 0)
		return;
	bytes /= console->num_ports;
	if (rings == NULL)
		bytes = MIN(bytes, KEEP_BYTES);
	for (u32 i = 0; i < console->num_ports; i++) {
		console->ports[i].keep = from + bytes * i;
		console->ports[i].keep_size = (u32)bytes;
	}
}

/* --- Options ---------------------------------------------------------------------------------- */

static u8 digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (u8)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (u8)(c - 'a' + 10) : 0xff;
}

/* "0x1d": one or two hexadecimal digits, and no byte that people type as text. */
static bool parse_key(const char *text, u8 *key)
{
	u32 value = 0, n = 0;

	if (!str_has_prefix(text, "0x"))
		return false;
	for (text += 2; *text != 0; text++, n++) {
		if (digit_of(*text) > 15 || n == 2)
			return false;
		value = value * 16 + digit_of(*text);
	}
	if (n == 0 || value == 0 || value > 0x7e)
		return false;
	*key = (u8)value;
	return true;
}

static bool parse_focus(struct console *console, const char *name)
{
	for (u32 i = 0; i < console->num_ports; i++) {
		if (str_equal(console->ports[i].name, name)) {
			console->focus = i;
			return true;
		}
	}
	return false;
}

static bool parse_option(struct console *console, const char *word)
{
	if (str_equal(word, "prefix"))
		console->prefix = true;
	else if (str_equal(word, "colour"))
		console->colour = true;
	else if (str_equal(word, "all"))
		console->all = console->prefix = true;
	else if (str_has_prefix(word, "escape="))
		return parse_key(word + sizeof("escape=") - 1, &console->escape.key);
	else if (str_has_prefix(word, "focus="))
		return parse_focus(console, word + sizeof("focus=") - 1);
	else
		return false;
	return true;
}

static void parse_options(struct console *console, const char *text, u32 size)
{
	char word[64] = { 0 };
	u32 n = 0;

	for (u32 i = 0; i < size; i++) {
		bool end = text[i] == ' ' || text[i] == 0;

		if (!end && n < sizeof(word) - 1)
			word[n++] = text[i];
		if (!end || n == 0) {
			if (text[i] == 0)
				return;
			continue;
		}
		word[n] = 0;
		n = 0;
		if (!parse_option(console, word)) {
			output_text(&console->output, "[console: option not understood: ");
			output_text(&console->output, word);
			output_text(&console->output, "]\r\n");
		}
		if (text[i] == 0)
			return;
	}
}

void console_start(struct console *console, const struct component_info *info)
{
	console->escape.key = ESCAPE_DEFAULT;
	/* The core's last line ended; what a console that died was writing may not have. */
	console->output.fresh = info->starts == 0;
	find_uart(console, info);
	find_ports(console, info);
	share_rings(console, info);
	if (info->starts > 0) {
		output_reset(&console->output);
		output_fresh_line(&console->output);
		output_text(&console->output, "[console: restarted]\r\n");
	}
	parse_options(console, info->arguments, sizeof(info->arguments));
	if (console->num_ports > 0)
		console_focus(console, console->focus);
}
