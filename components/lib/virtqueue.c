/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues: see virtqueue.h. */
#include "components/lib/virtqueue.h"

#include <mullion/string.h>
#include <stdatomic.h>

struct descriptor {
	u64 address;
	u32 bytes;
	u16 flags, next;
};

struct used {
	u32 head, bytes;
};

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

#define NO_INTERRUPT 1u

#define AVAIL_RING 4u /* bytes: flags and index before */
#define USED_RING  4u

static u64 driver_bytes(const struct virtqueue *queue)
{
	return AVAIL_RING + sizeof(u16) * (u64)queue->size;
}

static u64 device_bytes(const struct virtqueue *queue)
{
	return USED_RING + sizeof(struct used) * (u64)queue->size;
}

bool virtqueue_check(const struct virtqueue *queue, const struct component_info *info)
{
	u64 descriptors = sizeof(struct descriptor) * (u64)queue->size;

	return queue->size != 0 && queue->size <= VIRTQUEUE_MAX &&
	       (queue->size & (queue->size - 1)) == 0 && IS_ALIGNED(queue->descriptors, 16) &&
	       IS_ALIGNED(queue->driver, 2) && IS_ALIGNED(queue->device, 4) &&
	       guest_memory(info, queue->descriptors, descriptors) != NULL &&
	       guest_memory(info, queue->driver, driver_bytes(queue)) != NULL &&
	       guest_memory(info, queue->device, device_bytes(queue)) != NULL;
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

static bool add_buffer(struct chain *chain, const struct component_info *info,
		       const struct descriptor *d, bool writable)
{
	u8 __guest *at = guest_memory(info, d->address, d->bytes);

	if (at == NULL || (d->flags & DESC_INDIRECT) != 0 ||
	    ((d->flags & DESC_WRITE) != 0) != writable || d->bytes > UINT32_MAX - chain->bytes)
		return false;
	chain->buffers[chain->num].at = at;
	chain->buffers[chain->num].bytes = d->bytes;
	chain->num++;
	chain->bytes += d->bytes;
	return true;
}

enum err virtqueue_peek(const struct virtqueue *queue, const struct component_info *info,
			bool writable, struct chain *chain)
{
	u16 next = (u16)queue->next;
	u16 waiting =
		(u16)(atomic_load_explicit(field(queue->driver + 2), memory_order_acquire) - next);
	struct descriptor d;
	u16 index;

	if (waiting == 0)
		return ERR_NOT_FOUND;
	if (waiting > queue->size)
		return ERR_FORMAT;
	fetch(&index, queue->driver + AVAIL_RING + sizeof(u16) * (next % queue->size),
	      sizeof(index));
	chain->head = index;
	chain->num = 0;
	chain->bytes = 0;
	do {
		if (index >= queue->size || chain->num == CHAIN_MAX)
			return ERR_FORMAT;
		fetch(&d, queue->descriptors + sizeof(d) * index, sizeof(d));
		if (!add_buffer(chain, info, &d, writable))
			return ERR_FORMAT;
		index = d.next;
	} while ((d.flags & DESC_NEXT) != 0);
	return OK;
}

void virtqueue_resume(const struct virtqueue *queue)
{
	atomic_store_explicit(field(queue->device + 2), (u16)queue->next, memory_order_release);
}

bool virtqueue_push(struct virtqueue *queue, const struct chain *chain, u32 written)
{
	struct used used = { chain->head, written };
	u32 at = (u16)queue->next % queue->size;

	memcpy((u8 __force *)sys_guest_memory(queue->device + USED_RING + sizeof(used) * at), &used,
	       sizeof(used));
	keep_order();
	queue->next = (u16)(queue->next + 1);
	virtqueue_resume(queue);
	atomic_thread_fence(memory_order_seq_cst);
	return (atomic_load_explicit(field(queue->driver), memory_order_relaxed) & NO_INTERRUPT) ==
	       0;
}
