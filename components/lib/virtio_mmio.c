/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio-mmio, version 2 (virtio 1.2 §4.2.2). */
#include "components/lib/virtio_mmio.h"

#define SHM_LENGTH 0x0b0u /* and base: all ones, for there is no shared memory */
#define SHM_END    0x0c0u

#define STATUS_DRIVER 0x8fu /* bits that a driver sets */

/* Of every device. */
#define RING_FEATURES (VIRTIO_INDIRECT | VIRTIO_EVENT_INDEX)

static u32 offered(const struct virtio_type *type, u32 page)
{
	switch (page) {
	case 0: return type->features | RING_FEATURES;
	case 1: return VIRTIO_VERSION_1;
	default: return 0;
	}
}

void virtio_mmio_break(struct virtio_mmio *mmio)
{
	mmio->status |= VIRTIO_NEEDS_RESET;
	mmio->interrupts |= VIRTIO_INT_CONFIG;
}

void virtio_mmio_resume(struct virtio_mmio *mmio, const struct virtio_type *type,
			const struct component_info *info)
{
	mmio->interrupts &= VIRTIO_INT_QUEUE | VIRTIO_INT_CONFIG;
	for (u32 i = 0; i < type->queues; i++) {
		struct virtqueue *queue = &mmio->queues[i];

		if (queue->ready != 0 && !virtqueue_check(queue, info)) {
			queue->ready = 0;
			virtio_mmio_break(mmio);
		}
	}
}

void virtio_mmio_repeat(struct virtio_mmio *mmio, const struct virtio_type *type)
{
	for (u32 i = 0; i < type->queues; i++) {
		if (mmio->queues[i].ready == 0)
			continue;
		virtqueue_resume(&mmio->queues[i]);
		mmio->interrupts |= VIRTIO_INT_QUEUE;
	}
}

static u64 *queue_address(struct virtqueue *queue, u64 offset)
{
	switch (offset & ~UINT64_C(4)) {
	case VIRTIO_MMIO_QUEUE_DESC: return &queue->descriptors;
	case VIRTIO_MMIO_QUEUE_DRIVER: return &queue->driver;
	case VIRTIO_MMIO_QUEUE_DEVICE: return &queue->device;
	default: return NULL;
	}
}

static u32 read_queue(const struct virtio_mmio *mmio, const struct virtio_type *type, u64 offset)
{
	if (mmio->selected >= type->queues)
		return 0;
	return offset == VIRTIO_MMIO_QUEUE_MAX ? VIRTQUEUE_MAX : mmio->queues[mmio->selected].ready;
}

u32 virtio_mmio_read(const struct virtio_mmio *mmio, const struct virtio_type *type, u64 offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC: return VIRTIO_MAGIC_VALUE;
	case VIRTIO_MMIO_VERSION: return 2;
	case VIRTIO_MMIO_DEVICE_ID: return type->id;
	case VIRTIO_MMIO_VENDOR_ID: return 0x4e4c554d;
	case VIRTIO_MMIO_DEVICE_FEATURES: return offered(type, mmio->device_page);
	case VIRTIO_MMIO_QUEUE_MAX:
	case VIRTIO_MMIO_QUEUE_READY: return read_queue(mmio, type, offset);
	case VIRTIO_MMIO_INTERRUPTS: return mmio->interrupts;
	case VIRTIO_MMIO_STATUS: return mmio->status;
	default: return offset >= SHM_LENGTH && offset < SHM_END ? UINT32_MAX : 0;
	}
}

static void set_status(struct virtio_mmio *mmio, const struct virtio_type *type, u32 value)
{
	value &= STATUS_DRIVER;
	if ((mmio->features[0] & ~offered(type, 0)) != 0 || mmio->features[1] != VIRTIO_VERSION_1)
		value &= ~VIRTIO_FEATURES_OK;
	if ((value & VIRTIO_FEATURES_OK) == 0)
		value &= ~VIRTIO_DRIVER_OK;
	mmio->status = (mmio->status & VIRTIO_NEEDS_RESET) | value;
}

static void set_ready(struct virtio_mmio *mmio, struct virtqueue *queue,
		      const struct component_info *info, bool ready)
{
	if (!ready || queue->ready != 0) {
		queue->ready = ready;
		return;
	}
	queue->next = 0;
	queue->features = mmio->features[0] & RING_FEATURES;
	queue->ready = virtqueue_check(queue, info);
}

static void write_queue(struct virtio_mmio *mmio, const struct component_info *info, u64 offset,
			u32 value)
{
	struct virtqueue *queue = &mmio->queues[mmio->selected];
	u64 *address;

	if (offset == VIRTIO_MMIO_QUEUE_READY)
		set_ready(mmio, queue, info, (value & 1) != 0);
	else if (queue->ready != 0)
		return;
	if (offset == VIRTIO_MMIO_QUEUE_SIZE)
		queue->size = value;
	address = queue_address(queue, offset);
	if (address != NULL && (offset & 4) == 0)
		*address = (*address & ~(u64)UINT32_MAX) | value;
	else if (address != NULL)
		*address = (*address & UINT32_MAX) | (u64)value << 32;
}

bool virtio_mmio_write(struct virtio_mmio *mmio, const struct virtio_type *type,
		       const struct component_info *info, u64 offset, u32 value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_PAGE: mmio->device_page = value; break;
	case VIRTIO_MMIO_DRIVER_PAGE: mmio->driver_page = value; break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (mmio->driver_page < 2 && (mmio->status & VIRTIO_FEATURES_OK) == 0)
			mmio->features[mmio->driver_page] = value;
		break;
	case VIRTIO_MMIO_QUEUE_SELECT: mmio->selected = value; break;
	case VIRTIO_MMIO_QUEUE_NOTIFY: return true;
	case VIRTIO_MMIO_INTERRUPT_ACK: mmio->interrupts &= ~value; break;
	case VIRTIO_MMIO_STATUS: set_status(mmio, type, value); return true;
	default:
		if (mmio->selected < type->queues)
			write_queue(mmio, info, offset, value);
		return offset == VIRTIO_MMIO_QUEUE_READY;
	}
	return false;
}
