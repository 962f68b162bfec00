/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a driver, and the registers of virtio-mmio (virtio 1.2 §3.1.1, §4.2.2). */
#include "components/lib/virtio_device.h"

#include "components/lib/virtio_regs.h"

#define ACKNOWLEDGE 1u
#define DRIVER      2u

#define PCI_QUEUE_NOTIFY 0x1eu /* of virtio-pci: the place of the selected queue's doorbell */

#define RESET_READS 100000u /* of the status, until a reset must have ended */

static const struct virtio_register mmio_map[VIRTIO_FIELDS] = {
	[VIRTIO_STATUS] = { VIRTIO_MMIO_STATUS, 4 },
	[VIRTIO_DEVICE_PAGE] = { VIRTIO_MMIO_DEVICE_PAGE, 4 },
	[VIRTIO_DEVICE_FEATURES] = { VIRTIO_MMIO_DEVICE_FEATURES, 4 },
	[VIRTIO_DRIVER_PAGE] = { VIRTIO_MMIO_DRIVER_PAGE, 4 },
	[VIRTIO_DRIVER_FEATURES] = { VIRTIO_MMIO_DRIVER_FEATURES, 4 },
	[VIRTIO_QUEUE_SELECT] = { VIRTIO_MMIO_QUEUE_SELECT, 4 },
	[VIRTIO_QUEUE_MAX] = { VIRTIO_MMIO_QUEUE_MAX, 4 },
	[VIRTIO_QUEUE_SIZE] = { VIRTIO_MMIO_QUEUE_SIZE, 4 },
	[VIRTIO_QUEUE_READY] = { VIRTIO_MMIO_QUEUE_READY, 4 },
	[VIRTIO_QUEUE_DESC] = { VIRTIO_MMIO_QUEUE_DESC, 4 },
	[VIRTIO_QUEUE_DRIVER] = { VIRTIO_MMIO_QUEUE_DRIVER, 4 },
	[VIRTIO_QUEUE_DEVICE] = { VIRTIO_MMIO_QUEUE_DEVICE, 4 },
};

static u32 get_field(const struct virtio_device *device, enum virtio_field field)
{
	return sys_mmio_get(device->regs + device->map[field].offset, device->map[field].bytes);
}

/* All stores to memory before are visible to the device. */
static void put_register(u64 address, u32 bytes, u32 value)
{
	atomic_thread_fence(memory_order_seq_cst);
	sys_mmio_put(address, bytes, value);
}

static void set_field(const struct virtio_device *device, enum virtio_field field, u32 value)
{
	put_register(device->regs + device->map[field].offset, device->map[field].bytes, value);
}

bool device_find(struct virtio_device *device, u64 regs, u64 bytes, u32 id)
{
	for (u64 at = 0; at + VIRTIO_DEVICE_BYTES <= bytes; at += VIRTIO_DEVICE_BYTES) {
		*device = (struct virtio_device){
			.map = mmio_map,
			.regs = regs + at,
			.config = regs + at + VIRTIO_MMIO_CONFIG,
			.config_bytes = VIRTIO_DEVICE_BYTES - VIRTIO_MMIO_CONFIG,
			.doorbell = regs + at + VIRTIO_MMIO_QUEUE_NOTIFY,
			.doorbell_bytes = 4,
		};
		if (sys_mmio_read(device->regs + VIRTIO_MMIO_MAGIC) == VIRTIO_MAGIC_VALUE &&
		    sys_mmio_read(device->regs + VIRTIO_MMIO_VERSION) == 2 &&
		    sys_mmio_read(device->regs + VIRTIO_MMIO_DEVICE_ID) == id)
			return true;
	}
	return false;
}

bool device_stop(const struct virtio_device *device)
{
	set_field(device, VIRTIO_STATUS, 0);
	for (u32 i = 0; i < RESET_READS; i++)
		if (get_field(device, VIRTIO_STATUS) == 0)
			return true;
	return false;
}

bool device_begin(struct virtio_device *device, u32 features)
{
	if (!device_stop(device))
		return false;
	set_field(device, VIRTIO_STATUS, ACKNOWLEDGE | DRIVER);
	set_field(device, VIRTIO_DEVICE_PAGE, 1);
	if ((get_field(device, VIRTIO_DEVICE_FEATURES) & VIRTIO_VERSION_1) == 0)
		return false;
	set_field(device, VIRTIO_DEVICE_PAGE, 0);
	device->features = get_field(device, VIRTIO_DEVICE_FEATURES) & features;
	set_field(device, VIRTIO_DRIVER_PAGE, 0);
	set_field(device, VIRTIO_DRIVER_FEATURES, device->features);
	set_field(device, VIRTIO_DRIVER_PAGE, 1);
	set_field(device, VIRTIO_DRIVER_FEATURES, VIRTIO_VERSION_1);
	set_field(device, VIRTIO_STATUS, ACKNOWLEDGE | DRIVER | VIRTIO_FEATURES_OK);
	return (get_field(device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK) != 0;
}

static void set_address(const struct virtio_device *device, enum virtio_field field, u64 address)
{
	u64 place = device->regs + device->map[field].offset;

	put_register(place, 4, (u32)address);
	put_register(place + 4, 4, (u32)(address >> 32));
}

/* §4.1.4.4. Returns false if it lies outside of the doorbells. */
static bool find_doorbell(struct virtio_device *device)
{
	u64 offset = (u64)sys_mmio_get(device->regs + PCI_QUEUE_NOTIFY, 2) * device->notify_step;

	device->doorbell = device->notify + offset;
	return IS_ALIGNED(offset, 2) && offset + 2 <= device->notify_bytes;
}

bool device_add_queue(struct virtio_device *device, u32 size, u64 descriptors, u64 driver, u64 used)
{
	set_field(device, VIRTIO_QUEUE_SELECT, 0);
	if (get_field(device, VIRTIO_QUEUE_READY) != 0 ||
	    get_field(device, VIRTIO_QUEUE_MAX) < size)
		return false;
	if (device->notify != 0 && !find_doorbell(device))
		return false;
	set_field(device, VIRTIO_QUEUE_SIZE, size);
	set_address(device, VIRTIO_QUEUE_DESC, descriptors);
	set_address(device, VIRTIO_QUEUE_DRIVER, driver);
	set_address(device, VIRTIO_QUEUE_DEVICE, used);
	set_field(device, VIRTIO_QUEUE_READY, 1);
	return true;
}

void device_go(const struct virtio_device *device)
{
	set_field(device, VIRTIO_STATUS,
		  ACKNOWLEDGE | DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

void device_ring(const struct virtio_device *device)
{
	put_register(device->doorbell, device->doorbell_bytes, 0);
}

bool device_interrupt(const struct virtio_device *device)
{
	/* The read of virtio-pci's register acknowledges (§4.1.4.5). */
	if (device->isr != 0)
		(void)sys_mmio_get(device->isr, 1);
	else
		put_register(device->regs + VIRTIO_MMIO_INTERRUPT_ACK, 4,
			     sys_mmio_read(device->regs + VIRTIO_MMIO_INTERRUPTS) & 3);
	return (get_field(device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) == 0;
}

u32 device_config(const struct virtio_device *device, u32 offset)
{
	if ((u64)offset + 4 > device->config_bytes)
		return 0;
	return sys_mmio_read(device->config + offset);
}
