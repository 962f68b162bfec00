/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio console's driver: see virtio.h. */
#include "virtio.h"

struct virtio_rings virtio_rings[2] __aligned(4096);
u32 virtio_wanted;

u64 virtio_find(void)
{
	fdt_node_t node = fdt_find_compatible(&machine.fdt, FDT_NONE, "virtio,mmio");
	u64 address, size;

	if (node == FDT_NONE || fdt_reg(&machine.fdt, node, 0, &address, &size) != OK)
		return 0;
	return address;
}

struct virtio_queue virtio_queue(u32 number)
{
	struct virtio_rings *rings = &virtio_rings[number];

	return (struct virtio_queue){ VIRTIO_ENTRIES, (u64)rings->desc, (u64)&rings->avail,
				      (u64)&rings->used };
}

static void set_address(u64 base, u32 offset, u64 address)
{
	write32(base + offset, (u32)address);
	write32(base + offset + 4, (u32)(address >> 32));
}

bool virtio_set_queue(u64 base, u32 number, const struct virtio_queue *queue)
{
	write32(base + VIRTIO_QUEUE_SELECT, number);
	write32(base + VIRTIO_QUEUE_SIZE, (u32)queue->size);
	set_address(base, VIRTIO_QUEUE_DESC, queue->desc);
	set_address(base, VIRTIO_QUEUE_DRIVER, queue->driver);
	set_address(base, VIRTIO_QUEUE_DEVICE, queue->device);
	write32(base + VIRTIO_QUEUE_READY, 1);
	return read32(base + VIRTIO_QUEUE_READY) == 1;
}

bool virtio_features(u64 base)
{
	write32(base + VIRTIO_STATUS, 0);
	if (!WAIT(read32(base + VIRTIO_STATUS) == 0, WAIT_MS))
		return false;
	write32(base + VIRTIO_STATUS, VIRTIO_DRIVER);
	for (u32 page = 0; page < 2; page++) {
		write32(base + VIRTIO_DRIVER_PAGE, page);
		/* The second word is VIRTIO_F_VERSION_1. */
		write32(base + VIRTIO_DRIVER_FEATURES, page == 0 ? virtio_wanted : 1);
	}
	write32(base + VIRTIO_STATUS, VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	return read32(base + VIRTIO_STATUS) == (VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
}

bool virtio_begin(u64 base)
{
	if (!virtio_features(base))
		return false;
	memset(virtio_rings, 0, sizeof(virtio_rings));
	for (u32 i = 0; i < ARRAY_SIZE(virtio_rings); i++) {
		struct virtio_queue queue = virtio_queue(i);

		if (!virtio_set_queue(base, i, &queue))
			return false;
	}
	write32(base + VIRTIO_STATUS, VIRTIO_RUNNING);
	return read32(base + VIRTIO_STATUS) == VIRTIO_RUNNING;
}

void virtio_put(u32 number, u32 entry, u64 address, u32 bytes, u32 flags, u32 next)
{
	virtio_rings[number].desc[entry] =
		(struct virtio_desc){ address, bytes, (u16)flags, (u16)next };
}

void virtio_offer(u64 base, u32 number, u32 head)
{
	struct virtio_rings *rings = &virtio_rings[number];

	rings->avail.ring[rings->avail.idx % VIRTIO_ENTRIES] = (u16)head;
	STORE(rings->avail.idx, (u16)(rings->avail.idx + 1));
	dsb();
	write32(base + VIRTIO_QUEUE_NOTIFY, number);
}

u16 virtio_used(u32 number)
{
	return LOAD(virtio_rings[number].used.idx);
}

bool virtio_send(u64 base, const char *text)
{
	u16 before = virtio_used(VIRTIO_TRANSMIT);

	virtio_put(VIRTIO_TRANSMIT, 0, (u64)text, (u32)strlen(text), 0, 0);
	virtio_offer(base, VIRTIO_TRANSMIT, 0);
	return WAIT(virtio_used(VIRTIO_TRANSMIT) != before, WAIT_MS);
}
