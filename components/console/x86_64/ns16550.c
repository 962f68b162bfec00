/* SPDX-License-Identifier: Apache-2.0 */
/* 16550 with interrupts (National Semiconductor PC16550D §8). */
#include "components/console/console.h"

#include "components/lib/x86_64/port.h"

#include <stddef.h>

#define RBR        0 /* read */
#define THR        0 /* write */
#define IER        1
#define FCR        2
#define LCR        3
#define MCR        4
#define LSR        5
#define IER_RX     0x01u
#define IER_TX     0x02u
#define FCR_ON     0x01u /* receive interrupt at each byte */
#define LCR_8N1    0x03u
#define MCR_ON     0x0bu /* DTR, RTS, and OUT2, which connects the interrupt on a PC */
#define LSR_DATA   0x01u
#define LSR_THRE   0x20u
#define FIFO_BYTES 16u

static void ns16550_start(struct uart *uart)
{
	u64 regs = uart->regs;

	uart->interrupts = 0;
	io_write8(regs + LCR, LCR_8N1);
	io_write8(regs + IER, 0);
	io_write8(regs + FCR, FCR_ON);
	io_write8(regs + MCR, MCR_ON);
}

static bool ns16550_send(const struct uart *uart, const u8 *bytes, u32 n, volatile u16 *sent)
{
	u16 done = *sent;

	while (n > 0) {
		u32 room = MIN(FIFO_BYTES, n);

		if ((io_read8(uart->regs + LSR) & LSR_THRE) == 0)
			return false;
		n -= room;
		for (; room > 0; room--) {
			io_write8(uart->regs + THR, *bytes++);
			*sent = ++done;
		}
	}
	return true;
}

static bool ns16550_get(struct uart *uart, u8 *byte)
{
	if ((io_read8(uart->regs + LSR) & LSR_DATA) == 0)
		return false;
	*byte = io_read8(uart->regs + RBR);
	return true;
}

static void ns16550_interrupts(const struct uart *uart)
{
	u32 received = (uart->interrupts & UART_RECEIVED) != 0 ? IER_RX : 0;
	u32 room = (uart->interrupts & UART_ROOM) != 0 ? IER_TX : 0;

	io_write8(uart->regs + IER, (u8)(received | room));
}

static const struct uart_driver ns16550_driver = {
	.compatible = "ns16550a",
	.start = ns16550_start,
	.send = ns16550_send,
	.get = ns16550_get,
	.interrupts = ns16550_interrupts,
};

const struct uart_driver *const uart_drivers[] = { &ns16550_driver, NULL };
