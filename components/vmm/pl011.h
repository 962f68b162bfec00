/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Arm PrimeCell UART (PL011, DDI 0183) at the end of a serial line. What the guest sends goes
 * straight into the line's ring, which stands for the transmit FIFO; what comes for it stays in the
 * ring until the receive FIFO has room, so nothing is lost. Sending and receiving do not wait for
 * CR.UARTEN: a guest may expect that firmware has set it. The line's other end is told when the
 * ring is half full, and of the rest after SERIAL_PATIENCE_NS; of the first line in this time at
 * once.
 *
 * pl011_state is kept when the component is restarted, and may then be anything: what indexes is
 * masked where it is used. The component may end between any two instructions, and gets the exit
 * that it was at once more: a character is sent once, and read once, because the exit's number is
 * noted before, and one store does it.
 */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include "components/lib/serial.h"

#define PL011_FIFO 16u

struct pl011_state {
	u32 control, line, baud_integer, baud_fraction, levels, low_power, dma;
	u32 mask, raw;        /* interrupts, as in IMSC and RIS */
	u32 errors;           /* as in RSR */
	u32 gap;              /* characters were lost in front of the next one */
	u32 blocked;          /* the guest found no room to send */
	u16 fifo[PL011_FIFO]; /* as read from DR */
	u32 read;             /* characters that the guest has read from there; wraps */
	u32 mark;             /* of exit `number`: what its one store was about to change */
	union {
		struct {
			u32 put;   /* characters that were put into fifo; wraps */
			u32 taken; /* the line's index up to which they came from there */
		};
		u64 arrived; /* both, for one store */
	};
	u64 number; /* of the latest exit that sent or read a character */
	u32 answer; /* what it read */
};

struct pl011 {
	struct pl011_state *state;
	struct serial_end *serial; /* NULL: nothing comes, and what is sent is dropped */
	u32 interrupt;             /* GRANT_LINE index; UINT32_MAX: none */
	bool level;                /* as last set */
	ns_t due;  /* when to tell the other end of what was sent; NS(UINT64_MAX): never */
	bool told; /* of a line, since due was set */
};

/** pl011_reset() - as at power-on; the line goes low. */
void pl011_reset(struct pl011 *uart);
/** pl011_resume() - go on with a state that an earlier incarnation left; sets the line again. */
void pl011_resume(struct pl011 *uart);
/** pl011_read() - a read at @offset bytes into its registers; @number: of the exit, see struct
 * component_exit. */
u64 pl011_read(struct pl011 *uart, u64 offset, u64 number);
/** pl011_write() - a write to any register but the data register. */
void pl011_write(struct pl011 *uart, u64 offset, u64 value);
/** pl011_send() - a write of @c to the data register. Return: uart->due has changed. */
bool pl011_send(struct pl011 *uart, u8 c, u64 number);
/** pl011_serve() - tell the line's other end of what was sent when that is due. Return: when to
 * call again. */
ns_t pl011_serve(struct pl011 *uart);
/** pl011_notified() - the serial line has characters or room. */
void pl011_notified(struct pl011 *uart);

#endif
