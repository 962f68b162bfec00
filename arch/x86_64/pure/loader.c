/* SPDX-License-Identifier: Apache-2.0 */
/* The boot loader's information: see loader.h. */
#include "arch/x86_64/pure/loader.h"

#include <mullion/bytes.h>
#include <mullion/string.h>

#define MEMORY_RAM  1u   /* of E820, PVH and multiboot alike */
#define ENTRIES_MAX 512u /* of a memory map */

#define PVH_MAGIC       0x336ec578u
#define PVH_BYTES       56u
#define PVH_MODULE      32u
#define PVH_MAP_ENTRY   24u
#define PVH_MODULES     12u
#define PVH_MODULE_LIST 16u
#define PVH_COMMAND     24u
#define PVH_RSDP        32u
#define PVH_MAP         40u
#define PVH_MAP_COUNT   48u

#define TAG_HEADER       8u
#define TAG_ALIGN        8u
#define TAG_END          0u
#define TAG_COMMAND_LINE 1u
#define TAG_MODULE       3u
#define TAG_MEMORY       6u
#define TAG_RSDP         14u /* revision 1; 15: a later one */
#define MULTIBOOT_MAX    KIB(64)

#define ZERO_PAGE         4096u
#define ZERO_RSDP         0x70u
#define ZERO_INITRD_HIGH  0xc0u
#define ZERO_SIZE_HIGH    0xc4u
#define ZERO_COMMAND_HIGH 0xc8u
#define ZERO_COUNT        0x1e8u
#define ZERO_HEADER       0x202u
#define ZERO_INITRD       0x218u
#define ZERO_INITRD_BYTES 0x21cu
#define ZERO_COMMAND      0x228u
#define ZERO_MAP          0x2d0u
#define ZERO_MAP_ENTRY    20u
#define ZERO_MAP_MAX      128u
#define ZERO_HEADER_MAGIC 0x53726448u /* "HdrS" */

#define EFI_MAP_MAX      KIB(256)
#define EFI_ENTRY        40u
#define EFI_LOADER_CODE  1u /* to boot services' data (4): free after their end */
#define EFI_BOOT_DATA    4u
#define EFI_CONVENTIONAL 7u
#define EFI_PAGE         4096u

struct reader {
	const struct acpi_memory *memory;
	struct host_facts *facts;
	const char *what;
};

static const u8 *map_bytes(struct reader *reader, u64 pa, u64 bytes, const char *what)
{
	const u8 *at = NULL;

	if (pa != 0 && bytes != 0 && pa + bytes >= pa)
		at = reader->memory->map(reader->memory->context, pa, bytes);
	if (at == NULL)
		reader->what = what;
	return at;
}

/* A text of unknown length is cut at the end of its page. */
static enum err copy_text(struct reader *reader, u64 pa)
{
	u64 bytes = PAGE_SIZE - pa % PAGE_SIZE;
	const u8 *text;

	if (pa == 0)
		return OK;
	text = map_bytes(reader, pa, bytes, "command line");
	if (text == NULL)
		return ERR_FORMAT;
	bytes = MIN(bytes, sizeof(reader->facts->command_line) - 1);
	for (u64 i = 0; i < bytes && text[i] != '\0'; i++)
		reader->facts->command_line[i] = (char)text[i];
	return OK;
}

static void add_entry(struct reader *reader, const u8 *entry)
{
	if (load32(entry + 16) == MEMORY_RAM)
		facts_add_memory(reader->facts, load64(entry), load64(entry + 8));
}

static void set_initrd(struct reader *reader, u64 start, u64 bytes)
{
	if (bytes == 0 || start + bytes < start || reader->facts->initrd_end != 0)
		return;
	reader->facts->initrd_start = start;
	reader->facts->initrd_end = start + bytes;
}

static enum err read_pvh(struct reader *reader, u64 info)
{
	const u8 *pvh = map_bytes(reader, info, PVH_BYTES, "start information");
	const u8 *memory, *module;
	u32 count;

	if (pvh == NULL)
		return ERR_FORMAT;
	reader->what = "start information, of which version 1 is needed,";
	if (load32(pvh) != PVH_MAGIC || load32(pvh + 4) < 1)
		return ERR_FORMAT;
	reader->facts->rsdp = load64(pvh + PVH_RSDP);
	if (copy_text(reader, load64(pvh + PVH_COMMAND)) != OK)
		return ERR_FORMAT;
	count = MIN(load32(pvh + PVH_MAP_COUNT), ENTRIES_MAX);
	memory = map_bytes(reader, load64(pvh + PVH_MAP), (u64)count * PVH_MAP_ENTRY, "memory map");
	if (memory == NULL)
		return ERR_FORMAT;
	for (u32 i = 0; i < count; i++)
		add_entry(reader, memory + (u64)i * PVH_MAP_ENTRY);
	if (load32(pvh + PVH_MODULES) == 0)
		return OK;
	module = map_bytes(reader, load64(pvh + PVH_MODULE_LIST), PVH_MODULE, "list of modules");
	if (module == NULL)
		return ERR_FORMAT;
	set_initrd(reader, load64(module), load64(module + 8));
	return OK;
}

/* Entries of the memory map: 8 bytes of sizes, then base, size, type. */
static void read_multiboot_memory(struct reader *reader, const u8 *tag, u32 bytes)
{
	u32 step = bytes >= 16 ? load32(tag + 8) : 0;

	if (step < 20 || step > bytes)
		return;
	for (u32 at = 16; at + 20 <= bytes; at += step)
		add_entry(reader, tag + at);
}

static void read_tag(struct reader *reader, const u8 *tag, u32 bytes, u64 pa)
{
	struct host_facts *facts = reader->facts;

	switch (load32(tag)) {
	case TAG_COMMAND_LINE:
		for (u32 i = 0; i + TAG_HEADER < bytes && i < sizeof(facts->command_line) - 1; i++)
			facts->command_line[i] = (char)tag[TAG_HEADER + i];
		break;
	case TAG_MODULE:
		if (bytes >= 16)
			set_initrd(reader, load32(tag + 8),
				   load32(tag + 12) - (u64)load32(tag + 8));
		break;
	case TAG_MEMORY: read_multiboot_memory(reader, tag, bytes); break;
	case TAG_RSDP:
	case TAG_RSDP + 1: facts->rsdp = pa + TAG_HEADER; break;
	default: break;
	}
}

static enum err read_multiboot2(struct reader *reader, u64 info)
{
	const u8 *all = map_bytes(reader, info, TAG_HEADER, "information");
	u32 bytes;

	if (all == NULL)
		return ERR_FORMAT;
	bytes = load32(all);
	reader->what = "information, by its size,";
	if (bytes < TAG_HEADER || bytes > MULTIBOOT_MAX)
		return ERR_FORMAT;
	all = map_bytes(reader, info, bytes, "information");
	if (all == NULL)
		return ERR_FORMAT;
	for (u32 at = TAG_HEADER; at + TAG_HEADER <= bytes;) {
		u32 size = load32(all + at + 4);

		if (load32(all + at) == TAG_END || size < TAG_HEADER || size > bytes - at)
			break;
		read_tag(reader, all + at, size, info + at);
		at += (u32)ALIGN_UP(size, TAG_ALIGN);
	}
	return OK;
}

static enum err read_linux(struct reader *reader, u64 info)
{
	const u8 *page = map_bytes(reader, info, ZERO_PAGE, "zero page");

	if (page == NULL)
		return ERR_FORMAT;
	reader->what = "zero page, which has no Linux header,";
	if (load32(page + ZERO_HEADER) != ZERO_HEADER_MAGIC)
		return ERR_FORMAT;
	reader->facts->rsdp = load64(page + ZERO_RSDP);
	set_initrd(reader, load32(page + ZERO_INITRD) | (u64)load32(page + ZERO_INITRD_HIGH) << 32,
		   load32(page + ZERO_INITRD_BYTES) | (u64)load32(page + ZERO_SIZE_HIGH) << 32);
	for (u32 i = 0; i < MIN(page[ZERO_COUNT], ZERO_MAP_MAX); i++)
		add_entry(reader, page + ZERO_MAP + (u64)i * ZERO_MAP_ENTRY);
	return copy_text(reader, load32(page + ZERO_COMMAND) | (u64)load32(page + ZERO_COMMAND_HIGH)
								       << 32);
}

static enum err read_efi(struct reader *reader, u64 info)
{
	const struct efi_record *record =
		(const void *)map_bytes(reader, info, sizeof(*record), "record of the firmware");
	const u8 *map;

	if (record == NULL)
		return ERR_FORMAT;
	reader->what = "memory map, by its size,";
	if (record->map_bytes > EFI_MAP_MAX || record->entry_bytes < EFI_ENTRY)
		return ERR_FORMAT;
	reader->facts->rsdp = record->rsdp;
	reader->facts->image_pa = record->image;
	map = map_bytes(reader, record->map, record->map_bytes, "memory map");
	if (map == NULL)
		return ERR_FORMAT;
	for (u64 at = 0; record->map_bytes - at >= EFI_ENTRY; at += record->entry_bytes) {
		u32 type = load32(map + at);
		u64 pages = load64(map + at + 24);

		if (type == EFI_CONVENTIONAL || (type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA))
			facts_add_memory(reader->facts, load64(map + at + 8),
					 MIN(pages, UINT64_MAX / EFI_PAGE) * EFI_PAGE);
		if (record->map_bytes - at < record->entry_bytes)
			break;
	}
	return OK;
}

enum err loader_parse(const struct acpi_memory *memory, u32 loader, u64 info,
		      struct host_facts *facts, const char **what)
{
	struct reader reader = { .memory = memory, .facts = facts, .what = "protocol" };
	enum err err = ERR_FORMAT;

	switch (loader) {
	case LOADER_PVH: err = read_pvh(&reader, info); break;
	case LOADER_MULTIBOOT2: err = read_multiboot2(&reader, info); break;
	case LOADER_LINUX: err = read_linux(&reader, info); break;
	case LOADER_EFI: err = read_efi(&reader, info); break;
	default: break;
	}
	*what = reader.what;
	return err;
}

const char *loader_name(u32 loader)
{
	static const char *const names[] = {
		"an unknown protocol",
		[LOADER_PVH] = "PVH",
		[LOADER_MULTIBOOT2] = "multiboot2",
		[LOADER_LINUX] = "the Linux boot protocol",
		[LOADER_EFI] = "UEFI",
	};

	return names[loader < ARRAY_SIZE(names) ? loader : 0];
}
