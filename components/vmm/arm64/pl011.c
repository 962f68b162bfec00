/* SPDX-License-Identifier: Apache-2.0 */
/* The UART's registers (DDI 0183 §3.3) and FIFOs. */
#include "components/vmm/arm64/pl011.h"

#include <mullion/string.h>

#define DR    0x000u
#define RSR   0x004u
#define FR    0x018u
#define ILPR  0x020u
#define IBRD  0x024u
#define FBRD  0x028u
#define LCRH  0x02cu
#define CR    0x030u
#define IFLS  0x034u
#define IMSC  0x038u
#define RIS   0x03cu
#define MIS   0x040u
#define ICR   0x044u
#define DMACR 0x048u
#define IDS   0xfe0u
#define SIZE  0x1000u

#define DR_OE    0x800u
#define RSR_OE   0x8u
#define FR_MODEM 0x7u /* CTS, DSR, DCD: the other end is connected */
#define FR_RXFE  0x10u
#define FR_TXFF  0x20u
#define FR_RXFF  0x40u
#define FR_TXFE  0x80u
#define LCRH_FEN 0x10u
#define CR_LBE   0x80u
#define CR_RXE   0x200u

#define CR_RESET   0x300u
#define IFLS_RESET 0x12u

#define INT_RX  0x10u
#define INT_TX  0x20u
#define INT_RT  0x40u
#define INT_OE  0x400u
#define INT_ALL 0x7ffu

_Static_assert(sizeof(struct pl011_state) <= DEVICE_STATE, "device.h");

static void pl011_update(struct device *uart)
{
	const struct pl011_state *s = uart->state;

	device_set_level(uart, (s->raw & s->mask) != 0);
}

static u32 fifo_depth(const struct pl011_state *s)
{
	return (s->line & LCRH_FEN) != 0 ? PL011_FIFO : 1;
}

/* Returns the number of characters that raises a receive interrupt (IFLS, §3.3.9). */
static u32 fifo_trigger(const struct pl011_state *s)
{
	static const u8 levels[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	return (s->line & LCRH_FEN) != 0 ? levels[FIELD(s->levels, 5, 3)] : 1;
}

static u32 fifo_count(const struct pl011_state *s)
{
	return s->put - s->read;
}

/* Add the @n characters that fifo_place() has stored; @taken of them came from the line. */
static void fifo_arrive(struct pl011_state *s, u32 n, u32 taken)
{
	struct pl011_state next = { .put = s->put + n, .taken = s->taken + taken };

	keep_order();
	s->arrived = next.arrived;
	keep_order();
}

static void fifo_place(struct pl011_state *s, u32 at, u8 c)
{
	s->fifo[(s->put + at) % PL011_FIFO] = (u16)(c | (s->gap != 0 ? DR_OE : 0));
	s->gap = 0;
}

/* Raise the receive interrupts of characters that arrived. The receive timeout is zero. */
static void raise_receive(struct pl011_state *s)
{
	if (fifo_count(s) != 0)
		s->raw |= INT_RT;
	if (fifo_count(s) >= fifo_trigger(s))
		s->raw |= INT_RX;
}

static void fifo_fill(struct device *uart)
{
	struct pl011_state *s = uart->state;
	u8 data[PL011_FIFO];
	u32 n;

	if (!device_has_line(uart) || (s->control & (CR_RXE | CR_LBE)) != CR_RXE ||
	    fifo_count(s) >= fifo_depth(s))
		return;
	n = serial_look(&uart->serial, 0, data, fifo_depth(s) - fifo_count(s));
	if (n == 0)
		return;
	for (u32 i = 0; i < n; i++)
		fifo_place(s, i, data[i]);
	fifo_arrive(s, n, n);
	serial_take(&uart->serial, n);
	raise_receive(s);
}

/* Returns true if exit @number was served before, and has moved @index already. */
static bool exit_is_done(const struct pl011_state *s, u64 number, u32 index)
{
	return s->number == number && s->mark != index;
}

/* Exit @number is about to move @index. */
static inline void exit_note(struct pl011_state *s, u64 number, u32 index)
{
	s->mark = index;
	keep_order();
	s->number = number;
	keep_order();
}

static u32 fifo_take(struct device *uart, u64 number)
{
	struct pl011_state *s = uart->state;

	if (!exit_is_done(s, number, s->read)) {
		if (fifo_count(s) == 0)
			return 0;
		s->answer = s->fifo[s->read % PL011_FIFO];
		exit_note(s, number, s->read);
		s->read++;
		keep_order();
	}
	s->errors = (s->errors & RSR_OE) | s->answer >> 8;
	if (fifo_count(s) == 0)
		s->raw &= ~INT_RT;
	if (fifo_count(s) < fifo_trigger(s))
		s->raw &= ~INT_RX;
	fifo_fill(uart);
	pl011_update(uart);
	return s->answer;
}

static void fifo_flush(struct pl011_state *s)
{
	s->read = s->put;
	s->gap = 0;
	s->raw &= ~(INT_RX | INT_RT);
}

static bool line_has_room(struct device *uart)
{
	struct pl011_state *s = uart->state;

	if (!device_has_line(uart) || serial_room(&uart->serial) != 0)
		return true;
	s->blocked = 1;
	return false;
}

static void fifo_loop_back(struct pl011_state *s, u8 c, u64 number)
{
	if (exit_is_done(s, number, s->put)) {
		raise_receive(s);
		return;
	}
	if (fifo_count(s) >= fifo_depth(s)) {
		s->errors |= RSR_OE;
		s->raw |= INT_OE;
		s->gap = 1;
		return;
	}
	fifo_place(s, 0, c);
	exit_note(s, number, s->put);
	fifo_arrive(s, 1, 0);
	raise_receive(s);
}

/* Start the time after which the other end is notified. Returns true if timer() is due, to set it.
 */
static bool set_due(struct device *uart)
{
	struct pl011_state *s = uart->state;

	if (!device_has_line(uart) || s->due.v != UINT64_MAX)
		return false;
	s->due = NS(sys_time(NULL).v + SERIAL_PATIENCE_NS);
	return true;
}

static void clear_due(struct pl011_state *s)
{
	s->due = NS(UINT64_MAX);
	s->notified = 0;
}

static bool __attribute__((noinline)) send_slowly(struct device *uart, u8 c, u64 number)
{
	struct pl011_state *s = uart->state;
	struct serial_end *serial = &uart->serial;

	if ((s->control & CR_LBE) != 0) {
		fifo_loop_back(s, c, number);
	} else if (device_has_line(uart) && !exit_is_done(s, number, serial->sent)) {
		exit_note(s, number, serial->sent);
		(void)serial_put(serial, c);
		s->notified |= c == '\n';
	}
	if (line_has_room(uart))
		s->raw |= INT_TX;
	else
		s->raw &= ~INT_TX;
	pl011_update(uart);
	return set_due(uart);
}

static inline bool send_character(struct device *uart, u8 c, u64 number)
{
	struct pl011_state *s = uart->state;

	/* The state for most characters: the guest knows of room, and no notification is due. */
	if (__builtin_expect((s->raw & INT_TX) != 0 && (s->control & CR_LBE) == 0 &&
				     s->due.v != UINT64_MAX && serial_is_low(&uart->serial) &&
				     (c != '\n' || s->notified) && s->number != number,
			     1)) {
		exit_note(s, number, uart->serial.sent);
		serial_add(&uart->serial, c);
		return false;
	}
	return send_slowly(uart, c, number);
}

static ns_t pl011_timer(struct device *uart)
{
	struct pl011_state *s = uart->state;

	if (s->due.v != UINT64_MAX && sys_time(NULL).v >= s->due.v) {
		serial_notify(&uart->serial);
		clear_due(s);
	}
	return s->due;
}

static u32 flag_register(struct device *uart)
{
	const struct pl011_state *s = uart->state;

	return FR_MODEM | (line_has_room(uart) ? FR_TXFE : FR_TXFF) |
	       (fifo_count(s) == 0 ? FR_RXFE : 0) | (fifo_count(s) >= fifo_depth(s) ? FR_RXFF : 0);
}

static void pl011_reset(struct device *uart)
{
	struct pl011_state *s = uart->state;

	*s = (struct pl011_state){
		.control = CR_RESET,
		.levels = IFLS_RESET,
		.taken = uart->serial.taken,
	};
	clear_due(s);
	device_force_level(uart, false);
	if (device_has_line(uart))
		serial_notify(&uart->serial);
}

static void pl011_resume(struct device *uart)
{
	struct pl011_state *s = uart->state;

	s->raw &= INT_ALL;
	s->mask &= INT_ALL;
	s->read = s->put - MIN(fifo_count(s), fifo_depth(s));
	if (device_has_line(uart)) {
		serial_taken(&uart->serial, s->taken);
		s->taken = uart->serial.taken;
	}
	raise_receive(s);
	clear_due(s);
	device_force_level(uart, (s->raw & s->mask) != 0);
}

static bool pl011_notify(struct device *uart)
{
	struct pl011_state *s = uart->state;

	fifo_fill(uart);
	if (s->blocked != 0 && serial_room(&uart->serial) != 0) {
		s->blocked = 0;
		s->raw |= INT_TX;
	}
	pl011_update(uart);
	return false;
}

static void pl011_init(struct device *uart, const struct grant_info *region)
{
	device_attach_line(uart, region);
}

static u32 pl011_identity(u64 offset)
{
	static const u8 ids[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return offset >= IDS && offset < SIZE ? ids[(offset - IDS) / 4] : 0;
}

static u64 __attribute__((noinline))
pl011_read_register(struct device *uart, u64 offset, u64 number)
{
	const struct pl011_state *s = uart->state;

	switch (offset) {
	case DR: return fifo_take(uart, number);
	case RSR: return s->errors;
	case FR: return flag_register(uart);
	case ILPR: return s->low_power;
	case IBRD: return s->baud_integer;
	case FBRD: return s->baud_fraction;
	case LCRH: return s->line;
	case CR: return s->control;
	case IFLS: return s->levels;
	case IMSC: return s->mask;
	case RIS: return s->raw;
	case MIS: return s->raw & s->mask;
	case DMACR: return s->dma;
	default: return pl011_identity(offset);
	}
}

static u64 pl011_read(struct device *uart, u64 offset, u64 number, u64 where)
{
	(void)where;
	/* The flags are read most. */
	if (offset == FR)
		return flag_register(uart);
	if (offset % 4 == 0)
		return pl011_read_register(uart, offset, number);
	return pl011_read_register(uart, ALIGN_DOWN(offset, 4), number) >> (offset % 4 * 8);
}

static void set_line_control(struct device *uart, u32 value)
{
	struct pl011_state *s = uart->state;

	if (((s->line ^ value) & LCRH_FEN) != 0)
		fifo_flush(s);
	s->line = value;
	fifo_fill(uart);
}

static void pl011_write_register(struct device *uart, u64 offset, u64 value)
{
	struct pl011_state *s = uart->state;

	switch (offset) {
	case RSR: s->errors = 0; break;
	case ILPR: s->low_power = (u32)FIELD(value, 7, 0); break;
	case IBRD: s->baud_integer = (u32)FIELD(value, 15, 0); break;
	case FBRD: s->baud_fraction = (u32)FIELD(value, 5, 0); break;
	case LCRH: set_line_control(uart, (u32)FIELD(value, 7, 0)); break;
	case CR:
		s->control = (u32)value & 0xff87u;
		fifo_fill(uart);
		break;
	case IFLS: s->levels = (u32)FIELD(value, 5, 0); break;
	case IMSC: s->mask = (u32)value & INT_ALL; break;
	case ICR: s->raw &= ~(u32)value; break;
	case DMACR: s->dma = (u32)FIELD(value, 2, 0); break;
	default: break;
	}
	pl011_update(uart);
}

static bool pl011_write(struct device *uart, u64 offset, u64 value, u64 number, u64 where)
{
	(void)where;
	/* Characters are written most. */
	if (offset == DR)
		return send_character(uart, (u8)value, number);
	pl011_write_register(uart, offset, value);
	return false;
}

const struct device_model pl011_model = {
	.name = "pl011",
	.size = sizeof(struct pl011_state),
	.init = pl011_init,
	.reset = pl011_reset,
	.resume = pl011_resume,
	.read = pl011_read,
	.write = pl011_write,
	.timer = pl011_timer,
	.notify = pl011_notify,
};
