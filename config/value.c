/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of properties: their types, the getters, and inheritance. A guest that names a template
 * inherits the values that it lacks. Each of its nodes stands over the node of the same path in the
 * template. The tree is not changed. Only lookups continue in the template, so that messages name
 * the node in which a value was written.
 */
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

/* @count non-empty strings, at least one; a single one may be empty if @empty_too. */
static bool is_strings(const struct fdt_prop *prop, u32 max, bool empty_too)
{
	u32 count = 0, start = 0;

	for (u32 i = 0; i < prop->len; i++) {
		if (prop->data[i] >= 0x7f || (prop->data[i] != 0 && prop->data[i] < ' '))
			return false;
		if (prop->data[i] != 0)
			continue;
		if (i == start && !empty_too)
			return false;
		start = i + 1;
		count++;
	}
	return count > 0 && count <= max && start == prop->len;
}

/*
 * "two" has the size of a number. Four or eight printable bytes are text, unless they make a
 * multiple of 4096: an address or a size can look like text by chance.
 */
static bool is_number(const struct fdt_prop *prop, u32 max_bytes)
{
	if ((prop->len != 4 && prop->len != 8) || prop->len > max_bytes)
		return false;
	return !is_strings(prop, 1, false) || (prop->data[prop->len - 2] & 0xf) == 0;
}

bool config_has_irqs(const struct arch_platform *platform, const struct fdt_prop *prop)
{
	return prop->len > 0 && prop->len % (4 * platform->irq_cells) == 0;
}

bool config_matches(const struct arch_platform *platform, enum prop_type type,
		    const struct fdt_prop *prop)
{
	switch (type) {
	case PROP_FLAG: return prop->len == 0;
	case PROP_U32: return is_number(prop, 4);
	case PROP_U64: return is_number(prop, 8);
	case PROP_STRING:
	case PROP_FILE: return is_strings(prop, 1, false);
	case PROP_TEXT: return is_strings(prop, 1, true);
	case PROP_STRINGS: return is_strings(prop, UINT32_MAX, false);
	case PROP_IRQS: return config_has_irqs(platform, prop);
	case PROP_CELLS:
		return prop->len > 0 && prop->len % 4 == 0 && (prop->len > 8 || is_number(prop, 8));
	default: return true;
	}
}

bool schema_reads_as_text(const struct arch_platform *platform, const struct fdt_prop *prop)
{
	for (u32 id = 0; id < SCHEMA_COUNT; id++) {
		const struct schema_prop *known = schema_find(platform, &schemas[id], prop->name);

		if (known != NULL &&
		    (known->type == PROP_U32 || known->type == PROP_U64 ||
		     known->type == PROP_CELLS) &&
		    is_number(prop, 8))
			return false;
	}
	return prop->len == 1 ? prop->data[0] == 0 : is_strings(prop, UINT32_MAX, false);
}

bool config_is_file_name(const char *name)
{
	if (name[0] == '/')
		return false;
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/' ? 1 : 0;
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return false;
	}
	return true;
}

void inherit_init(struct config_run *run)
{
	const struct fdt *tree = run->tree;
	fdt_node_t guests = fdt_child(tree, fdt_root(tree), "guests");
	fdt_node_t templates = fdt_child(tree, fdt_root(tree), "templates");

	if (guests == FDT_NONE)
		return;
	fdt_for_each_child (tree, guests, guest) {
		const char *name = config_string(run, guest, "template");
		fdt_node_t next = fdt_next_sibling(tree, guest);
		struct overlay *overlay = &run->overlays[run->num_overlays];

		if (run->num_overlays == ARRAY_SIZE(run->overlays))
			break;
		if (name == NULL)
			continue;
		overlay->node = guest;
		overlay->end = next != FDT_NONE ? next : fdt_next_sibling(tree, guests);
		overlay->base = templates == FDT_NONE ? FDT_NONE : fdt_child(tree, templates, name);
		run->num_overlays++;
	}
}

/* From a guest and its template down to @node, on both sides by the same names. */
static fdt_node_t follow(const struct fdt *tree, fdt_node_t at, fdt_node_t base, fdt_node_t node)
{
	while (at != node && base != FDT_NONE) {
		fdt_node_t inside = FDT_NONE;

		fdt_for_each_child (tree, at, child) {
			if (child > node)
				break;
			inside = child;
		}
		if (inside == FDT_NONE)
			return FDT_NONE;
		base = fdt_child(tree, base, fdt_name(tree, inside));
		at = inside;
	}
	return base;
}

static const struct overlay *find_overlay(const struct config_run *run, fdt_node_t node)
{
	for (u32 i = 0; i < run->num_overlays; i++)
		if (node >= run->overlays[i].node && node < run->overlays[i].end)
			return &run->overlays[i];
	return NULL;
}

bool config_lacks_template(const struct config_run *run, fdt_node_t node)
{
	const struct overlay *overlay = find_overlay(run, node);

	return overlay != NULL && overlay->base == FDT_NONE;
}

fdt_node_t config_base(const struct config_run *run, fdt_node_t node)
{
	const struct overlay *overlay = find_overlay(run, node);

	return overlay == NULL ? FDT_NONE : follow(run->tree, overlay->node, overlay->base, node);
}

bool config_get(const struct config_run *run, fdt_node_t node, const char *name,
		struct fdt_prop *prop)
{
	if (node == FDT_NONE)
		return false;
	if (fdt_get(run->tree, node, name, prop))
		return true;
	node = config_base(run, node);
	return node != FDT_NONE && fdt_get(run->tree, node, name, prop);
}

bool config_has(const struct config_run *run, fdt_node_t node, const char *name)
{
	struct fdt_prop prop;

	return config_get(run, node, name, &prop);
}

fdt_node_t config_child(const struct config_run *run, fdt_node_t node, const char *name)
{
	fdt_node_t child;

	if (node == FDT_NONE)
		return FDT_NONE;
	child = fdt_child(run->tree, node, name);
	if (child != FDT_NONE)
		return child;
	node = config_base(run, node);
	return node == FDT_NONE ? FDT_NONE : fdt_child(run->tree, node, name);
}

/* Go over to the inherited ones at the end of the own, and pass those that the own stand over. */
static void pass_overlaid(const struct config_run *run, struct config_children *it)
{
	if (it->node == FDT_NONE && !it->inherited && it->base != FDT_NONE) {
		it->inherited = true;
		it->node = fdt_first_child(run->tree, it->base);
	}
	while (it->inherited && it->node != FDT_NONE &&
	       fdt_child(run->tree, it->own, fdt_name(run->tree, it->node)) != FDT_NONE)
		it->node = fdt_next_sibling(run->tree, it->node);
}

struct config_children config_children(const struct config_run *run, fdt_node_t node)
{
	struct config_children it = { .own = node, .base = FDT_NONE, .node = FDT_NONE };

	if (node == FDT_NONE)
		return it;
	it.base = config_base(run, node);
	it.node = fdt_first_child(run->tree, node);
	pass_overlaid(run, &it);
	return it;
}

void config_next_child(const struct config_run *run, struct config_children *it)
{
	it->node = fdt_next_sibling(run->tree, it->node);
	pass_overlaid(run, it);
}

u32 config_count_children(const struct config_run *run, fdt_node_t node, u32 max)
{
	u32 count = 0;

	config_for_each_child (run, node, it)
		count++;
	return MIN(count, max);
}

/* The getters give back only what the walk above has let pass. */
bool config_u64(const struct config_run *run, fdt_node_t node, const char *name, u64 *value)
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || !is_number(&prop, 8))
		return false;
	*value = config_cell(&prop, 0);
	if (prop.len == 8)
		*value = *value << 32 | config_cell(&prop, 1);
	return true;
}

bool config_u32(const struct config_run *run, fdt_node_t node, const char *name, u32 *value)
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || !is_number(&prop, 4))
		return false;
	*value = config_cell(&prop, 0);
	return true;
}

const char *config_string(const struct config_run *run, fdt_node_t node, const char *name)
{
	struct fdt_prop prop;

	return config_get(run, node, name, &prop) && is_strings(&prop, 1, true)
		       ? (const char *)prop.data
		       : NULL;
}

const char *config_string_at(const struct config_run *run, fdt_node_t node, const char *name,
			     u32 index)
{
	struct fdt_prop prop;
	u32 at = 0;

	if (!config_get(run, node, name, &prop) || !is_strings(&prop, UINT32_MAX, false))
		return NULL;
	for (u32 i = 0; i < index && at < prop.len; i++)
		at += (u32)strlen((const char *)prop.data + at) + 1;
	return at < prop.len ? (const char *)prop.data + at : NULL;
}
