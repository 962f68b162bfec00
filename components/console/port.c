/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port: the rings of its channel, and the output that nobody has seen yet.
 *
 * The other end can write anything into the shared memory at any time. An index is read once and
 * used modulo the ring; a distance above the ring's size means nothing and is cured or refused.
 */
#include "components/console/console.h"

/* Bytes that wait in a ring; more than it has: the other end lies. */
static u32 ring_used(const struct serial_ring *ring)
{
	return atomic_load_explicit(&ring->in, memory_order_acquire) -
	       atomic_load_explicit(&ring->out, memory_order_relaxed);
}

/*
 * Give room for @n bytes back. A sender that found its ring more than half full may wait for this:
 * what it put in before it looked at `out` is seen here behind the store, or it sees the store.
 */
static void ring_took(struct port *port, struct serial_ring *ring, u32 out, u32 n)
{
	atomic_store(&ring->out, out + n);
	if (atomic_load(&ring->in) - out > SERIAL_RING_BYTES / 2)
		port->notify = true;
}

static u32 ring_ready(struct serial_ring *ring)
{
	u32 used = ring_used(ring);

	if (used <= SERIAL_RING_BYTES)
		return used;
	atomic_store(&ring->out, atomic_load(&ring->in));
	return 0;
}

bool port_has_output(const struct port *port)
{
	u32 used = ring_used(&port->line->to_first);

	return port->keep_used > 0 || (used > 0 && used <= SERIAL_RING_BYTES);
}

bool port_take(struct port *port, u8 *byte)
{
	struct serial_ring *ring = &port->line->to_first;
	u32 out;

	if (port->keep_used > 0) {
		*byte = port->keep[port->keep_at];
		port->keep_at = port->keep_at + 1 == port->keep_size ? 0 : port->keep_at + 1;
		port->keep_used--;
		return true;
	}
	if (ring_ready(ring) == 0)
		return false;
	out = atomic_load_explicit(&ring->out, memory_order_relaxed);
	*byte = *(volatile u8 *)&ring->data[out % SERIAL_RING_BYTES];
	ring_took(port, ring, out, 1);
	return true;
}

static void keep_byte(struct port *port, u8 byte)
{
	u32 at;

	if (port->keep_size == 0) {
		port->lost++;
		return;
	}
	if (port->keep_used == port->keep_size) {
		port->keep_at = port->keep_at + 1 == port->keep_size ? 0 : port->keep_at + 1;
		port->keep_used--;
		port->lost++;
	}
	at = port->keep_at + port->keep_used;
	port->keep[at >= port->keep_size ? at - port->keep_size : at] = byte;
	port->keep_used++;
}

void port_keep(struct port *port)
{
	struct serial_ring *ring = &port->line->to_first;
	u32 n = ring_ready(ring);
	u32 out = atomic_load_explicit(&ring->out, memory_order_relaxed);

	if (n == 0)
		return;
	for (u32 i = 0; i < n; i++)
		keep_byte(port, *(volatile u8 *)&ring->data[(out + i) % SERIAL_RING_BYTES]);
	ring_took(port, ring, out, n);
}

bool port_has_room(const struct port *port)
{
	return ring_used(&port->line->to_second) < SERIAL_RING_BYTES;
}

bool port_give(struct port *port, u8 byte)
{
	struct serial_ring *ring = &port->line->to_second;
	u32 in = atomic_load_explicit(&ring->in, memory_order_relaxed);

	if (in - atomic_load(&ring->out) >= SERIAL_RING_BYTES)
		return false;
	*(volatile u8 *)&ring->data[in % SERIAL_RING_BYTES] = byte;
	atomic_store(&ring->in, in + 1);
	port->notify = true;
	return true;
}
