/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's PL011: see uart.h. */
#include "components/console/uart.h"

#define DR    0x00
#define FR    0x18
#define LCR_H 0x2c
#define CR    0x30
#define IMSC  0x38
#define ICR   0x44

#define FR_RXFE  0x10u
#define FR_TXFF  0x20u
#define LCR_8N1  0x70u  /* eight bits, FIFOs on */
#define CR_ON    0x301u /* UART, transmit and receive */
#define INT_RX   0x10u
#define INT_TX   0x20u
#define INT_RT   0x40u
#define INT_ALL  0x7ffu
#define DR_ERROR 0xf00u /* a byte that came broken, or a break */

static u64 base;
static u32 mask;

void uart_start(u64 address)
{
	base = address;
	mask = INT_RX | INT_RT;
	sys_mmio_write(base + IMSC, 0);
	sys_mmio_write(base + ICR, INT_ALL);
	sys_mmio_write(base + LCR_H, LCR_8N1);
	sys_mmio_write(base + CR, CR_ON);
	sys_mmio_write(base + IMSC, mask);
}

bool uart_put(u8 byte)
{
	if (sys_mmio_read(base + FR) & FR_TXFF)
		return false;
	sys_mmio_write(base + DR, byte);
	return true;
}

bool uart_get(u8 *byte)
{
	while (!(sys_mmio_read(base + FR) & FR_RXFE)) {
		u32 data = sys_mmio_read(base + DR);

		if (data & DR_ERROR)
			continue;
		*byte = (u8)data;
		return true;
	}
	return false;
}

void uart_listen(bool room, bool bytes)
{
	u32 wanted = (room ? INT_TX : 0) | (bytes ? INT_RX | INT_RT : 0);

	if (wanted == mask)
		return;
	mask = wanted;
	sys_mmio_write(base + IMSC, mask);
}
