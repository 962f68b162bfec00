/* SPDX-License-Identifier: Apache-2.0 */
/* A port: a serial line, and the output of it that nobody has seen yet. */
#include "components/console/console.h"

#define PIECE 256u

static u32 next_place(const struct port *port, u32 at)
{
	return at + 1 == port->keep_size ? 0 : at + 1;
}

bool port_has_output(const struct port *port)
{
	return port->keep_used > 0 || serial_waiting(&port->end) > 0;
}

void port_check(struct port *port)
{
	struct serial_end *end = &port->end;
	u32 in = atomic_load_explicit(&end->receive->in, memory_order_relaxed);

	if (in - end->taken <= SERIAL_RING_BYTES)
		return;
	end->taken = in;
	atomic_store(&end->receive->out, in);
}

u32 port_take(struct port *port, u8 *to, u32 max)
{
	u32 n = 0;

	if (port->keep_used == 0)
		return serial_receive(&port->end, to, max);
	while (n < max && port->keep_used > 0) {
		to[n++] = port->keep[port->keep_at];
		port->keep_at = next_place(port, port->keep_at);
		port->keep_used--;
	}
	return n;
}

static void keep_byte(struct port *port, u8 byte)
{
	u32 at;

	if (port->keep_size == 0) {
		port->lost++;
		return;
	}
	if (port->keep_used == port->keep_size) {
		port->keep_at = next_place(port, port->keep_at);
		port->keep_used--;
		port->lost++;
	}
	at = port->keep_at + port->keep_used;
	port->keep[at >= port->keep_size ? at - port->keep_size : at] = byte;
	port->keep_used++;
}

/* As much as a ring has: an other end that sends on is served in the next turn. */
bool port_keep(struct port *port)
{
	u8 bytes[PIECE];

	for (u32 done = 0; done < SERIAL_RING_BYTES; done += PIECE) {
		u32 n = serial_receive(&port->end, bytes, PIECE);

		for (u32 i = 0; i < n; i++)
			keep_byte(port, bytes[i]);
		if (n < PIECE)
			return false;
	}
	return true;
}

bool port_give(struct port *port, u8 byte)
{
	return serial_send(&port->end, &byte, 1) == 1;
}
