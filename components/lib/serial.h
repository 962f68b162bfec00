/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a serial line (abi/serial.h). The component's own indices are kept here, so that the
 * other end, which can write all of the shared memory, moves none of them; its indices are believed
 * as far as the ring is long.
 */
#ifndef COMPONENTS_SERIAL_H
#define COMPONENTS_SERIAL_H

#include "components/lib/sys.h"

#include <abi/serial.h>

struct serial_end {
	struct serial_ring *send, *receive;
	u32 sent, taken; /* own indices: send->in, receive->out */
	u32 channel;     /* index of the grant */
	u64 bit;         /* of the notification word; 0: not attached */
};

/** serial_attach() - use the channel @grant, and go on where an earlier incarnation stopped.
 * Return: false, and nothing done, when it is no channel or its memory too small. */
bool serial_attach(struct serial_end *end, const struct component_info *info,
		   const struct grant_info *grant);

/** serial_room() - bytes that can be sent now. */
static inline u32 serial_room(const struct serial_end *end)
{
	u32 used = end->sent - atomic_load_explicit(&end->send->out, memory_order_acquire);

	return used > SERIAL_RING_BYTES ? 0 : SERIAL_RING_BYTES - used;
}

/** serial_publish() - @n more bytes lie in the ring; tell the other end if it had none. */
static inline void serial_publish(struct serial_end *end, u32 n)
{
	u32 before = end->sent;

	end->sent += n;
	atomic_store_explicit(&end->send->in, end->sent, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&end->send->out, memory_order_relaxed) == before)
		sys_notify(end->channel);
}

/** serial_put() - serial_send() of one byte, for those that send each on its own. Return: false
 * when there was no room. */
static inline bool serial_put(struct serial_end *end, u8 c)
{
	if (serial_room(end) == 0)
		return false;
	end->send->data[end->sent % SERIAL_RING_BYTES] = c;
	serial_publish(end, 1);
	return true;
}

/** serial_waiting() - bytes that can be received now. */
u32 serial_waiting(const struct serial_end *end);
/** serial_send() - put up to @n bytes into the ring, and tell the other end if it had none. Return:
 * how many fitted. */
u32 serial_send(struct serial_end *end, const u8 *from, u32 n);
/** serial_receive() - take up to @max bytes out, and tell the other end when there is room again.
 * Return: how many there were. After a return of less than @max, a notification comes with the next
 * byte. */
u32 serial_receive(struct serial_end *end, u8 *to, u32 max);
/** serial_look() - copy up to @max bytes, those behind the first @skip, and leave them in the ring.
 * Return: how many. */
u32 serial_look(const struct serial_end *end, u32 skip, u8 *to, u32 max);
/** serial_take() - take @n of the serial_waiting() bytes out, as serial_receive() does. */
void serial_take(struct serial_end *end, u32 n);
/** serial_taken() - an earlier incarnation had noted that it took all up to index @taken, but may
 * not have come to serial_take(). A number that cannot be is ignored. */
void serial_taken(struct serial_end *end, u32 taken);

#endif
