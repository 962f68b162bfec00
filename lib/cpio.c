/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of newc cpio archives (cpio(5), "New ASCII Format"): the bundle of tree and images. The
 * archive may come from a boot loader, so every length in it is checked against what is there.
 */
#include <mullion/cpio.h>
#include <mullion/string.h>

/* A header is the magic and thirteen numbers of eight hexadecimal digits. */
#define MAGIC           "070701"
#define MAGIC_BYTES     6
#define FIELD_BYTES     8
#define FIELDS          13
#define HEADER          (MAGIC_BYTES + FIELDS * FIELD_BYTES)
#define FIELD_FILE_SIZE 6
#define FIELD_NAME_SIZE 11
#define ALIGNMENT       4 /* of name and data, from the archive's start */
#define TRAILER         "TRAILER!!!"

static bool read_field(const u8 *header, unsigned int field, u32 *out)
{
	const u8 *p = header + MAGIC_BYTES + field * FIELD_BYTES;
	u32 value = 0;

	for (unsigned int i = 0; i < FIELD_BYTES; i++) {
		u32 digit;

		if (p[i] >= '0' && p[i] <= '9')
			digit = p[i] - (u32)'0';
		else if (p[i] >= 'a' && p[i] <= 'f')
			digit = p[i] - (u32)'a' + 10;
		else if (p[i] >= 'A' && p[i] <= 'F')
			digit = p[i] - (u32)'A' + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

/* The entry whose header is at @offset. @size is at most SIZE_MAX / 2, so that no sum here wraps.
 */
static enum err cpio_read_entry(const u8 *archive, size_t size, size_t offset,
				struct cpio_entry *entry)
{
	u32 name_size, file_size;
	const u8 *header;
	size_t data;

	if (offset > size || size - offset < HEADER)
		return ERR_FORMAT;
	header = archive + offset;
	if (memcmp(header, MAGIC, MAGIC_BYTES) != 0 ||
	    !read_field(header, FIELD_NAME_SIZE, &name_size) ||
	    !read_field(header, FIELD_FILE_SIZE, &file_size))
		return ERR_FORMAT;
	if (name_size < 2 || name_size > size - offset - HEADER)
		return ERR_FORMAT;
	entry->name = (const char *)header + HEADER;
	/* More than one NUL is padding, by which tools/pack aligns the data. */
	if (strnlen(entry->name, name_size) == name_size)
		return ERR_FORMAT;
	if (str_equal(entry->name, TRAILER))
		return ERR_NOT_FOUND;
	data = ALIGN_UP(offset + HEADER + name_size, ALIGNMENT);
	if (data > size || file_size > size - data)
		return ERR_FORMAT;
	entry->data = archive + data;
	entry->size = file_size;
	entry->next = ALIGN_UP(data + file_size, ALIGNMENT);
	return OK;
}

enum err cpio_first(const void *archive, size_t size, struct cpio_entry *entry)
{
	if (size > SIZE_MAX / 2)
		return ERR_FORMAT;
	return cpio_read_entry(archive, size, 0, entry);
}

enum err cpio_next(const void *archive, size_t size, struct cpio_entry *entry)
{
	if (size > SIZE_MAX / 2)
		return ERR_FORMAT;
	return cpio_read_entry(archive, size, entry->next, entry);
}

static const char *skip_dot(const char *name)
{
	return str_has_prefix(name, "./") ? name + 2 : name;
}

enum err cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *entry)
{
	enum err err = cpio_first(archive, size, entry);

	name = skip_dot(name);
	while (err == OK) {
		if (str_equal(skip_dot(entry->name), name))
			return OK;
		err = cpio_next(archive, size, entry);
	}
	return err;
}
