/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is on the screen, and where the keys go: one port is in focus; the escape key and another
 * choose a port. docs/console.md is the user's side of this file.
 */
#include "components/console/console.h"

#include "components/console/corelog.h"
#include "components/console/port.h"
#include "components/console/screen.h"
#include "components/console/uart.h"

#include <mullion/format.h>
#include <mullion/string.h>

#define ESCAPE_KEY  0x1du                /* Ctrl-] */
#define PATIENCE_NS UINT64_C(1000000000) /* for a port that takes no keys */
#define COLOURS     6u
#define LINE_BYTES  160u
#define PREFIX_ROOM (LINE_BYTES + GRANT_NAME + 32u)
/* Whatever state a port leaves the terminal in: plain text, ASCII, cursor shown, main screen. */
#define RESTORE "\033[0m\033(B\033[?25h\033[?1049l"

static struct port ports[CONSOLE_MAX_PORTS];
static u32 num_ports, focus;
static u32 interrupt; /* index of the UART's; GRANTS_MAX: none */
static u64 interrupt_bit;
static u32 escape_key;
static bool escaped;             /* the escape key was the last one */
static bool all, prefix, colour; /* options, see docs/console.md */
static u8 held;                  /* a key that the port in focus has no room for */
static bool holding, dropping;   /* it waits; it waited too long: keys are dropped */

/* --- The screen ------------------------------------------------------------------------------ */

static void say(const char *fmt, ...) __printf(1, 2);

static void say(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)format_va(line, sizeof(line), fmt, args);
	va_end(args);
	screen_fresh_line();
	screen_text(line);
}

static void look_at(u32 port)
{
	if (port >= num_ports)
		return;
	screen_text(RESTORE);
	focus = port;
	holding = dropping = false;
	say("[console: %s]\n", ports[port].name);
	if (ports[port].lost != 0)
		say("[%u bytes lost]\n", ports[port].lost);
	ports[port].lost = 0;
}

static void list_ports(void)
{
	for (u32 i = 0; i < num_ports; i++)
		say("[console] %c %u %s, %u bytes unseen\n", i == focus ? '*' : ' ', i + 1,
		    ports[i].name, port_unseen(&ports[i]));
}

static void help(void)
{
	say("[console] Ctrl-] and then: 1 to 9 a port, n next, p previous, m terminal\n");
	say("[console] l list, ? this help; Ctrl-] twice sends it to the port\n");
}

/* One line of a port that is not in focus: printable characters, and nothing that moves the cursor
 * or changes the terminal. */
static void show_line(struct port *port, u32 number, u32 length)
{
	char line[LINE_BYTES];
	const u8 *from;
	u32 used = 0;

	while (length > 0) {
		u32 n = port_take(port, &from, length);

		length -= n;
		for (u32 i = 0; i < n && used < sizeof(line) - 1; i++) {
			u8 c = from[i];

			if (c == '\n' || c == '\r')
				continue;
			line[used++] = (c >= ' ' && c <= '~') || c == '\t' ? (char)c : '.';
		}
	}
	line[used] = '\0';
	screen_fresh_line();
	if (colour)
		say("\033[3%um", 1 + number % COLOURS);
	if (prefix || all)
		screen_text(port->name), screen_text("| ");
	screen_text(line);
	screen_text(colour ? "\033[0m\n" : "\n");
}

static void show_lines(u32 number)
{
	struct port *port = &ports[number];
	u32 length;

	while (screen_room() >= PREFIX_ROOM && (length = port_line(port)) != 0)
		show_line(port, number, length);
}

static void show_focus(void)
{
	struct port *port = &ports[focus];
	const u8 *from;
	u32 n;

	while ((n = port_take(port, &from, screen_room())) != 0)
		screen_put(from, n);
}

/* Move everything on as far as it goes; the UART's interrupts and the lines' notifications bring us
 * back here. */
static void pump(void)
{
	for (u32 i = 0; i < num_ports; i++)
		port_read(&ports[i], i == focus);
	(void)screen_drain();
	corelog_show();
	for (u32 i = 0; all && i < num_ports; i++)
		if (i != focus)
			show_lines(i);
	if (num_ports > 0) {
		show_focus();
		/* There may be room in its ring again. */
		port_read(&ports[focus], true);
	}
	uart_listen(!screen_drain(), !holding);
}

/* --- Keys ------------------------------------------------------------------------------------- */

static void to_port(u8 byte)
{
	if (num_ports == 0 || dropping || serial_send(&ports[focus].line, &byte, 1) == 1)
		return;
	held = byte;
	holding = true;
	sys_timer_set(NS(sys_time(NULL).v + PATIENCE_NS));
}

static u32 find_port(const char *name)
{
	for (u32 i = 0; i < num_ports; i++)
		if (str_equal(ports[i].name, name))
			return i;
	return num_ports;
}

static void command(u8 key)
{
	switch (key) {
	case '1' ... '9': look_at(key - '1'); break;
	case 'n': look_at((focus + 1) % MAX(num_ports, 1)); break;
	case 'p': look_at((focus + MAX(num_ports, 1) - 1) % MAX(num_ports, 1)); break;
	case 'm': look_at(find_port("mterm")); break;
	case 'l': list_ports(); break;
	default:
		if (key == escape_key)
			to_port(key);
		else
			help();
		break;
	}
}

static void key_pressed(u8 key)
{
	if (escaped) {
		escaped = false;
		command(key);
	} else if (key == escape_key) {
		escaped = true;
	} else {
		to_port(key);
	}
}

static void read_keys(void)
{
	u8 key;

	while (!holding && uart_get(&key))
		key_pressed(key);
}

/* The key that waited, once there is room for it. */
static void retry_held(void)
{
	if (dropping && serial_room(&ports[focus].line) > 0)
		dropping = false;
	if (!holding || serial_send(&ports[focus].line, &held, 1) == 0)
		return;
	holding = false;
	sys_timer_set(NS(UINT64_MAX));
}

/* The port in focus takes nothing: its keys are dropped, or the escape key would be stuck too. */
static void out_of_patience(void)
{
	retry_held();
	if (!holding)
		return;
	holding = false;
	dropping = true;
	screen_text("\a");
	read_keys();
	pump();
}

/* --- The program ------------------------------------------------------------------------------ */

static void start_ports(const struct component_info *info)
{
	const char *first = argument_find(info, "focus");

	for (u32 i = 0; i < grant_count(info) && num_ports < CONSOLE_MAX_PORTS; i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind == GRANT_CHANNEL && port_start(&ports[num_ports], info, grant))
			num_ports++;
	}
	for (u32 i = 0; first != NULL && i < num_ports; i++)
		if (argument_is(first, ports[i].name))
			focus = i;
}

static void init(const struct component_info *info)
{
	const struct grant_info *uart = grant_find(info, GRANT_DEVICE, "uart");
	const struct grant_info *line = grant_find(info, GRANT_INTERRUPT, NULL);

	if (uart == NULL) {
		log_line("no device region named 'uart': there is nothing to show anything on");
		sys_exit(1);
	}
	interrupt = line != NULL ? grant_index(info, line) : GRANTS_MAX;
	interrupt_bit = line != NULL ? BIT(line->bit) : 0;
	escape_key = (u32)argument_number(info, "escape", ESCAPE_KEY);
	all = argument_find(info, "all") != NULL;
	prefix = argument_find(info, "prefix") != NULL;
	colour = argument_find(info, "colour") != NULL;
	num_ports = focus = 0;
	escaped = holding = dropping = false;
	screen_start();
	uart_start(uart->address);
	start_ports(info);
	corelog_start(grant_find(info, GRANT_MANAGE, NULL) != NULL);
	if (num_ports > 0)
		say("[console: %s] (Ctrl-] ? for help)\n", ports[focus].name);
	pump();
}

static void restarted(void)
{
	say("[console: restarted]\n");
	pump();
}

static void notified(u64 bits)
{
	if (bits & NOTIFY_LOG)
		corelog_news();
	if (num_ports > 0)
		retry_held();
	read_keys();
	pump();
	if (bits & interrupt_bit)
		sys_irq_done(interrupt);
}

const struct program console_program = {
	.init = init,
	.fault = restarted,
	.timer = out_of_patience,
	.notified = notified,
};
