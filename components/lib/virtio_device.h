/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device of the machine as its driver uses it (virtio 1.2 §3.1), behind virtio-mmio or
 * virtio-pci. The transports differ in the places and widths of the same registers.
 */
#ifndef COMPONENTS_VIRTIO_DEVICE_H
#define COMPONENTS_VIRTIO_DEVICE_H

#include "components/lib/sys.h"

#include <mullion/err.h>

#define VIRTIO_DEVICE_BYTES 0x200u /* of virtio-mmio; several devices may lie in a page */

enum virtio_field {
	VIRTIO_STATUS,
	VIRTIO_DEVICE_PAGE,
	VIRTIO_DEVICE_FEATURES,
	VIRTIO_DRIVER_PAGE,
	VIRTIO_DRIVER_FEATURES,
	VIRTIO_QUEUE_SELECT,
	VIRTIO_QUEUE_MAX,
	VIRTIO_QUEUE_SIZE,
	VIRTIO_QUEUE_READY,
	VIRTIO_QUEUE_DESC, /* addresses of 8 bytes, written as two words */
	VIRTIO_QUEUE_DRIVER,
	VIRTIO_QUEUE_DEVICE,
	VIRTIO_FIELDS
};

struct virtio_register {
	u16 offset, bytes;
};

struct virtio_device {
	const struct virtio_register *map; /* VIRTIO_FIELDS */
	u64 regs, config;                  /* the registers, and the device's configuration */
	u32 config_bytes;
	u32 features; /* bits 0 to 31 that both sides have accepted */
	u64 doorbell; /* of the first queue; of virtio-pci: from device_add_queue() on */
	u32 doorbell_bytes;
	/* Of virtio-pci. */
	u64 isr, notify; /* the interrupt's status, and the doorbells */
	u32 notify_bytes, notify_step;
};

/** device_find() - the first device of type @id in the @bytes of virtio-mmio at @regs. Returns
 * false if there is none of version 2. */
bool device_find(struct virtio_device *device, u64 regs, u64 bytes, u32 id);
/** device_find_pci() - the device of type @id that the PCI function of the grant @function is. Its
 * BARs are put into @window, and it may do DMA. Returns ERR_NOT_FOUND if it is no such device,
 * ERR_FORMAT if its configuration makes no sense, ERR_TOO_BIG if the BARs do not fit. */
enum err __must_check device_find_pci(struct virtio_device *device,
				      const struct grant_info *function,
				      const struct grant_info *window, u32 id);
/** device_begin() - reset the device, and accept those of @features that it offers. Returns false
 * if it refuses. */
bool device_begin(struct virtio_device *device, u32 features);
/** device_add_queue() - give the device its first queue. Returns false if it has no room for @size
 * entries, or no doorbell. */
bool device_add_queue(struct virtio_device *device, u32 size, u64 descriptors, u64 driver,
		      u64 used);
/** device_go() - the device may serve its queue. */
void device_go(const struct virtio_device *device);
/** device_stop() - reset the device. Returns false if it does not end. */
bool device_stop(const struct virtio_device *device);
/** device_ring() - the doorbell of the first queue. */
void device_ring(const struct virtio_device *device);
/** device_interrupt() - acknowledge its interrupt. Returns false if the device needs a reset. */
bool device_interrupt(const struct virtio_device *device);
/** device_config() - Returns 4 bytes at @offset of its configuration; 0 behind its end. */
u32 device_config(const struct virtio_device *device, u32 offset);

#endif
