/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a serial line (abi/serial.h). The other end can write all of the shared memory, so the
 * component's own indices are held here. The other end's indices are bounded by the ring's length.
 */
#ifndef COMPONENTS_SERIAL_H
#define COMPONENTS_SERIAL_H

#include "components/lib/sys.h"

#include <abi/serial.h>

struct serial_end {
	struct serial_ring *send, *receive;
	u32 sent, taken; /* own indices: send->in, receive->out */
	u32 notified;    /* send->in at the last notification of the other end */
	u32 channel;     /* index of the grant */
	u64 bit;         /* of the notification word; 0: not attached */
};

/** serial_attach() - use the channel @grant, and continue where an earlier incarnation stopped.
 * Returns false, and nothing done, when it is no channel or its memory too small. */
bool serial_attach(struct serial_end *end, const struct component_info *info,
		   const struct grant_info *grant);

/** serial_used() - bytes in the ring that the other end has not taken; more than the ring has, if
 * the other end's index cannot be. serial_room() - bytes that can be sent now. */
static inline u32 serial_used(const struct serial_end *end)
{
	return end->sent - atomic_load_explicit(&end->send->out, memory_order_acquire);
}

static inline u32 serial_room(const struct serial_end *end)
{
	u32 used = serial_used(end);

	return used > SERIAL_RING_BYTES ? 0 : SERIAL_RING_BYTES - used;
}

/** serial_is_low() - a byte more does not fill the ring to its half. */
static inline bool serial_is_low(const struct serial_end *end)
{
	return serial_used(end) < SERIAL_HALF - 1;
}

/** serial_add() - put @c into the ring, which has room. The caller notifies the other end. */
static inline void serial_add(struct serial_end *end, u8 c)
{
	end->send->data[end->sent % SERIAL_RING_BYTES] = c;
	end->sent++;
	atomic_store_explicit(&end->send->in, end->sent, memory_order_release);
}

/** serial_notify() - notify the other end of sent bytes, unless an earlier notification is pending:
 * the other end reads the ring until it is empty. */
void serial_notify(struct serial_end *end);
/** serial_is_unnotified() - Returns true if the ring has bytes without a notification. The caller
 * owes a serial_notify() at most SERIAL_PATIENCE_NS after the first of them. */
static inline bool serial_is_unnotified(const struct serial_end *end)
{
	return end->notified != end->sent;
}

/** serial_put() - put one byte of many into the ring. A line's end or a half full ring notifies the
 * other end; see serial_is_unnotified(). Returns false if there was no room. */
bool serial_put(struct serial_end *end, u8 c);
/** serial_waiting() - bytes that can be received now. */
u32 serial_waiting(const struct serial_end *end);
/** serial_send() - put up to @n bytes into the ring, and notify the other end. Returns how many
 * fitted. */
u32 serial_send(struct serial_end *end, const u8 *from, u32 n);
/** serial_receive() - take up to @max bytes out, and notify the other end when there is room again.
 * Returns how many there were. After a return of less than @max, a notification comes with the next
 * byte. */
u32 serial_receive(struct serial_end *end, u8 *to, u32 max);
/** serial_look() - copy up to @max bytes, those behind the first @skip, and leave them in the ring.
 * Returns how many. */
u32 serial_look(const struct serial_end *end, u32 skip, u8 *to, u32 max);
/** serial_take() - take @n of the serial_waiting() bytes out, as serial_receive() does. */
void serial_take(struct serial_end *end, u32 n);
/** serial_taken() - an earlier incarnation had noted that it took all up to index @taken, but may
 * not have come to serial_take(). A number that cannot be is ignored. */
void serial_taken(struct serial_end *end, u32 taken);

#endif
