/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/lib/pci.c, virtio_pci.c: a hostile function. Each access lies in the 4 KiB of its
 * configuration space or in the window of its BARs, at a multiple of its width. Only BARs, command
 * and the control of MSI are written. A function that is enabled decodes nothing outside.
 *
 * Input: the bits of the 6 BARs that can be written, and the configuration space from byte 4 to
 * 255. The registers follow, and repeat. Vendor and device are right.
 */
#include "components/lib/host.h"
#include "components/lib/pci.h"
#include "components/lib/virtio_device.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define CONFIG UINT64_C(0x200000)
#define WINDOW UINT64_C(0x300000)
#define BUS    UINT64_C(0xd8000000)
#define BYTES  0x8000u
#define BARS   0x10u
#define MASKS  (PCI_BARS * 4)

static u8 config[PAGE_SIZE];
static u32 masks[PCI_BARS];
static const uint8_t *registers;
static size_t num_registers, next_register;
static bool enabled;

static bool is_config(u64 address)
{
	u32 bytes = host_core.mmio_bytes;

	CHECK(bytes == 1 || bytes == 2 || bytes == 4);
	CHECK(IS_ALIGNED(address, bytes));
	if (address >= CONFIG && address + bytes <= CONFIG + sizeof(config))
		return true;
	CHECK(enabled && address >= WINDOW && address + bytes <= WINDOW + BYTES);
	return false;
}

static u32 read_register(u64 address)
{
	u32 value = 0;

	if (is_config(address)) {
		memcpy(&value, config + (address - CONFIG), host_core.mmio_bytes);
		return value;
	}
	for (u32 i = 0; i < host_core.mmio_bytes && num_registers != 0; i++)
		value |= (u32)registers[next_register++ % num_registers] << 8 * i;
	return value;
}

static bool is_messages(u64 offset)
{
	u8 id = config[offset - 2];

	return offset >= 0x42 && offset < PCI_CAPS_END && (id == PCI_CAP_MSI || id == PCI_CAP_MSIX);
}

static void write_register(u64 address, u32 value)
{
	u64 offset = address - CONFIG;
	u32 old, mask;

	if (!is_config(address))
		return;
	if (offset >= BARS && offset < BARS + MASKS) {
		CHECK((config[4] & 2) == 0 && host_core.mmio_bytes == 4);
		mask = masks[(offset - BARS) / 4];
		memcpy(&old, config + offset, sizeof(old));
		value = (old & ~mask) | (value & mask);
	} else {
		CHECK(host_core.mmio_bytes == 2 && (offset == 4 || is_messages(offset)));
		enabled |= offset == 4 && (value & 2) != 0;
	}
	memcpy(config + offset, &value, host_core.mmio_bytes);
}

static void drive(struct virtio_device *device)
{
	CHECK(enabled);
	(void)device_begin(device, UINT32_MAX);
	if (device_add_queue(device, 128, 1, 2, 3))
		device_ring(device);
	(void)device_interrupt(device);
	(void)device_config(device, 0);
	(void)device_config(device, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grant_info function = { .address = CONFIG, .size = PAGE_SIZE };
	struct grant_info window = { .address = WINDOW, .size = BYTES, .device_address = BUS };
	struct virtio_device device;
	size_t taken = MIN(size, MASKS);

	host_core_reset();
	host_core.mmio_read = read_register;
	host_core.mmio_write = write_register;
	memset(config, 0, sizeof(config));
	memset(masks, 0, sizeof(masks));
	if (taken != 0)
		memcpy(masks, data, taken);
	data += taken;
	size -= taken;
	taken = MIN(size, PCI_CAPS_END - 4u);
	memcpy(config, "\xf4\x1a\x42\x10", 4);
	if (taken != 0)
		memcpy(config + 4, data, taken);
	registers = data + taken;
	num_registers = size - taken;
	next_register = 0;
	enabled = false;
	if (device_find_pci(&device, &function, &window, 2) == OK)
		drive(&device);
	return 0;
}
