/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio-mmio as a driver uses them (virtio 1.2 §4.2.2, §3.1.1). */
#include "components/virtio_blk/driver.h"

#define MAGIC           0x000u
#define VERSION         0x004u
#define DEVICE_ID       0x008u
#define DEVICE_FEATURES 0x010u
#define DEVICE_PAGE     0x014u
#define DRIVER_FEATURES 0x020u
#define DRIVER_PAGE     0x024u
#define QUEUE_SELECT    0x030u
#define QUEUE_MAX       0x034u
#define QUEUE_SIZE      0x038u
#define QUEUE_READY     0x044u
#define QUEUE_NOTIFY    0x050u
#define INTERRUPTS      0x060u
#define INTERRUPT_ACK   0x064u
#define STATUS          0x070u
#define QUEUE_DESC      0x080u
#define QUEUE_DRIVER    0x090u
#define QUEUE_DEVICE    0x0a0u
#define CONFIG          0x100u

#define MAGIC_VALUE 0x74726976u

#define ACKNOWLEDGE 1u
#define DRIVER      2u
#define DRIVER_OK   4u
#define FEATURES_OK 8u
#define NEEDS_RESET 0x40u
#define VERSION_1   1u /* bit 32 */

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
		if (get(device, MAGIC) == MAGIC_VALUE && get(device, VERSION) == 2 &&
		    get(device, DEVICE_ID) == id)
			return true;
	}
	return false;
}

bool device_stop(const struct virtio_device *device)
{
	set(device, STATUS, 0);
	for (u32 i = 0; i < RESET_READS; i++)
		if (get(device, STATUS) == 0)
			return true;
	return false;
}

bool device_begin(struct virtio_device *device, u32 features)
{
	if (!device_stop(device))
		return false;
	set(device, STATUS, ACKNOWLEDGE | DRIVER);
	set(device, DEVICE_PAGE, 1);
	if ((get(device, DEVICE_FEATURES) & VERSION_1) == 0)
		return false;
	set(device, DEVICE_PAGE, 0);
	device->features = get(device, DEVICE_FEATURES) & features;
	set(device, DRIVER_PAGE, 0);
	set(device, DRIVER_FEATURES, device->features);
	set(device, DRIVER_PAGE, 1);
	set(device, DRIVER_FEATURES, VERSION_1);
	set(device, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return (get(device, STATUS) & FEATURES_OK) != 0;
}

static void set_address(const struct virtio_device *device, u32 offset, u64 address)
{
	set(device, offset, (u32)address);
	set(device, offset + 4, (u32)(address >> 32));
}

bool device_add_queue(const struct virtio_device *device, u32 size, u64 descriptors, u64 driver,
		      u64 used)
{
	set(device, QUEUE_SELECT, 0);
	if (get(device, QUEUE_READY) != 0 || get(device, QUEUE_MAX) < size)
		return false;
	set(device, QUEUE_SIZE, size);
	set_address(device, QUEUE_DESC, descriptors);
	set_address(device, QUEUE_DRIVER, driver);
	set_address(device, QUEUE_DEVICE, used);
	set(device, QUEUE_READY, 1);
	return true;
}

void device_go(const struct virtio_device *device)
{
	set(device, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

void device_ring(const struct virtio_device *device)
{
	set(device, QUEUE_NOTIFY, 0);
}

bool device_interrupt(const struct virtio_device *device)
{
	set(device, INTERRUPT_ACK, get(device, INTERRUPTS) & 3);
	return (get(device, STATUS) & NEEDS_RESET) == 0;
}

u32 device_config(const struct virtio_device *device, u32 offset)
{
	return get(device, CONFIG + offset);
}
