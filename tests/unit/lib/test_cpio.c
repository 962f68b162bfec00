/* SPDX-License-Identifier: Apache-2.0 */
/* lib/cpio.c: good archives, and every way to break one. */
#include <mullion/cpio.h>

#include "support/test.h"

#define HEADER 110
#define ROOM   2048

struct archive {
	u8 bytes[ROOM];
	size_t size;
};

static void pad(struct archive *a)
{
	while (a->size % 4 != 0)
		a->bytes[a->size++] = 0;
}

static void add(struct archive *a, const char *name, const void *data, u32 size)
{
	char header[HEADER + 1];

	(void)snprintf(header, sizeof(header),
		       "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, 0100644, 0,
		       0, 1, 0, size, 0, 0, 0, 0, (u32)strlen(name) + 1, 0);
	memcpy(a->bytes + a->size, header, HEADER);
	a->size += HEADER;
	memcpy(a->bytes + a->size, name, strlen(name) + 1);
	a->size += strlen(name) + 1;
	pad(a);
	memcpy(a->bytes + a->size, data, size);
	a->size += size;
	pad(a);
}

static void make(struct archive *a)
{
	*a = (struct archive){ 0 };
	add(a, "system.dtb", "tree", 4);
	add(a, "./Image", "kernel", 6);
	add(a, "empty", "", 0);
	add(a, "TRAILER!!!", "", 0);
}

/* A copy that ends where the archive does, so that ASan sees any byte read past it. */
static u8 *exact(const struct archive *a, size_t size)
{
	u8 *copy = malloc(size == 0 ? 1 : size);

	assert_non_null(copy);
	memcpy(copy, a->bytes, size);
	return copy;
}

static enum err walk(const struct archive *a, size_t size, u32 *count)
{
	u8 *copy = exact(a, size);
	struct cpio_entry entry;
	enum err err = cpio_first(copy, size, &entry);

	for (*count = 0; err == OK; (*count)++) {
		assert_true(*count < 100);
		err = cpio_next(copy, size, &entry);
	}
	free(copy);
	return err;
}

static void lists_entries_in_order(void **state)
{
	struct cpio_entry entry;
	struct archive a;

	(void)state;
	make(&a);
	assert_int_equal(cpio_first(a.bytes, a.size, &entry), OK);
	assert_string_equal(entry.name, "system.dtb");
	assert_int_equal(entry.size, 4);
	assert_memory_equal(entry.data, "tree", 4);
	assert_int_equal(cpio_next(a.bytes, a.size, &entry), OK);
	assert_string_equal(entry.name, "./Image");
	assert_memory_equal(entry.data, "kernel", 6);
	assert_int_equal(cpio_next(a.bytes, a.size, &entry), OK);
	assert_string_equal(entry.name, "empty");
	assert_int_equal(entry.size, 0);
	assert_int_equal(cpio_next(a.bytes, a.size, &entry), ERR_NOT_FOUND);
}

static void finds_by_name(void **state)
{
	struct cpio_entry entry;
	struct archive a;

	(void)state;
	make(&a);
	assert_int_equal(cpio_find(a.bytes, a.size, "Image", &entry), OK);
	assert_memory_equal(entry.data, "kernel", 6);
	assert_int_equal(cpio_find(a.bytes, a.size, "./system.dtb", &entry), OK);
	assert_memory_equal(entry.data, "tree", 4);
	assert_int_equal(cpio_find(a.bytes, a.size, "Imag", &entry), ERR_NOT_FOUND);
	assert_int_equal(cpio_find(a.bytes, a.size, "TRAILER!!!", &entry), ERR_NOT_FOUND);
}

static void every_cut_is_an_error(void **state)
{
	size_t padding = 3; /* behind the trailer's name: all that may be missing */
	struct archive a;
	u32 count;

	(void)state;
	make(&a);
	assert_int_equal(walk(&a, a.size, &count), ERR_NOT_FOUND);
	assert_int_equal(count, 3);
	for (size_t size = 0; size < a.size - padding; size++)
		assert_int_equal(walk(&a, size, &count), ERR_FORMAT);
	assert_int_equal(walk(&a, a.size - padding, &count), ERR_NOT_FOUND);
}

static void no_trailer(void **state)
{
	struct archive a = { 0 };
	u32 count;

	(void)state;
	add(&a, "one", "x", 1);
	assert_int_equal(walk(&a, a.size, &count), ERR_FORMAT);
	assert_int_equal(count, 1);
}

static void set_field(struct archive *a, u32 field, const char *digits)
{
	memcpy(a->bytes + 6 + field * 8, digits, 8);
}

static void hostile_fields(void **state)
{
	static const struct {
		u32 field;
		const char *digits;
	} cases[] = {
		{ 6, "FFFFFFFF" }, /* file size: past the end */
		{ 6, "7fffffff" },  { 6, "00001000" },  { 6, "0000000g" },
		{ 6, "+0000004" },  { 11, "FFFFFFFF" },                     /* name size */
		{ 11, "00000000" }, { 11, "00000001" }, { 11, "0000000A" }, /* NUL is outside */
		{ 11, " 0000000" },
	};
	struct archive a;
	u32 count;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&a);
		set_field(&a, cases[i].field, cases[i].digits);
		assert_int_equal(walk(&a, a.size, &count), ERR_FORMAT);
		assert_int_equal(count, 0);
	}
	make(&a);
	a.bytes[5] = '2'; /* the format with checksums */
	assert_int_equal(walk(&a, a.size, &count), ERR_FORMAT);
}

/* tools/pack aligns data by NULs behind the name. */
static void name_padded_with_nuls(void **state)
{
	struct cpio_entry entry;
	struct archive a;

	(void)state;
	make(&a);
	set_field(&a, 11, "0000000C");
	assert_int_equal(cpio_find(a.bytes, a.size, "system.dtb", &entry), OK);
	assert_memory_equal(entry.data, "tree", 4);
	assert_int_equal(cpio_find(a.bytes, a.size, "Image", &entry), OK);
}

/* Alignment counts from the archive's start, whatever address that has. */
static void archive_at_an_odd_address(void **state)
{
	struct cpio_entry entry;
	struct archive a;
	u8 *odd;

	(void)state;
	make(&a);
	odd = malloc(a.size + 1);
	assert_non_null(odd);
	memcpy(odd + 1, a.bytes, a.size);
	assert_int_equal(cpio_find(odd + 1, a.size, "Image", &entry), OK);
	assert_memory_equal(entry.data, "kernel", 6);
	assert_int_equal(cpio_first(odd + 1, SIZE_MAX, &entry), ERR_FORMAT);
	free(odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_entries_in_order),
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(every_cut_is_an_error),
		cmocka_unit_test(no_trailer),
		cmocka_unit_test(hostile_fields),
		cmocka_unit_test(name_padded_with_nuls),
		cmocka_unit_test(archive_at_an_odd_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
