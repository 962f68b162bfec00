/* SPDX-License-Identifier: Apache-2.0 */
/* Arm PL011: polled output for the core's messages (DDI 0183, chapter 3). */
#include "drivers/uart/uart.h"

#define DR      0x00
#define FR      0x18
#define CR      0x30
#define FR_TXFF BIT(5)
#define CR_ON   (BIT(0) | BIT(8)) /* UARTEN, TXE */

/* Reads of FR before output to a full FIFO is dropped: longer than 16 characters at 9600 baud. */
#define SPIN_LIMIT 1000000u

static volatile u8 *uart;

static u32 uart_read(u32 offset)
{
	return *(volatile u32 *)(uart + offset);
}

static void uart_write(u32 offset, u32 value)
{
	*(volatile u32 *)(uart + offset) = value;
}

__boot void uart_init(void *regs)
{
	uart = regs;
	if ((uart_read(CR) & CR_ON) != CR_ON)
		uart_write(CR, (u32)(uart_read(CR) | CR_ON));
}

/* Returns false if the FIFO is full. */
static bool put_byte(char byte, bool wait)
{
	for (u32 i = 0; (uart_read(FR) & FR_TXFF) != 0 && i < SPIN_LIMIT; i++)
		if (!wait)
			return false;
	uart_write(DR, (u8)byte);
	return true;
}

size_t uart_put(const char *text, size_t n, bool wait)
{
	for (size_t i = 0; i < n; i++)
		/* With room for the '\r' alone another one follows, which has no effect. */
		if ((text[i] == '\n' && !put_byte('\r', wait)) || !put_byte(text[i], wait))
			return i;
	return n;
}
