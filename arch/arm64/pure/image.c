/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 Image header: see image.h. */
#include "arch/arm64/pure/image.h"

#include <mullion/bytes.h>

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

/* The end of the last section's bytes in the file; 0 when the table itself is not whole. */
static u64 sections_end(const u8 *bytes, size_t size, u64 pe)
{
	u64 end = 0, at, count;

	if (size - pe < PE_HEADER_BYTES)
		return 0;
	count = load16(bytes + pe + PE_SECTIONS);
	at = pe + PE_HEADER_BYTES + load16(bytes + pe + PE_OPTIONAL_SIZE);
	if (at > size || count * PE_SECTION_BYTES > size - at)
		return 0;
	for (; count > 0; count--, at += PE_SECTION_BYTES)
		end = MAX(end, (u64)load32(bytes + at + PE_RAW_OFFSET) +
				       load32(bytes + at + PE_RAW_SIZE));
	return end;
}

enum err arm64_image_decode(const void *data, size_t size, struct image_header *header)
{
	static const u32 page_sizes[] = { 0, KIB(4), KIB(16), KIB(64) };
	const u8 *bytes = data;
	u64 flags;
	u32 pe;

	if (size < HEADER_BYTES || load32(bytes + OFFSET_MAGIC) != MAGIC_ARM64)
		return ERR_FORMAT;
	flags = load64(bytes + OFFSET_FLAGS);
	pe = load32(bytes + OFFSET_PE);
	*header = (struct image_header){
		.text_offset = load64(bytes + OFFSET_TEXT_OFFSET),
		.image_size = load64(bytes + OFFSET_IMAGE_SIZE),
		.big_endian = (flags & FLAG_BIG_ENDIAN) != 0,
		.page_size = page_sizes[FIELD(flags, 2, 1)],
		.anywhere = (flags & FLAG_ANYWHERE) != 0,
		.pe = bytes[0] == 'M' && bytes[1] == 'Z' && pe >= HEADER_BYTES && pe <= size - 4 &&
		      load32(bytes + pe) == 0x4550u,
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
