/* SPDX-License-Identifier: Apache-2.0 */
/* lib/elf_file.c: where a guest's program goes, from files of both widths, and damaged files. */
#include "support/elf_header.h"
#include "support/test.h"

#include <mullion/elf_file.h>

#define LIMIT BIT(40)

static struct {
	Elf64_Ehdr header;
	Elf64_Phdr segments[10];
	u8 bytes[0x1000];
} wide;

static struct {
	Elf32_Ehdr header;
	Elf32_Phdr segments[2];
	u8 bytes[0x100];
} narrow;

static struct elf_file file;
static struct elf_load load;
static const char *why;

static void set(u32 i, u64 va, u64 pa, u64 bytes, u64 memory, u32 flags)
{
	wide.segments[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
					 .p_flags = flags,
					 .p_offset = 0x400,
					 .p_vaddr = va,
					 .p_paddr = pa,
					 .p_filesz = bytes,
					 .p_memsz = memory };
}

static int setup(void **state)
{
	(void)state;
	memset(&wide, 0, sizeof(wide));
	wide.header = elf_header(EM_AARCH64, 0xffff000000000040, 3);
	set(0, 0xffff000000000000, 0x40000000, 0x100, 0x100, PF_R | PF_X);
	set(1, 0xffff000000100000, 0x40100000, 0x80, 0x2000, PF_R | PF_W);
	wide.segments[2].p_type = PT_NOTE;
	return 0;
}

static enum err read(void)
{
	enum err err = elf_open(&wide, sizeof(wide), &file);

	why = "";
	return err != OK ? err : elf_load(&file, LIMIT, &load, &why);
}

static void refuses(enum err err, const char *text)
{
	assert_int_equal(read(), err);
	if (strstr(why, text) == NULL)
		fail_msg("'%s' does not say '%s'", why, text);
}

/* The entry is virtual in the file, and physical for the loader. */
static void sound(void **state)
{
	(void)state;
	assert_int_equal(read(), OK);
	assert_true(file.wide && file.little && file.current);
	assert_int_equal(file.machine, EM_AARCH64);
	assert_int_equal(file.type, ELF_EXEC);
	assert_int_equal(load.num_pieces, 2);
	assert_int_equal(load.entry, 0x40000040);
	assert_int_equal(load.low, 0x40000000);
	assert_int_equal(load.high, 0x40102000);
	assert_int_equal(load.pieces[1].gpa, 0x40100000);
	assert_int_equal(load.pieces[1].offset, 0x400);
	assert_int_equal(load.pieces[1].bytes, 0x80);
	assert_int_equal(load.pieces[1].memory, 0x2000);
	/* In no segment that is executed: as it is in the file. */
	wide.header.e_entry = 0xffff000000100000;
	assert_int_equal(read(), OK);
	assert_int_equal(load.entry, 0xffff000000100000);
}

static void of_32_bits(void **state)
{
	(void)state;
	memset(&narrow, 0, sizeof(narrow));
	memcpy(narrow.header.e_ident, ELFMAG, SELFMAG);
	narrow.header.e_ident[EI_CLASS] = ELFCLASS32;
	narrow.header.e_ident[EI_DATA] = ELFDATA2LSB;
	narrow.header.e_ident[EI_VERSION] = EV_CURRENT;
	narrow.header.e_version = EV_CURRENT;
	narrow.header.e_machine = EM_386;
	narrow.header.e_entry = 0x100010;
	narrow.header.e_phoff = sizeof(Elf32_Ehdr);
	narrow.header.e_phentsize = sizeof(Elf32_Phdr);
	narrow.header.e_phnum = 1;
	narrow.segments[0] = (Elf32_Phdr){ .p_type = PT_LOAD,
					   .p_flags = PF_R | PF_X,
					   .p_offset = 0x80,
					   .p_vaddr = 0x100000,
					   .p_paddr = 0x200000,
					   .p_filesz = 0x40,
					   .p_memsz = 0x80 };
	assert_int_equal(elf_open(&narrow, sizeof(narrow), &file), OK);
	assert_true(!file.wide && file.little && file.current);
	assert_int_equal(elf_load(&file, BIT(32), &load, &why), OK);
	assert_int_equal(load.entry, 0x200010);
	assert_int_equal(load.high, 0x200080);
	narrow.header.e_phentsize = sizeof(Elf64_Phdr);
	assert_int_equal(elf_open(&narrow, sizeof(narrow), &file), OK);
	assert_int_equal(elf_load(&file, BIT(32), &load, &why), ERR_INVALID);
}

static void other_files(void **state)
{
	(void)state;
	assert_int_equal(elf_open(&wide, 63, &file), ERR_FORMAT);
	wide.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(elf_open(&wide, sizeof(wide), &file), OK);
	assert_false(file.little);
	wide.header.e_ident[EI_CLASS] = 3;
	wide.header.e_ident[EI_DATA] = ELFDATA2LSB;
	assert_int_equal(elf_open(&wide, sizeof(wide), &file), OK);
	assert_false(file.little);
	wide.header.e_version = 0;
	assert_int_equal(elf_open(&wide, sizeof(wide), &file), OK);
	assert_false(file.current);
	wide.header.e_ident[0] = 0;
	assert_int_equal(elf_open(&wide, sizeof(wide), &file), ERR_FORMAT);
}

static void damaged(void **state)
{
	(void)state;
	wide.segments[1].p_filesz = 0x2001;
	refuses(ERR_INVALID, "program headers");
	setup(NULL);
	wide.segments[1].p_offset = UINT64_MAX;
	refuses(ERR_INVALID, "program headers");
	setup(NULL);
	wide.segments[1].p_paddr = LIMIT - 0x1fff;
	refuses(ERR_INVALID, "program headers");
	wide.segments[1].p_paddr--;
	assert_int_equal(read(), OK);
	wide.segments[1].p_memsz = UINT64_MAX;
	refuses(ERR_INVALID, "program headers");
	setup(NULL);
	wide.header.e_phnum = 0xffff;
	refuses(ERR_INVALID, "program headers");
	setup(NULL);
	wide.header.e_phoff = UINT64_MAX - 7;
	refuses(ERR_INVALID, "program headers");
	setup(NULL);
	wide.header.e_phnum = 10;
	for (u32 i = 0; i < 10; i++)
		set(i, 0, 0x40000000 + 0x1000 * (u64)i, 0, i < 8 ? 1 : 0, PF_R);
	assert_int_equal(read(), OK);
	assert_int_equal(load.num_pieces, 8);
	wide.segments[9].p_memsz = 1;
	refuses(ERR_UNSUPPORTED, "more than 8 segments");
	wide.header.e_phnum = 0;
	refuses(ERR_INVALID, "nothing to load");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound, setup),
		cmocka_unit_test_setup(of_32_bits, setup),
		cmocka_unit_test_setup(other_files, setup),
		cmocka_unit_test_setup(damaged, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
