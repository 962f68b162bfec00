/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual serial port: one end of a line to a guest's vmm or to the terminal, and a ring for what
 * it said and nobody has seen yet. A port that is looked at is never read faster than it can be
 * shown, so its sender waits; one that is not is always read, so that nobody is held up, and when
 * its ring is full the oldest bytes are lost and counted.
 */
#ifndef CONSOLE_PORT_H
#define CONSOLE_PORT_H

#include "components/lib/serial.h"

#define PORT_RING_BYTES 16384u

struct port {
	char name[GRANT_NAME];
	struct serial_end line;
	u32 in, shown; /* bytes ever put into the ring, and shown or lost of them, modulo 2^32 */
	u32 lost;      /* since it was last told */
	u8 ring[PORT_RING_BYTES];
};

/** port_start() - @grant is a channel: false when it is no serial line. */
bool port_start(struct port *port, const struct component_info *info,
		const struct grant_info *grant);
/** port_unseen() - bytes in the ring that were not shown. */
u32 port_unseen(const struct port *port);
/** port_read() - take what the other end sent into the ring; @watched: as far as there is room. */
void port_read(struct port *port, bool watched);
/** port_take() - up to @max unseen bytes in one piece, which count as shown. Return: how many. */
u32 port_take(struct port *port, const u8 **from, u32 max);
/** port_line() - length of the first unseen line with its end, or of the whole ring if that is full
 * without one; 0: none is complete. */
u32 port_line(const struct port *port);

#endif
