/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that an x86-64 guest can start: bzImage, ELF with a PVH note, Multiboot of both versions;
 * and files that are damaged in one number. */
#include "support/test.h"

#include <string.h>

#include "arch/x86_64/pure/kernel.h"
#include <mullion/bytes.h>
#include <mullion/file_kind.h>

static u8 file[0x9000];
static struct x86_kernel kernel;
static const char *why;

static enum err read(size_t size)
{
	why = "";
	return x86_kernel_read(file, size, &kernel, &why);
}

static void make_bzimage(void)
{
	memset(file, 0, sizeof(file));
	file[0x1f1] = 3;
	store32(file + 0x1f4, 0x700);
	memcpy(file + 0x202, "HdrS", 4);
	store16(file + 0x206, 0x20f);
	store32(file + 0x22c, 0x7fffffff);
	store32(file + 0x230, 0x200000);
	file[0x234] = 1;
	store16(file + 0x236, 1);
	store32(file + 0x238, 2047);
	store64(file + 0x258, 0x1000000);
	store32(file + 0x260, 0x2000000);
}

static void a_bzimage(void **state)
{
	(void)state;
	make_bzimage();
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.boot, X86_BOOT_LINUX);
	assert_int_equal(kernel.low, 0x1000000);
	assert_int_equal(kernel.high, 0x3000000);
	assert_int_equal(kernel.entry, 0x1000200);
	assert_int_equal(kernel.align, 0x200000);
	assert_int_equal(kernel.initrd_max, 0x7fffffff);
	assert_int_equal(kernel.cmdline_bytes, 2047);
	assert_int_equal(kernel.num_pieces, 1);
	assert_int_equal(kernel.pieces[0].offset, 2048);
	assert_int_equal(kernel.pieces[0].bytes, 0x7000);
	x86_kernel_move(&kernel, 0x200000);
	assert_int_equal(kernel.high, 0x2200000);
	assert_int_equal(kernel.entry, 0x200200);
	assert_int_equal(kernel.pieces[0].gpa, 0x200000);
	file[0x1f1] = 0; /* means 4 */
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.pieces[0].offset, 2560);
}

static void refused_bzimages(void **state)
{
	(void)state;
	make_bzimage();
	assert_int_equal(read(0x7000), ERR_TOO_BIG);
	assert_int_equal(kernel.file_bytes, 0x7800);
	assert_int_equal(read(0x260), ERR_INVALID);
	store16(file + 0x206, 0x20b);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
	make_bzimage();
	store16(file + 0x236, 0);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
	make_bzimage();
	store32(file + 0x260, 0x6fff);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	make_bzimage();
	store32(file + 0x230, 0x300000);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	make_bzimage();
	store64(file + 0x258, UINT64_MAX);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	assert_string_equal(why, "has a header that contradicts itself; build or fetch it again");
}

/* One PT_LOAD of 0x1000 bytes at 1 MiB, and a PVH note. */
static void make_elf(bool wide)
{
	u8 *p = file + 64;

	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF", 4);
	file[4] = wide ? 2 : 1;
	file[5] = file[6] = file[20] = 1;
	store16(file + 18, wide ? 62 : 3);
	store32(file + 24, 0x100800);
	store32(file + (wide ? 32 : 28), 64);
	store16(file + (wide ? 54 : 42), wide ? 56 : 32);
	store16(file + (wide ? 56 : 44), 2);
	store32(p, 1);
	if (wide) {
		store64(p + 8, 0x1000);
		store64(p + 24, 0x100000);
		store64(p + 32, 0x1000);
		store64(p + 40, 0x3000);
		store32(p + 56, 4);
		store64(p + 64, 0x200);
		store64(p + 88, 20);
	} else {
		store32(p + 4, 0x1000);
		store32(p + 12, 0x100000);
		store32(p + 16, 0x1000);
		store32(p + 20, 0x3000);
		store32(p + 32, 4);
		store32(p + 36, 0x200);
		store32(p + 48, 20);
	}
	store32(file + 0x200, 4);
	store32(file + 0x204, 4);
	store32(file + 0x208, 18);
	memcpy(file + 0x20c, "Xen", 4);
	store32(file + 0x210, 0x100010);
}

static void elf_with_a_note(void **state)
{
	(void)state;
	for (u32 wide = 0; wide < 2; wide++) {
		make_elf(wide != 0);
		assert_int_equal(read(sizeof(file)), OK);
		assert_int_equal(kernel.boot, X86_BOOT_PVH);
		assert_int_equal(kernel.low, 0x100000);
		assert_int_equal(kernel.high, 0x103000);
		assert_int_equal(kernel.entry, 0x100010);
		assert_int_equal(kernel.align, 0);
	}
	store32(file + 0x210, 0x200010);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	store32(file + 0x208, 17);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
	store32(file + 0x204, UINT32_MAX);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
	make_elf(true);
	store64(file + 64 + 32, UINT64_MAX);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	make_elf(true);
	store64(file + 64 + 24, UINT64_MAX);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	make_elf(true);
	store16(file + 18, 183);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
}

static void multiboot_1(void **state)
{
	(void)state;
	make_elf(false);
	store32(file + 0x208, 0);
	store32(file + 0x1004, 0x1badb002);
	store32(file + 0x100c, 0u - 0x1badb002u);
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.boot, X86_BOOT_MULTIBOOT);
	assert_int_equal(kernel.entry, 0x100800);
	memset(file, 0, 0x1000);
	store32(file + 0x1008, BIT(16));
	store32(file + 0x100c, 0u - 0x1badb002u - (u32)BIT(16));
	store32(file + 0x1010, 0x200004); /* header */
	store32(file + 0x1014, 0x200000); /* load */
	store32(file + 0x1018, 0x202000); /* load_end */
	store32(file + 0x101c, 0x204000); /* bss_end */
	store32(file + 0x1020, 0x200100); /* entry */
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.pieces[0].offset, 0x1000);
	assert_int_equal(kernel.pieces[0].bytes, 0x2000);
	assert_int_equal(kernel.high, 0x204000);
	store32(file + 0x1018, 0x300000);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
	store32(file + 0x1018, 0);
	store32(file + 0x1014, 0x300000);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
}

static void make_tag(u32 at, u16 type, u16 flags, u32 bytes)
{
	store16(file + at, type);
	store16(file + at + 2, flags);
	store32(file + at + 4, bytes);
}

static void multiboot_2(void **state)
{
	(void)state;
	make_elf(true);
	store32(file + 0x208, 0);
	store32(file + 0x1008, 0xe85250d6);
	store32(file + 0x1010, 48);
	store32(file + 0x1014, 0u - 0xe85250d6u - 48);
	make_tag(0x1018, 4, 0, 12);
	make_tag(0x1028, 0, 0, 8);
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.boot, X86_BOOT_MULTIBOOT2);
	assert_int_equal(kernel.entry, 0x100800);
	make_tag(0x1018, 3, 0, 12);
	store32(file + 0x1020, 0x100900);
	assert_int_equal(read(sizeof(file)), OK);
	assert_int_equal(kernel.entry, 0x100900);
	make_tag(0x1018, 5, 0, 16);
	assert_int_equal(read(sizeof(file)), ERR_UNSUPPORTED);
	make_tag(0x1018, 5, 1, 16);
	assert_int_equal(read(sizeof(file)), OK);
	make_tag(0x1018, 3, 0, 4);
	assert_int_equal(read(sizeof(file)), ERR_INVALID);
}

static void other_files(void **state)
{
	(void)state;
	memset(file, 0, sizeof(file));
	assert_int_equal(read(sizeof(file)), ERR_FORMAT);
	assert_int_equal(read(0), ERR_FORMAT);
	memcpy(file, "\x1f\x8b", 2);
	assert_string_equal(file_kind_name(file_kind(file, 100)), "a gzip'd file");
	memcpy(file, "MZ", 2);
	memcpy(file + 0x38, "ARM\x64", 4);
	assert_string_equal(file_kind_name(file_kind(file, 100)), "a Linux kernel for arm64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bzimage),       cmocka_unit_test(refused_bzimages),
		cmocka_unit_test(elf_with_a_note), cmocka_unit_test(multiboot_1),
		cmocka_unit_test(multiboot_2),     cmocka_unit_test(other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
