/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block: zero page (Linux Documentation/arch/x86/{boot,zero-page}.rst), page tables, GDT,
 * memory map, start information of PVH (xen/include/public/arch-x86/hvm/start_info.h) and of
 * Multiboot, ACPI tables, EBDA.
 */
#include "arch/x86_64/pure/boot.h"

#include <mullion/string.h>

#include "arch/x86_64/pure/guest_acpi.h"
#include "arch/x86_64/pure/multiboot_info.h"
#include <mullion/bytes.h>

#define ACPI_BYTES (X86_BLOCK_EBDA - X86_BLOCK_ACPI)

/* Zero page. */
#define ZP_RSDP        0x070u
#define ZP_NUM_RANGES  0x1e8u
#define ZP_HEADER      0x1f1u
#define ZP_HEADER_JUMP 0x201u /* the header ends so many bytes behind 0x202 */
#define ZP_LOADER      0x210u
#define ZP_LOAD_FLAGS  0x211u
#define ZP_INITRD      0x218u
#define ZP_INITRD_SIZE 0x21cu
#define ZP_CMDLINE     0x228u
#define ZP_SETUP_DATA  0x250u
#define ZP_RANGES      0x2d0u
#define ZP_HEADER_END  0x290u /* of the space for it */
#define LOADER_OTHER   0xff
#define RANGE_BYTES    20u
#define SEED_TYPE      9 /* SETUP_RNG_SEED */

#define ENTRY_PRESENT (BIT(0) | BIT(1))
#define ENTRY_LARGE   BIT(7)

#define PVH_MAGIC      0x336ec578u
#define PVH_RANGE      24u
#define PVH_INFO_BYTES 56u

static void add_memory(struct x86_range *ranges, u32 *count, u64 base, u64 end,
		       enum x86_memory kind)
{
	if (base < end && *count < X86_MAX_RANGES)
		ranges[(*count)++] = (struct x86_range){ base, end - base, kind };
}

u32 x86_memory_map(const struct config_guest *guest, struct x86_range *ranges)
{
	const u64 acpi = x86_block_gpa(X86_BLOCK_ACPI), ebda = x86_block_gpa(X86_BLOCK_EBDA);
	const u64 end_block = X86_BLOCK + X86_BLOCK_BYTES;
	u32 count = 0;

	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];
		u64 base = region->gpa.v, end = base + region->size;

		if (region->kind == REGION_ROM || region->kind == REGION_SHARED)
			add_memory(ranges, &count, base, end, X86_MEMORY_RESERVED);
		if (region->kind != REGION_RAM)
			continue;
		add_memory(ranges, &count, base, MIN(end, acpi), X86_MEMORY_RAM);
		add_memory(ranges, &count, MAX(base, acpi), MIN(end, ebda), X86_MEMORY_ACPI);
		add_memory(ranges, &count, MAX(base, ebda), MIN(end, end_block),
			   X86_MEMORY_RESERVED);
		add_memory(ranges, &count, MAX(base, end_block), end, X86_MEMORY_RAM);
	}
	return count;
}

/* One to one, in blocks of 2 MiB. */
static void write_tables(u8 *tables)
{
	u64 gpa = x86_block_gpa(X86_BLOCK_TABLES);

	store64(tables, (gpa + PAGE_SIZE) | ENTRY_PRESENT);
	for (u64 i = 0; i < 4; i++)
		store64(tables + PAGE_SIZE + 8 * i, (gpa + (2 + i) * PAGE_SIZE) | ENTRY_PRESENT);
	for (u64 i = 0; i < 4 * 512; i++)
		store64(tables + 2 * PAGE_SIZE + 8 * i, (i * MIB(2)) | ENTRY_PRESENT | ENTRY_LARGE);
}

static void write_gdt(u8 *gdt)
{
	store64(gdt + X86_SELECT_CODE64, 0x00af9b000000ffff);
	store64(gdt + X86_SELECT_DATA, 0x00cf93000000ffff);
	store64(gdt + X86_SELECT_CODE32, 0x00cf9b000000ffff);
}

static void write_ranges(const struct config_guest *guest, u8 *at, u32 step)
{
	struct x86_range ranges[X86_MAX_RANGES];
	u32 count = x86_memory_map(guest, ranges);

	for (u32 i = 0; i < count; i++, at += step) {
		store64(at, ranges[i].base);
		store64(at + 8, ranges[i].size);
		store32(at + 16, ranges[i].kind);
	}
}

static u32 count_ranges(const struct config_guest *guest)
{
	struct x86_range ranges[X86_MAX_RANGES];

	return x86_memory_map(guest, ranges);
}

static bool has_initrd(const struct config_guest *guest)
{
	return guest->initrd.data != NULL;
}

static void write_zero_page(const struct config_guest *guest, u8 *zp)
{
	const u8 *file = guest->kernel.data;
	u32 header_end = BZ_HEADER + file[ZP_HEADER_JUMP];

	memcpy(zp + ZP_HEADER, file + ZP_HEADER, MIN(header_end, ZP_HEADER_END) - ZP_HEADER);
	store64(zp + ZP_RSDP, X86_RSDP);
	zp[ZP_LOADER] = LOADER_OTHER;
	store32(zp + ZP_CMDLINE, (u32)x86_block_gpa(X86_BLOCK_CMDLINE));
	store64(zp + ZP_SETUP_DATA, x86_block_gpa(X86_BLOCK_SEED));
	if (has_initrd(guest)) {
		store32(zp + ZP_INITRD, (u32)guest->initrd.load.v);
		store32(zp + ZP_INITRD_SIZE, (u32)guest->initrd.size);
	}
	zp[ZP_NUM_RANGES] = (u8)count_ranges(guest);
	write_ranges(guest, zp + ZP_RANGES, RANGE_BYTES);
}

static void write_seed(const u8 *seed, u8 *at)
{
	store32(at + 8, SEED_TYPE);
	store32(at + 12, X86_SEED_BYTES);
	memcpy(at + 16, seed, X86_SEED_BYTES);
}

/* hvm_start_info version 1, and its one module behind it. */
static void write_pvh(const struct config_guest *guest, u8 *block)
{
	u8 *info = block + X86_BLOCK_INFO;
	u32 module = X86_BLOCK_INFO + PVH_INFO_BYTES;

	store32(info, PVH_MAGIC);
	store32(info + 4, 1);
	store64(info + 24, x86_block_gpa(X86_BLOCK_CMDLINE));
	store64(info + 32, X86_RSDP);
	store64(info + 40, x86_block_gpa(X86_BLOCK_MAP));
	store32(info + 48, count_ranges(guest));
	write_ranges(guest, block + X86_BLOCK_MAP, PVH_RANGE);
	if (!has_initrd(guest))
		return;
	store32(info + 12, 1);
	store64(info + 16, x86_block_gpa(module));
	store64(block + module, guest->initrd.load.v);
	store64(block + module + 8, guest->initrd.size);
}

void x86_boot_block(const struct config_guest *guest, const struct x86_kernel *kernel,
		    const u8 *seed, u8 *block)
{
	(void)str_copy((char *)block + X86_BLOCK_CMDLINE, X86_BLOCK_INFO - X86_BLOCK_CMDLINE,
		       guest->bootargs);
	write_gdt(block + X86_BLOCK_GDT);
	block[X86_BLOCK_EBDA] = 1; /* its size in KiB */
	(void)guest_acpi_write(guest, block + X86_BLOCK_ACPI, ACPI_BYTES,
			       x86_block_gpa(X86_BLOCK_ACPI), block + (X86_RSDP - X86_BLOCK));
	switch (kernel->boot) {
	case X86_BOOT_LINUX:
		write_tables(block + X86_BLOCK_TABLES);
		write_zero_page(guest, block + X86_BLOCK_ZERO_PAGE);
		write_seed(seed, block + X86_BLOCK_SEED);
		break;
	case X86_BOOT_MULTIBOOT: multiboot_write_1(guest, block); break;
	case X86_BOOT_MULTIBOOT2: multiboot_write_2(guest, block); break;
	default: write_pvh(guest, block); break;
	}
}

void x86_boot_start(const struct config_guest *guest, const struct x86_kernel *kernel,
		    struct x86_start *start)
{
	*start = (struct x86_start){
		.mode = X86_MODE_PROTECTED,
		.rip = guest->entry.v,
		.rbx = x86_block_gpa(X86_BLOCK_INFO),
	};
	switch (kernel->boot) {
	case X86_BOOT_LINUX:
		start->mode = X86_MODE_LONG;
		start->rbx = 0;
		start->rsi = x86_block_gpa(X86_BLOCK_ZERO_PAGE);
		start->cr3 = x86_block_gpa(X86_BLOCK_TABLES);
		break;
	case X86_BOOT_MULTIBOOT:
		start->rax = MULTIBOOT_LOADER_1;
		start->rbx = multiboot_info(1);
		break;
	case X86_BOOT_MULTIBOOT2:
		start->rax = MULTIBOOT_LOADER_2;
		start->rbx = multiboot_info(2);
		break;
	case X86_BOOT_FIRMWARE: *start = (struct x86_start){ .mode = X86_MODE_RESET }; break;
	default: break;
	}
}
