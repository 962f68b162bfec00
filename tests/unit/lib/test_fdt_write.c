/* SPDX-License-Identifier: Apache-2.0 */
/* lib/fdt/write.c: dtc, libfdt and lib/fdt read the trees that it writes. */
#include <mullion/fdt.h>

#include <libfdt.h>

#include "support/dtb.h"
#include "support/test.h"

static void write_sample(struct fdt_writer *w)
{
	static const char *const list[] = { "vendor,a", "vendor,b" };
	static const u32 more[] = { 3, 4 };

	fdt_begin(w, "");
	fdt_put_strings(w, "compatible", list, 2);
	fdt_put_u32(w, "#address-cells", 2);
	fdt_put_u64(w, "wide", 0x123456789abcdef0);
	fdt_put_empty(w, "flag");
	fdt_put(w, "bytes", "\1\2\3", 3);
	fdt_begin_at(w, "memory", 0x140000000);
	fdt_put_string(w, "device_type", "memory");
	fdt_put_u32(w, "cells", 2);
	fdt_append_cells(w, more, 2);
	fdt_begin(w, "inner");
	fdt_put_u32(w, "cells", 5);
	fdt_end(w);
	fdt_end(w);
	fdt_begin(w, "other");
	fdt_end(w);
	fdt_end(w);
}

static void sample_is_readable(void **state)
{
	u8 buf[1024] __aligned(8);
	struct fdt_writer w;
	struct fdt fdt;
	fdt_node_t node;
	u32 total, value;
	int offset, length;
	char *complaints;

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	fdt_writer_init(&w, buf, sizeof(buf));
	write_sample(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), OK);
	assert_int_equal(fdt_open(&fdt, buf, total), OK);
	node = fdt_find(&fdt, "/memory@140000000");
	assert_int_equal(fdt_get_cell(&fdt, node, "cells", 2, &value), OK);
	assert_int_equal(value, 4);
	assert_int_equal(fdt_get_cell(&fdt, fdt_child(&fdt, node, "inner"), "cells", 0, &value),
			 OK);
	assert_int_equal(value, 5);

	assert_int_equal(fdt_check_full(buf, total), 0);
	offset = fdt_path_offset(buf, "/memory@140000000");
	assert_true(offset > 0);
	assert_string_equal(fdt_getprop(buf, offset, "device_type", &length), "memory");
	assert_non_null(fdt_getprop(buf, 0, "bytes", &length));
	assert_int_equal(length, 3);
	assert_memory_equal(fdt_getprop(buf, 0, "wide", &length),
			    "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
	assert_int_equal(fdt_stringlist_count(buf, 0, "compatible"), 2);
	/* "cells" was used twice and is there once. */
	assert_int_equal(fdt_size_dt_strings(buf), 11 + 15 + 5 + 5 + 6 + 12 + 6);

	complaints = dtb_complaints(buf, total);
	/* The sample has no reg for memory's unit address, and that is all dtc may say. */
	assert_non_null(strstr(complaints, "unit_address_vs_reg"));
	free(complaints);
}

/* A name given with a unit address is the whole name. */
static void unit_addresses_are_not_cut(void **state)
{
	struct fdt_writer w;
	struct fdt fdt;
	u8 buf[256];
	u32 total;

	(void)state;
	fdt_writer_init(&w, buf, sizeof(buf));
	fdt_begin(&w, "");
	fdt_begin(&w, "a@1@2");
	fdt_end(&w);
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), OK);
	assert_int_equal(fdt_open(&fdt, buf, total), OK);
	assert_int_equal(fdt_child(&fdt, 0, "a@1"), FDT_NONE);
	assert_int_not_equal(fdt_child(&fdt, 0, "a"), FDT_NONE);
	assert_int_not_equal(fdt_child(&fdt, 0, "a@1@2"), FDT_NONE);
}

static void every_short_buffer_is_an_error(void **state)
{
	struct fdt_writer w;
	u8 whole[1024];
	u32 total, got;

	(void)state;
	fdt_writer_init(&w, whole, sizeof(whole));
	write_sample(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), OK);
	for (u32 size = 0; size < total; size++) {
		u8 *buf = malloc(size + 1);

		assert_non_null(buf);
		fdt_writer_init(&w, buf, size);
		write_sample(&w);
		assert_int_equal(fdt_writer_finish(&w, &got), ERR_TOO_BIG);
		free(buf);
	}
}

#define writer_fails(expected, ...)                                        \
	do {                                                               \
		u8 buf[4096];                                              \
		struct fdt_writer w;                                       \
		u32 total;                                                 \
		fdt_writer_init(&w, buf, sizeof(buf));                     \
		__VA_ARGS__;                                               \
		assert_int_equal(fdt_writer_finish(&w, &total), expected); \
	} while (0)

static void writer_errors_stick(void **state)
{
	char long_name[80];

	(void)state;
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	writer_fails(OK, fdt_begin(&w, ""), fdt_end(&w));
	writer_fails(ERR_STATE, (void)0);
	writer_fails(ERR_STATE, fdt_begin(&w, ""));
	writer_fails(ERR_STATE, fdt_begin(&w, ""), fdt_end(&w), fdt_end(&w));
	writer_fails(ERR_STATE, fdt_begin(&w, ""), fdt_end(&w), fdt_begin(&w, ""), fdt_end(&w));
	writer_fails(ERR_STATE, fdt_put_empty(&w, "p"), fdt_begin(&w, ""), fdt_end(&w));
	writer_fails(ERR_STATE, fdt_begin(&w, ""), fdt_begin(&w, "a"), fdt_end(&w),
		     fdt_put_empty(&w, "late"), fdt_end(&w));
	writer_fails(ERR_STATE, fdt_begin(&w, ""), fdt_append_cells(&w, NULL, 0), fdt_end(&w));
	writer_fails(ERR_STATE, fdt_begin(&w, ""), fdt_put(&w, "p", "x", 1),
		     fdt_append_cells(&w, NULL, 0), fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, "root"), fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, ""), fdt_begin(&w, ""), fdt_end(&w), fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, ""), fdt_begin(&w, "a/b"), fdt_end(&w),
		     fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, ""), fdt_begin_at(&w, long_name, 0), fdt_end(&w),
		     fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, ""), fdt_put_empty(&w, ""), fdt_end(&w));
	writer_fails(ERR_INVALID, fdt_begin(&w, ""), fdt_put_empty(&w, "a b"), fdt_end(&w));
	writer_fails(ERR_TOO_BIG, fdt_begin(&w, ""), fdt_put(&w, "p", NULL, UINT32_MAX),
		     fdt_end(&w));
	writer_fails(ERR_TOO_BIG, fdt_begin(&w, ""), fdt_put_cells(&w, "p", NULL, UINT32_MAX),
		     fdt_end(&w));
}

static void writer_bounds_nesting_and_names(void **state)
{
	u8 buf[65536];
	struct fdt_writer w;
	u32 total;

	(void)state;
	for (u32 levels = FDT_MAX_DEPTH; levels <= FDT_MAX_DEPTH + 1; levels++) {
		fdt_writer_init(&w, buf, sizeof(buf));
		for (u32 i = 0; i < levels; i++)
			fdt_begin(&w, i == 0 ? "" : "a");
		for (u32 i = 0; i < levels; i++)
			fdt_end(&w);
		assert_int_equal(fdt_writer_finish(&w, &total),
				 levels > FDT_MAX_DEPTH ? ERR_TOO_BIG : OK);
	}
	fdt_writer_init(&w, buf, sizeof(buf));
	fdt_begin(&w, "");
	for (u32 i = 0; i < FDT_WRITER_STRINGS / 4; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "p%03u", i);
		fdt_put_empty(&w, name);
	}
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_is_readable),
		cmocka_unit_test(unit_addresses_are_not_cut),
		cmocka_unit_test(every_short_buffer_is_an_error),
		cmocka_unit_test(writer_errors_stick),
		cmocka_unit_test(writer_bounds_nesting_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
