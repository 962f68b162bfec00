/* SPDX-License-Identifier: Apache-2.0 */
/* The UART's registers (DDI 0183 §3.3) and FIFOs. */
#include "components/vmm/pl011.h"

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
#define FR_MODEM 0x7u /* CTS, DSR, DCD: somebody is there */
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

static void update(struct pl011 *uart)
{
	bool level = (uart->state->raw & uart->state->mask) != 0;

	if (level == uart->level || uart->interrupt == UINT32_MAX)
		return;
	uart->level = level;
	sys_virq_set(uart->interrupt, level);
}

static u32 depth(const struct pl011_state *s)
{
	return (s->line & LCRH_FEN) != 0 ? PL011_FIFO : 1;
}

/* Characters from which on there is a receive interrupt (IFLS, §3.3.9). */
static u32 trigger(const struct pl011_state *s)
{
	static const u8 levels[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	return (s->line & LCRH_FEN) != 0 ? levels[FIELD(s->levels, 5, 3)] : 1;
}

static u32 count(const struct pl011_state *s)
{
	return s->put - s->read;
}

/* @n characters lie behind those that were put; @taken of them came from the line. */
static void arrive(struct pl011_state *s, u32 n, u32 taken)
{
	struct pl011_state next = { .put = s->put + n, .taken = s->taken + taken };

	keep_order();
	s->arrived = next.arrived;
	keep_order();
}

static void place(struct pl011_state *s, u32 at, u8 c)
{
	s->fifo[(s->put + at) % PL011_FIFO] = (u16)(c | (s->gap != 0 ? DR_OE : 0));
	s->gap = 0;
}

/* Receive interrupts of characters that came. The pause after which a timeout comes is over at
 * once. */
static void signal(struct pl011_state *s)
{
	if (count(s) != 0)
		s->raw |= INT_RT;
	if (count(s) >= trigger(s))
		s->raw |= INT_RX;
}

static void fill(struct pl011 *uart)
{
	struct pl011_state *s = uart->state;
	u8 data[PL011_FIFO];
	u32 n;

	if (uart->serial == NULL || (s->control & (CR_RXE | CR_LBE)) != CR_RXE ||
	    count(s) >= depth(s))
		return;
	n = serial_look(uart->serial, 0, data, depth(s) - count(s));
	if (n == 0)
		return;
	for (u32 i = 0; i < n; i++)
		place(s, i, data[i]);
	arrive(s, n, n);
	serial_take(uart->serial, n);
	signal(s);
}

/* Is exit @number one that was begun before, and has it come as far as to move @index? */
static bool is_done(const struct pl011_state *s, u64 number, u32 index)
{
	return s->number == number && s->mark != index;
}

/* It is about to. */
static inline void note(struct pl011_state *s, u64 number, u32 index)
{
	s->mark = index;
	keep_order();
	s->number = number;
	keep_order();
}

static u32 take(struct pl011 *uart, u64 number)
{
	struct pl011_state *s = uart->state;

	if (!is_done(s, number, s->read)) {
		if (count(s) == 0)
			return 0;
		s->answer = s->fifo[s->read % PL011_FIFO];
		note(s, number, s->read);
		s->read++;
		keep_order();
	}
	s->errors = (s->errors & RSR_OE) | s->answer >> 8;
	if (count(s) == 0)
		s->raw &= ~INT_RT;
	if (count(s) < trigger(s))
		s->raw &= ~INT_RX;
	fill(uart);
	update(uart);
	return s->answer;
}

static void flush(struct pl011_state *s)
{
	s->read = s->put;
	s->gap = 0;
	s->raw &= ~(INT_RX | INT_RT);
}

static bool has_room(struct pl011 *uart)
{
	if (uart->serial == NULL || serial_room(uart->serial) != 0)
		return true;
	uart->state->blocked = 1;
	return false;
}

static void loop_back(struct pl011_state *s, u8 c, u64 number)
{
	if (is_done(s, number, s->put)) {
		signal(s);
		return;
	}
	if (count(s) >= depth(s)) {
		s->errors |= RSR_OE;
		s->raw |= INT_OE;
		s->gap = 1;
		return;
	}
	place(s, 0, c);
	note(s, number, s->put);
	arrive(s, 1, 0);
	signal(s);
}

/* A time begins, at whose end the line's other end is told. Return: due has changed. */
static bool set_due(struct pl011 *uart)
{
	if (uart->serial == NULL || uart->due.v != UINT64_MAX)
		return false;
	uart->due = NS(sys_time(NULL).v + SERIAL_PATIENCE_NS);
	return true;
}

bool pl011_send(struct pl011 *uart, u8 c, u64 number)
{
	struct pl011_state *s = uart->state;
	struct serial_end *serial = uart->serial;

	/* What most characters find: room that was told of, nothing to tell. */
	if (__builtin_expect((s->raw & INT_TX) != 0 && (s->control & CR_LBE) == 0 &&
				     uart->due.v != UINT64_MAX && serial_is_low(serial) &&
				     (c != '\n' || uart->told) && s->number != number,
			     1)) {
		note(s, number, serial->sent);
		serial_add(serial, c);
		return false;
	}
	if ((s->control & CR_LBE) != 0) {
		loop_back(s, c, number);
	} else if (serial != NULL && !is_done(s, number, serial->sent)) {
		note(s, number, serial->sent);
		(void)serial_put(serial, c);
		uart->told |= c == '\n';
	}
	if (has_room(uart))
		s->raw |= INT_TX;
	else
		s->raw &= ~INT_TX;
	update(uart);
	return set_due(uart);
}

ns_t pl011_serve(struct pl011 *uart)
{
	if (uart->due.v != UINT64_MAX && sys_time(NULL).v >= uart->due.v) {
		serial_tell(uart->serial);
		uart->due = NS(UINT64_MAX);
		uart->told = false;
	}
	return uart->due;
}

static u32 flags(struct pl011 *uart)
{
	const struct pl011_state *s = uart->state;

	return FR_MODEM | (has_room(uart) ? FR_TXFE : FR_TXFF) | (count(s) == 0 ? FR_RXFE : 0) |
	       (count(s) >= depth(s) ? FR_RXFF : 0);
}

void pl011_reset(struct pl011 *uart)
{
	struct pl011_state *s = uart->state;

	*s = (struct pl011_state){
		.control = CR_RESET,
		.levels = IFLS_RESET,
		.taken = uart->serial != NULL ? uart->serial->taken : 0,
	};
	uart->level = true;
	update(uart);
	uart->due = NS(UINT64_MAX);
	uart->told = false;
	if (uart->serial != NULL)
		serial_tell(uart->serial);
}

void pl011_resume(struct pl011 *uart)
{
	struct pl011_state *s = uart->state;

	s->raw &= INT_ALL;
	s->mask &= INT_ALL;
	s->read = s->put - MIN(count(s), depth(s));
	if (uart->serial != NULL) {
		serial_taken(uart->serial, s->taken);
		s->taken = uart->serial->taken;
	}
	signal(s);
	uart->level = (s->raw & s->mask) == 0;
	uart->due = NS(UINT64_MAX);
	uart->told = false;
	update(uart);
}

void pl011_notified(struct pl011 *uart)
{
	struct pl011_state *s = uart->state;

	fill(uart);
	if (s->blocked != 0 && serial_room(uart->serial) != 0) {
		s->blocked = 0;
		s->raw |= INT_TX;
	}
	update(uart);
}

static u32 identity(u64 offset)
{
	static const u8 ids[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return offset >= IDS && offset < SIZE ? ids[(offset - IDS) / 4] : 0;
}

static u64 __attribute__((noinline)) read_register(struct pl011 *uart, u64 offset, u64 number)
{
	const struct pl011_state *s = uart->state;

	switch (offset) {
	case DR: return take(uart, number);
	case RSR: return s->errors;
	case FR: return flags(uart);
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
	default: return identity(offset);
	}
}

u64 pl011_read(struct pl011 *uart, u64 offset, u64 number)
{
	/* What is read most: is there room? */
	if (offset == FR)
		return flags(uart);
	if (offset % 4 == 0)
		return read_register(uart, offset, number);
	return read_register(uart, ALIGN_DOWN(offset, 4), number) >> (offset % 4 * 8);
}

static void set_line(struct pl011 *uart, u32 value)
{
	struct pl011_state *s = uart->state;

	if (((s->line ^ value) & LCRH_FEN) != 0)
		flush(s);
	s->line = value;
	fill(uart);
}

void pl011_write(struct pl011 *uart, u64 offset, u64 value)
{
	struct pl011_state *s = uart->state;

	switch (offset) {
	case RSR: s->errors = 0; break;
	case ILPR: s->low_power = (u32)FIELD(value, 7, 0); break;
	case IBRD: s->baud_integer = (u32)FIELD(value, 15, 0); break;
	case FBRD: s->baud_fraction = (u32)FIELD(value, 5, 0); break;
	case LCRH: set_line(uart, (u32)FIELD(value, 7, 0)); break;
	case CR:
		s->control = (u32)value & 0xff87u;
		fill(uart);
		break;
	case IFLS: s->levels = (u32)FIELD(value, 5, 0); break;
	case IMSC: s->mask = (u32)value & INT_ALL; break;
	case ICR: s->raw &= ~(u32)value; break;
	case DMACR: s->dma = (u32)FIELD(value, 2, 0); break;
	default: break;
	}
	update(uart);
}
