/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PL011 UART as a guest sees it (DDI 0183G). What is written goes straight into the serial line,
 * whose ring is the transmit FIFO, and what is read comes straight out of it: so a byte that the
 * guest was told was sent stays sent when this component is restarted. The registers lie in memory
 * that is kept as well.
 */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include "components/lib/serial.h"

/* Kept over restarts; zeroed memory is the state after power-on. */
struct pl011_registers {
	u32 ready; /* PL011_READY: the rest is true */
	u32 ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, dmacr;
	u32 ris;     /* raw interrupts, latched */
	u32 blocked; /* the ring was full: a transmit interrupt is due when it has room */
};

struct pl011 {
	struct pl011_registers *regs;
	struct serial_end *line; /* NULL: what is sent goes nowhere */
	u32 interrupt;           /* index of its GRANT_LINE; GRANTS_MAX: none */
	bool level;              /* last told to the core */
};

/** pl011_start() - begin with @regs, as left by an earlier incarnation. */
void pl011_start(struct pl011 *uart, struct pl011_registers *regs, struct serial_end *line,
		 u32 interrupt);
/** pl011_reset() - the guest was reset. */
void pl011_reset(struct pl011 *uart);
/** pl011_read(), pl011_write() - an access of the guest's, @width bytes at @offset. */
u64 pl011_read(struct pl011 *uart, u64 offset, u32 width);
void pl011_write(struct pl011 *uart, u64 offset, u32 width, u64 value);
/** pl011_poll() - the line has new bytes, or new room. */
void pl011_poll(struct pl011 *uart);

#endif
