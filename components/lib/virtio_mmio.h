/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a virtio device (virtio 1.2 §4.2): identity, features, status, queues. The
 * device itself serves the queues and the configuration space. A driver that violates the rules
 * finds DEVICE_NEEDS_RESET, and the device does nothing until its reset.
 *
 * struct virtio_mmio holds plain values: it may be preserved over a restart, and may then hold
 * anything.
 */
#ifndef COMPONENTS_VIRTIO_MMIO_H
#define COMPONENTS_VIRTIO_MMIO_H

#include "components/lib/virtio_regs.h"
#include "components/lib/virtqueue.h"

#define VIRTIO_MMIO_QUEUES 3u /* of a device, at most */

#define VIRTIO_INT_QUEUE  1u
#define VIRTIO_INT_CONFIG 2u

/* One kind of device. */
struct virtio_type {
	u32 id;       /* virtio 1.2 §5 */
	u32 queues;   /* at most VIRTIO_MMIO_QUEUES */
	u32 features; /* offered, of the device's kind: bits 0 to 23 */
};

struct virtio_mmio {
	u32 status, interrupts;
	u32 device_page, driver_page; /* DeviceFeaturesSel, DriverFeaturesSel */
	u32 selected;                 /* QueueSel */
	u32 features[2];              /* accepted by the driver; version 1 is required */
	struct virtqueue queues[VIRTIO_MMIO_QUEUES];
};

/** virtio_mmio_read() - Returns the register at @offset bytes; 0 in the configuration space. */
u32 virtio_mmio_read(const struct virtio_mmio *mmio, const struct virtio_type *type, u64 offset);

/** virtio_mmio_write() - write @value to the register at @offset bytes. Returns true if a queue may
 * have become ready or filled. A write for which virtio_mmio_is_reset() is true is the caller's:
 * it resets the device and clears @mmio. */
bool virtio_mmio_write(struct virtio_mmio *mmio, const struct virtio_type *type,
		       const struct component_info *info, u64 offset, u32 value);

/** virtio_mmio_is_reset() - Returns true if the driver's write resets the device (§2.4). */
static inline bool virtio_mmio_is_reset(u64 offset, u32 value)
{
	return offset == VIRTIO_MMIO_STATUS && value == 0;
}

/** virtio_mmio_resume() - make a preserved state usable: a queue that is unusable breaks the
 * device. Guest memory stays untouched. */
void virtio_mmio_resume(struct virtio_mmio *mmio, const struct virtio_type *type,
			const struct component_info *info);

/** virtio_mmio_repeat() - repeat what the end of the vmm may have cut off: the used index of each
 * ready queue, and its interrupt. A spurious interrupt is harmless. */
void virtio_mmio_repeat(struct virtio_mmio *mmio, const struct virtio_type *type);

/** virtio_mmio_break() - the driver has violated the rules: DEVICE_NEEDS_RESET. */
void virtio_mmio_break(struct virtio_mmio *mmio);

/** virtio_mmio_is_ready() - Returns true if the device may serve queue @number. */
static inline bool virtio_mmio_is_ready(const struct virtio_mmio *mmio, u32 number)
{
	return (mmio->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK &&
	       mmio->queues[number].ready != 0;
}

#endif
