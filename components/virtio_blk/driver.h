/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of a virtio disk (virtio 1.2 §5.2) behind virtio-mmio, version 2. It is the server of
 * one link (components/lib/disk.h). The device reads and writes the data in the link's memory, so
 * the driver copies nothing.
 *
 * Nothing is kept but the memory that the device reaches. A restarted driver resets the device,
 * which ends all of its accesses, and serves again all requests without an answer.
 */
#ifndef VIRTIO_BLK_DRIVER_H
#define VIRTIO_BLK_DRIVER_H

#include "components/lib/runtime.h"

extern const struct program virtio_blk_program;

/* registers.c */

#define DEVICE_BYTES 0x200u /* of one device's registers; several may lie in a page */

/* The registers of one device, and its configuration. */
struct virtio_device {
	u64 regs;
	u32 features; /* bits 0 to 31 that both sides have accepted */
};

/** device_find() - the first device of type @id in the @bytes of registers at @regs. Returns false
 * if there is none of version 2. */
bool device_find(struct virtio_device *device, u64 regs, u64 bytes, u32 id);
/** device_begin() - reset the device, and accept those of @features that it offers. Returns false
 * if it refuses. */
bool device_begin(struct virtio_device *device, u32 features);
/** device_add_queue() - give the device its first queue. Returns false if it has no room for @size
 * entries. */
bool device_add_queue(const struct virtio_device *device, u32 size, u64 descriptors, u64 driver,
		      u64 used);
/** device_go() - the device may serve its queue. */
void device_go(const struct virtio_device *device);
/** device_stop() - reset the device. Returns false if it does not end. */
bool device_stop(const struct virtio_device *device);
/** device_ring() - the doorbell of the first queue. */
void device_ring(const struct virtio_device *device);
/** device_interrupt() - acknowledge its interrupt. Returns false if the device needs a reset. */
bool device_interrupt(const struct virtio_device *device);
/** device_config() - Returns 4 bytes at @offset of its configuration. */
u32 device_config(const struct virtio_device *device, u32 offset);

#endif
