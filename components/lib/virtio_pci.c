/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of virtio-pci (virtio 1.2 §4.1). Capabilities in configuration space say where
 * they lie. The device chooses each value there: a capability that makes no sense is passed over.
 */
#include "components/lib/pci.h"
#include "components/lib/virtio_device.h"

#define VENDOR             0x1af4u
#define FIRST_DEVICE       0x1040u /* and the type */
#define FIRST_TRANSITIONAL 0x1000u /* the type is the subsystem's number */

/* §4.1.4: struct virtio_pci_cap. */
#define CAP_BYTES        16u
#define CAP_NOTIFY_BYTES 20u
#define CAP_LENGTH       2u
#define CAP_KIND         3u
#define CAP_BAR          4u
#define CAP_OFFSET       8u
#define CAP_SIZE         12u
#define CAP_STEP         16u

enum kind { KIND_COMMON = 1, KIND_NOTIFY, KIND_ISR, KIND_DEVICE };

#define COMMON_BYTES 0x38u

/* §4.1.4.3: struct virtio_pci_common_cfg. */
static const struct virtio_register pci_map[VIRTIO_FIELDS] = {
	[VIRTIO_STATUS] = { 0x14, 1 },          [VIRTIO_DEVICE_PAGE] = { 0x00, 4 },
	[VIRTIO_DEVICE_FEATURES] = { 0x04, 4 }, [VIRTIO_DRIVER_PAGE] = { 0x08, 4 },
	[VIRTIO_DRIVER_FEATURES] = { 0x0c, 4 }, [VIRTIO_QUEUE_SELECT] = { 0x16, 2 },
	[VIRTIO_QUEUE_MAX] = { 0x18, 2 },       [VIRTIO_QUEUE_SIZE] = { 0x18, 2 },
	[VIRTIO_QUEUE_READY] = { 0x1c, 2 },     [VIRTIO_QUEUE_DESC] = { 0x20, 4 },
	[VIRTIO_QUEUE_DRIVER] = { 0x28, 4 },    [VIRTIO_QUEUE_DEVICE] = { 0x30, 4 },
};

struct part {
	u64 address;
	u32 bytes, step;
};

/* The function, its BARs, and the difference between the component's and the bus's addresses. */
struct place {
	u64 function, shift;
	struct pci_bar bars[PCI_BARS];
};

/* The first usable part of that kind, of @least bytes and a multiple of @align. */
static bool find_part(const struct place *place, enum kind kind, u32 least, u32 align,
		      struct part *part)
{
	u32 need = kind == KIND_NOTIFY ? CAP_NOTIFY_BYTES : CAP_BYTES, at;
	struct pci_walk walk = pci_walk(place->function);

	while ((at = pci_next(&walk, PCI_CAP_VENDOR)) != 0) {
		u32 bar, offset, bytes;

		if (at + need > PCI_CAPS_END ||
		    pci_config_read(place->function, at + CAP_KIND, 1) != (u32)kind ||
		    pci_config_read(place->function, at + CAP_LENGTH, 1) < need)
			continue;
		bar = pci_config_read(place->function, at + CAP_BAR, 1);
		offset = pci_config_read(place->function, at + CAP_OFFSET, 4);
		bytes = pci_config_read(place->function, at + CAP_SIZE, 4);
		if (bar >= PCI_BARS || place->bars[bar].kind != PCI_BAR_MEMORY || bytes < least ||
		    !IS_ALIGNED(offset, align) || (u64)offset + bytes > place->bars[bar].bytes)
			continue;
		part->address = place->bars[bar].address + place->shift + offset;
		part->bytes = bytes;
		part->step = kind == KIND_NOTIFY
				     ? pci_config_read(place->function, at + CAP_STEP, 4)
				     : 0;
		return true;
	}
	return false;
}

static bool is_type(u64 function, u32 id)
{
	u32 device = pci_config_read(function, PCI_DEVICE, 2);

	if (pci_config_read(function, PCI_VENDOR, 2) != VENDOR)
		return false;
	if (device >= FIRST_TRANSITIONAL && device < FIRST_DEVICE)
		return pci_config_read(function, PCI_SUBSYSTEM, 2) == id;
	return device == FIRST_DEVICE + id;
}

enum err device_find_pci(struct virtio_device *device, const struct grant_info *function,
			 const struct grant_info *window, u32 id)
{
	struct place place = { .function = function->address,
			       .shift = window->address - window->device_address };
	struct part common, notify, isr, config;
	enum err err;

	if (!is_type(place.function, id))
		return ERR_NOT_FOUND;
	err = pci_place_bars(place.function, window->device_address, window->size, place.bars);
	if (err != OK)
		return err;
	if (!find_part(&place, KIND_COMMON, COMMON_BYTES, 4, &common) ||
	    !find_part(&place, KIND_NOTIFY, 2, 2, &notify) ||
	    !find_part(&place, KIND_ISR, 1, 1, &isr) ||
	    !find_part(&place, KIND_DEVICE, 4, 4, &config))
		return ERR_FORMAT;
	*device = (struct virtio_device){
		.map = pci_map,
		.regs = common.address,
		.config = config.address,
		.config_bytes = config.bytes,
		.isr = isr.address,
		.notify = notify.address,
		.notify_bytes = notify.bytes,
		.notify_step = notify.step,
		.doorbell_bytes = 2,
	};
	pci_enable(place.function);
	return OK;
}
