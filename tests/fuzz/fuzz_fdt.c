/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/fdt against libfdt. libfdt must accept every tree that lib/fdt accepts, and both must see the
 * same tree. The writer's copy of that tree must be the same tree to libfdt.
 */
#include <mullion/fdt.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define MAX_BYTES   4096
#define MAX_PATH    (MAX_BYTES + 64)
#define SLOW_NODES  24 /* of how many nodes the lookups that walk the tree are compared */
#define MAX_REPLICA (2 * MAX_BYTES + 4096)

static void same_props(const struct fdt *ours, const void *theirs, fdt_node_t node)
{
	struct fdt_prop prop, by_name;
	int offset = fdt_first_property_offset(theirs, (int)node), length;
	bool more = fdt_first_prop(ours, node, &prop);

	for (; more; more = fdt_next_prop(ours, &prop)) {
		const char *name;
		const void *value;

		CHECK(offset == (int)prop.offset);
		value = fdt_getprop_by_offset(theirs, offset, &name, &length);
		CHECK(value == (const void *)prop.data && length == (int)prop.len);
		CHECK(strcmp(name, prop.name) == 0);
		/* The first of several properties of one name counts. */
		CHECK(fdt_get(ours, node, prop.name, &by_name));
		CHECK(fdt_getprop(theirs, (int)node, prop.name, &length) == by_name.data);
		CHECK(length == (int)by_name.len);
		offset = fdt_next_property_offset(theirs, offset);
	}
	CHECK(offset == -FDT_ERR_NOTFOUND);
}

/* Strings, where the property is a proper string list; on others libfdt may read past it. */
static void same_strings(const struct fdt *ours, const void *theirs, fdt_node_t node)
{
	struct fdt_prop prop;
	const char *text, *want;
	u32 count = 0;
	int length;

	if (!fdt_get(ours, node, "compatible", &prop) || prop.len == 0 ||
	    prop.data[prop.len - 1] != '\0')
		return;
	for (; fdt_get_str_at(ours, node, "compatible", count, &text) == OK; count++) {
		want = fdt_stringlist_get(theirs, (int)node, "compatible", (int)count, &length);
		CHECK(want == text && length == (int)strlen(text));
		CHECK(fdt_is_compatible(ours, node, text));
		CHECK(fdt_node_check_compatible(theirs, (int)node, text) == 0);
	}
	CHECK(fdt_stringlist_count(theirs, (int)node, "compatible") == (int)count);
	CHECK(fdt_is_compatible(ours, node, "a,b") ==
	      (fdt_node_check_compatible(theirs, (int)node, "a,b") == 0));
}

static void same_lookups(const struct fdt *ours, const void *theirs, fdt_node_t node)
{
	static char our_path[MAX_PATH], their_path[MAX_PATH];
	fdt_node_t parent = fdt_parent(ours, node), child = fdt_first_child(ours, node);
	int offset = fdt_parent_offset(theirs, (int)node);
	u32 phandle;

	CHECK(parent == FDT_NONE ? offset < 0 : offset == (int)parent);
	CHECK(fdt_get_path(theirs, (int)node, their_path, sizeof(their_path)) == 0);
	CHECK(strcmp(fdt_path(ours, node, our_path, sizeof(our_path)), their_path) == 0);
	CHECK((int)fdt_find(ours, our_path) == fdt_path_offset(theirs, our_path));
	offset = fdt_first_subnode(theirs, (int)node);
	for (; child != FDT_NONE; child = fdt_next_sibling(ours, child)) {
		const char *name = fdt_name(ours, child);
		char plain[32];

		CHECK(offset == (int)child);
		CHECK((int)fdt_child(ours, node, name) ==
		      fdt_subnode_offset(theirs, (int)node, name));
		(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, "@"), name);
		CHECK((int)fdt_child(ours, node, plain) ==
		      fdt_subnode_offset(theirs, (int)node, plain));
		offset = fdt_next_subnode(theirs, offset);
	}
	CHECK(offset == -FDT_ERR_NOTFOUND);
	phandle = fdt_get_phandle(theirs, (int)node);
	if (phandle != 0 && phandle != UINT32_MAX)
		CHECK((int)fdt_find_phandle(ours, phandle) ==
		      fdt_node_offset_by_phandle(theirs, phandle));
}

static void same_reservations(const struct fdt *ours, const void *theirs)
{
	uint64_t address, size;
	u64 our_address, our_size;
	u32 count = 0;

	for (; fdt_reservation(ours, count, &our_address, &our_size); count++) {
		CHECK(fdt_get_mem_rsv(theirs, (int)count, &address, &size) == 0);
		CHECK(address == our_address && size == our_size);
	}
	CHECK(fdt_num_mem_rsv(theirs) == (int)count);
}

static void same_trees(const struct fdt *ours, const void *theirs)
{
	fdt_node_t node = fdt_root(ours);
	int offset = 0, their_depth = 0, length;
	u32 depth = 0, count = 0;
	const char *name;

	for (; node != FDT_NONE; node = fdt_next(ours, node, &depth), count++) {
		CHECK(offset == (int)node && their_depth == (int)depth);
		name = fdt_get_name(theirs, offset, &length);
		CHECK(strcmp(fdt_name(ours, node), name) == 0);
		same_props(ours, theirs, node);
		same_strings(ours, theirs, node);
		if (count < SLOW_NODES)
			same_lookups(ours, theirs, node);
		offset = fdt_next_node(theirs, offset, &their_depth);
	}
	CHECK(offset < 0 || their_depth < 0);
	same_reservations(ours, theirs);
}

/* Every address is the sum of what its ranges say, so only that these calls stay inside is checked.
 */
static void read_values(const struct fdt *fdt)
{
	fdt_node_t node = fdt_root(fdt);
	u32 depth = 0, cell;
	u64 address, size;
	const char *text;

	for (u32 count = 0; node != FDT_NONE && count < SLOW_NODES; count++) {
		for (u32 i = 0; i < 3; i++) {
			(void)!fdt_reg(fdt, node, i, &address, &size);
			(void)!fdt_reg_local(fdt, node, i, &address, &size);
			(void)!fdt_get_cell(fdt, node, "reg", i, &cell);
			(void)!fdt_get_str_at(fdt, node, "reg", i, &text);
		}
		(void)!fdt_get_str(fdt, node, "reg", &text);
		(void)fdt_is_enabled(fdt, node);
		node = fdt_next(fdt, node, &depth);
	}
	node = fdt_find_compatible(fdt, FDT_NONE, "a,b");
	while (node != FDT_NONE)
		node = fdt_find_compatible(fdt, node, "a,b");
}

/* Write the same tree again; return whether the writer took it (it is stricter about names). */
static bool replicate(const struct fdt *fdt, struct fdt_writer *w, u8 *buf, size_t size)
{
	fdt_node_t node = fdt_root(fdt);
	u32 depth = 0, open = 0, total;
	struct fdt_prop prop;
	enum err err;

	fdt_writer_init(w, buf, size);
	while (node != FDT_NONE) {
		for (; open > depth; open--)
			fdt_end(w);
		fdt_begin(w, fdt_name(fdt, node));
		open++;
		fdt_for_each_prop (fdt, node, &prop)
			fdt_put(w, prop.name, prop.data, prop.len);
		node = fdt_next(fdt, node, &depth);
	}
	for (; open > 0; open--)
		fdt_end(w);
	err = fdt_writer_finish(w, &total);
	CHECK(err == OK || err == ERR_INVALID || err == ERR_TOO_BIG);
	return err == OK;
}

/* Node by node and property by property, both through libfdt. */
static void same_content(const void *a, const void *b)
{
	int at_a = 0, at_b = 0, depth_a = 0, depth_b = 0;

	while (at_a >= 0 && depth_a >= 0) {
		int prop_a = fdt_first_property_offset(a, at_a);
		int prop_b = fdt_first_property_offset(b, at_b);

		CHECK(at_b >= 0 && depth_a == depth_b);
		CHECK(strcmp(fdt_get_name(a, at_a, NULL), fdt_get_name(b, at_b, NULL)) == 0);
		while (prop_a >= 0) {
			const char *name_a, *name_b;
			int length_a, length_b;
			const void *value_a = fdt_getprop_by_offset(a, prop_a, &name_a, &length_a);
			const void *value_b = fdt_getprop_by_offset(b, prop_b, &name_b, &length_b);

			CHECK(value_b != NULL && length_a == length_b && !strcmp(name_a, name_b));
			CHECK(memcmp(value_a, value_b, (size_t)length_a) == 0);
			prop_a = fdt_next_property_offset(a, prop_a);
			prop_b = fdt_next_property_offset(b, prop_b);
		}
		CHECK(prop_a == prop_b);
		at_a = fdt_next_node(a, at_a, &depth_a);
		at_b = fdt_next_node(b, at_b, &depth_b);
	}
	CHECK(at_b < 0 || depth_b < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 replica[MAX_REPLICA] __aligned(8);
	struct fdt_writer writer;
	struct fdt fdt;
	u32 *words = NULL;
	u8 *blob;

	if (size > MAX_BYTES)
		return 0;
	/* malloc aligns as libfdt wants it; the exact size lets ASan see a read past it. */
	blob = malloc(size == 0 ? 1 : size);
	CHECK(blob != NULL);
	memcpy(blob, data, size);
	if (fdt_open(&fdt, blob, size) == OK) {
		CHECK(fdt_check_full(blob, size) == 0);
		same_trees(&fdt, blob);
		read_values(&fdt);
		words = malloc(fdt_index_bytes(&fdt));
		CHECK(words != NULL);
		fdt_index(&fdt, words);
		CHECK(fdt.index == words);
		same_trees(&fdt, blob);
		read_values(&fdt);
		if (replicate(&fdt, &writer, replica, sizeof(replica))) {
			CHECK(fdt_check_full(replica, sizeof(replica)) == 0);
			same_content(blob, replica);
		}
	}
	free(words);
	free(blob);
	return 0;
}
