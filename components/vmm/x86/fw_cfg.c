/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items of configuration for a guest's firmware, in the form of QEMU's fw_cfg. A key is written to
 * the port 0x510, and its item is read byte by byte from 0x511. All items are read-only. The DMA
 * interface is not offered: items are short, and each client works without it.
 *
 * Source: QEMU's documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#include "components/vmm/x86/devices.h"

#include "components/lib/runtime.h"
#include <mullion/string.h>

#define SELECTOR       0u /* of two bytes */
#define DATA           1u
#define SELECTOR_BYTES 2u

#define KEY_SIGNATURE 0x00u
#define KEY_FEATURES  0x01u
#define KEY_RAM_SIZE  0x03u
#define KEY_CPUS      0x05u
#define KEY_MAX_CPUS  0x0fu
#define KEY_DIRECTORY 0x19u
#define KEY_MEMORY    0x20u /* the only file, "etc/e820" */

#define FEATURE_PORTS 1u
#define MEMORY_BYTES  20u /* of an entry: address, size, type */
#define MEMORY_RAM    1u
#define NAME_BYTES    56u
#define ITEM_MAX      (GRANTS_MAX * MEMORY_BYTES)

struct fw_cfg_state {
	u32 key, offset;
};

struct item {
	u8 bytes[ITEM_MAX];
	u32 size;
};

static void put(struct item *item, u64 value, u32 bytes)
{
	for (u32 i = 0; i < bytes && item->size < ITEM_MAX; i++)
		item->bytes[item->size++] = (u8)(value >> 8 * i);
}

/* Numbers of the directory are big-endian. */
static void put_big(struct item *item, u32 value, u32 bytes)
{
	while (bytes-- > 0)
		put(item, value >> 8 * bytes, 1);
}

static void put_memory(struct item *item, const struct component_info *info)
{
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind != GRANT_RAM || item->size + MEMORY_BYTES > ITEM_MAX)
			continue;
		put(item, grant->address, 8);
		put(item, grant->size, 8);
		put(item, MEMORY_RAM, 4);
	}
}

static u64 ram_size(const struct component_info *info)
{
	u64 bytes = 0;

	for (u32 i = 0; i < grant_count(info); i++)
		if (info->grants[i].kind == GRANT_RAM)
			bytes += info->grants[i].size;
	return bytes;
}

static void put_directory(struct item *item, const struct component_info *info)
{
	static const char name[NAME_BYTES] = "etc/e820";
	struct item memory = { .size = 0 };

	put_memory(&memory, info);
	put_big(item, 1, 4);
	put_big(item, memory.size, 4);
	put_big(item, KEY_MEMORY, 2);
	put_big(item, 0, 2);
	for (u32 i = 0; i < NAME_BYTES; i++)
		put(item, (u8)name[i], 1);
}

/* An unknown key has an empty item. */
static void make_item(struct item *item, u32 key, const struct component_info *info)
{
	switch (key) {
	case KEY_SIGNATURE: put_big(item, 0x51454d55, 4); break; /* "QEMU" */
	case KEY_FEATURES: put(item, FEATURE_PORTS, 4); break;
	case KEY_RAM_SIZE: put(item, ram_size(info), 8); break;
	case KEY_CPUS:
	case KEY_MAX_CPUS: put(item, info->vcpus, 2); break;
	case KEY_DIRECTORY: put_directory(item, info); break;
	case KEY_MEMORY: put_memory(item, info); break;
	default: break;
	}
}

/* Behind its end an item has zeros. */
static u64 fw_cfg_read(struct device *device, u64 offset, u64 number, u64 where)
{
	struct fw_cfg_state *s = device->state;
	struct item item = { .size = 0 };

	(void)number;
	if (offset != DATA || EXIT_WIDTH(where) != 1)
		return UINT64_MAX;
	make_item(&item, s->key, device->info);
	if (s->offset >= item.size)
		return 0;
	return item.bytes[s->offset++];
}

static bool fw_cfg_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct fw_cfg_state *s = device->state;

	(void)number;
	if (offset == SELECTOR && EXIT_WIDTH(where) == SELECTOR_BYTES)
		*s = (struct fw_cfg_state){ .key = (u16)value };
	return false;
}

static void fw_cfg_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct fw_cfg_state));
}

static void fw_cfg_resume(struct device *device)
{
	(void)device;
}

static ns_t fw_cfg_timer(struct device *device)
{
	(void)device;
	return NS(UINT64_MAX);
}

const struct device_model fw_cfg_model = {
	.name = "fw-cfg",
	.size = sizeof(struct fw_cfg_state),
	.reset = fw_cfg_reset,
	.resume = fw_cfg_resume,
	.read = fw_cfg_read,
	.write = fw_cfg_write,
	.timer = fw_cfg_timer,
};
