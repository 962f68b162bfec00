/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines through shared memory. */
#include "components/lib/serial.h"

#include <mullion/string.h>

#define SIZE SERIAL_RING_BYTES

_Static_assert((SIZE & (SIZE - 1)) == 0, "indices wrap at 2^32");
_Static_assert(sizeof(struct serial_ring) == PAGE_SIZE, "a ring fills a page");

bool serial_attach(struct serial_end *end, const struct component_info *info,
		   const struct grant_info *grant)
{
	struct serial_line *line = (struct serial_line *)(uintptr_t)grant->address;

	if (grant->kind != GRANT_CHANNEL || grant->size < sizeof(*line) || grant->bit >= 64)
		return false;
	end->send = grant->flags & GRANT_FIRST ? &line->to_second : &line->to_first;
	end->receive = grant->flags & GRANT_FIRST ? &line->to_first : &line->to_second;
	end->sent = atomic_load_explicit(&end->send->in, memory_order_relaxed);
	end->notified = end->sent; /* by the core, at this start */
	end->taken = atomic_load_explicit(&end->receive->out, memory_order_relaxed);
	end->channel = (u32)(grant - info->grants);
	end->bit = BIT(grant->bit);
	return true;
}

u32 serial_waiting(const struct serial_end *end)
{
	u32 used = atomic_load_explicit(&end->receive->in, memory_order_acquire) - end->taken;

	return MIN(used, SIZE);
}

void serial_notify(struct serial_end *end)
{
	u32 before = end->notified, out;

	if (!serial_is_unnotified(end))
		return;
	end->notified = end->sent;
	atomic_thread_fence(memory_order_seq_cst);
	out = atomic_load_explicit(&end->send->out, memory_order_relaxed);
	if (end->sent - out <= end->sent - before)
		sys_notify(end->channel);
}

bool serial_put(struct serial_end *end, u8 c)
{
	bool low = serial_is_low(end);

	if (!low && serial_room(end) == 0)
		return false;
	serial_add(end, c);
	if (!low || c == '\n')
		serial_notify(end);
	return true;
}

u32 serial_send(struct serial_end *end, const u8 *from, u32 n)
{
	u32 at = end->sent % SIZE, room = serial_room(end), first;

	n = MIN(n, room);
	if (n == 0)
		return 0;
	first = MIN(n, SIZE - at);
	memcpy(end->send->data + at, from, first);
	memcpy(end->send->data, from + first, n - first);
	end->sent += n;
	atomic_store_explicit(&end->send->in, end->sent, memory_order_release);
	serial_notify(end);
	return n;
}

u32 serial_look(const struct serial_end *end, u32 skip, u8 *to, u32 max)
{
	u32 at = (end->taken + skip) % SIZE, n = serial_waiting(end), first;

	if (n <= skip)
		return 0;
	n = MIN(n - skip, max);
	first = MIN(n, SIZE - at);
	memcpy(to, end->receive->data + at, first);
	memcpy(to + first, end->receive->data, n - first);
	return n;
}

void serial_take(struct serial_end *end, u32 n)
{
	u32 in;

	end->taken += n;
	atomic_store_explicit(&end->receive->out, end->taken, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	in = atomic_load_explicit(&end->receive->in, memory_order_relaxed);
	if (in - (end->taken - n) > SERIAL_HALF && in - end->taken <= SERIAL_HALF)
		sys_notify(end->channel);
}

/* It is empty only if a read after the last change of `out` finds it so. */
u32 serial_receive(struct serial_end *end, u8 *to, u32 max)
{
	u32 done = 0, n;

	while (done < max && (n = serial_look(end, 0, to + done, max - done)) != 0) {
		serial_take(end, n);
		done += n;
	}
	return done;
}

void serial_taken(struct serial_end *end, u32 taken)
{
	u32 n = taken - end->taken;

	if (n != 0 && n <= serial_waiting(end))
		serial_take(end, n);
}
