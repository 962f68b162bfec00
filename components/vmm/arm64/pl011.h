/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Arm PrimeCell UART (PL011, DDI 0183) at the end of a serial line. Sent bytes go straight into
 * the line's ring, which stands for the transmit FIFO. Received bytes stay in the ring until the
 * receive FIFO has room, so none is lost. Sending and receiving ignore CR.UARTEN: a guest may
 * expect that firmware has set it. A half full ring notifies the other end at once, and so does the
 * first line's end. Other bytes notify it after SERIAL_PATIENCE_NS.
 *
 * Each character is sent once and read once, although the vmm may end between any two instructions.
 * The exit's number is noted first, and then one store takes effect.
 */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include "components/vmm/device.h"

#define PL011_FIFO 16u

struct pl011_state {
	u32 control, line, baud_integer, baud_fraction, levels, low_power, dma;
	u32 mask, raw;        /* interrupts, as in IMSC and RIS */
	u32 errors;           /* as in RSR */
	u32 gap;              /* characters were lost before the next one */
	u32 blocked;          /* the guest found no room to send */
	u16 fifo[PL011_FIFO]; /* as read from DR */
	u32 read;             /* characters that the guest has read from there; wraps */
	u32 mark;             /* of exit `number`: the old value of its one store */
	union {
		struct {
			u32 put;   /* characters that were put into fifo; wraps */
			u32 taken; /* the line's index up to which they came from there */
		};
		u64 arrived; /* both, for one store */
	};
	u64 number;   /* of the latest exit that sent or read a character */
	u32 answer;   /* that it read */
	u32 notified; /* a line's end has notified the other end since `due` was set */
	ns_t due;     /* time to notify the other end of sent bytes; NS(UINT64_MAX): never */
};

extern const struct device_model pl011_model;

#endif
