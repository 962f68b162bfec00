/* SPDX-License-Identifier: Apache-2.0 */
/* Arm PL011 with interrupts (DDI 0183, chapter 3). */
#include "components/console/console.h"

#include <stddef.h>

#define DR          0x00
#define FR          0x18
#define LCR_H       0x2c
#define CR          0x30
#define IFLS        0x34
#define IMSC        0x38
#define FR_RXFE     BIT(4)
#define FR_TXFF     BIT(5)
#define FR_TXFE     BIT(7)
#define LCR_H_FEN   BIT(4)
#define FIFO_BYTES  16u                        /* of the smallest FIFO, revisions r1p0 to r1p4 */
#define CR_ON       (BIT(0) | BIT(8) | BIT(9)) /* UARTEN, TXE, RXE */
#define IFLS_EIGHTH 0u                         /* both: at an eighth of the FIFO */
#define INT_RX      BIT(4)
#define INT_TX      BIT(5)
#define INT_RT      BIT(6) /* bytes below the level, after 32 bit times */

static void pl011_start(struct uart *uart)
{
	u64 regs = uart->regs;
	u32 line;

	uart->interrupts = 0;
	sys_mmio_write(regs + IMSC, 0);
	line = sys_mmio_read(regs + LCR_H);
	if ((line & LCR_H_FEN) == 0)
		sys_mmio_write(regs + LCR_H, (u32)(line | LCR_H_FEN));
	sys_mmio_write(regs + IFLS, IFLS_EIGHTH);
	sys_mmio_write(regs + CR, (u32)(sys_mmio_read(regs + CR) | CR_ON));
}

/* Returns a number of bytes for which there is room. */
static u32 pl011_room(const struct uart *uart)
{
	u32 flags = sys_mmio_read(uart->regs + FR);

	if (flags & FR_TXFE)
		return FIFO_BYTES;
	return flags & FR_TXFF ? 0 : 1;
}

static bool pl011_send(const struct uart *uart, const u8 *bytes, u32 n, volatile u16 *sent)
{
	u64 data = uart->regs + DR;
	u16 done = *sent;

	while (n > 0) {
		u32 room = MIN(pl011_room(uart), n);

		if (room == 0)
			return false;
		n -= room;
		for (; room > 0; room--) {
			sys_mmio_write(data, *bytes++);
			*sent = ++done;
		}
	}
	return true;
}

static bool pl011_get(struct uart *uart, u8 *byte)
{
	if (sys_mmio_read(uart->regs + FR) & FR_RXFE)
		return false;
	*byte = (u8)sys_mmio_read(uart->regs + DR);
	return true;
}

/*
 * The driver never clears an interrupt by ICR. Each ends with its cause, and an interrupt that was
 * cleared while its cause lasts would not come again.
 */
static void pl011_interrupts(const struct uart *uart)
{
	u32 received = (uart->interrupts & UART_RECEIVED) != 0 ? (u32)(INT_RX | INT_RT) : 0;
	u32 room = (uart->interrupts & UART_ROOM) != 0 ? (u32)INT_TX : 0;

	sys_mmio_write(uart->regs + IMSC, received | room);
}

static const struct uart_driver pl011_driver = {
	.compatible = "arm,pl011",
	.start = pl011_start,
	.send = pl011_send,
	.get = pl011_get,
	.interrupts = pl011_interrupts,
};

const struct uart_driver *const uart_drivers[] = { &pl011_driver, NULL };
