/* SPDX-License-Identifier: Apache-2.0 */
/* lib/fdt: reading trees that dtc compiled, refusing broken ones, writing. */
#include <mullion/fdt.h>

#include <libfdt.h>

#include "support/dtb.h"
#include "support/test.h"

static const char source[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x1000 0x2000;\n"
	"/memreserve/ 0x100000000 0x10;\n"
	"/ {\n"
	"	compatible = \"vendor,board\", \"vendor,soc\";\n"
	"	#address-cells = <2>;\n"
	"	#size-cells = <1>;\n"
	"	cell = <0x11223344>;\n"
	"	wide = <0x1 0x2>;\n"
	"	three = <1 2 3>;\n"
	"	bytes = [01 02 03];\n"
	"	empty;\n"
	"	text = \"one\";\n"
	"	list = \"a\", \"\", \"ccc\";\n"
	"	cpus {\n"
	"		#address-cells = <1>;\n"
	"		#size-cells = <0>;\n"
	"		cpu@0 { reg = <0>; };\n"
	"		cpu@101 { reg = <0x101>; };\n"
	"	};\n"
	"	soc@0 {\n"
	"		#address-cells = <1>;\n"
	"		#size-cells = <1>;\n"
	"		ranges = <0x0 0x1 0x0 0x1000>, <0x8000 0x2 0x40 0x100>;\n"
	"		uart@100 { reg = <0x100 0x10>, <0x8080 0x20>, <0x80f0 0x20>; phandle = "
	"<7>; };\n"
	"		bus { \n"
	"			#address-cells = <1>;\n"
	"			#size-cells = <1>;\n"
	"			ranges;\n"
	"			deep@200 { reg = <0x200 0x8>; compatible = \"vendor,deep\"; };\n"
	"		};\n"
	"		island {\n"
	"			#address-cells = <1>;\n"
	"			#size-cells = <0>;\n"
	"			chip@50 { reg = <0x50>; status = \"disabled\"; };\n"
	"			wide@60 { reg = <0x60>; status = \"okay\"; };\n"
	"		};\n"
	"		pci {\n"
	"			#address-cells = <3>;\n"
	"			#size-cells = <2>;\n"
	"			ranges;\n"
	"			dev@1 { reg = <1 2 3 4 5>; };\n"
	"		};\n"
	"	};\n"
	"	last { linux,phandle = <9>; };\n"
	"};\n";

struct tree {
	struct fdt fdt;
	u8 *blob;
	u32 *words; /* of the index, or NULL */
	size_t size;
};

static int open_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	tree->blob = dtb_compile(source, &tree->size);
	assert_int_equal(fdt_open(&tree->fdt, tree->blob, tree->size), OK);
	*state = tree;
	return 0;
}

static int open_indexed(void **state)
{
	struct tree *tree;

	(void)open_tree(state);
	tree = *state;
	tree->words = malloc(fdt_index_bytes(&tree->fdt));
	assert_non_null(tree->words);
	memset(tree->words, 0x5a, fdt_index_bytes(&tree->fdt));
	fdt_index(&tree->fdt, tree->words);
	assert_ptr_equal(tree->fdt.index, tree->words);
	return 0;
}

static int close_tree(void **state)
{
	struct tree *tree = *state;

	free(tree->words);
	free(tree->blob);
	free(tree);
	return 0;
}

static void walks_the_tree(void **state)
{
	static const char *const paths[] = {
		"/",
		"/cpus",
		"/cpus/cpu@0",
		"/cpus/cpu@101",
		"/soc@0",
		"/soc@0/uart@100",
		"/soc@0/bus",
		"/soc@0/bus/deep@200",
		"/soc@0/island",
		"/soc@0/island/chip@50",
		"/soc@0/island/wide@60",
		"/soc@0/pci",
		"/soc@0/pci/dev@1",
		"/last",
	};
	static const u32 depths[] = { 0, 1, 2, 2, 1, 2, 2, 3, 2, 3, 3, 2, 3, 1 };
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	fdt_node_t node = fdt_root(fdt);
	u32 depth = 0, i = 0;
	char path[64];

	for (; node != FDT_NONE; node = fdt_next(fdt, node, &depth), i++) {
		assert_true(i < ARRAY_SIZE(paths));
		assert_string_equal(fdt_path(fdt, node, path, sizeof(path)), paths[i]);
		assert_int_equal(depth, depths[i]);
		assert_int_equal(fdt_find(fdt, paths[i]), node);
	}
	assert_int_equal(i, ARRAY_SIZE(paths));
}

static void knows_relations(void **state)
{
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	fdt_node_t soc = fdt_find(fdt, "/soc@0"), uart = fdt_find(fdt, "/soc@0/uart@100");
	fdt_node_t last = fdt_find(fdt, "/last");
	u32 children = 0;
	char path[12];

	assert_int_equal(fdt_find(fdt, "/soc"), soc);
	assert_int_equal(fdt_find(fdt, "//soc/uart/"), uart);
	assert_int_equal(fdt_find(fdt, "soc"), FDT_NONE);
	assert_int_equal(fdt_find(fdt, "/soc@1"), FDT_NONE);
	assert_int_equal(fdt_find(fdt, "/so"), FDT_NONE);
	assert_int_equal(fdt_child(fdt, soc, "uart"), uart);
	assert_int_equal(fdt_child(fdt, soc, "cpus"), FDT_NONE);
	assert_int_equal(fdt_parent(fdt, uart), soc);
	assert_int_equal(fdt_parent(fdt, soc), fdt_root(fdt));
	assert_int_equal(fdt_parent(fdt, fdt_root(fdt)), FDT_NONE);
	assert_int_equal(fdt_next_sibling(fdt, soc), last);
	assert_int_equal(fdt_next_sibling(fdt, last), FDT_NONE);
	assert_int_equal(fdt_next_sibling(fdt, fdt_root(fdt)), FDT_NONE);
	assert_int_equal(fdt_first_child(fdt, uart), FDT_NONE);
	fdt_for_each_child (fdt, soc, child) {
		assert_int_equal(fdt_parent(fdt, child), soc);
		children++;
	}
	assert_int_equal(children, 4);
	assert_int_equal(fdt_find_phandle(fdt, 7), uart);
	assert_int_equal(fdt_find_phandle(fdt, 9), last);
	assert_int_equal(fdt_find_phandle(fdt, 8), FDT_NONE);
	assert_int_equal(fdt_find_phandle(fdt, 0), FDT_NONE);
	assert_string_equal(fdt_path(fdt, uart, path, sizeof(path)), "/soc@0/uart");
	/* Offsets that are no node give nothing, rather than something. */
	assert_int_equal(fdt_parent(fdt, uart + 4), FDT_NONE);
	assert_string_equal(fdt_name(fdt, FDT_NONE), "");
	assert_int_equal(fdt_first_child(fdt, FDT_NONE), FDT_NONE);
}

static void reads_properties(void **state)
{
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	fdt_node_t root = fdt_root(fdt);
	struct fdt_prop prop;
	const char *text;
	u32 value, count = 0;
	u64 wide;

	fdt_for_each_prop (fdt, root, &prop)
		count++;
	assert_int_equal(count, 10);
	assert_false(fdt_first_prop(fdt, FDT_NONE, &prop));
	assert_true(fdt_has(fdt, root, "empty"));
	assert_false(fdt_has(fdt, root, "emptys"));
	assert_int_equal(fdt_get_u32(fdt, root, "cell", &value), OK);
	assert_int_equal(value, 0x11223344);
	assert_int_equal(fdt_get_u32(fdt, root, "wide", &value), ERR_FORMAT);
	assert_int_equal(fdt_get_u32(fdt, root, "none", &value), ERR_NOT_FOUND);
	assert_int_equal(fdt_get_u64(fdt, root, "cell", &wide), OK);
	assert_int_equal(wide, 0x11223344);
	assert_int_equal(fdt_get_u64(fdt, root, "wide", &wide), OK);
	assert_int_equal(wide, 0x100000002);
	assert_int_equal(fdt_get_u64(fdt, root, "three", &wide), ERR_FORMAT);
	assert_int_equal(fdt_get_cell(fdt, root, "three", 2, &value), OK);
	assert_int_equal(value, 3);
	assert_int_equal(fdt_get_cell(fdt, root, "three", 3, &value), ERR_RANGE);
	assert_int_equal(fdt_get_cell(fdt, root, "bytes", 0, &value), ERR_FORMAT);
	assert_int_equal(fdt_get_str(fdt, root, "text", &text), OK);
	assert_string_equal(text, "one");
	assert_int_equal(fdt_get_str(fdt, root, "list", &text), ERR_FORMAT);
	assert_int_equal(fdt_get_str(fdt, root, "bytes", &text), ERR_FORMAT);
	assert_int_equal(fdt_get_str(fdt, root, "empty", &text), ERR_FORMAT);
	assert_int_equal(fdt_get_str_at(fdt, root, "list", 1, &text), OK);
	assert_string_equal(text, "");
	assert_int_equal(fdt_get_str_at(fdt, root, "list", 2, &text), OK);
	assert_string_equal(text, "ccc");
	assert_int_equal(fdt_get_str_at(fdt, root, "list", 3, &text), ERR_RANGE);
	assert_int_equal(fdt_get_str_at(fdt, root, "bytes", 0, &text), ERR_FORMAT);
}

static void knows_status_and_compatible(void **state)
{
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	fdt_node_t deep = fdt_find(fdt, "/soc/bus/deep");

	assert_true(fdt_is_compatible(fdt, fdt_root(fdt), "vendor,soc"));
	assert_false(fdt_is_compatible(fdt, fdt_root(fdt), "vendor,so"));
	assert_false(fdt_is_compatible(fdt, fdt_root(fdt), "vendor,board,"));
	assert_int_equal(fdt_find_compatible(fdt, FDT_NONE, "vendor,board"), fdt_root(fdt));
	assert_int_equal(fdt_find_compatible(fdt, FDT_NONE, "vendor,deep"), deep);
	assert_int_equal(fdt_find_compatible(fdt, deep, "vendor,deep"), FDT_NONE);
	assert_true(fdt_is_enabled(fdt, deep));
	assert_false(fdt_is_enabled(fdt, fdt_find(fdt, "/soc/island/chip")));
	assert_true(fdt_is_enabled(fdt, fdt_find(fdt, "/soc/island/wide")));
}

static void translates_addresses(void **state)
{
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	fdt_node_t uart = fdt_find(fdt, "/soc/uart"), cpu = fdt_find(fdt, "/cpus/cpu@101");
	u64 address, size;

	assert_int_equal(fdt_reg(fdt, uart, 0, &address, &size), OK);
	assert_int_equal(address, 0x100000100);
	assert_int_equal(size, 0x10);
	assert_int_equal(fdt_reg(fdt, uart, 1, &address, &size), OK);
	assert_int_equal(address, 0x2000000c0);
	/* Its last bytes are past the end of the range. */
	assert_int_equal(fdt_reg(fdt, uart, 2, &address, &size), ERR_FAULT);
	assert_int_equal(fdt_reg(fdt, uart, 3, &address, &size), ERR_RANGE);
	assert_int_equal(fdt_reg(fdt, fdt_find(fdt, "/soc/bus/deep"), 0, &address, &size), OK);
	assert_int_equal(address, 0x100000200);
	assert_int_equal(fdt_reg(fdt, fdt_find(fdt, "/soc/island/chip"), 0, &address, &size),
			 ERR_FAULT);
	assert_int_equal(fdt_reg(fdt, fdt_find(fdt, "/soc/pci/dev"), 0, &address, &size),
			 ERR_FAULT);
	assert_int_equal(fdt_reg(fdt, fdt_find(fdt, "/last"), 0, &address, &size), ERR_NOT_FOUND);
	assert_int_equal(fdt_reg_local(fdt, cpu, 0, &address, &size), OK);
	assert_int_equal(address, 0x101);
	assert_int_equal(size, 0);
	assert_int_equal(fdt_reg_local(fdt, fdt_root(fdt), 0, &address, &size), ERR_NOT_FOUND);
}

static void lists_reservations(void **state)
{
	struct fdt *fdt = &((struct tree *)*state)->fdt;
	u64 address, size;

	assert_true(fdt_reservation(fdt, 0, &address, &size));
	assert_int_equal(address, 0x1000);
	assert_int_equal(size, 0x2000);
	assert_true(fdt_reservation(fdt, 1, &address, &size));
	assert_int_equal(address, 0x100000000);
	assert_false(fdt_reservation(fdt, 2, &address, &size));
	assert_false(fdt_reservation(fdt, UINT32_MAX, &address, &size));
}

static void store(u8 *blob, u32 offset, u32 value)
{
	for (int i = 0; i < 4; i++)
		blob[offset + i] = (u8)(value >> (24 - 8 * i));
}

static u32 load(const u8 *blob, u32 offset)
{
	return (u32)blob[offset] << 24 | (u32)blob[offset + 1] << 16 | (u32)blob[offset + 2] << 8 |
	       blob[offset + 3];
}

static void refuses_broken_headers(void **state)
{
	struct tree *tree = *state;
	u32 size = (u32)tree->size, structure = load(tree->blob, 8), strings = load(tree->blob, 12);
	const struct {
		u32 offset, value;
		enum err err;
	} cases[] = {
		{ 0, 0xd00dfeee, ERR_FORMAT },
		{ 4, size + 1, ERR_FORMAT }, /* totalsize */
		{ 4, 39, ERR_FORMAT },
		{ 4, 0, ERR_FORMAT },
		{ 4, UINT32_MAX, ERR_FORMAT },
		{ 8, structure + 1, ERR_FORMAT }, /* off_dt_struct */
		{ 8, structure + 4, ERR_FORMAT },
		{ 8, size, ERR_FORMAT },
		{ 8, 0, ERR_FORMAT },
		{ 8, 0xfffffffc, ERR_FORMAT },
		{ 12, size, ERR_FORMAT }, /* off_dt_strings */
		{ 12, 36, ERR_FORMAT },
		{ 12, UINT32_MAX, ERR_FORMAT },
		{ 16, size, ERR_FORMAT }, /* off_mem_rsvmap */
		{ 16, size - 8, ERR_FORMAT },
		{ 16, 0, ERR_FORMAT },
		{ 16, 44, ERR_FORMAT },
		{ 20, 15, ERR_FORMAT },                 /* version */
		{ 24, 18, ERR_FORMAT },                 /* last_comp_version */
		{ 32, size - strings + 1, ERR_FORMAT }, /* size_dt_strings */
		{ 32, 0, ERR_FORMAT },
		{ 32, load(tree->blob, 32) - 1, ERR_FORMAT }, /* cuts the last NUL */
		{ 32, UINT32_MAX, ERR_FORMAT },
		{ 36, load(tree->blob, 36) - 4, ERR_FORMAT }, /* size_dt_struct */
		{ 36, 0, ERR_FORMAT },
		{ 36, 0xfffffffc, ERR_FORMAT },
	};
	struct fdt fdt;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 old = load(tree->blob, cases[i].offset);

		store(tree->blob, cases[i].offset, cases[i].value);
		assert_int_equal(fdt_open(&fdt, tree->blob, tree->size), cases[i].err);
		store(tree->blob, cases[i].offset, old);
	}
	for (size_t cut = 0; cut < tree->size; cut++) {
		u8 *copy = malloc(cut + 1);

		assert_non_null(copy);
		memcpy(copy, tree->blob, cut);
		assert_int_equal(fdt_open(&fdt, copy, cut), ERR_FORMAT);
		free(copy);
	}
	assert_int_equal(fdt_open(&fdt, tree->blob, tree->size), OK);
}

/* Before version 17 the header did not say how long the structure block is. */
static void reads_version_16(void **state)
{
	struct tree *tree = *state;
	struct fdt fdt;

	store(tree->blob, 20, 16);
	store(tree->blob, 36, 0xdeadbeef);
	assert_int_equal(fdt_open(&fdt, tree->blob, tree->size), OK);
	assert_int_not_equal(fdt_find(&fdt, "/last"), FDT_NONE);
}

/* A structure block of @cells between an empty reservation block and the strings "p", "q", "r". */
static enum err open_cells(const u32 *cells, u32 count)
{
	u32 size = 56 + count * 4 + 6;
	u8 *blob = calloc(1, size);
	struct fdt fdt;
	enum err err;

	assert_non_null(blob);
	store(blob, 0, FDT_MAGIC);
	store(blob, 4, size);
	store(blob, 8, 56);
	store(blob, 12, 56 + count * 4);
	store(blob, 16, 40);
	store(blob, 20, 17);
	store(blob, 24, 16);
	store(blob, 32, 6);
	store(blob, 36, count * 4);
	for (u32 i = 0; i < count; i++)
		store(blob, 56 + i * 4, cells[i]);
	memcpy(blob + 56 + count * 4, "p\0q\0r", 6);
	err = fdt_open(&fdt, blob, size);
	free(blob);
	return err;
}

#define NAME_A 0x61000000u /* "a" */
#define cells(expected, ...)                                                    \
	do {                                                                    \
		const u32 list[] = { __VA_ARGS__ };                             \
		assert_int_equal(open_cells(list, ARRAY_SIZE(list)), expected); \
	} while (0)

static void refuses_broken_structures(void **state)
{
	(void)state;
	cells(OK, 1, 0, 2, 9);
	cells(OK, 1, 0, 4, 3, 0, 0, 4, 2, 9);
	cells(OK, 1, 0, 3, 1, 0, 0x77000000, 2, 9);
	cells(OK, 1, 0, 1, NAME_A, 2, 2, 9);
	cells(ERR_FORMAT, 9);                            /* no root */
	cells(ERR_FORMAT, 4, 1, 0, 2, 9);                /* not first */
	cells(ERR_FORMAT, 1, NAME_A, 2, 9);              /* root with a name */
	cells(ERR_FORMAT, 1, 0x61616161);                /* a name without end */
	cells(ERR_FORMAT, 1, 0, 1, 0, 2, 2, 9);          /* a node without name */
	cells(ERR_FORMAT, 1, 0, 1, 0x612f6200, 2, 2, 9); /* "a/b" */
	cells(ERR_FORMAT, 1, 0, 1, 0x1b620000, 2, 2, 9); /* a control character */
	cells(ERR_FORMAT, 1, 0, 9);                      /* root not closed */
	cells(ERR_FORMAT, 1, 0, 2);                      /* no end */
	cells(ERR_FORMAT, 1, 0, 2, 2, 9);                /* closed twice */
	cells(ERR_FORMAT, 1, 0, 2, 1, 0, 2, 9);          /* two roots */
	cells(ERR_FORMAT, 1, 0, 5, 2, 9);                /* an unknown token */
	cells(ERR_FORMAT, 3, 0, 0, 1, 0, 2, 9);          /* a property outside */
	cells(ERR_FORMAT, 1, 0, 3, 4, 0, 2, 9); /* its value past the end: 2, 9 are in it */
	cells(ERR_FORMAT, 1, 0, 3, 0xfffffffc, 0, 2, 9);
	cells(ERR_FORMAT, 1, 0, 3, 0xfffffffc, 4, 2, 9); /* back onto its own name, read as a NOP */
	cells(ERR_FORMAT, 1, 0, 1, 0x61616161);          /* a child's name without end */
	cells(ERR_FORMAT, 1, 0, 3, 0, 6, 2, 9);          /* its name past the strings */
	cells(ERR_FORMAT, 1, 0, 3, 0, 1, 2, 9);          /* an empty name */
	cells(ERR_FORMAT, 1, 0, 1, NAME_A, 2, 3, 0, 0, 2, 9); /* behind a child */
}

static enum err open_nested(u32 levels)
{
	u32 list[4 * (FDT_MAX_DEPTH + 2)], n = 0;

	for (u32 i = 0; i < levels; i++) {
		list[n++] = 1;
		list[n++] = i == 0 ? 0 : NAME_A;
	}
	for (u32 i = 0; i < levels; i++)
		list[n++] = 2;
	list[n++] = 9;
	return open_cells(list, n);
}

static void bounds_nesting(void **state)
{
	(void)state;
	assert_int_equal(open_nested(FDT_MAX_DEPTH), OK);
	assert_int_equal(open_nested(FDT_MAX_DEPTH + 1), ERR_TOO_BIG);
}

static void bounds_size(void **state)
{
	u32 size = (u32)FDT_MAX_SIZE + 4;
	u8 *blob = calloc(1, size);
	struct fdt fdt;

	(void)state;
	assert_non_null(blob);
	store(blob, 0, FDT_MAGIC);
	store(blob, 4, size);
	store(blob, 20, 17);
	store(blob, 24, 16);
	assert_int_equal(fdt_open(&fdt, blob, size), ERR_TOO_BIG);
	free(blob);
}

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

static void writes_what_all_can_read(void **state)
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

#define with_tree(test) cmocka_unit_test_setup_teardown(test, open_tree, close_tree)
#define with_index(test)                                                                    \
	{                                                                                   \
		.name = #test "_by_index", .test_func = (test), .setup_func = open_indexed, \
		.teardown_func = close_tree,                                                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(walks_the_tree),
		with_tree(knows_relations),
		with_tree(reads_properties),
		with_tree(knows_status_and_compatible),
		with_tree(translates_addresses),
		with_tree(lists_reservations),
		with_index(walks_the_tree),
		with_index(knows_relations),
		with_index(reads_properties),
		with_index(knows_status_and_compatible),
		with_index(translates_addresses),
		with_tree(refuses_broken_headers),
		with_tree(reads_version_16),
		cmocka_unit_test(refuses_broken_structures),
		cmocka_unit_test(bounds_nesting),
		cmocka_unit_test(bounds_size),
		cmocka_unit_test(writes_what_all_can_read),
		cmocka_unit_test(unit_addresses_are_not_cut),
		cmocka_unit_test(every_short_buffer_is_an_error),
		cmocka_unit_test(writer_errors_stick),
		cmocka_unit_test(writer_bounds_nesting_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
