/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: one UART, a serial port for each channel, one key to change between them.
 *
 * console_pump() moves bytes and says what is left to do; program.c sees to the system calls for
 * it, but for those of the serial lines. All of it runs in the one thread of the component; there
 * are no locks. What comes from a port or from the UART is hostile: it chooses no loop's end and no
 * address.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "components/lib/runtime.h"
#include "components/lib/serial.h"

#define PORTS_MAX      NOTIFY_GRANTS
#define KEEP_BYTES     KIB(16) /* of unseen output for each port */
#define KEEP_PORTS     8u      /* so many have that much without a "rings" grant */
#define LINE_BYTES     128u    /* of a line that is collected, option "all" */
#define OUTPUT_BYTES   8192u   /* a power of two */
#define NOTE_BYTES     4096u   /* the most that one key makes the console say */
#define OUTPUT_LOW     64u     /* a port's bytes are taken when fewer than these wait */
#define LOG_BYTES      256u
#define PATIENCE_NS    UINT64_C(5000000000) /* then input that a port does not read is dropped */
#define ESCAPE_DEFAULT 0x1du                /* Ctrl-] */

/* --- The UART, an Arm PL011 (DDI 0183) --- */

struct uart {
	u64 regs; /* where they are; 0: there is none */
	u32 mask; /* what IMSC holds */
};

/** uart_start() - use the UART at @regs with the firmware's line settings, interrupts off. */
void uart_start(struct uart *uart, u64 regs);

/** uart_room() - so many bytes at least can be sent now. */
u32 uart_room(const struct uart *uart);

/** uart_put() - send a byte, for which there is room. */
void uart_put(const struct uart *uart, u8 byte);

/** uart_get() - a byte that came, without its error bits. Return: false if there is none. */
bool uart_get(struct uart *uart, u8 *byte);

/** uart_interrupts() - which interrupts are wanted: for bytes that came, for room to send. */
void uart_interrupts(struct uart *uart, bool receive, bool send);

/* --- Keys --- */

enum key {
	KEY_NONE, /* the escape key: wait for the next byte */
	KEY_BYTE, /* goes to the port in focus */
	KEY_PORT, /* the value: its number from 0 */
	KEY_NEXT,
	KEY_PREVIOUS,
	KEY_TERMINAL,
	KEY_LIST,
	KEY_HELP,
	KEY_UNKNOWN,
};

struct escape {
	u8 key;
	bool armed; /* the escape key came */
};

/** escape_feed() - what @byte of the user means; the port's number or the byte goes to @value. */
enum key escape_feed(struct escape *escape, u8 byte, u8 *value);

/* --- Ports --- */

struct port {
	const char *name;
	struct serial_end end;
	u8 *keep; /* output that nobody has seen: a ring of keep_size bytes */
	u32 keep_size, keep_at, keep_used;
	u64 lost;      /* bytes that went from it unseen */
	u8 skip;       /* option "all": within an escape sequence, enum skip of output.c */
	u32 collected; /* option "all": bytes of a line that is not complete */
	u8 text[LINE_BYTES];
};

/** port_check() - forget what waits if the other end says that it is more than the ring holds: it
 * would keep the console busy for up to 4 GiB. */
void port_check(struct port *port);

/** port_take() - up to @max bytes of a port's output, what is kept first. Return: how many. */
u32 port_take(struct port *port, u8 *to, u32 max);

/** port_has_output() - whether port_take() would find a byte. */
bool port_has_output(const struct port *port);

/** port_keep() - move what the other end has sent to what is kept; the oldest goes. Return: true if
 * there may be more. */
bool port_keep(struct port *port);

/** port_give() - a byte of input for the other end. Return: false if its ring is full. */
bool port_give(struct port *port, u8 byte);

/* --- Output to the terminal --- */

enum sequence { PLAIN, ESCAPED, CONTROL, STRING };

struct output {
	u8 bytes[OUTPUT_BYTES];
	u32 in, out;
	bool fresh;             /* the cursor is at the start of an empty line */
	enum sequence sequence; /* the terminal is within one, sent by a port */
	u32 sequence_bytes;
};

/** output_room(), output_used() - bytes that fit; that wait. */
u32 output_room(const struct output *output);
u32 output_used(const struct output *output);

/** output_byte() - send a byte as it is; lost if there is no room. */
void output_byte(struct output *output, u8 byte);

/** output_bytes() - the same for @n bytes. */
void output_bytes(struct output *output, const u8 *bytes, u32 n);

/** output_text(), output_number() - text of the console's own; a number in decimal. */
void output_text(struct output *output, const char *text);
void output_number(struct output *output, u64 number);

/** output_fresh_line() - end an escape sequence that is open, and a line that is not empty. */
void output_fresh_line(struct output *output);

/** output_reset() - undo what a port can have done to the terminal: attributes, characters, cursor,
 * alternate screen, margins, modes. The cursor stays. */
void output_reset(struct output *output);

/** output_may_break() - whether other text may come now: no escape sequence is open, or one for too
 * long. */
bool output_may_break(const struct output *output);

/** output_send() - as much as the UART takes. Return: true if all is sent. */
bool output_send(struct output *output, struct uart *uart);

/** output_plain() - the byte as foreign text may show it: printable, tab or newline; a whole escape
 * sequence is a dot. @skip keeps track of those. Return: 0 for a byte that shows nothing. */
u8 output_plain(u8 *skip, u8 byte);

/* --- All of it --- */

struct console {
	struct uart uart;
	u32 uart_interrupt; /* index of its grant; its bit */
	u64 uart_bit;
	struct escape escape;
	struct output output;
	struct port ports[PORTS_MAX];
	u32 num_ports;
	u32 focus;
	u32 turn; /* option "all": whose line comes next */
	bool prefix, colour, all;
	/* The core's log: text that is not shown yet. */
	u8 log[LOG_BYTES];
	u32 log_at, log_size;
	bool log_more; /* the core has more */
	bool log_open; /* the last line that was shown has no end yet */
	/* Input. */
	bool held; /* a byte that the port has no room for */
	u8 held_byte;
	u64 held_until_ns; /* then bytes are dropped, until it reads again */
	bool dropping;
};

/** console_start() - find ports, UART and options in @info, and greet. */
void console_start(struct console *console, const struct component_info *info);

/** console_pump() - move what can be moved at @now_ns; bounded. Return: true if there is more to
 * move at once. Afterwards log_at and held tell what else it waits for. */
bool console_pump(struct console *console, u64 now_ns);

/** console_program - what the runtime calls. */
extern const struct program console_program;

/** console_command() - do what a key says. There must be room for NOTE_BYTES. */
void console_command(struct console *console, enum key key, u8 value);

/** console_focus() - look at port @index: the terminal is reset, the port named, then its output
 * shown. */
void console_focus(struct console *console, u32 index);

/** console_name() - the port's name, in its colour if that is wanted. */
void console_name(struct console *console, u32 index);

/** console_show() - take text for the terminal: log, ports. Return: false if there was none. */
bool console_show(struct console *console);

#endif
