/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550 and compatible UARTs: polled output for the core's messages (National Semiconductor
 * PC16550D §8). The registers are ports, whose number is below PORT_COUNT, or bytes of memory.
 */
#include "drivers/uart/uart.h"

#include <asm/port.h>

#define THR      0
#define FCR      2
#define IIR      2
#define LCR      3
#define LSR      5
#define LCR_8N1  0x03u
#define LCR_DLAB 0x80u
#define LSR_THRE BIT(5) /* the FIFO is empty */
#define FCR_ON   0x01u
#define IIR_FIFO 0xc0u

#define FIFO_BYTES 16u
/* The reads of LSR before a full FIFO is written anyway: longer than 16 characters at 9600 baud.
 */
#define SPIN_LIMIT 1000000u

static volatile u8 *uart;
static u32 depth; /* bytes that the FIFO takes, 1 without one */
static u32 room;  /* of it, before LSR is to be read again */

static bool ns16550_is_port(void)
{
	return (uintptr_t)uart < PORT_COUNT;
}

static u8 ns16550_read(u32 offset)
{
	return ns16550_is_port() ? port_read8((u16)((uintptr_t)uart + offset)) : uart[offset];
}

static void ns16550_write(u32 offset, u8 value)
{
	if (ns16550_is_port())
		port_write8((u16)((uintptr_t)uart + offset), value);
	else
		uart[offset] = value;
}

__boot void uart_init(void *regs)
{
	uart = regs;
	if ((ns16550_read(LCR) & LCR_DLAB) != 0 || (ns16550_read(LCR) & LCR_8N1) != LCR_8N1)
		ns16550_write(LCR, LCR_8N1);
	ns16550_write(FCR, FCR_ON);
	depth = (ns16550_read(IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;
}

/* Returns false if the FIFO is full. */
static bool ns16550_put(char byte, bool wait)
{
	for (u32 i = 0; room == 0; i++) {
		if ((ns16550_read(LSR) & LSR_THRE) != 0 || i == SPIN_LIMIT)
			room = depth;
		else if (!wait)
			return false;
	}
	room--;
	ns16550_write(THR, (u8)byte);
	return true;
}

size_t uart_put(const char *text, size_t n, bool wait)
{
	for (size_t i = 0; i < n; i++)
		/* With room for the '\r' alone another one follows, which has no effect. */
		if ((text[i] == '\n' && !ns16550_put('\r', wait)) || !ns16550_put(text[i], wait))
			return i;
	return n;
}
