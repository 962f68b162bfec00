/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 Image header, and the kind of a file that has none. The commonest mistake in a
 * description is a file of the wrong kind, and the message should name that kind.
 */
#include "arch/arm64/pure/image.h"

#define HEADER_BYTES       64u
#define OFFSET_TEXT_OFFSET 8u
#define OFFSET_IMAGE_SIZE  16u
#define OFFSET_FLAGS       24u
#define OFFSET_MAGIC       56u
#define OFFSET_PE          60u
#define MAGIC_ARM64        0x644d5241u /* "ARM\x64" */

#define FLAG_BIG_ENDIAN BIT(0)
#define FLAG_ANYWHERE   BIT(3)

/* No guest's memory is larger, and no sum of two wraps. */
#define LIMIT BIT(40)

/* PE/COFF: offsets from the signature, and in each entry of the section table behind them. */
#define PE_SECTIONS      6u
#define PE_OPTIONAL_SIZE 20u
#define PE_HEADER_BYTES  24u
#define PE_SECTION_BYTES 40u
#define PE_RAW_SIZE      16u
#define PE_RAW_OFFSET    20u

/* Kernels before 3.17 write neither size nor a trustworthy offset; the protocol names this one. */
#define OLD_TEXT_OFFSET 0x80000u

static u32 read32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static u64 read64(const u8 *p)
{
	return (u64)read32(p) | (u64)read32(p + 4) << 32;
}

struct magic {
	u32 offset;
	u32 bytes;
	const char *text;
	enum image_file kind;
};

/* First match wins: the arm64 magic stands before "MZ", which an EFI-stub kernel has as well. */
static const struct magic magics[] = {
	{ OFFSET_MAGIC, 4, "ARM\x64", IMAGE_FILE_LINUX },
	{ OFFSET_MAGIC, 4, "RSC\x05", IMAGE_FILE_OTHER_ARCH },  /* RISC-V Image */
	{ 0x202, 4, "HdrS", IMAGE_FILE_OTHER_ARCH },            /* x86 bzImage */
	{ 0x24, 4, "\x18\x28\x6f\x01", IMAGE_FILE_OTHER_ARCH }, /* 32-bit arm zImage */
	{ 0, 2, "\x1f\x8b", IMAGE_FILE_GZIP },
	{ 0, 6, "\xfd\x37zXZ\0", IMAGE_FILE_OTHER_COMPRESSION },
	{ 0, 4, "\x28\xb5\x2f\xfd", IMAGE_FILE_OTHER_COMPRESSION }, /* zstd */
	{ 0, 4, "\x04\x22\x4d\x18", IMAGE_FILE_OTHER_COMPRESSION }, /* lz4 */
	{ 0, 4, "\x02\x21\x4c\x18", IMAGE_FILE_OTHER_COMPRESSION }, /* lz4, old frame */
	{ 0, 3, "BZh", IMAGE_FILE_OTHER_COMPRESSION },
	{ 0, 5, "\x5d\0\0\x80\0", IMAGE_FILE_OTHER_COMPRESSION }, /* lzma, 8 MiB dictionary */
	{ 0, 5, "\x5d\0\0\0\x04", IMAGE_FILE_OTHER_COMPRESSION }, /* lzma, 64 MiB dictionary */
	{ 0, 4, "\177ELF", IMAGE_FILE_ELF },
	{ 0, 4, "\xd0\x0d\xfe\xed", IMAGE_FILE_FDT },
	{ 0, 4, "\x27\x05\x19\x56", IMAGE_FILE_UIMAGE },
	{ 0, 6, "070701", IMAGE_FILE_CPIO },
	{ 0, 6, "070702", IMAGE_FILE_CPIO },
	{ 0, 2, "MZ", IMAGE_FILE_PE },
};

static bool matches(const u8 *data, size_t size, const struct magic *magic)
{
	if (size < magic->offset + magic->bytes)
		return false;
	for (u32 i = 0; i < magic->bytes; i++)
		if (data[magic->offset + i] != (u8)magic->text[i])
			return false;
	return true;
}

enum image_file arm64_file_kind(const void *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (matches(data, size, &magics[i]))
			return magics[i].kind == IMAGE_FILE_LINUX && size < HEADER_BYTES
				       ? IMAGE_FILE_SHORT
				       : magics[i].kind;
	return size < HEADER_BYTES ? IMAGE_FILE_SHORT : IMAGE_FILE_UNKNOWN;
}

const char *arm64_file_name(enum image_file kind)
{
	static const char *const names[] = {
		[IMAGE_FILE_LINUX] = "an arm64 Linux Image",
		[IMAGE_FILE_SHORT] = "shorter than an Image's header of 64 bytes",
		[IMAGE_FILE_GZIP] = "a gzip'd file",
		[IMAGE_FILE_OTHER_COMPRESSION] = "a compressed file (xz, zstd, lz4, bzip2 or lzma)",
		[IMAGE_FILE_ELF] = "an ELF file",
		[IMAGE_FILE_PE] = "a PE program (EFI)",
		[IMAGE_FILE_FDT] = "a device tree",
		[IMAGE_FILE_UIMAGE] = "a U-Boot uImage",
		[IMAGE_FILE_CPIO] = "a cpio archive",
		[IMAGE_FILE_OTHER_ARCH] = "a Linux kernel of another architecture",
		[IMAGE_FILE_UNKNOWN] = "a file of no known kind",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : names[IMAGE_FILE_UNKNOWN];
}

/* The end of the last section's bytes in the file; 0 when the table itself is not whole. */
static u64 sections_end(const u8 *bytes, size_t size, u64 pe)
{
	u64 end = 0, at, count;

	if (size - pe < PE_HEADER_BYTES)
		return 0;
	count = read32(bytes + pe + PE_SECTIONS - 2) >> 16;
	at = pe + PE_HEADER_BYTES + (read32(bytes + pe + PE_OPTIONAL_SIZE) & 0xffff);
	if (at > size || count * PE_SECTION_BYTES > size - at)
		return 0;
	for (; count > 0; count--, at += PE_SECTION_BYTES)
		end = MAX(end, (u64)read32(bytes + at + PE_RAW_OFFSET) +
				       read32(bytes + at + PE_RAW_SIZE));
	return end;
}

enum err arm64_image_decode(const void *data, size_t size, struct image_header *header)
{
	static const u32 page_sizes[] = { 0, KIB(4), KIB(16), KIB(64) };
	const u8 *bytes = data;
	u64 flags;
	u32 pe;

	if (size < HEADER_BYTES || read32(bytes + OFFSET_MAGIC) != MAGIC_ARM64)
		return ERR_FORMAT;
	flags = read64(bytes + OFFSET_FLAGS);
	pe = read32(bytes + OFFSET_PE);
	*header = (struct image_header){
		.text_offset = read64(bytes + OFFSET_TEXT_OFFSET),
		.image_size = read64(bytes + OFFSET_IMAGE_SIZE),
		.big_endian = (flags & FLAG_BIG_ENDIAN) != 0,
		.page_size = page_sizes[FIELD(flags, 2, 1)],
		.anywhere = (flags & FLAG_ANYWHERE) != 0,
		.pe = bytes[0] == 'M' && bytes[1] == 'Z' && pe >= HEADER_BYTES && pe <= size - 4 &&
		      read32(bytes + pe) == 0x4550u,
	};
	if (header->pe)
		header->file_bytes = sections_end(bytes, size, pe);
	if (header->image_size == 0) {
		header->text_offset = OLD_TEXT_OFFSET;
		return OK;
	}
	if (header->image_size < HEADER_BYTES || header->image_size > LIMIT ||
	    header->text_offset > LIMIT || header->text_offset % 4 != 0)
		return ERR_INVALID;
	return OK;
}
