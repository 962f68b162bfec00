/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle follows the core at a page boundary. Three headers include it in the image: the Image
 * header's image_size, the PE header's SizeOfImage with the last section's sizes, and Mullion's
 * record. Otherwise a loader would not load the bundle, or would overwrite it.
 * (Linux Documentation/arm64/booting.rst §4; PE Format, "Optional Header", "Section Table".)
 */
#include "tools/pack/image.h"

#include <endian.h>
#include <string.h>

#include <abi/image.h>

#include "arch/arm64/pure/image.h"

#define HEADER_BYTES          0x1000
#define IMAGE_SIZE            16
#define PE_POINTER            60
#define PE_SECTIONS           6  /* NumberOfSections, from the PE header */
#define PE_OPTIONAL_BYTES     20 /* SizeOfOptionalHeader, from the PE header */
#define PE_OPTIONAL           24 /* the optional header */
#define OPT_MAGIC             0  /* in it: */
#define OPT_DATA_BYTES        8
#define OPT_IMAGE_BYTES       56
#define PE32_PLUS             0x20b
#define SECTION_BYTES         40
#define SECTION_VIRTUAL_BYTES 8 /* in a section's header: */
#define SECTION_VIRTUAL       12
#define SECTION_RAW_BYTES     16
#define SECTION_RAW           20

static u16 get16(const u8 *p)
{
	u16 value;

	memcpy(&value, p, sizeof(value));
	return le16toh(value);
}

static u32 get32(const u8 *p)
{
	u32 value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static void put32(u8 *p, u32 value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

static void put64(u8 *p, u64 value)
{
	value = htole64(value);
	memcpy(p, &value, sizeof(value));
}

/* The last section in memory grows to the end of the file; it must be the last of the file as well.
 */
static bool patch_pe(u8 *image, u32 size)
{
	u32 pe = get32(image + PE_POINTER), sections;
	u8 *optional, *table, *last;
	u16 count;

	if (pe > HEADER_BYTES - 512 || get32(image + pe) != 0x4550)
		return false;
	optional = image + pe + PE_OPTIONAL;
	count = get16(image + pe + PE_SECTIONS);
	sections = pe + PE_OPTIONAL + get16(image + pe + PE_OPTIONAL_BYTES);
	if (get16(optional + OPT_MAGIC) != PE32_PLUS || count == 0 ||
	    sections + count * SECTION_BYTES > HEADER_BYTES)
		return false;
	table = image + sections;
	last = table + (count - 1) * SECTION_BYTES;
	if (get32(last + SECTION_VIRTUAL) != get32(last + SECTION_RAW) ||
	    get32(last + SECTION_RAW) >= size)
		return false;
	put32(optional + OPT_DATA_BYTES, size - get32(last + SECTION_RAW));
	put32(optional + OPT_IMAGE_BYTES, size);
	put32(last + SECTION_VIRTUAL_BYTES, size - get32(last + SECTION_VIRTUAL));
	put32(last + SECTION_RAW_BYTES, size - get32(last + SECTION_RAW));
	return true;
}

bool image_compose(struct buffer *image, const struct buffer *bundle, const char *path)
{
	struct image_header header;
	struct image_bundle record;
	u64 offset;

	if (image->used < IMAGE_BUNDLE_RECORD + sizeof(record) || image->used < HEADER_BYTES ||
	    arm64_image_decode(image->data, image->used, &header) != OK) {
		complain("%s is no core: it has no arm64 Image header; name the mullion.bin that "
			 "make "
			 "has built",
			 path);
		return false;
	}
	memcpy(&record, image->data + IMAGE_BUNDLE_RECORD, sizeof(record));
	if (le64toh(record.magic) != IMAGE_BUNDLE_MAGIC) {
		complain("%s is an arm64 Image, but not Mullion's core", path);
		return false;
	}
	if (record.offset != 0 || record.size != 0) {
		complain("%s has a bundle already; name the mullion.bin that make has built", path);
		return false;
	}
	if (header.image_size > image->used)
		buffer_fill(image, header.image_size - image->used);
	offset = ALIGN_UP(image->used, PAGE_SIZE);
	if (bundle->used > UINT32_MAX - offset - PAGE_SIZE) {
		complain("the images are larger than 4 GiB together, too large for a PE header");
		return false;
	}
	buffer_fill(image, offset - image->used);
	buffer_add(image, bundle->data, bundle->used);
	buffer_fill(image, ALIGN_UP(image->used, PAGE_SIZE) - image->used);
	put64(image->data + IMAGE_SIZE, image->used);
	put64(image->data + IMAGE_BUNDLE_RECORD + offsetof(struct image_bundle, offset), offset);
	put64(image->data + IMAGE_BUNDLE_RECORD + offsetof(struct image_bundle, size),
	      bundle->used);
	if (!patch_pe(image->data, (u32)image->used)) {
		complain("%s has no PE header, or its last section is not the last", path);
		return false;
	}
	return true;
}
