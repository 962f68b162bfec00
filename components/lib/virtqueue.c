/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of split virtqueues: see virtqueue.h. */
#include "components/lib/virtqueue.h"

#include <mullion/string.h>

/* Where the descriptors of a chain are: the queue's, or an indirect table of the guest's choice. */
struct table {
	u64 at;
	u32 entries;
	bool indirect;
};

bool virtqueue_check(const struct virtqueue *queue, const struct component_info *info)
{
	u64 descriptors = sizeof(struct ring_desc) * (u64)queue->size;
	u64 event = (queue->features & VIRTIO_EVENT_INDEX) != 0 ? sizeof(u16) : 0;

	return queue->size != 0 && queue->size <= VIRTQUEUE_MAX &&
	       (queue->size & (queue->size - 1)) == 0 && IS_ALIGNED(queue->descriptors, 16) &&
	       IS_ALIGNED(queue->driver, 2) && IS_ALIGNED(queue->device, 4) &&
	       guest_memory(info, queue->descriptors, descriptors) != NULL &&
	       guest_memory(info, queue->driver, ring_avail_bytes(queue->size) + event) != NULL &&
	       guest_memory(info, queue->device, ring_used_bytes(queue->size) + event) != NULL;
}

static _Atomic u16 *field(u64 gpa)
{
	return (_Atomic u16 *)(u8 __force *)sys_guest_memory(gpa);
}

/* One fetch of @bytes into the component's own memory. */
static void fetch(void *to, u64 gpa, size_t bytes)
{
	memcpy(to, (const u8 __force *)sys_guest_memory(gpa), bytes);
	keep_order();
}

static u16 waiting_chains(const struct virtqueue *queue)
{
	return (u16)(atomic_load_explicit(field(queue->driver + RING_INDEX), memory_order_acquire) -
		     queue->next);
}

/* The chain @ahead rings the doorbell. It may have come before the driver could see that. */
static u16 arm_doorbell(const struct virtqueue *queue, u32 ahead)
{
	if ((queue->features & VIRTIO_EVENT_INDEX) == 0)
		return 0;
	atomic_store_explicit(field(queue->device + ring_used_bytes(queue->size)),
			      (u16)(queue->next + ahead), memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return waiting_chains(queue);
}

static bool add_buffer(struct chain *chain, const struct component_info *info,
		       const struct ring_desc *d)
{
	u8 __guest *at = guest_memory(info, d->address, d->bytes);

	if (at == NULL || d->bytes > UINT32_MAX - chain->bytes)
		return false;
	if ((d->flags & DESC_WRITE) == 0) {
		if (chain->num_read != chain->num)
			return false;
		chain->num_read++;
		chain->read_bytes += d->bytes;
	}
	chain->buffers[chain->num].at = at;
	chain->buffers[chain->num].bytes = d->bytes;
	chain->num++;
	chain->bytes += d->bytes;
	return true;
}

/* Continue with the table that a descriptor names (§2.7.5.3). There is none within a table, so a
 * chain has at most one. */
static bool enter_table(struct table *table, const struct virtqueue *queue,
			const struct component_info *info, const struct ring_desc *d)
{
	if ((queue->features & VIRTIO_INDIRECT) == 0 || table->indirect ||
	    (d->flags & DESC_NEXT) != 0 || d->bytes == 0 ||
	    d->bytes % sizeof(struct ring_desc) != 0 ||
	    guest_memory(info, d->address, d->bytes) == NULL)
		return false;
	*table = (struct table){ d->address, d->bytes / (u32)sizeof(struct ring_desc), true };
	return true;
}

enum err virtqueue_read(const struct virtqueue *queue, const struct component_info *info, u16 head,
			struct chain *chain)
{
	struct table table = { queue->descriptors, queue->size, false };
	u32 index = head;
	struct ring_desc d;

	chain->head = head;
	chain->num = 0;
	chain->num_read = 0;
	chain->bytes = 0;
	chain->read_bytes = 0;
	for (;;) {
		if (index >= table.entries || chain->num == CHAIN_MAX)
			return ERR_FORMAT;
		fetch(&d, table.at + sizeof(d) * index, sizeof(d));
		if ((d.flags & DESC_INDIRECT) != 0) {
			if (!enter_table(&table, queue, info, &d))
				return ERR_FORMAT;
			index = 0;
			continue;
		}
		if (!add_buffer(chain, info, &d))
			return ERR_FORMAT;
		if ((d.flags & DESC_NEXT) == 0)
			return OK;
		index = d.next;
	}
}

enum err virtqueue_peek_ahead(const struct virtqueue *queue, const struct component_info *info,
			      u32 ahead, struct chain *chain)
{
	u16 waiting = waiting_chains(queue), head;

	if (waiting <= ahead)
		waiting = arm_doorbell(queue, ahead);
	if (waiting <= ahead)
		return ERR_NOT_FOUND;
	if (waiting > queue->size)
		return ERR_FORMAT;
	fetch(&head,
	      queue->driver + RING_ENTRIES +
		      sizeof(u16) * ((u16)(queue->next + ahead) % queue->size),
	      sizeof(head));
	return virtqueue_read(queue, info, head, chain);
}

enum err virtqueue_peek(const struct virtqueue *queue, const struct component_info *info,
			struct chain *chain)
{
	return virtqueue_peek_ahead(queue, info, 0, chain);
}

void virtqueue_resume(const struct virtqueue *queue)
{
	atomic_store_explicit(field(queue->device + RING_INDEX), (u16)queue->next,
			      memory_order_release);
}

static bool wants_interrupt(const struct virtqueue *queue, u16 before)
{
	u16 event;

	if ((queue->features & VIRTIO_EVENT_INDEX) == 0)
		return (atomic_load_explicit(field(queue->driver), memory_order_relaxed) &
			RING_NO_EVENT) == 0;
	event = atomic_load_explicit(field(queue->driver + ring_avail_bytes(queue->size)),
				     memory_order_relaxed);
	return ring_crosses(event, before, (u16)queue->next);
}

void virtqueue_fill(const struct virtqueue *queue, u32 ahead, const struct chain *chain,
		    u32 written)
{
	struct ring_used used = { chain->head, written };

	memcpy((u8 __force *)sys_guest_memory(queue->device + RING_ENTRIES +
					      sizeof(used) *
						      ((u16)(queue->next + ahead) % queue->size)),
	       &used, sizeof(used));
	keep_order();
}

bool virtqueue_push_filled(struct virtqueue *queue, u32 count)
{
	u16 before = (u16)queue->next;

	queue->next = (u16)(before + count);
	virtqueue_resume(queue);
	atomic_thread_fence(memory_order_seq_cst);
	return wants_interrupt(queue, before);
}

bool virtqueue_push(struct virtqueue *queue, const struct chain *chain, u32 written)
{
	virtqueue_fill(queue, 0, chain, written);
	return virtqueue_push_filled(queue, 1);
}

/* Returns how many bytes buffer @index has behind the first *@skip, at most @bytes. Returns 0
 * and reduces *@skip if all of them are skipped. */
static u32 next_piece(const struct chain *chain, u32 index, u32 *skip, u32 bytes)
{
	u32 here = chain->buffers[index].bytes;

	if (*skip >= here) {
		*skip -= here;
		return 0;
	}
	return MIN(bytes, here - *skip);
}

u32 chain_get(const struct chain *chain, u32 skip, void *to, u32 bytes)
{
	u32 done = 0;

	for (u32 i = 0; i < chain->num_read && done < bytes; i++) {
		u32 n = next_piece(chain, i, &skip, bytes - done);

		if (n == 0)
			continue;
		memcpy((u8 *)to + done, (const u8 __force *)chain->buffers[i].at + skip, n);
		done += n;
		skip = 0;
	}
	keep_order();
	return done;
}

u32 chain_put(const struct chain *chain, u32 skip, const void *from, u32 bytes)
{
	u32 done = 0;

	for (u32 i = chain->num_read; i < chain->num && done < bytes; i++) {
		u32 n = next_piece(chain, i, &skip, bytes - done);

		if (n == 0)
			continue;
		memcpy((u8 __force *)chain->buffers[i].at + skip, (const u8 *)from + done, n);
		done += n;
		skip = 0;
	}
	return done;
}
