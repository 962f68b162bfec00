/* SPDX-License-Identifier: Apache-2.0 */
/* lib/fdt/read.c: trees that dtc compiled are read, and broken ones are refused. */
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

#define with_tree(test) cmocka_unit_test_setup_teardown(test, open_tree, close_tree)
#define with_index(test)                                                                    \
	{                                                                                   \
		.name = #test "_by_index", .test_func = (test), .setup_func = open_indexed, \
		.teardown_func = close_tree,                                                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(walks_the_tree),        with_tree(knows_relations),
		with_tree(reads_properties),      with_tree(knows_status_and_compatible),
		with_tree(translates_addresses),  with_tree(lists_reservations),
		with_index(walks_the_tree),       with_index(knows_relations),
		with_index(reads_properties),     with_index(knows_status_and_compatible),
		with_index(translates_addresses), with_tree(refuses_broken_headers),
		with_tree(reads_version_16),      cmocka_unit_test(refuses_broken_structures),
		cmocka_unit_test(bounds_nesting), cmocka_unit_test(bounds_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
