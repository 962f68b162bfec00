/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot 0.6.96 §3.3 and Multiboot2 2.0 §3.6: command line, module, memory, RSDP. */
#include "arch/x86_64/pure/multiboot_info.h"

#include <mullion/string.h>

#include <mullion/bytes.h>

#define INFO_1    0x0u /* from X86_BLOCK_INFO on */
#define MODULE_1  0x80u
#define RANGE_1   24u
#define LOW_BYTES KIB(640)
#define HIGH_BASE MIB(1)

#define HAS_MEMORY  BIT(0)
#define HAS_CMDLINE BIT(2)
#define HAS_MODULES BIT(3)
#define HAS_MAP     BIT(6)

#define TAG_CMDLINE 1
#define TAG_MODULE  3
#define TAG_MEMORY  4
#define TAG_MAP     6
#define TAG_RSDP    15
#define RANGE_2     24u
#define RSDP_BYTES  36u

/* KiB of RAM from 1 MiB on without a gap. */
static u32 upper_kib(const struct config_guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];
		u64 end = region->gpa.v + region->size;

		if (region->kind == REGION_RAM && region->gpa.v <= HIGH_BASE && end > HIGH_BASE)
			return (u32)((end - HIGH_BASE) / KIB(1));
	}
	return 0;
}

void multiboot_write_1(const struct config_guest *guest, u8 *block)
{
	u8 *info = block + X86_BLOCK_INFO + INFO_1, *map = block + X86_BLOCK_MAP;
	u8 *module = block + X86_BLOCK_INFO + MODULE_1;
	struct x86_range ranges[X86_MAX_RANGES];
	u32 count = x86_memory_map(guest, ranges);

	store32(info, HAS_MEMORY | HAS_CMDLINE | HAS_MAP);
	store32(info + 4, LOW_BYTES / KIB(1));
	store32(info + 8, upper_kib(guest));
	store32(info + 16, (u32)x86_block_gpa(X86_BLOCK_CMDLINE));
	store32(info + 44, count * RANGE_1);
	store32(info + 48, (u32)x86_block_gpa(X86_BLOCK_MAP));
	for (u32 i = 0; i < count; i++, map += RANGE_1) {
		store32(map, RANGE_1 - 4);
		store64(map + 4, ranges[i].base);
		store64(map + 12, ranges[i].size);
		store32(map + 20, ranges[i].kind);
	}
	if (guest->initrd.data == NULL)
		return;
	store32(info, HAS_MEMORY | HAS_CMDLINE | HAS_MODULES | HAS_MAP);
	store32(info + 20, 1);
	store32(info + 24, (u32)x86_block_gpa(X86_BLOCK_INFO + MODULE_1));
	store32(module, (u32)guest->initrd.load.v);
	store32(module + 4, (u32)(guest->initrd.load.v + guest->initrd.size));
	store32(module + 8,
		(u32)x86_block_gpa(X86_BLOCK_INFO + MODULE_1 + 16)); /* an empty string */
}

static u8 *begin_tag(u8 *at, u32 type, u32 bytes)
{
	store32(at, type);
	store32(at + 4, bytes);
	return at + 8;
}

static u8 *end_tag(u8 *at, u32 bytes)
{
	return at + ALIGN_UP((u64)bytes, 8);
}

/* In the place of the tables, which a kernel that starts without paging does not have. */
void multiboot_write_2(const struct config_guest *guest, u8 *block)
{
	u8 *info = block + X86_BLOCK_TABLES, *at = info + 8, *tag;
	struct x86_range ranges[X86_MAX_RANGES];
	u32 count = x86_memory_map(guest, ranges), bytes;

	bytes = 8 + (u32)strlen(guest->bootargs) + 1;
	memcpy(begin_tag(at, TAG_CMDLINE, bytes), guest->bootargs, bytes - 8);
	at = end_tag(at, bytes);
	if (guest->initrd.data != NULL) {
		tag = begin_tag(at, TAG_MODULE, 17);
		store32(tag, (u32)guest->initrd.load.v);
		store32(tag + 4, (u32)(guest->initrd.load.v + guest->initrd.size));
		at = end_tag(at, 17);
	}
	tag = begin_tag(at, TAG_MEMORY, 16);
	store32(tag, LOW_BYTES / KIB(1));
	store32(tag + 4, upper_kib(guest));
	at = end_tag(at, 16);
	bytes = 16 + count * RANGE_2;
	tag = begin_tag(at, TAG_MAP, bytes);
	store32(tag, RANGE_2);
	for (u32 i = 0; i < count; i++) {
		store64(tag + 8 + (u64)i * RANGE_2, ranges[i].base);
		store64(tag + 16 + (u64)i * RANGE_2, ranges[i].size);
		store32(tag + 24 + (u64)i * RANGE_2, ranges[i].kind);
	}
	at = end_tag(at, bytes);
	memcpy(begin_tag(at, TAG_RSDP, 8 + RSDP_BYTES), block + (X86_RSDP - X86_BLOCK), RSDP_BYTES);
	at = end_tag(at, 8 + RSDP_BYTES);
	(void)begin_tag(at, 0, 8);
	store32(info, (u32)(at + 8 - info));
}

u64 multiboot_info(u32 version)
{
	return x86_block_gpa(version == 2 ? X86_BLOCK_TABLES : X86_BLOCK_INFO + INFO_1);
}
