/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 Image header, and what other files are taken for. */
#include "support/test.h"

#include "arch/arm64/pure/image.h"
#include <mullion/file_kind.h>

#define BYTES 256

static void put(u8 *image, u32 offset, u64 value, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		image[offset + i] = (u8)(value >> (8 * i));
}

static void make(u8 *image, u64 text_offset, u64 image_size, u64 flags)
{
	memset(image, 0, BYTES);
	put(image, 8, text_offset, 8);
	put(image, 16, image_size, 8);
	put(image, 24, flags, 8);
	memcpy(image + 56, "ARM\x64", 4);
}

static void header_of_a_current_kernel(void **state)
{
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	make(image, 0, 0x1aa0000, 0xa);
	memcpy(image, "MZ", 2);
	put(image, 60, 64, 4);
	memcpy(image + 64, "PE\0\0", 4);
	assert_int_equal(file_kind(image, BYTES), FILE_LINUX_ARM64);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_int_equal(header.text_offset, 0);
	assert_int_equal(header.image_size, 0x1aa0000);
	assert_false(header.big_endian);
	assert_int_equal(header.page_size, 4096);
	assert_true(header.anywhere);
	assert_true(header.pe);
}

static void flags(void **state)
{
	static const struct {
		u64 flags;
		bool big_endian, anywhere;
		u32 page_size;
	} cases[] = {
		{ 0x0, false, false, 0 },
		{ 0x1, true, false, 0 },
		{ 0x4, false, false, 16384 },
		{ 0xe, false, true, 65536 },
		{ 0xfffffffffffffff0, false, false, 0 }, /* reserved bits say nothing */
	};
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(image, 0x80000, 0x1000000, cases[i].flags);
		assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
		assert_int_equal(header.big_endian, cases[i].big_endian);
		assert_int_equal(header.anywhere, cases[i].anywhere);
		assert_int_equal(header.page_size, cases[i].page_size);
		assert_int_equal(header.text_offset, 0x80000);
		assert_false(header.pe);
	}
}

/* Before 3.17: no size, and an offset that the protocol says not to trust. */
static void old_kernel(void **state)
{
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	make(image, 0x8000000000000, 0, 0);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_int_equal(header.text_offset, 0x80000);
	assert_int_equal(header.image_size, 0);
}

static void contradictions(void **state)
{
	static const struct {
		u64 text_offset, image_size;
	} cases[] = {
		{ 0, 63 },      { 0, BIT(40) + 1 },      { BIT(40) + 4, MIB(16) },
		{ 2, MIB(16) }, { UINT64_MAX, MIB(16) }, { 0, UINT64_MAX },
	};
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(image, cases[i].text_offset, cases[i].image_size, 0xa);
		assert_int_equal(arm64_image_decode(image, BYTES, &header), ERR_INVALID);
	}
	make(image, 0, MIB(16), 0xa);
	for (size_t size = 0; size < 64; size++)
		assert_int_equal(arm64_image_decode(image, size, &header), ERR_FORMAT);
	assert_int_equal(arm64_image_decode(image, 64, &header), OK);
	image[56] = 'B';
	assert_int_equal(arm64_image_decode(image, BYTES, &header), ERR_FORMAT);
}

/* The protocol bounds neither: Apache NuttX's begins above its own size. */
static void text_offset_above_the_size(void **state)
{
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	make(image, 0x480000, 0x11000, 0xa);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_int_equal(header.text_offset, 0x480000);
	assert_int_equal(header.image_size, 0x11000);
}

/* How long the file must be, by the PE sections. */
static void file_bytes(void **state)
{
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	make(image, 0, MIB(16), 0xa);
	memcpy(image, "MZ", 2);
	put(image, 60, 64, 4);
	memcpy(image + 64, "PE\0\0", 4);
	put(image, 64 + 6, 2, 2);
	put(image, 64 + 20, 16, 2);
	put(image, 104 + 16, 0x3000, 4);
	put(image, 104 + 20, 0x1000, 4);
	put(image, 144 + 16, 0x200, 4);
	put(image, 144 + 20, 0x4000, 4);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_int_equal(header.file_bytes, 0x4200);
	/* A table that is not whole says nothing. */
	put(image, 64 + 6, 0xffff, 2);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_int_equal(header.file_bytes, 0);
}

/* The pointer to the PE header may point anywhere. */
static void pe_pointer(void **state)
{
	static const u32 pointers[] = { 0, 63, BYTES - 3, BYTES, UINT32_MAX };
	struct image_header header;
	u8 image[BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
		make(image, 0, MIB(16), 0xa);
		memcpy(image, "MZ", 2);
		put(image, 60, pointers[i], 4);
		assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
		assert_false(header.pe);
	}
	put(image, 60, BYTES - 4, 4);
	memcpy(image + BYTES - 4, "PE\0\0", 4);
	assert_int_equal(arm64_image_decode(image, BYTES, &header), OK);
	assert_true(header.pe);
}

static void other_files(void **state)
{
	static const struct {
		u32 offset, bytes;
		const char *magic;
		enum file_kind kind;
	} cases[] = {
		{ 0, 2, "\x1f\x8b", FILE_GZIP },
		{ 0, 6, "\xfd\x37zXZ\0", FILE_COMPRESSED },
		{ 0, 4, "\x28\xb5\x2f\xfd", FILE_COMPRESSED },
		{ 0, 4, "\x02\x21\x4c\x18", FILE_COMPRESSED },
		{ 0, 3, "BZh", FILE_COMPRESSED },
		{ 0, 4, "\177ELF", FILE_ELF },
		{ 0, 2, "MZ", FILE_PE },
		{ 0, 4, "\xd0\x0d\xfe\xed", FILE_FDT },
		{ 0, 4, "\x27\x05\x19\x56", FILE_UIMAGE },
		{ 0, 6, "070701", FILE_CPIO },
		{ 56, 4, "RSC\x05", FILE_LINUX_RISCV },
		{ 0, 0, "", FILE_UNKNOWN },
	};
	struct image_header header;
	u8 file[BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(file, 0, sizeof(file));
		memcpy(file + cases[i].offset, cases[i].magic, cases[i].bytes);
		assert_int_equal(file_kind(file, BYTES), cases[i].kind);
		assert_int_equal(arm64_image_decode(file, BYTES, &header), ERR_FORMAT);
		assert_true(strlen(file_kind_name(cases[i].kind)) > 4);
	}
	memset(file, 0, sizeof(file));
	assert_int_equal(file_kind(file, 63), FILE_SHORT);
	assert_int_equal(file_kind(file, 0), FILE_SHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_of_a_current_kernel),
		cmocka_unit_test(flags),
		cmocka_unit_test(old_kernel),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(text_offset_above_the_size),
		cmocka_unit_test(file_bytes),
		cmocka_unit_test(pe_pointer),
		cmocka_unit_test(other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
