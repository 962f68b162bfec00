/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio-mmio as a driver uses them (virtio 1.2 §4.2.2, §3.1.1). */
#include "components/lib/virtio_regs.h"
#include "components/virtio_blk/driver.h"

#define ACKNOWLEDGE 1u
#define DRIVER      2u

#define RESET_READS 100000u /* of the status, until a reset must have ended */

static u32 get(const struct virtio_device *device, u32 offset)
{
	return sys_mmio_read(device->regs + offset);
}

/* All stores to memory before are visible to the device. */
static void set(const struct virtio_device *device, u32 offset, u32 value)
{
	atomic_thread_fence(memory_order_seq_cst);
	sys_mmio_write(device->regs + offset, value);
}

bool device_find(struct virtio_device *device, u64 regs, u64 bytes, u32 id)
{
	for (u64 at = 0; at + DEVICE_BYTES <= bytes; at += DEVICE_BYTES) {
		device->regs = regs + at;
		if (get(device, VIRTIO_MMIO_MAGIC) == VIRTIO_MAGIC_VALUE &&
		    get(device, VIRTIO_MMIO_VERSION) == 2 &&
		    get(device, VIRTIO_MMIO_DEVICE_ID) == id)
			return true;
	}
	return false;
}

bool device_stop(const struct virtio_device *device)
{
	set(device, VIRTIO_MMIO_STATUS, 0);
	for (u32 i = 0; i < RESET_READS; i++)
		if (get(device, VIRTIO_MMIO_STATUS) == 0)
			return true;
	return false;
}

bool device_begin(struct virtio_device *device, u32 features)
{
	if (!device_stop(device))
		return false;
	set(device, VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER);
	set(device, VIRTIO_MMIO_DEVICE_PAGE, 1);
	if ((get(device, VIRTIO_MMIO_DEVICE_FEATURES) & VIRTIO_VERSION_1) == 0)
		return false;
	set(device, VIRTIO_MMIO_DEVICE_PAGE, 0);
	device->features = get(device, VIRTIO_MMIO_DEVICE_FEATURES) & features;
	set(device, VIRTIO_MMIO_DRIVER_PAGE, 0);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, device->features);
	set(device, VIRTIO_MMIO_DRIVER_PAGE, 1);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_VERSION_1);
	set(device, VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER | VIRTIO_FEATURES_OK);
	return (get(device, VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK) != 0;
}

static void set_address(const struct virtio_device *device, u32 offset, u64 address)
{
	set(device, offset, (u32)address);
	set(device, offset + 4, (u32)(address >> 32));
}

bool device_add_queue(const struct virtio_device *device, u32 size, u64 descriptors, u64 driver,
		      u64 used)
{
	set(device, VIRTIO_MMIO_QUEUE_SELECT, 0);
	if (get(device, VIRTIO_MMIO_QUEUE_READY) != 0 || get(device, VIRTIO_MMIO_QUEUE_MAX) < size)
		return false;
	set(device, VIRTIO_MMIO_QUEUE_SIZE, size);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC, descriptors);
	set_address(device, VIRTIO_MMIO_QUEUE_DRIVER, driver);
	set_address(device, VIRTIO_MMIO_QUEUE_DEVICE, used);
	set(device, VIRTIO_MMIO_QUEUE_READY, 1);
	return true;
}

void device_go(const struct virtio_device *device)
{
	set(device, VIRTIO_MMIO_STATUS,
	    ACKNOWLEDGE | DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

void device_ring(const struct virtio_device *device)
{
	set(device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

bool device_interrupt(const struct virtio_device *device)
{
	set(device, VIRTIO_MMIO_INTERRUPT_ACK, get(device, VIRTIO_MMIO_INTERRUPTS) & 3);
	return (get(device, VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET) == 0;
}

u32 device_config(const struct virtio_device *device, u32 offset)
{
	return get(device, VIRTIO_MMIO_CONFIG + offset);
}
