/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of an x86-64 guest at its start: memory map, zero page, start information, page tables
 * and ACPI. The tables are read back here, and by iasl where that is installed.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <abi/component.h>

#include "arch/x86_64/pure/boot.h"
#include "arch/x86_64/pure/guest_acpi.h"
#include "arch/x86_64/pure/multiboot_info.h"
#include <mullion/bytes.h>

static u8 block[X86_BLOCK_BYTES], file[0x400], initrd[100], seed[X86_SEED_BYTES];
static struct config_irq irqs[] = { { .guest = 4 },
				    { .guest = 8 },
				    { .guest = 9, .level = true },
				    { .guest = 16, .level = true } };
static struct config_region regions[] = {
	{ .kind = REGION_RAM, .size = 0xc0000000 },
	{ .kind = REGION_VIRTUAL,
	  .device = "virtio-console",
	  .doorbell = true,
	  .gpa = { 0xd0000000 },
	  .size = 0x1000,
	  .num_irqs = 1,
	  .irqs = &irqs[3] },
	{ .kind = REGION_ROM, .gpa = { 0xfffc0000 }, .size = 0x40000 },
	{ .kind = REGION_RAM, .gpa = { 0x100000000 }, .size = 0x40000000 },
	{ .kind = REGION_VIRTUAL,
	  .device = "mc146818",
	  .gpa = { PORT_BASE + 0x70 },
	  .size = 2,
	  .num_irqs = 1,
	  .irqs = &irqs[1] },
	{ .kind = REGION_VIRTUAL,
	  .device = "ns16550",
	  .gpa = { PORT_BASE + 0x3f8 },
	  .size = 8,
	  .num_irqs = 1,
	  .irqs = &irqs[0] },
	{ .kind = REGION_VIRTUAL,
	  .device = "acpi-pm",
	  .gpa = { PORT_BASE + 0x600 },
	  .size = 12,
	  .num_irqs = 1,
	  .irqs = &irqs[2] },
	{ .kind = REGION_VIRTUAL, .device = "pci-host", .gpa = { PORT_BASE + 0xcf8 }, .size = 8 },
	{ .kind = REGION_DEVICE,
	  .compatible = "ns16550a",
	  .gpa = { PORT_BASE + 0x2f8 },
	  .size = 8,
	  .num_irqs = 1,
	  .irqs = &irqs[0] },
	{ .kind = REGION_DEVICE, .compatible = "other", .gpa = { 0xfe000000 }, .size = 0x1000 },
};
static struct config_guest guest = {
	.num_vcpus = 3,
	.num_regions = ARRAY_SIZE(regions),
	.regions = regions,
	.kernel = { .data = file, .size = sizeof(file) },
	.initrd = { .data = initrd, .size = sizeof(initrd), .load = { 0xbff00000 } },
	.entry = { 0x1000200 },
	.bootargs = "console=ttyS0",
};

static void write_block(enum x86_boot boot, struct x86_start *start)
{
	struct x86_kernel kernel = { .boot = boot };

	memcpy(file + 0x202, "HdrS", 4);
	file[0x201] = 0x6a;
	memset(block, 0, sizeof(block));
	memset(seed, 7, sizeof(seed));
	x86_boot_block(&guest, &kernel, seed, block);
	x86_boot_start(&guest, &kernel, start);
}

static void memory_is_the_regions(void **state)
{
	static const struct x86_range expected[] = {
		{ 0, 0x9c000, X86_MEMORY_RAM },
		{ 0x9c000, 0x3c00, X86_MEMORY_ACPI },
		{ 0x9fc00, 0x400, X86_MEMORY_RESERVED },
		{ 0xa0000, 0xbff60000, X86_MEMORY_RAM },
		{ 0xfffc0000, 0x40000, X86_MEMORY_RESERVED },
		{ 0x100000000, 0x40000000, X86_MEMORY_RAM },
	};
	struct x86_range ranges[X86_MAX_RANGES];

	(void)state;
	assert_int_equal(x86_memory_map(&guest, ranges), ARRAY_SIZE(expected));
	for (u32 i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(ranges[i].base, expected[i].base);
		assert_int_equal(ranges[i].size, expected[i].size);
		assert_int_equal(ranges[i].kind, expected[i].kind);
	}
}

static void a_linux_kernel(void **state)
{
	struct x86_start start;
	const u8 *tables = block + X86_BLOCK_TABLES;

	(void)state;
	write_block(X86_BOOT_LINUX, &start);
	assert_int_equal(start.mode, X86_MODE_LONG);
	assert_int_equal(start.rip, 0x1000200);
	assert_int_equal(start.rsi, X86_BLOCK);
	assert_int_equal(start.cr3, X86_BLOCK + X86_BLOCK_TABLES);
	assert_int_equal(load64(block + 0x70), X86_RSDP);
	assert_int_equal(block[0x1e8], 6);
	assert_memory_equal(block + 0x202, "HdrS", 4);
	assert_int_equal(block[0x210], 0xff);
	assert_int_equal(load32(block + 0x218), 0xbff00000);
	assert_int_equal(load32(block + 0x21c), 100);
	assert_int_equal(load64(block + 0x2d0 + 3 * 20), 0xa0000);
	assert_string_equal((char *)block + (load32(block + 0x228) - X86_BLOCK), "console=ttyS0");
	/* setup_data: one node with the seed. */
	assert_int_equal(load64(block + 0x250), X86_BLOCK + X86_BLOCK_SEED);
	assert_int_equal(load64(block + X86_BLOCK_SEED), 0);
	assert_int_equal(load32(block + X86_BLOCK_SEED + 8), 9);
	assert_int_equal(load32(block + X86_BLOCK_SEED + 12), sizeof(seed));
	assert_memory_equal(block + X86_BLOCK_SEED + 16, seed, sizeof(seed));
	/* One to one up to 4 GiB. */
	assert_int_equal(load64(tables), (X86_BLOCK + X86_BLOCK_TABLES + 0x1000) | 3);
	for (u64 gib = 0; gib < 4; gib++)
		assert_int_equal(load64(tables + 0x1000 + 8 * gib),
				 (X86_BLOCK + X86_BLOCK_TABLES + 0x2000 + 0x1000 * gib) | 3);
	assert_int_equal(load64(tables + 0x2000 + 8 * 2047), 0xffe00000 | 0x83);
	assert_int_equal(load64(block + X86_BLOCK_GDT + X86_SELECT_CODE64), 0x00af9b000000ffff);
}

static void a_pvh_kernel(void **state)
{
	const u8 *info = block + X86_BLOCK_INFO, *module;
	struct x86_start start;

	(void)state;
	write_block(X86_BOOT_PVH, &start);
	assert_int_equal(start.mode, X86_MODE_PROTECTED);
	assert_int_equal(start.rbx, X86_BLOCK + X86_BLOCK_INFO);
	assert_int_equal(load32(info), 0x336ec578);
	assert_int_equal(load64(info + 32), X86_RSDP);
	assert_int_equal(load32(info + 48), 6);
	assert_int_equal(load32(info + 12), 1);
	module = block + (load64(info + 16) - X86_BLOCK);
	assert_int_equal(load64(module), 0xbff00000);
	assert_int_equal(load64(block + (load64(info + 40) - X86_BLOCK) + 24), 0x9c000);
}

static void multiboot_kernels(void **state)
{
	struct x86_start start;
	const u8 *info;
	u32 end, seen = 0;

	(void)state;
	write_block(X86_BOOT_MULTIBOOT, &start);
	assert_int_equal(start.rax, MULTIBOOT_LOADER_1);
	info = block + (start.rbx - X86_BLOCK);
	assert_int_equal(load32(info), 0x4d);
	assert_int_equal(load32(info + 8), 0xbff00000 / 1024);
	assert_int_equal(load32(info + 44), 6 * 24);
	assert_int_equal(load32(block + (load32(info + 24) - X86_BLOCK)), 0xbff00000);
	write_block(X86_BOOT_MULTIBOOT2, &start);
	assert_int_equal(start.rax, MULTIBOOT_LOADER_2);
	info = block + (start.rbx - X86_BLOCK);
	end = load32(info);
	for (u32 at = 8; at < end; at += ALIGN_UP(load32(info + at + 4), 8)) {
		seen |= 1u << load32(info + at);
		if (load32(info + at) == 0)
			break;
	}
	assert_int_equal(seen, 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 15);
}

static void firmware_starts_at_the_reset_vector(void **state)
{
	struct x86_start start;

	(void)state;
	write_block(X86_BOOT_FIRMWARE, &start);
	assert_int_equal(start.mode, X86_MODE_RESET);
}

/* --- ACPI --- */

static u8 sum(const u8 *data, u32 bytes)
{
	u8 total = 0;

	for (u32 i = 0; i < bytes; i++)
		total = (u8)(total + data[i]);
	return total;
}

static const u8 *table_at(u64 gpa, const char *signature)
{
	const u8 *table = block + (gpa - X86_BLOCK);

	assert_in_range(gpa, X86_BLOCK + X86_BLOCK_ACPI, X86_BLOCK + X86_BLOCK_EBDA - 36);
	assert_memory_equal(table, signature, 4);
	assert_int_equal(sum(table, load32(table + 4)), 0);
	return table;
}

static const u8 *rsdp(void)
{
	return block + (X86_RSDP - X86_BLOCK);
}

static void tables_are_linked(void **state)
{
	const u8 *xsdt, *fadt, *madt;
	struct x86_start start;
	u32 cpus = 0, overrides = 0;

	(void)state;
	write_block(X86_BOOT_LINUX, &start);
	assert_memory_equal(rsdp(), "RSD PTR ", 8);
	assert_int_equal(sum(rsdp(), 20), 0);
	assert_int_equal(sum(rsdp(), 36), 0);
	xsdt = table_at(load64(rsdp() + 24), "XSDT");
	assert_int_equal(load32(xsdt + 4), 36 + 16);
	fadt = table_at(load64(xsdt + 36), "FACP");
	(void)table_at(load64(fadt + 140), "DSDT");
	assert_int_equal(load32(fadt + 56), 0x600);
	assert_int_equal(load32(fadt + 76), 0x608);
	assert_int_equal(load64(fadt + 120), 0xcf9);
	assert_int_equal(load32(fadt + 112) & (1u << 20), 0);
	madt = table_at(load64(xsdt + 44), "APIC");
	for (u32 at = 44; at < load32(madt + 4); at += madt[at + 1]) {
		cpus += madt[at] == 0;
		overrides += madt[at] == 2;
		assert_true(madt[at + 1] >= 6);
	}
	assert_int_equal(cpus, 3);
	assert_int_equal(overrides, 2);
}

/* Times that @text is in the DSDT. */
static u32 count_in_dsdt(const void *text, size_t bytes)
{
	const u8 *xsdt = table_at(load64(rsdp() + 24), "XSDT");
	const u8 *dsdt = table_at(load64(table_at(load64(xsdt + 36), "FACP") + 140), "DSDT");
	u32 count = 0;

	for (u32 at = 36; at + bytes <= load32(dsdt + 4); at++)
		count += memcmp(dsdt + at, text, bytes) == 0;
	return count;
}

/* CPUs and devices, emulated and passed through. */
static void devices_are_in_the_dsdt(void **state)
{
	static const struct {
		const char *text;
		u32 bytes, count;
	} expected[] = {
		{ "ACPI0007", 9, 3 },         { "\x41\xd0\x05\x01", 4, 2 }, /* PNP0501 */
		{ "\x41\xd0\x0b\x00", 4, 1 },                               /* PNP0B00 */
		{ "\x41\xd0\x0a\x03", 4, 1 },                               /* PNP0A03 */
		{ "LNRO0005", 9, 1 },         { "\x47\x01\xf8\x02\xf8\x02\x01\x08", 8, 1 },
	};
	struct x86_start start;

	(void)state;
	write_block(X86_BOOT_LINUX, &start);
	for (u32 i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(count_in_dsdt(expected[i].text, expected[i].bytes),
				 expected[i].count);
}

/* Without acpi-pm the FADT is hardware-reduced; too little room is no overrun. */
static void other_tables(void **state)
{
	struct config_guest bare = guest;
	u8 tables[4096], pointer[36];
	u32 bytes;

	(void)state;
	bare.num_regions = 1;
	bytes = guest_acpi_write(&bare, tables, sizeof(tables), 0x9c000, pointer);
	assert_in_range(bytes, 400, 1000);
	for (u32 size = 0; size < bytes; size++)
		assert_int_equal(guest_acpi_write(&bare, tables, size, 0x9c000, pointer), 0);
	bare.num_vcpus = 64;
	bare.num_regions = ARRAY_SIZE(regions);
	assert_in_range(guest_acpi_write(&bare, tables, sizeof(tables), 0x9c000, pointer), 1000,
			sizeof(tables));
}

/* The tables and the map of the largest guest that the checks let pass. */
static void the_largest_guest_fits(void **state)
{
	static struct config_region many[X86_MAX_REGIONS];
	static u8 tables[X86_BLOCK_EBDA - X86_BLOCK_ACPI];
	struct x86_range ranges[X86_MAX_RANGES];
	struct config_guest large = { .num_vcpus = 64, .num_regions = ARRAY_SIZE(many) };
	u8 pointer[36];

	(void)state;
	large.regions = many;
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct config_region){ .kind = REGION_VIRTUAL,
						  .device = "virtio-console",
						  .doorbell = true,
						  .gpa = { 0xd0000000 + i * PAGE_SIZE },
						  .size = PAGE_SIZE,
						  .num_irqs = 1,
						  .irqs = &irqs[3] };
	assert_true(guest_acpi_write(&large, tables, sizeof(tables), 0x9c000, pointer) > KIB(8));
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct config_region){ .kind = REGION_RAM,
						  .gpa = { i * GIB(1) },
						  .size = MIB(16) };
	assert_int_equal(x86_memory_map(&large, ranges), X86_MAX_REGIONS + 3);
}

static void iasl_accepts(const char *dir, const char *name, const u8 *table)
{
	char path[128], command[512];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s.aml", dir, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(table, 1, load32(table + 4), out), load32(table + 4));
	assert_int_equal(fclose(out), 0);
	(void)snprintf(command, sizeof(command),
		       "cd %s && iasl -d %s.aml >log 2>&1 && ! grep -i 'warning\\|error' log "
		       "&& iasl -ve %s.dsl >log 2>&1 || { cat log; false; }",
		       dir, name, name);
	assert_int_equal(system(command), 0);
}

static void tables_pass_iasl(void **state)
{
	char dir[] = "/tmp/mullion-acpi-XXXXXX", command[128];
	struct x86_start start;
	const u8 *xsdt, *fadt;

	(void)state;
	if (system("iasl -v >/dev/null 2>&1") != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	write_block(X86_BOOT_LINUX, &start);
	xsdt = table_at(load64(rsdp() + 24), "XSDT");
	fadt = table_at(load64(xsdt + 36), "FACP");
	iasl_accepts(dir, "xsdt", xsdt);
	iasl_accepts(dir, "fadt", fadt);
	iasl_accepts(dir, "madt", table_at(load64(xsdt + 44), "APIC"));
	iasl_accepts(dir, "dsdt", table_at(load64(fadt + 140), "DSDT"));
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_the_regions),
		cmocka_unit_test(a_linux_kernel),
		cmocka_unit_test(a_pvh_kernel),
		cmocka_unit_test(multiboot_kernels),
		cmocka_unit_test(firmware_starts_at_the_reset_vector),
		cmocka_unit_test(tables_are_linked),
		cmocka_unit_test(devices_are_in_the_dsdt),
		cmocka_unit_test(other_tables),
		cmocka_unit_test(the_largest_guest_fits),
		cmocka_unit_test(tables_pass_iasl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
