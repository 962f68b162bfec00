/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle follows the core at a page boundary. Three headers include it in the image: Linux's,
 * the PE header's SizeOfImage with the last section's sizes, and Mullion's record. Otherwise a
 * loader would not load the bundle, or would overwrite it. (Linux Documentation/arm64/booting.rst
 * §4, Documentation/arch/x86/boot.rst; PE Format, "Optional Header", "Section Table".)
 */
#include "tools/pack/image.h"

#include <endian.h>
#include <string.h>

#include <abi/image.h>

#include "arch/arm64/pure/image.h"

#define HEADER_BYTES          0x1000
#define IMAGE_SIZE            16
#define X86_HEADER            0x202 /* "HdrS" */
#define X86_HEADER_MAGIC      0x53726448u
#define X86_PARAGRAPHS        0x1f4 /* syssize, in units of 16 bytes */
#define X86_INIT_SIZE         0x260
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

/* A core of either architecture, by its header. *@record: the offset of Mullion's record. */
static bool find_record(struct buffer *image, const char *path, size_t *record)
{
	struct image_header header;

	if (image->used >= HEADER_BYTES &&
	    arm64_image_decode(image->data, image->used, &header) == OK) {
		*record = IMAGE_BUNDLE_RECORD;
		if (header.image_size > image->used)
			buffer_fill(image, header.image_size - image->used);
	} else if (image->used >= HEADER_BYTES &&
		   get32(image->data + X86_HEADER) == X86_HEADER_MAGIC) {
		*record = IMAGE_BUNDLE_RECORD_X86;
	} else {
		complain("%s is no core: it has no header of an arm64 Image or a bzImage; name the "
			 "mullion.bin that make has built",
			 path);
		return false;
	}
	return true;
}

/* Returns false after a message unless the record at @at is that of a core without a bundle. */
static bool check_record(const struct buffer *image, size_t at, const char *path)
{
	struct image_bundle record = { 0 };

	if (image->used >= at + sizeof(record))
		memcpy(&record, image->data + at, sizeof(record));
	if (le64toh(record.magic) != IMAGE_BUNDLE_MAGIC) {
		complain("%s is no core: it is a kernel without Mullion's record; name the "
			 "mullion.bin that make has built",
			 path);
		return false;
	}
	if (record.offset != 0 || record.size != 0) {
		complain("%s has a bundle already; name the mullion.bin that make has built", path);
		return false;
	}
	return true;
}

/* The sizes for loaders of Linux. */
static void patch_linux(struct buffer *image, size_t record)
{
	u32 loaded = (u32)image->used - IMAGE_SETUP_BYTES;

	if (record == IMAGE_BUNDLE_RECORD) {
		put64(image->data + IMAGE_SIZE, image->used);
		return;
	}
	put32(image->data + X86_PARAGRAPHS, loaded / 16);
	put32(image->data + X86_INIT_SIZE, loaded);
}

bool image_compose(struct buffer *image, const struct buffer *bundle, const char *path)
{
	size_t record;
	u64 offset;

	if (!find_record(image, path, &record) || !check_record(image, record, path))
		return false;
	offset = ALIGN_UP(image->used, PAGE_SIZE);
	if (bundle->used > UINT32_MAX - offset - PAGE_SIZE) {
		complain("the images are larger than 4 GiB together, too large for a PE header");
		return false;
	}
	buffer_fill(image, offset - image->used);
	buffer_add(image, bundle->data, bundle->used);
	buffer_fill(image, ALIGN_UP(image->used, PAGE_SIZE) - image->used);
	patch_linux(image, record);
	put64(image->data + record + offsetof(struct image_bundle, offset), offset);
	put64(image->data + record + offsetof(struct image_bundle, size), bundle->used);
	if (!patch_pe(image->data, (u32)image->used)) {
		complain("%s has no PE header, or its last section is not the last", path);
		return false;
	}
	return true;
}
