/* SPDX-License-Identifier: Apache-2.0 */
/* lib/elf.c: valid programs of a component, and a message for each refusal. */
#include "support/elf_header.h"
#include "support/test.h"

#include <abi/component.h>
#include <mullion/elf.h>

#define FILE_BYTES 0x3000

/* A sound program: text at 0x400000, constants behind it, data that begins within a page. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[6];
	u8 rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 6 * sizeof(Elf64_Phdr)];
};

static struct image image;
static struct elf_program program;
static const char *why;

static void set(u32 i, u64 va, u64 offset, u64 file, u64 memory, u32 flags)
{
	image.segments[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
					  .p_flags = flags,
					  .p_vaddr = va,
					  .p_offset = offset,
					  .p_filesz = file,
					  .p_memsz = memory };
}

static int setup(void **state)
{
	(void)state;
	memset(&image, 0, sizeof(image));
	image.header = elf_header(EM_AARCH64, COMPONENT_TEXT + 0x200, 4);
	set(0, COMPONENT_TEXT, 0, 0x1000, 0x1000, PF_R | PF_X);
	set(1, COMPONENT_TEXT + 0x3010, 0x2010, 0x100, 0x2000, PF_R | PF_W);
	set(2, COMPONENT_TEXT + 0x1000, 0x1000, 0x800, 0x800, PF_R);
	image.segments[3].p_type = PT_GNU_STACK;
	return 0;
}

static enum err read_image(size_t size)
{
	/* Of exactly that size, so that a byte too much is seen. */
	void *copy = malloc(size);
	enum err err;

	assert_non_null(copy);
	memcpy(copy, &image, size);
	err = elf_read(copy, size, ELF_ARM64, &program, &why);
	for (u32 i = 0; err == OK && i < program.num_segments; i++) {
		const struct config_segment *segment = &program.segments[i];

		assert_true(segment->data >= (u8 *)copy);
		assert_true(segment->file_bytes <= size - (size_t)(segment->data - (u8 *)copy));
	}
	free(copy);
	return err;
}

static void refuses(enum err expected, const char *text)
{
	assert_int_equal(read_image(sizeof(image)), expected);
	assert_non_null(why);
	if (strstr(why, text) == NULL)
		fail_msg("'%s' does not say '%s'", why, text);
}

static void sound(void **state)
{
	(void)state;
	assert_int_equal(elf_read(&image, sizeof(image), ELF_ARM64, &program, &why), OK);
	assert_null(why);
	assert_int_equal(program.entry, COMPONENT_TEXT + 0x200);
	assert_int_equal(program.num_segments, 3);
	assert_true(program.segments[0].exec && !program.segments[0].write);
	assert_int_equal(program.segments[0].va, COMPONENT_TEXT);
	assert_int_equal(program.segments[0].size, 0x1000);
	/* In order of address, whatever the file's. */
	assert_int_equal(program.segments[1].va, COMPONENT_TEXT + 0x1000);
	assert_true(!program.segments[1].exec && !program.segments[1].write);
	assert_int_equal(program.segments[1].size, 0x1000);
	assert_int_equal(program.segments[1].file_bytes, 0x800);
	/* From within a page to within another: whole pages, and what to skip. */
	assert_int_equal(program.segments[2].va, COMPONENT_TEXT + 0x3000);
	assert_int_equal(program.segments[2].skip, 0x10);
	assert_int_equal(program.segments[2].size, 0x3000);
	assert_ptr_equal(program.segments[2].data, (u8 *)&image + 0x2010);
	assert_true(program.segments[2].write);
}

static void short_files(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr); size++)
		assert_int_equal(read_image(size), ERR_FORMAT);
	assert_int_equal(read_image(0x210f), ERR_FORMAT);
	assert_int_equal(read_image(0x2110), OK);
}

static void headers(void **state)
{
	(void)state;
	image.header.e_ident[1] = 'e';
	refuses(ERR_FORMAT, "no ELF file");
	setup(NULL);
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	refuses(ERR_UNSUPPORTED, "64-bit");
	setup(NULL);
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	refuses(ERR_UNSUPPORTED, "little-endian");
	setup(NULL);
	image.header.e_version = 2;
	refuses(ERR_UNSUPPORTED, "version");
	setup(NULL);
	image.header.e_machine = EM_X86_64;
	refuses(ERR_UNSUPPORTED, "another architecture");
	setup(NULL);
	image.header.e_type = ET_DYN;
	refuses(ERR_UNSUPPORTED, "-no-pie");
	setup(NULL);
	image.header.e_type = ET_REL;
	refuses(ERR_UNSUPPORTED, "not linked");
	setup(NULL);
	image.header.e_phentsize = 57;
	refuses(ERR_FORMAT, "odd size");
	setup(NULL);
	image.header.e_phnum = 0xffff;
	refuses(ERR_FORMAT, "number");
	setup(NULL);
	image.header.e_phoff = UINT64_MAX - 8;
	refuses(ERR_FORMAT, "behind the end");
	setup(NULL);
	image.header.e_phoff = sizeof(image) - 4 * sizeof(Elf64_Phdr) + 1;
	refuses(ERR_FORMAT, "behind the end");
}

static void segments(void **state)
{
	(void)state;
	image.segments[1].p_flags |= PF_X;
	refuses(ERR_DENIED, "writable and executable");
	setup(NULL);
	image.segments[1].p_filesz = 0x2001;
	refuses(ERR_INVALID, "more bytes in the file");
	setup(NULL);
	image.segments[1].p_offset = UINT64_MAX - 0x7f;
	refuses(ERR_FORMAT, "segment lies behind");
	setup(NULL);
	image.segments[0].p_vaddr = COMPONENT_TEXT - 1;
	refuses(ERR_RANGE, "outside");
	setup(NULL);
	image.segments[1].p_memsz = UINT64_MAX - COMPONENT_TEXT;
	refuses(ERR_RANGE, "outside");
	setup(NULL);
	image.segments[1].p_vaddr = COMPONENT_PROGRAM_END - 0x1fff;
	refuses(ERR_RANGE, "outside");
	image.segments[1].p_vaddr--;
	assert_int_equal(read_image(sizeof(image)), OK);
	image.segments[2].p_type = PT_INTERP;
	refuses(ERR_UNSUPPORTED, "dynamic linker");
	image.segments[2].p_type = PT_DYNAMIC;
	refuses(ERR_UNSUPPORTED, "dynamic linker");
	setup(NULL);
	image.header.e_phnum = 6;
	set(3, COMPONENT_TEXT + 0x10000, 0, 1, 1, PF_R);
	assert_int_equal(read_image(sizeof(image)), OK);
	set(4, COMPONENT_TEXT + 0x20000, 0, 1, 1, PF_R);
	refuses(ERR_TOO_BIG, "more than 4");
	/* One without bytes is none. */
	image.segments[4].p_memsz = image.segments[4].p_filesz = 0;
	assert_int_equal(read_image(sizeof(image)), OK);
	assert_int_equal(program.num_segments, 4);
}

static void overlaps(void **state)
{
	(void)state;
	image.segments[2].p_vaddr = COMPONENT_TEXT + 0xfff;
	refuses(ERR_OVERLAP, "share a page");
	/* The one before in the file, behind it in memory. */
	image.segments[2].p_vaddr = COMPONENT_TEXT + 0x2fff;
	refuses(ERR_OVERLAP, "share a page");
	image.segments[2].p_vaddr = COMPONENT_TEXT + 0x2800;
	assert_int_equal(read_image(sizeof(image)), OK);
	image.segments[2].p_vaddr = COMPONENT_TEXT;
	refuses(ERR_OVERLAP, "share a page");
}

static void entries(void **state)
{
	(void)state;
	image.header.e_entry = COMPONENT_TEXT + 2;
	refuses(ERR_INVALID, "not aligned");
	image.header.e_entry = COMPONENT_TEXT + 0x1000;
	refuses(ERR_INVALID, "entry point");
	image.header.e_entry = COMPONENT_TEXT + 0x3010;
	refuses(ERR_INVALID, "entry point");
	image.header.e_entry = 0;
	refuses(ERR_INVALID, "entry point");
	image.header.e_phnum = 0;
	image.header.e_entry = COMPONENT_TEXT;
	refuses(ERR_INVALID, "entry point");
	setup(NULL);
	image.header.e_entry = COMPONENT_TEXT + 0xffc;
	assert_int_equal(read_image(sizeof(image)), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound, setup),    cmocka_unit_test_setup(short_files, setup),
		cmocka_unit_test_setup(headers, setup),  cmocka_unit_test_setup(segments, setup),
		cmocka_unit_test_setup(overlaps, setup), cmocka_unit_test_setup(entries, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
