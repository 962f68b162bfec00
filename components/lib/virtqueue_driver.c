/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of split virtqueues: see virtqueue_driver.h. */
#include "components/lib/virtqueue_driver.h"

#include <mullion/string.h>

static u64 avail_at(u32 size)
{
	return sizeof(struct ring_desc) * (u64)size;
}

static u64 used_at(u32 size)
{
	return ALIGN_UP(avail_at(size) + ring_avail_bytes(size) + sizeof(u16), 4);
}

/* The tables of indirect descriptors follow. */
static u64 tables_at(u32 size)
{
	return ALIGN_UP(used_at(size) + ring_used_bytes(size) + sizeof(u16), 16);
}

size_t driver_queue_bytes(u32 size, u32 features)
{
	u32 tables = (features & VIRTIO_INDIRECT) != 0 ? size : 0;

	return tables_at(size) + sizeof(struct ring_desc) * CHAIN_MAX * (u64)tables;
}

static _Atomic u16 *shared(const struct virtqueue_driver *queue, u64 offset)
{
	return (_Atomic u16 *)(void *)(queue->memory + offset);
}

static u16 used_index(const struct virtqueue_driver *queue)
{
	return atomic_load_explicit(shared(queue, used_at(queue->size) + RING_INDEX),
				    memory_order_acquire);
}

void driver_queue_init(struct virtqueue_driver *queue, void *memory, u64 device, u32 size,
		       u32 features)
{
	memset(queue, 0, sizeof(*queue));
	memset(memory, 0, driver_queue_bytes(size, features));
	queue->memory = memory;
	queue->device = device;
	queue->size = size;
	queue->features = features;
	queue->num_free = (u16)size;
	for (u32 i = 0; i < size; i++)
		queue->entries[i].next = (u16)((i + 1) % size);
}

void driver_queue_address(const struct virtqueue_driver *queue, u64 *descriptors, u64 *driver,
			  u64 *used)
{
	*descriptors = queue->device;
	*driver = queue->device + avail_at(queue->size);
	*used = queue->device + used_at(queue->size);
}

static void put_desc(struct virtqueue_driver *queue, u64 offset, const struct ring_desc *desc)
{
	memcpy(queue->memory + offset, desc, sizeof(*desc));
}

static struct ring_desc make_desc(const struct driver_buffer *buffer, bool write, bool last,
				  u16 next)
{
	return (struct ring_desc){ buffer->address, buffer->bytes,
				   (u16)((write ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT)),
				   last ? 0 : next };
}

/* All buffers in the table of entry @head, which alone is in the queue. */
static void put_table(struct virtqueue_driver *queue, const struct driver_buffer *buffers, u32 num,
		      u32 num_read, u16 head)
{
	u64 table = tables_at(queue->size) + sizeof(struct ring_desc) * CHAIN_MAX * (u64)head;
	struct ring_desc desc = { queue->device + table, (u32)sizeof(desc) * num, DESC_INDIRECT,
				  0 };

	put_desc(queue, sizeof(desc) * (u64)head, &desc);
	for (u32 i = 0; i < num; i++) {
		desc = make_desc(&buffers[i], i >= num_read, i + 1 == num, (u16)(i + 1));
		put_desc(queue, table + sizeof(desc) * i, &desc);
	}
}

static void put_entries(struct virtqueue_driver *queue, const struct driver_buffer *buffers,
			u32 num, u32 num_read, u16 head)
{
	struct ring_desc desc;
	u16 entry = head;

	for (u32 i = 0; i < num; i++) {
		u16 next = queue->entries[entry].next;

		desc = make_desc(&buffers[i], i >= num_read, i + 1 == num, next);
		put_desc(queue, sizeof(desc) * (u64)entry, &desc);
		entry = next;
	}
}

static void put_avail(struct virtqueue_driver *queue, u16 head)
{
	u64 avail = avail_at(queue->size);

	atomic_store_explicit(
		shared(queue, avail + RING_ENTRIES + sizeof(u16) * (queue->offered % queue->size)),
		head, memory_order_relaxed);
	queue->offered++;
	atomic_store_explicit(shared(queue, avail + RING_INDEX), queue->offered,
			      memory_order_release);
}

enum err driver_queue_add(struct virtqueue_driver *queue, const struct driver_buffer *buffers,
			  u32 num, u32 num_read, u64 token)
{
	bool indirect = (queue->features & VIRTIO_INDIRECT) != 0 && num > 1;
	u16 head = queue->free, entries = indirect ? 1 : (u16)num;
	u32 written = 0;

	if (num == 0 || num > CHAIN_MAX || num > queue->size || num_read > num)
		return ERR_RANGE;
	if (entries > queue->num_free)
		return ERR_NO_MEMORY;
	for (u32 i = num_read; i < num; i++)
		written += buffers[i].bytes;
	if (indirect)
		put_table(queue, buffers, num, num_read, head);
	else
		put_entries(queue, buffers, num, num_read, head);
	queue->entries[head].token = token;
	queue->entries[head].written = written;
	queue->entries[head].num = entries;
	for (u32 i = 0; i < entries; i++)
		queue->free = queue->entries[queue->free].next;
	queue->num_free -= entries;
	put_avail(queue, head);
	return OK;
}

bool driver_queue_kick(struct virtqueue_driver *queue)
{
	u64 used = used_at(queue->size);
	u16 before = queue->kicked, event;

	queue->kicked = queue->offered;
	if (before == queue->offered)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	if ((queue->features & VIRTIO_EVENT_INDEX) == 0)
		return (atomic_load_explicit(shared(queue, used), memory_order_relaxed) &
			RING_NO_EVENT) == 0;
	event = atomic_load_explicit(shared(queue, used + ring_used_bytes(queue->size)),
				     memory_order_relaxed);
	return ring_crosses(event, before, queue->offered);
}

static void release(struct virtqueue_driver *queue, u16 head)
{
	u16 last = head;

	for (u32 i = 1; i < queue->entries[head].num; i++)
		last = queue->entries[last].next;
	queue->entries[last].next = queue->free;
	queue->free = head;
	queue->num_free += queue->entries[head].num;
	queue->entries[head].num = 0;
}

enum err driver_queue_take(struct virtqueue_driver *queue, u64 *token, u32 *written)
{
	u16 waiting = (u16)(used_index(queue) - queue->taken);
	struct ring_used used;

	if (waiting == 0)
		return ERR_NOT_FOUND;
	if (waiting > queue->size)
		return ERR_FORMAT;
	memcpy(&used,
	       queue->memory + used_at(queue->size) + RING_ENTRIES +
		       sizeof(used) * (queue->taken % queue->size),
	       sizeof(used));
	atomic_signal_fence(memory_order_seq_cst);
	if (used.head >= queue->size || queue->entries[used.head].num == 0 ||
	    used.bytes > queue->entries[used.head].written)
		return ERR_FORMAT;
	*token = queue->entries[used.head].token;
	*written = used.bytes;
	release(queue, (u16)used.head);
	queue->taken++;
	return OK;
}

bool driver_queue_arm(struct virtqueue_driver *queue)
{
	if ((queue->features & VIRTIO_EVENT_INDEX) != 0)
		atomic_store_explicit(
			shared(queue, avail_at(queue->size) + ring_avail_bytes(queue->size)),
			queue->taken, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return used_index(queue) != queue->taken;
}
