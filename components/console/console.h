/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: one UART, a serial port for each channel, one key to change between them.
 *
 * console_pump() moves bytes and returns what is left to do. program.c makes the system calls,
 * except those of the serial lines. All code runs in the one thread of the component; there are no
 * locks. Input from ports and UART is hostile: it chooses no loop's end and no address.
 *
 * The console may be killed between any two instructions. Output of the ports lies in memory that a
 * restart preserves: struct console_state, and the lines' own rings. Each step from there to the
 * output, and from the output to the UART, is one store. After the restart each character that was
 * not shown is shown, and at most one of them twice.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "components/lib/runtime.h"
#include "components/lib/serial.h"

#define PORTS_MAX      NOTIFY_GRANTS
#define KEEP_BYTES     KIB(16) /* of unseen output for each port, at most */
#define KEEP_LEAST     256u    /* a power of two */
#define KEEP_PORTS     8u      /* so many have that much without memory that is granted */
#define LINE_BYTES     128u    /* of a line that is shown as a whole */
#define OUTPUT_BYTES   8192u   /* a power of two */
#define NOTE_BYTES     5120u   /* the most that one key makes the console say */
#define OUTPUT_PIECE   256u    /* bytes of a port that are moved at once */
#define LOG_BYTES      256u
#define PATIENCE_NS    UINT64_C(5000000000) /* then input that a port does not read is dropped */
#define ESCAPE_DEFAULT 0x1du                /* Ctrl-] */

/* --- The UART --- */

#define UART_RECEIVED BIT(0) /* bytes were received */
#define UART_ROOM     BIT(1) /* there is room to send */

struct uart {
	const struct uart_driver *driver; /* NULL: there is no UART */
	u64 regs;                         /* address of its registers */
	u32 interrupts;                   /* enabled: UART_RECEIVED, UART_ROOM */
};

/* One kind of UART. */
struct uart_driver {
	const char *compatible; /* of the grant, from the description */
	/* Use the UART at uart->regs with the firmware's line settings, interrupts disabled. */
	void (*start)(struct uart *uart);
	/* Send the first of @n bytes, as many as there is room for. *@sent counts each by one store
	 * after it. Returns false if not all were sent. */
	bool (*send)(const struct uart *uart, const u8 *bytes, u32 n, volatile u16 *sent);
	/* Take a received byte, without its error bits. Returns false if there is none. */
	bool (*get)(struct uart *uart, u8 *byte);
	/* Enable the interrupts of uart->interrupts, and disable the others. */
	void (*interrupts)(const struct uart *uart);
};

/** uart_drivers - the drivers of this architecture's console, up to NULL. The first one drives a
 * UART without `compatible`. */
extern const struct uart_driver *const uart_drivers[];

/* --- Keys --- */

enum key {
	KEY_NONE, /* the escape key: wait for the next byte */
	KEY_BYTE, /* goes to the port in focus */
	KEY_PORT, /* the value: its number from 0 */
	KEY_NEXT,
	KEY_PREVIOUS,
	KEY_TERMINAL,
	KEY_LIST,
	KEY_MENU,   /* the user may type a number */
	KEY_DIGIT,  /* of the number; the value */
	KEY_CANCEL, /* of the number */
	KEY_HELP,
	KEY_UNKNOWN,
};

struct escape {
	u8 key;
	enum { ESCAPE_IDLE, ESCAPE_ARMED, ESCAPE_NUMBER } state;
	u32 number; /* of a port, as far as it is typed */
};

/** escape_feed() - what @byte of the user means; the port's number or the byte goes to @value. */
enum key escape_feed(struct escape *escape, u8 byte, u8 *value);

#define KEYS_MAX     24u                /* bytes of a sequence that may be a key */
#define KEYS_WAIT_NS UINT64_C(20000000) /* a terminal sends a sequence at once */

/* A port can have the terminal send keys as sequences: xterm's modifyOtherKeys, the keyboard
 * protocol of kitty. Meanwhile the console searches the sequences for its keys. */
struct keys {
	u8 bytes[KEYS_MAX];
	u32 num, at; /* bytes that came; of those of a complete sequence, the next one */
	bool complete;
	u64 until_ns; /* then what came is no sequence */
};

/** keys_feed() - another @byte came at @now_ns, and all of the one before was taken. */
void keys_feed(struct keys *keys, const struct escape *escape, u8 byte, u64 now_ns);

/** keys_waits() - a sequence is not complete, and may be one at @now_ns still. */
bool keys_waits(const struct keys *keys, u64 now_ns);

/** keys_take() - the next byte of what is complete. Returns false if there is none. */
bool keys_take(struct keys *keys, u8 *byte);

/* --- Output to the terminal --- */

enum sequence { PLAIN, ESCAPED, CONTROL, STRING };

#define NO_PORT UINT16_MAX

/* How far it is, for one store. */
union output_step {
	struct {
		u16 in;   /* bytes that are to be sent, modulo 2^16 */
		u16 port; /* whose they are, up to byte number */
		u32 upto; /* of its line */
	};
	u64 all;
};

/* Kept. */
struct output {
	u8 bytes[OUTPUT_BYTES];
	union output_step step;
	u16 out;                /* bytes that the UART has taken, modulo 2^16 */
	u16 put;                /* behind step.in: not committed yet */
	bool fresh;             /* the cursor is at the start of an empty line */
	enum sequence sequence; /* the terminal is within one, sent by a port */
	u32 sequence_bytes;
	u8 marker;       /* the private character behind a control sequence's bracket, or 0 */
	bool parameters; /* it has others than 0 */
	/* Changes that ports have made to the terminal: */
	bool coloured, changed, keyed;
};

/** output_start() - continue with a preserved state, or, if @kept is false, begin. @changed: ports
 * may have changed the terminal before. */
void output_start(struct output *output, bool kept, bool changed);

/** output_room(), output_used() - bytes that fit; that wait. */
u32 output_room(const struct output *output);
u32 output_used(const struct output *output);

/** output_commit() - what was put is to be sent: it shows port @port up to byte @upto. output_own()
 * - the same for text of the console's own. */
void output_commit(struct output *output, u32 port, u32 upto);
void output_own(struct output *output);

/** output_byte() - put a byte as it is; lost if there is no room. */
void output_byte(struct output *output, u8 byte);

/** output_bytes() - the same for @n bytes. */
void output_bytes(struct output *output, const u8 *bytes, u32 n);

/** output_text(), output_number() - text of the console's own; a number in decimal. */
void output_text(struct output *output, const char *text);
void output_number(struct output *output, u64 number);

/** output_fresh_line() - end an escape sequence that is open, and a line that is not empty. */
void output_fresh_line(struct output *output);

/** output_reset() - undo the changes that sequences of a port can have made to the terminal:
 * attributes, characters, alternate screen, margins, modes of screen and keyboard. The cursor
 * stays. */
void output_reset(struct output *output);

/** output_may_break() - whether other text may come now: no escape sequence is open, or one for too
 * long. */
bool output_may_break(const struct output *output);

/** output_send() - as much as the UART takes of what is committed. Returns true if all is sent. */
bool output_send(struct output *output, struct uart *uart);

/** output_plain() - the byte as foreign text may show it: printable, tab or newline; a whole escape
 * sequence is a dot. @skip keeps track of those. Returns 0 for a byte that shows nothing. */
u8 output_plain(u8 *skip, u8 byte);

/* --- Ports --- */

/* Kept. */
struct port_state {
	u32 shown; /* bytes of its line up to this index are in the output, or lost */
	u32 reserved;
	u64 lost; /* bytes that were dropped unseen */
};

/* Bytes are known by their index in the line's ring. Those from state->shown to end.taken are kept,
 * those behind wait in the line's ring. */
struct port {
	const char *name;
	struct serial_end end;
	struct port_state *state;
	u8 *keep;      /* a ring of keep_size bytes, */
	u32 keep_size; /* a power of two */
	u8 skip;       /* option "all": within an escape sequence, enum skip of output.c */
};

/** port_start() - continue with the state of an earlier incarnation, if it is valid. */
void port_start(struct port *port, bool kept);

/** port_check() - drop the received bytes if the other end claims more than the ring holds. Serving
 * such a claim would take up to 4 GiB of steps. */
void port_check(struct port *port);

/** port_unseen() - how many bytes are kept. */
u32 port_unseen(const struct port *port);

/** port_has_output() - whether port_peek() would find a byte. */
bool port_has_output(const struct port *port);

/** port_peek() - copy up to @max bytes from the first one that was not shown on. Returns how many.
 */
u32 port_peek(const struct port *port, u8 *to, u32 max);

/** port_show() - all up to @upto, which port_peek() has found, is in the output. */
void port_show(struct port *port, u32 upto);

/** port_keep() - move what the other end has sent to what is kept; @lose: the oldest goes where
 * there is no room. Returns true if there may be more. */
bool port_keep(struct port *port, bool lose);

/** port_line() - the line that the port has shown last and not ended, as its terminal has it, to
 * @text. Returns its length; *@cursor is where the cursor is. */
u32 port_line(const struct port *port, u8 text[LINE_BYTES], u32 *cursor);

/** port_give() - a byte of input for the other end. Returns false if its ring is full. */
bool port_give(struct port *port, u8 byte);

/* --- All of it --- */

#define STATE_MAGIC UINT64_C(0x3165746174736f63)

/* Kept: memory "state" of the description, and the ports' rings behind it. */
struct console_state {
	u64 magic;
	u32 focus;
	struct output output;
	struct port_state ports[PORTS_MAX];
};

struct console {
	struct uart uart;
	u32 uart_interrupt; /* index of its grant; its bit */
	u64 uart_bit;
	struct escape escape;
	struct keys keys;
	struct console_state *state;
	struct output *output;
	struct port ports[PORTS_MAX];
	u32 num_ports;
	u32 focus;
	u32 turn; /* option "all": whose line comes next */
	bool prefix, colour, all;
	/* The core's log: text that is not shown yet. */
	u8 log[LOG_BYTES];
	u32 log_at, log_size;
	bool log_more;  /* the core has more */
	bool log_open;  /* the last line that was shown has no end yet */
	u32 log_behind; /* bytes of the port in focus that went before a line that waits */
	/* Input. */
	bool held; /* a byte that the port has no room for */
	u8 held_byte;
	u64 held_until_ns; /* then bytes are dropped, until it reads again */
	bool dropping;
};

/** console_start() - find ports, UART and options in @info, and show the port in focus. */
void console_start(struct console *console, const struct component_info *info);

/** console_pump() - move what can be moved at @now_ns; bounded. Returns true if there is more to
 * move at once. Afterwards log_at and console_alarm() name the other events to wait for. */
bool console_pump(struct console *console, u64 now_ns);

/** console_alarm() - when it wants to be called again even if nothing happens; UINT64_MAX: never.
 */
u64 console_alarm(const struct console *console);

/** console_program - the program, for runtime_run(). */
extern const struct program console_program;

/** console_command() - act on a key. The output must have room for NOTE_BYTES. */
void console_command(struct console *console, enum key key, u8 value);

/** console_focus() - give port @index the focus: reset the terminal, name the port, show its
 * unfinished line @again, then its output. */
void console_focus(struct console *console, u32 index, bool again);

/** console_name() - the port's name, in its colour if that is wanted. */
void console_name(struct console *console, u32 index);

/** console_prefix() - the same before a line of the port's. */
void console_prefix(struct console *console, u32 index);

/** console_show() - take text for the terminal: log, ports. Returns false if there was none. */
bool console_show(struct console *console);

#endif
