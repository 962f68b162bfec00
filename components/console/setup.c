/* SPDX-License-Identifier: Apache-2.0 */
/* The description's grants, and the options in its `arguments`. */
#include "components/console/console.h"

#include <mullion/string.h>

#define UART  "uart"
#define STATE "state"

/* Where the description grants no memory for it. Not zeroed by hand: memory of a component is at
 * each start. */
static struct {
	struct console_state state;
	u8 rings[KEEP_PORTS * KEEP_BYTES];
} own;

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

static const struct uart_driver *find_driver(const struct grant_info *regs)
{
	if (regs->detail[0] == '\0')
		return uart_drivers[0];
	for (u32 i = 0; uart_drivers[i] != NULL; i++)
		if (str_equal(uart_drivers[i]->compatible, regs->detail))
			return uart_drivers[i];
	log_line("%s: no driver for a device compatible with \"%s\"", regs->name, regs->detail);
	return NULL;
}

static void find_uart(struct console *console, const struct component_info *info)
{
	const struct grant_info *regs = grant_find(info, GRANT_DEVICE, UART);
	const struct grant_info *interrupt = grant_find(info, GRANT_INTERRUPT, UART);

	if (regs == NULL)
		return;
	console->uart.driver = find_driver(regs);
	if (console->uart.driver == NULL)
		return;
	console->uart.regs = regs->address;
	console->uart.driver->start(&console->uart);
	if (interrupt == NULL)
		return;
	console->uart_interrupt = grant_index(info, interrupt);
	console->uart_bit = BIT(interrupt->bit);
}

/* Each port has an equal part of the memory behind the state: the largest power of two. */
static void share_rings(struct console *console, u8 *rings, u64 bytes)
{
	u64 share = console->num_ports > 0 ? bytes / console->num_ports : 0;
	u32 size = KEEP_LEAST;

	if (share < KEEP_LEAST)
		return;
	while (size < KEEP_BYTES && 2 * (u64)size <= share)
		size *= 2;
	for (u32 i = 0; i < console->num_ports; i++) {
		console->ports[i].keep = rings + (u64)size * i;
		console->ports[i].keep_size = size;
	}
}

static void find_state(struct console *console, const struct component_info *info)
{
	const struct grant_info *grant = grant_find(info, GRANT_MEMORY, STATE);
	u64 least = sizeof(struct console_state) + (u64)KEEP_LEAST * console->num_ports;

	if (grant == NULL || grant->size < least) {
		console->state = &own.state;
		share_rings(console, own.rings, sizeof(own.rings));
	} else {
		console->state = (struct console_state *)(uintptr_t)grant->address;
		share_rings(console, (u8 *)(console->state + 1),
			    grant->size - sizeof(struct console_state));
	}
	console->output = &console->state->output;
	for (u32 i = 0; i < console->num_ports; i++)
		console->ports[i].state = &console->state->ports[i];
}

/* An earlier incarnation may have ended between the output's step and what follows it. */
static void finish_step(struct console *console)
{
	const union output_step *step = &console->output->step;
	struct port *port = &console->ports[step->port % PORTS_MAX];
	u32 ahead;

	if (step->port >= console->num_ports)
		return;
	ahead = step->upto - port->state->shown;
	if (ahead > 0 && ahead <= port_unseen(port) + serial_waiting(&port->end))
		port_show(port, step->upto);
}

/* Returns true if there was something. */
static bool take_over(struct console *console, const struct component_info *info)
{
	struct console_state *state = console->state;
	bool kept = info->starts > 0 && state != &own.state && state->magic == STATE_MAGIC;

	output_start(console->output, kept, info->starts > 0);
	for (u32 i = 0; i < console->num_ports; i++)
		port_start(&console->ports[i], kept);
	if (kept)
		finish_step(console);
	state->magic = STATE_MAGIC;
	return kept;
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
			output_text(console->output, "[console: option not understood: ");
			output_text(console->output, word);
			output_text(console->output, "]\r\n");
		}
		if (text[i] == 0)
			return;
	}
}

void console_start(struct console *console, const struct component_info *info)
{
	bool kept;

	console->escape.key = ESCAPE_DEFAULT;
	find_uart(console, info);
	find_ports(console, info);
	find_state(console, info);
	kept = take_over(console, info);
	if (info->starts > 0) {
		output_reset(console->output);
		output_fresh_line(console->output);
		output_text(console->output, "[console: restarted]\r\n");
	} else {
		console->output->fresh = true; /* the core's last line has ended */
	}
	parse_options(console, info->arguments, sizeof(info->arguments));
	if (kept && console->state->focus < console->num_ports)
		console->focus = console->state->focus;
	if (console->num_ports > 0)
		console_focus(console, console->focus, false);
}
