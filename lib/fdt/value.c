/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees: looking up properties and reading them as what they should be. The
 * values are the writer's of the tree, so each read checks size and text.
 */
#include "internal.h"
#include <mullion/string.h>

/* §2.3.5: defaults of #address-cells and #size-cells. */
#define ADDRESS_CELLS_DEFAULT 2u
#define SIZE_CELLS_DEFAULT    1u
#define CELL                  4u

bool fdt_has(const struct fdt *fdt, fdt_node_t node, const char *name)
{
	struct fdt_prop prop;

	return fdt_get(fdt, node, name, &prop);
}

enum err fdt_get_u32(const struct fdt *fdt, fdt_node_t node, const char *name, u32 *out)
{
	struct fdt_prop prop;

	if (!fdt_get(fdt, node, name, &prop))
		return ERR_NOT_FOUND;
	if (prop.len != CELL)
		return ERR_FORMAT;
	*out = fdt_load32(prop.data);
	return OK;
}

enum err fdt_get_u64(const struct fdt *fdt, fdt_node_t node, const char *name, u64 *out)
{
	struct fdt_prop prop;

	if (!fdt_get(fdt, node, name, &prop))
		return ERR_NOT_FOUND;
	if (prop.len == CELL)
		*out = fdt_load32(prop.data);
	else if (prop.len == 2 * CELL)
		*out = fdt_load64(prop.data);
	else
		return ERR_FORMAT;
	return OK;
}

enum err fdt_get_cell(const struct fdt *fdt, fdt_node_t node, const char *name, u32 index, u32 *out)
{
	struct fdt_prop prop;

	if (!fdt_get(fdt, node, name, &prop))
		return ERR_NOT_FOUND;
	if (prop.len % CELL != 0)
		return ERR_FORMAT;
	if (index >= prop.len / CELL)
		return ERR_RANGE;
	*out = fdt_load32(prop.data + (size_t)index * CELL);
	return OK;
}

enum err fdt_get_str(const struct fdt *fdt, fdt_node_t node, const char *name, const char **out)
{
	struct fdt_prop prop;

	if (!fdt_get(fdt, node, name, &prop))
		return ERR_NOT_FOUND;
	if (prop.len == 0 || strnlen((const char *)prop.data, prop.len) != prop.len - 1)
		return ERR_FORMAT;
	*out = (const char *)prop.data;
	return OK;
}

const char *fdt_next_string(const struct fdt_prop *prop, u32 *at)
{
	const char *text = (const char *)prop->data + *at;
	size_t len = strnlen(text, prop->len - *at);

	if (len == prop->len - *at)
		return NULL;
	*at += (u32)len + 1;
	return text;
}

enum err fdt_get_str_at(const struct fdt *fdt, fdt_node_t node, const char *name, u32 index,
			const char **out)
{
	struct fdt_prop prop;
	u32 at = 0;

	if (!fdt_get(fdt, node, name, &prop))
		return ERR_NOT_FOUND;
	while (at < prop.len) {
		const char *text = fdt_next_string(&prop, &at);

		if (text == NULL)
			return ERR_FORMAT;
		if (index-- == 0) {
			*out = text;
			return OK;
		}
	}
	return ERR_RANGE;
}

bool fdt_is_compatible(const struct fdt *fdt, fdt_node_t node, const char *compatible)
{
	struct fdt_prop prop;
	const char *text;
	u32 at = 0;

	if (!fdt_get(fdt, node, "compatible", &prop))
		return false;
	while (at < prop.len) {
		text = fdt_next_string(&prop, &at);
		if (text == NULL)
			return false;
		if (str_equal(text, compatible))
			return true;
	}
	return false;
}

bool fdt_is_enabled(const struct fdt *fdt, fdt_node_t node)
{
	const char *status;

	switch (fdt_get_str(fdt, node, "status", &status)) {
	case ERR_NOT_FOUND: return true;
	case OK: return str_equal(status, "okay") || str_equal(status, "ok");
	default: return false;
	}
}

fdt_node_t fdt_find_compatible(const struct fdt *fdt, fdt_node_t after, const char *compatible)
{
	u32 depth = FDT_MAX_DEPTH; /* only counted, so that no end of a node stops the walk early */
	fdt_node_t node = after == FDT_NONE ? fdt_root(fdt) : fdt_next(fdt, after, &depth);

	while (node != FDT_NONE && !fdt_is_compatible(fdt, node, compatible))
		node = fdt_next(fdt, node, &depth);
	return node;
}

fdt_node_t fdt_find_phandle(const struct fdt *fdt, u32 phandle)
{
	fdt_node_t node = FDT_NONE;
	u32 value;

	if (phandle == 0 || phandle == UINT32_MAX)
		return FDT_NONE;
	for (;;) {
		node = fdt_find_cell(fdt, node, phandle);
		if (node == FDT_NONE || ((fdt_get_u32(fdt, node, "phandle", &value) == OK ||
					  fdt_get_u32(fdt, node, "linux,phandle", &value) == OK) &&
					 value == phandle))
			return node;
	}
}

/* How many cells addresses and sizes take in @bus's children. */
static enum err cell_counts(const struct fdt *fdt, fdt_node_t bus, u32 *address, u32 *size)
{
	enum err err;

	*address = ADDRESS_CELLS_DEFAULT;
	*size = SIZE_CELLS_DEFAULT;
	err = fdt_get_u32(fdt, bus, "#address-cells", address);
	if (err == OK || err == ERR_NOT_FOUND)
		err = fdt_get_u32(fdt, bus, "#size-cells", size);
	if (err == ERR_FORMAT)
		return err;
	/* Above two cells an address holds more than a number (PCI, say): nothing the CPU sees. */
	return *address > 2 || *size > 2 ? ERR_FAULT : OK;
}

static u64 load_cells(const u8 *p, u32 cells)
{
	if (cells == 0)
		return 0;
	return cells == 1 ? fdt_load32(p) : fdt_load64(p);
}

static enum err read_reg(const struct fdt *fdt, fdt_node_t bus, fdt_node_t node, u32 index,
			 u64 *address, u64 *size)
{
	u32 address_cells, size_cells, entry;
	struct fdt_prop reg;
	enum err err;

	if (!fdt_get(fdt, node, "reg", &reg))
		return ERR_NOT_FOUND;
	err = cell_counts(fdt, bus, &address_cells, &size_cells);
	if (err != OK)
		return err;
	entry = (address_cells + size_cells) * CELL;
	if (address_cells == 0 || reg.len % entry != 0)
		return ERR_FORMAT;
	if (index >= reg.len / entry)
		return ERR_RANGE;
	*address = load_cells(reg.data + (size_t)index * entry, address_cells);
	*size = load_cells(reg.data + (size_t)index * entry + address_cells * CELL, size_cells);
	return OK;
}

/* One step up, §2.3.8: an address of @bus's children to one of @parent's. */
static enum err translate(const struct fdt *fdt, fdt_node_t parent, fdt_node_t bus, u64 *address,
			  u64 size)
{
	u32 child_cells, size_cells, parent_cells, unused, entry;
	u64 last = *address + (size == 0 ? 0 : size - 1);
	struct fdt_prop ranges;
	enum err err;

	if (!fdt_get(fdt, bus, "ranges", &ranges) || last < *address)
		return ERR_FAULT;
	if (ranges.len == 0)
		return OK;
	err = cell_counts(fdt, bus, &child_cells, &size_cells);
	if (err == OK)
		err = cell_counts(fdt, parent, &parent_cells, &unused);
	if (err != OK)
		return err;
	entry = (child_cells + parent_cells + size_cells) * CELL;
	if (child_cells == 0 || parent_cells == 0 || ranges.len % entry != 0)
		return ERR_FORMAT;
	for (u32 at = 0; at < ranges.len; at += entry) {
		const u8 *p = ranges.data + at;
		u64 child = load_cells(p, child_cells);
		u64 to = load_cells(p + child_cells * CELL, parent_cells);
		u64 bytes = load_cells(p + (child_cells + parent_cells) * CELL, size_cells);

		if (*address >= child && *address - child < bytes && last - child < bytes) {
			*address = to + (*address - child);
			return OK;
		}
	}
	return ERR_FAULT;
}

enum err fdt_reg(const struct fdt *fdt, fdt_node_t node, u32 index, u64 *address, u64 *size)
{
	fdt_node_t stack[FDT_MAX_DEPTH];
	u32 count = fdt_ancestors(fdt, node, stack);
	enum err err;

	if (count < 2)
		return ERR_NOT_FOUND;
	err = read_reg(fdt, stack[count - 2], node, index, address, size);
	for (u32 bus = count - 2; bus > 0 && err == OK; bus--)
		err = translate(fdt, stack[bus - 1], stack[bus], address, *size);
	return err;
}

enum err fdt_reg_local(const struct fdt *fdt, fdt_node_t node, u32 index, u64 *address, u64 *size)
{
	fdt_node_t parent = fdt_parent(fdt, node);

	if (parent == FDT_NONE)
		return ERR_NOT_FOUND;
	return read_reg(fdt, parent, node, index, address, size);
}
