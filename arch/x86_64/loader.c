/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot loader's information: PVH (Xen's include/public/arch-x86/hvm/start_info.h, as QEMU and
 * Linux use it) and multiboot2 (specification 2.0 §3.6).
 */
#include "arch/x86_64/boot.h"
#include "arch/x86_64/pure/acpi.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/string.h>

#define PVH_MAGIC 0x336ec578u

struct pvh_info {
	u32 magic, version, flags, num_modules;
	u64 modules, command_line, rsdp;
	u64 memory_map; /* from version 1 on */
	u32 num_memory, reserved;
};

struct pvh_module {
	u64 base, size, command_line, reserved;
};

#define MEMORY_RAM 1u /* of E820, PVH and multiboot alike */

struct pvh_memory {
	u64 base, size;
	u32 type, reserved;
};

#define ENTRIES_MAX 128u /* of a memory map */

#define TAG_ALIGN        8u
#define TAG_END          0u
#define TAG_COMMAND_LINE 1u
#define TAG_MODULE       3u
#define TAG_MEMORY       6u
#define TAG_RSDP         14u /* revision 1; 15: a later one */
#define MULTIBOOT_MAX    KIB(64)

struct multiboot_tag {
	u32 type, size;
	u32 data[];
};

/* The root pointer's usual place (ACPI 6.5 §5.2.5.1). */
#define BIOS_AREA       0xe0000u
#define BIOS_AREA_BYTES 0x20000u

__boot static const void *map_low(u64 pa, u64 bytes, const char *what)
{
	const void *at = pa != 0 && bytes != 0 ? arch_map(HPA(pa), bytes, SPACE_READ) : NULL;

	if (at == NULL)
		stop_machine("the boot loader's %s at 0x%lx, %lu bytes, cannot be read", what, pa,
			     bytes);
	return at;
}

/* A text of unknown length is cut at the end of its page. */
__boot static void copy_text(struct host_facts *facts, u64 pa)
{
	u64 bytes = PAGE_SIZE - pa % PAGE_SIZE;
	const char *text;

	if (pa == 0)
		return;
	text = map_low(pa, bytes, "command line");
	bytes = MIN(bytes, sizeof(facts->command_line) - 1);
	for (u64 i = 0; i < bytes && text[i] != '\0'; i++)
		facts->command_line[i] = text[i];
}

__boot static void read_pvh(u32 info, struct host_facts *facts)
{
	const struct pvh_info *pvh = map_low(info, sizeof(*pvh), "start information");
	const struct pvh_memory *memory;
	const struct pvh_module *module;
	u32 count;

	if (pvh->magic != PVH_MAGIC || pvh->version < 1)
		stop_machine("the boot loader's PVH information has magic 0x%x, version %u: "
			     "version 1 is needed",
			     pvh->magic, pvh->version);
	facts->rsdp = pvh->rsdp;
	copy_text(facts, pvh->command_line);
	count = MIN(pvh->num_memory, ENTRIES_MAX);
	memory = map_low(pvh->memory_map, count * sizeof(*memory), "memory map");
	for (u32 i = 0; i < count; i++)
		if (memory[i].type == MEMORY_RAM)
			facts_add_memory(facts, memory[i].base, memory[i].size);
	if (pvh->num_modules == 0)
		return;
	module = map_low(pvh->modules, sizeof(*module), "list of modules");
	facts->initrd_start = module->base;
	facts->initrd_end = module->base + module->size;
}

/* Entries of the memory map: 8 bytes of sizes, then base, size, type. */
__boot static void read_multiboot_memory(const struct multiboot_tag *tag, struct host_facts *facts)
{
	u32 step = tag->data[0] / 4, words = (tag->size - 8) / 4;

	if (step < 5)
		return;
	for (u32 at = 2; at + 5 <= words; at += step) {
		const u32 *entry = &tag->data[at];

		if (entry[4] == MEMORY_RAM)
			facts_add_memory(facts, entry[0] | (u64)entry[1] << 32,
					 entry[2] | (u64)entry[3] << 32);
	}
}

__boot static void read_tag(const struct multiboot_tag *tag, u64 pa, struct host_facts *facts)
{
	switch (tag->type) {
	case TAG_COMMAND_LINE:
		for (u32 i = 0; i + 8 < tag->size && i < sizeof(facts->command_line) - 1; i++)
			facts->command_line[i] = ((const char *)tag->data)[i];
		break;
	case TAG_MODULE:
		if (tag->size >= 16 && facts->initrd_end == 0) {
			facts->initrd_start = tag->data[0];
			facts->initrd_end = tag->data[1];
		}
		break;
	case TAG_MEMORY:
		if (tag->size >= 16)
			read_multiboot_memory(tag, facts);
		break;
	case TAG_RSDP:
	case TAG_RSDP + 1: facts->rsdp = pa + 8; break;
	default: break;
	}
}

__boot static void read_multiboot2(u32 info, struct host_facts *facts)
{
	const u32 *header = map_low(info, 8, "information");
	const u8 *all;
	u32 bytes = header[0];

	if (bytes < 8 || bytes > MULTIBOOT_MAX)
		stop_machine("the boot loader's multiboot2 information has %u bytes", bytes);
	all = map_low(info, bytes, "information");
	for (u32 at = 8; at + 8 <= bytes;) {
		const struct multiboot_tag *tag = (const void *)(all + at);

		if (tag->type == TAG_END || tag->size < 8 || tag->size > bytes - at)
			return;
		read_tag(tag, info + at, facts);
		at += (u32)ALIGN_UP(tag->size, TAG_ALIGN);
	}
}

__boot void loader_read(u32 loader, u32 info, struct host_facts *facts)
{
	const u8 *area;

	if (loader == LOADER_PVH)
		read_pvh(info, facts);
	else
		read_multiboot2(info, facts);
	if (facts->rsdp != 0)
		return;
	area = arch_map(HPA(BIOS_AREA), BIOS_AREA_BYTES, SPACE_READ);
	if (area != NULL)
		facts->rsdp = acpi_find_rsdp(area, BIOS_AREA, BIOS_AREA_BYTES);
}
