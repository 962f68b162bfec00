/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011's registers: see pl011.h. */
#include "components/vmm/pl011.h"

#include <mullion/string.h>

#define PL011_READY 0x504c3131u

#define DR    0x000
#define RSR   0x004
#define FR    0x018
#define ILPR  0x020
#define IBRD  0x024
#define FBRD  0x028
#define LCR_H 0x02c
#define CR    0x030
#define IFLS  0x034
#define IMSC  0x038
#define RIS   0x03c
#define MIS   0x040
#define ICR   0x044
#define DMACR 0x048
#define ID    0xfe0 /* eight registers: PeriphID0 to 3, CellID0 to 3 */

#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u

#define LCR_H_FEN 0x10u
#define CR_RESET  0x300u /* transmit and receive enabled, the UART not (§3.3.8) */

#define INT_RX 0x10u
#define INT_TX 0x20u
#define INT_RT 0x40u /* receive time-out: something is there */
#define INTS   0x7ffu

#define FIFO_BYTES 16u

static const u8 ids[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static void set_defaults(struct pl011_registers *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->cr = CR_RESET;
	regs->ifls = 0x12; /* half full, half empty */
	regs->ready = PL011_READY;
}

static u32 waiting(const struct pl011 *uart)
{
	return uart->line != NULL ? serial_waiting(uart->line) : 0;
}

static u32 room(const struct pl011 *uart)
{
	return uart->line != NULL ? serial_room(uart->line) : SERIAL_RING_BYTES;
}

/* How many bytes raise the receive interrupt (§3.3.9). */
static u32 receive_level(const struct pl011 *uart)
{
	static const u8 levels[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	return uart->regs->lcr_h & LCR_H_FEN ? levels[uart->regs->ifls >> 3 & 7] : 1;
}

static void update_line(struct pl011 *uart)
{
	bool level = (uart->regs->ris & uart->regs->imsc) != 0;

	if (level == uart->level)
		return;
	uart->level = level;
	if (uart->interrupt < GRANTS_MAX)
		sys_virq_set(uart->interrupt, level);
}

void pl011_start(struct pl011 *uart, struct pl011_registers *regs, struct serial_end *line,
		 u32 interrupt)
{
	*uart = (struct pl011){ .regs = regs, .line = line, .interrupt = interrupt };
	if (regs->ready != PL011_READY)
		set_defaults(regs);
	/* What the line was before is not known: say it. */
	uart->level = true;
	regs->ris &= INTS;
	update_line(uart);
	pl011_poll(uart);
}

void pl011_reset(struct pl011 *uart)
{
	set_defaults(uart->regs);
	update_line(uart);
	pl011_poll(uart);
}

void pl011_poll(struct pl011 *uart)
{
	struct pl011_registers *regs = uart->regs;
	u32 count = waiting(uart);

	if (count > 0)
		regs->ris |= INT_RT;
	if (count >= receive_level(uart))
		regs->ris |= INT_RX;
	if (regs->blocked && room(uart) > 0) {
		regs->blocked = 0;
		regs->ris |= INT_TX;
	}
	update_line(uart);
}

static u32 receive(struct pl011 *uart)
{
	u32 count;
	u8 byte = 0;

	if (uart->line == NULL || serial_receive(uart->line, &byte, 1) == 0)
		return 0;
	count = waiting(uart);
	if (count < receive_level(uart))
		uart->regs->ris &= ~INT_RX;
	if (count == 0)
		uart->regs->ris &= ~INT_RT;
	update_line(uart);
	return byte;
}

/* A byte that comes although FR says that there is no room is lost, as in the device. */
static void send(struct pl011 *uart, u8 byte)
{
	struct pl011_registers *regs = uart->regs;

	if (uart->line != NULL)
		(void)serial_send(uart->line, &byte, 1);
	if (room(uart) > 0) {
		regs->ris |= INT_TX;
	} else {
		regs->ris &= ~INT_TX;
		regs->blocked = 1;
	}
	update_line(uart);
}

static u32 flags(const struct pl011 *uart)
{
	u32 count = waiting(uart), fr = FR_TXFE;

	if (count == 0)
		fr |= FR_RXFE;
	if (count >= FIFO_BYTES)
		fr |= FR_RXFF;
	if (room(uart) == 0)
		fr = (fr & ~FR_TXFE) | FR_TXFF;
	return fr;
}

static u32 read_register(struct pl011 *uart, u32 offset)
{
	const struct pl011_registers *regs = uart->regs;

	switch (offset) {
	case DR: return receive(uart);
	case FR: return flags(uart);
	case ILPR: return regs->ilpr;
	case IBRD: return regs->ibrd;
	case FBRD: return regs->fbrd;
	case LCR_H: return regs->lcr_h;
	case CR: return regs->cr;
	case IFLS: return regs->ifls;
	case IMSC: return regs->imsc;
	case RIS: return regs->ris;
	case MIS: return regs->ris & regs->imsc;
	case DMACR: return regs->dmacr;
	default: return offset >= ID && offset < ID + 32 ? ids[(offset - ID) / 4] : 0;
	}
}

u64 pl011_read(struct pl011 *uart, u64 offset, u32 width)
{
	u32 value = read_register(uart, (u32)offset & ~3u) >> 8 * (offset & 3);

	return width < 4 ? value & ((1u << 8 * width) - 1) : value;
}

void pl011_write(struct pl011 *uart, u64 offset, u32 width, u64 value)
{
	struct pl011_registers *regs = uart->regs;
	u32 word = (u32)value;

	(void)width; /* the registers are halves of words at most; what is written is zero-extended
		      */
	switch (offset) {
	case DR: send(uart, (u8)word); return;
	case ILPR: regs->ilpr = word & 0xff; return;
	case IBRD: regs->ibrd = word & 0xffff; return;
	case FBRD: regs->fbrd = word & 0x3f; return;
	case LCR_H: regs->lcr_h = word & 0xff; break;
	case CR: regs->cr = word & 0xffff; return;
	case IFLS: regs->ifls = word & 0x3f; break;
	case IMSC: regs->imsc = word & INTS; break;
	case ICR: regs->ris &= ~word; break;
	case DMACR: regs->dmacr = word & 7; return;
	default: return; /* RSR, the read-only ones, and what is reserved */
	}
	update_line(uart);
}
