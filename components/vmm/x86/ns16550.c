/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial port of a PC (PC16550D, chapter 8) at the end of a serial line. Sent bytes go straight
 * into the line's ring, which stands for the transmit FIFO. Received bytes stay in the ring until
 * the receive FIFO has room, so none is lost. The other end is notified as by the PL011.
 *
 * Each character is sent once and read once, although the vmm may end between any two instructions.
 * The exit's number is noted first, and then one store takes effect.
 */
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define DATA 0u /* and the low byte of the divisor */
#define IER  1u
#define IIR  2u /* read; FCR: write */
#define LCR  3u
#define MCR  4u
#define LSR  5u
#define MSR  6u
#define SCR  7u

#define IER_RECEIVE 0x01u
#define IER_SEND    0x02u
#define IER_LINE    0x04u
#define IER_MODEM   0x08u
#define IIR_NONE    0x01u
#define IIR_SEND    0x02u
#define IIR_RECEIVE 0x04u
#define IIR_LINE    0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFOS   0xc0u
#define FCR_ENABLE  0x01u
#define FCR_CLEAR_R 0x02u
#define LCR_DIVISOR 0x80u
#define MCR_OUT2    0x08u /* lets interrupts through, on a PC */
#define MCR_LOOP    0x10u
#define LSR_READY   0x01u
#define LSR_OVERRUN 0x02u
#define LSR_EMPTY   0x60u /* holding register and shifter */
#define MSR_ALL     0xb0u /* CTS, DSR, DCD: the other end is connected */

#define FIFO 16u

struct ns16550_state {
	u32 ier, fcr, lcr, mcr, scratch, divisor;
	u32 send_due; /* the interrupt of an empty transmitter is pending */
	u32 overrun;
	u32 blocked;   /* the guest found no room to send */
	u8 fifo[FIFO]; /* received */
	u32 read;      /* characters that the guest has read from there; wraps */
	u32 mark;      /* of exit `number`: the index that it moves, before its store */
	union {
		struct {
			u32 put;   /* characters that were put into fifo; wraps */
			u32 taken; /* the line's index up to which they came from there */
		};
		u64 arrived; /* both, for one store */
	};
	u64 number;   /* of the latest exit that sent or read a character */
	u32 answer;   /* that it read */
	u32 notified; /* a line's end has notified the other end since `due` was set */
	ns_t due;     /* time to notify the other end of sent bytes; NS(UINT64_MAX): never */
};

_Static_assert(sizeof(struct ns16550_state) <= DEVICE_STATE, "device.h");

static u32 received(const struct ns16550_state *s)
{
	return s->put - s->read;
}

static u32 depth(const struct ns16550_state *s)
{
	return (s->fcr & FCR_ENABLE) != 0 ? FIFO : 1;
}

static u32 trigger(const struct ns16550_state *s)
{
	static const u8 levels[4] = { 1, 4, 8, 14 };

	return (s->fcr & FCR_ENABLE) != 0 ? levels[FIELD(s->fcr, 7, 6)] : 1;
}

/* The identification of the most urgent interrupt. The receive timeout is zero. */
static u32 identify(const struct ns16550_state *s)
{
	if ((s->ier & IER_LINE) != 0 && s->overrun != 0)
		return IIR_LINE;
	if ((s->ier & IER_RECEIVE) != 0 && received(s) >= trigger(s))
		return IIR_RECEIVE;
	if ((s->ier & IER_RECEIVE) != 0 && received(s) != 0)
		return IIR_TIMEOUT;
	if ((s->ier & IER_SEND) != 0 && s->send_due != 0)
		return IIR_SEND;
	return IIR_NONE;
}

static void port_update(struct device *uart)
{
	const struct ns16550_state *s = uart->state;

	x86_set_level(uart,
		      identify(s) != IIR_NONE && (s->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2);
}

/* Add the @n characters that are stored behind s->put; @taken of them came from the line. */
static void arrive(struct ns16550_state *s, u32 n, u32 taken)
{
	struct ns16550_state next = { .put = s->put + n, .taken = s->taken + taken };

	keep_order();
	s->arrived = next.arrived;
	keep_order();
}

static void fill(struct device *uart)
{
	struct ns16550_state *s = uart->state;
	u8 data[FIFO];
	u32 n;

	if (!device_has_line(uart) || (s->mcr & MCR_LOOP) != 0 || received(s) >= depth(s))
		return;
	n = serial_look(&uart->serial, 0, data, depth(s) - received(s));
	if (n == 0)
		return;
	for (u32 i = 0; i < n; i++)
		s->fifo[(s->put + i) % FIFO] = data[i];
	arrive(s, n, n);
	serial_take(&uart->serial, n);
}

/* Returns true if exit @number was served before, and has moved @index already. */
static bool is_done(const struct ns16550_state *s, u64 number, u32 index)
{
	return s->number == number && s->mark != index;
}

/* Exit @number is about to move @index. */
static inline void note(struct ns16550_state *s, u64 number, u32 index)
{
	s->mark = index;
	keep_order();
	s->number = number;
	keep_order();
}

static u32 take(struct device *uart, u64 number)
{
	struct ns16550_state *s = uart->state;

	if (!is_done(s, number, s->read)) {
		if (received(s) == 0)
			return 0;
		s->answer = s->fifo[s->read % FIFO];
		note(s, number, s->read);
		s->read++;
		keep_order();
	}
	fill(uart);
	port_update(uart);
	return s->answer;
}

static bool has_room(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	if (!device_has_line(uart) || serial_room(&uart->serial) != 0)
		return true;
	s->blocked = 1;
	return false;
}

static void loop_back(struct ns16550_state *s, u8 c, u64 number)
{
	if (is_done(s, number, s->put))
		return;
	if (received(s) >= depth(s)) {
		s->overrun = 1;
		return;
	}
	s->fifo[s->put % FIFO] = c;
	note(s, number, s->put);
	arrive(s, 1, 0);
}

/* Start the time after which the other end is notified. Returns true if timer() is due, to set it.
 */
static bool port_set_due(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	if (!device_has_line(uart) || s->due.v != UINT64_MAX)
		return false;
	s->due = NS(sys_time(NULL).v + SERIAL_PATIENCE_NS);
	return true;
}

static void port_clear_due(struct ns16550_state *s)
{
	s->due = NS(UINT64_MAX);
	s->notified = 0;
}

static bool __attribute__((noinline)) port_send_slowly(struct device *uart, u8 c, u64 number)
{
	struct ns16550_state *s = uart->state;
	struct serial_end *serial = &uart->serial;

	if ((s->mcr & MCR_LOOP) != 0) {
		loop_back(s, c, number);
	} else if (device_has_line(uart) && !is_done(s, number, serial->sent)) {
		note(s, number, serial->sent);
		(void)serial_put(serial, c);
		s->notified |= c == '\n';
	}
	s->send_due = has_room(uart);
	port_update(uart);
	return port_set_due(uart);
}

static inline bool port_send(struct device *uart, u8 c, u64 number)
{
	struct ns16550_state *s = uart->state;

	/* The state for most characters: no interrupt changes, and no notification is due. */
	if (__builtin_expect(((s->ier & IER_SEND) == 0 || s->send_due != 0) &&
				     (s->mcr & MCR_LOOP) == 0 && s->due.v != UINT64_MAX &&
				     serial_is_low(&uart->serial) && (c != '\n' || s->notified) &&
				     s->number != number,
			     1)) {
		note(s, number, uart->serial.sent);
		serial_add(&uart->serial, c);
		s->send_due = 1;
		return false;
	}
	return port_send_slowly(uart, c, number);
}

static ns_t uart_timer(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	if (s->due.v != UINT64_MAX && sys_time(NULL).v >= s->due.v) {
		serial_notify(&uart->serial);
		port_clear_due(s);
	}
	return s->due;
}

static u32 line_status(struct device *uart)
{
	struct ns16550_state *s = uart->state;
	u32 status = (has_room(uart) ? LSR_EMPTY : 0) | (received(s) != 0 ? LSR_READY : 0);

	if (s->overrun != 0) {
		status |= LSR_OVERRUN;
		s->overrun = 0;
		port_update(uart);
	}
	return status;
}

static u32 read_identity(struct device *uart)
{
	struct ns16550_state *s = uart->state;
	u32 id = identify(s);

	if (id == IIR_SEND) {
		s->send_due = 0;
		port_update(uart);
	}
	return id | ((s->fcr & FCR_ENABLE) != 0 ? IIR_FIFOS : 0);
}

/* With the loop, the outputs DTR, RTS, OUT1, OUT2 are seen as DSR, CTS, RI, DCD. */
static u32 modem_status(const struct ns16550_state *s)
{
	if ((s->mcr & MCR_LOOP) == 0)
		return MSR_ALL;
	return (u32)(FIELD(s->mcr, 1, 1) << 4 | FIELD(s->mcr, 0, 0) << 5 |
		     FIELD(s->mcr, 3, 2) << 6);
}

static u64 uart_read(struct device *uart, u64 offset, u64 number, u64 where)
{
	struct ns16550_state *s = uart->state;
	bool divisor = (s->lcr & LCR_DIVISOR) != 0;

	(void)where;
	switch (offset) {
	case LSR: return line_status(uart); /* is read most */
	case DATA: return divisor ? s->divisor & 0xff : take(uart, number);
	case IER: return divisor ? s->divisor >> 8 : s->ier;
	case IIR: return read_identity(uart);
	case LCR: return s->lcr;
	case MCR: return s->mcr;
	case MSR: return modem_status(s);
	case SCR: return s->scratch;
	default: return UINT64_MAX;
	}
}

static void set_enables(struct device *uart, u32 value)
{
	struct ns16550_state *s = uart->state;

	/* Enabling it raises the interrupt of a transmitter that is empty. */
	if ((value & ~s->ier & IER_SEND) != 0)
		s->send_due = has_room(uart);
	s->ier = value & (IER_RECEIVE | IER_SEND | IER_LINE | IER_MODEM);
}

static void set_fifos(struct ns16550_state *s, u32 value)
{
	if (((s->fcr ^ value) & FCR_ENABLE) != 0 || (value & FCR_CLEAR_R) != 0)
		s->read = s->put;
	s->fcr = value & (FCR_ENABLE | 0xc0);
}

static bool uart_write(struct device *uart, u64 offset, u64 value, u64 number, u64 where)
{
	struct ns16550_state *s = uart->state;
	bool divisor = (s->lcr & LCR_DIVISOR) != 0;
	u32 byte = (u8)value;

	(void)where;
	if (offset == DATA && !divisor)
		return port_send(uart, (u8)value, number);
	switch (offset) {
	case DATA: s->divisor = (s->divisor & 0xff00) | byte; break;
	case IER:
		if (divisor)
			s->divisor = (s->divisor & 0xff) | byte << 8;
		else
			set_enables(uart, byte);
		break;
	case IIR: set_fifos(s, byte); break;
	case LCR: s->lcr = byte; break;
	case MCR: s->mcr = byte & 0x1f; break;
	case SCR: s->scratch = byte; break;
	default: break;
	}
	fill(uart);
	port_update(uart);
	return false;
}

static void uart_reset(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	*s = (struct ns16550_state){ .divisor = 12, .taken = uart->serial.taken };
	port_clear_due(s);
	x86_force_level(uart, false);
	if (device_has_line(uart))
		serial_notify(&uart->serial);
}

static void uart_resume(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	s->read = s->put - MIN(received(s), depth(s));
	if (device_has_line(uart)) {
		serial_taken(&uart->serial, s->taken);
		s->taken = uart->serial.taken;
	}
	port_clear_due(s);
	x86_force_level(uart, false);
	port_update(uart);
}

static bool uart_notify(struct device *uart)
{
	struct ns16550_state *s = uart->state;

	fill(uart);
	if (s->blocked != 0 && serial_room(&uart->serial) != 0) {
		s->blocked = 0;
		s->send_due = 1;
	}
	port_update(uart);
	return false;
}

const struct device_model ns16550_model = {
	.name = "ns16550",
	.size = sizeof(struct ns16550_state),
	.init = device_attach_line,
	.reset = uart_reset,
	.resume = uart_resume,
	.read = uart_read,
	.write = uart_write,
	.timer = uart_timer,
	.notify = uart_notify,
};
