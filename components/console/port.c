/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and their rings: see port.h. */
#include "components/console/port.h"

#include <mullion/string.h>

#define SIZE  PORT_RING_BYTES
#define PIECE 256u

_Static_assert((SIZE & (SIZE - 1)) == 0, "indices wrap");

bool port_start(struct port *port, const struct component_info *info,
		const struct grant_info *grant)
{
	memset(port, 0, sizeof(*port));
	(void)str_copy(port->name, sizeof(port->name), grant->name);
	return serial_attach(&port->line, info, grant);
}

u32 port_unseen(const struct port *port)
{
	return port->in - port->shown;
}

static void keep(struct port *port, const u8 *from, u32 n)
{
	u32 over;

	for (u32 i = 0; i < n; i++)
		port->ring[port->in++ % SIZE] = from[i];
	over = port_unseen(port);
	if (over > SIZE) {
		port->lost += over - SIZE;
		port->shown = port->in - SIZE;
	}
}

void port_read(struct port *port, bool watched)
{
	u8 piece[PIECE];
	u32 n, max;

	/* The other end can send on meanwhile, but not for ever: a ring's worth is enough for once.
	 */
	for (u32 done = 0; done < SERIAL_RING_BYTES; done += n) {
		max = watched ? MIN(PIECE, SIZE - port_unseen(port)) : PIECE;
		n = serial_receive(&port->line, piece, max);
		if (n == 0)
			return;
		keep(port, piece, n);
	}
}

u32 port_take(struct port *port, const u8 **from, u32 max)
{
	u32 at = port->shown % SIZE;
	u32 n = MIN(MIN(port_unseen(port), SIZE - at), max);

	*from = port->ring + at;
	port->shown += n;
	return n;
}

u32 port_line(const struct port *port)
{
	u32 unseen = port_unseen(port);

	for (u32 i = 0; i < unseen; i++)
		if (port->ring[(port->shown + i) % SIZE] == '\n')
			return i + 1;
	return unseen == SIZE ? unseen : 0;
}
