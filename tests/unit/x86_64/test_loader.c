/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/loader.c: each protocol's information, and what is wrong with it. */
#include "support/test.h"

#include "arch/x86_64/pure/loader.h"
#include <mullion/bytes.h>

#define BASE 0x10000u

static u8 memory[0x4000] __aligned(8);
static struct host_facts facts;
static const char *what;

static const u8 *map_memory(void *context, u64 pa, u64 bytes)
{
	(void)context;
	if (pa < BASE || pa - BASE > sizeof(memory) || bytes > sizeof(memory) - (pa - BASE))
		return NULL;
	return memory + (pa - BASE);
}

static enum err parse(u32 loader)
{
	const struct acpi_memory map = { .map = map_memory };

	memset(&facts, 0, sizeof(facts));
	return loader_parse(&map, loader, BASE, &facts, &what);
}

/* RAM from 1 MiB to 16 MiB, and a reserved entry. */
static void put_entries(u8 *at, u32 step)
{
	store64(at, 0x100000);
	store64(at + 8, 0xf00000);
	store32(at + 16, 1);
	store64(at + step, 0xfee00000);
	store64(at + step + 8, 0x1000);
	store32(at + step + 16, 2);
}

static void assert_facts(void)
{
	assert_int_equal(facts.num_memory, 1);
	assert_int_equal(facts.memory[0].base, 0x100000);
	assert_int_equal(facts.memory[0].size, 0xf00000);
	assert_int_equal(facts.initrd_start, 0x800000);
	assert_int_equal(facts.initrd_end, 0x812345);
	assert_int_equal(facts.rsdp, 0xf5ac0);
	assert_string_equal(facts.command_line, "log=debug");
}

static void put_pvh(void)
{
	memset(memory, 0, sizeof(memory));
	store32(memory, 0x336ec578);
	store32(memory + 4, 1);
	store32(memory + 12, 1);
	store64(memory + 16, BASE + 0x100);
	store64(memory + 24, BASE + 0x200);
	store64(memory + 32, 0xf5ac0);
	store64(memory + 40, BASE + 0x300);
	store32(memory + 48, 2);
	store64(memory + 0x100, 0x800000);
	store64(memory + 0x108, 0x12345);
	memcpy(memory + 0x200, "log=debug", 10);
	put_entries(memory + 0x300, 24);
}

static void pvh(void **state)
{
	(void)state;
	put_pvh();
	assert_int_equal(parse(LOADER_PVH), OK);
	assert_facts();
	store32(memory + 4, 0);
	assert_int_equal(parse(LOADER_PVH), ERR_FORMAT);
	put_pvh();
	store64(memory + 40, BASE + sizeof(memory));
	assert_int_equal(parse(LOADER_PVH), ERR_FORMAT);
	assert_string_equal(what, "memory map");
	put_pvh();
	store64(memory + 16, 0);
	assert_int_equal(parse(LOADER_PVH), ERR_FORMAT);
	assert_string_equal(what, "list of modules");
}

static u8 *put_tag(u8 *at, u32 type, u32 bytes)
{
	store32(at, type);
	store32(at + 4, bytes);
	return at + ALIGN_UP(bytes, 8);
}

static void multiboot2(void **state)
{
	u8 *at = memory + 8;

	(void)state;
	memset(memory, 0, sizeof(memory));
	memcpy(at + 8, "log=debug", 10);
	at = put_tag(at, 1, 18);
	store32(at + 8, 0x800000);
	store32(at + 12, 0x812345);
	at = put_tag(at, 3, 17);
	store32(at + 8, 24);
	put_entries(at + 16, 24);
	at = put_tag(at, 6, 16 + 48);
	at = put_tag(at, 15, 44);
	at = put_tag(at, 0, 8);
	store32(memory, (u32)(at - memory));
	assert_int_equal(parse(LOADER_MULTIBOOT2), OK);
	assert_in_range(facts.rsdp, BASE, BASE + sizeof(memory));
	facts.rsdp = 0xf5ac0;
	assert_facts();
	store32(memory, 4);
	assert_int_equal(parse(LOADER_MULTIBOOT2), ERR_FORMAT);
	store32(memory, MIB(1));
	assert_int_equal(parse(LOADER_MULTIBOOT2), ERR_FORMAT);
}

static void linux_protocol(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	store64(memory + 0x70, 0xf5ac0);
	memory[0x1e8] = 2;
	memcpy(memory + 0x202, "HdrS", 4);
	store32(memory + 0x218, 0x800000);
	store32(memory + 0x21c, 0x12345);
	store32(memory + 0x228, BASE + 0x1000);
	put_entries(memory + 0x2d0, 20);
	memcpy(memory + 0x1000, "log=debug", 10);
	assert_int_equal(parse(LOADER_LINUX), OK);
	assert_facts();
	memory[0x202] = 0;
	assert_int_equal(parse(LOADER_LINUX), ERR_FORMAT);
}

static void uefi(void **state)
{
	static const u32 types[] = { 7, 4, 1, 9, 0 };
	struct efi_record *record = (struct efi_record *)memory;

	(void)state;
	memset(memory, 0, sizeof(memory));
	*record = (struct efi_record){ .image = UINT64_C(0x140000000),
				       .rsdp = 0xf5ac0,
				       .map = BASE + 0x100,
				       .map_bytes = 5 * 48,
				       .entry_bytes = 48 };
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		store32(memory + 0x100 + 48 * i, types[i]);
		store64(memory + 0x108 + 48 * i, 0x100000 + 0x500000 * i);
		store64(memory + 0x118 + 48 * i, 0x500);
	}
	assert_int_equal(parse(LOADER_EFI), OK);
	assert_int_equal(facts.num_memory, 1); /* three neighbours are one */
	assert_int_equal(facts.memory[0].size, 0xf00000);
	assert_int_equal(facts.image_pa, UINT64_C(0x140000000));
	record->entry_bytes = 39;
	assert_int_equal(parse(LOADER_EFI), ERR_FORMAT);
	record->entry_bytes = UINT64_MAX;
	assert_int_equal(parse(LOADER_EFI), OK);
	record->map_bytes = MIB(1);
	assert_int_equal(parse(LOADER_EFI), ERR_FORMAT);
}

static void unknown(void **state)
{
	(void)state;
	assert_int_equal(parse(0), ERR_FORMAT);
	assert_string_equal(loader_name(17), "an unknown protocol");
	assert_string_equal(loader_name(LOADER_EFI), "UEFI");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pvh),
		cmocka_unit_test(multiboot2),
		cmocka_unit_test(linux_protocol),
		cmocka_unit_test(uefi),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
