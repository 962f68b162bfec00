/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates. A guest that names one inherits what it does not say itself: every node of it stands
 * over the node of the same path in the template. The tree stays as it is; only lookups go on
 * there, so that messages name the node in which a value was written.
 */
#include <mullion/string.h>

#include "config/internal.h"

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
static void settle(const struct config_run *run, struct config_children *it)
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
	settle(run, &it);
	return it;
}

void config_next_child(const struct config_run *run, struct config_children *it)
{
	it->node = fdt_next_sibling(run->tree, it->node);
	settle(run, it);
}

u32 config_count_children(const struct config_run *run, fdt_node_t node, u32 max)
{
	u32 count = 0;

	config_for_each_child (run, node, it)
		count++;
	return MIN(count, max);
}

u32 instance_count(const struct config_run *run, fdt_node_t template)
{
	u32 count;

	return config_u32(run, template, "instances", &count) ? MIN(count, CONFIG_MAX_GUESTS) : 0;
}

u32 config_guest_count(const struct config_run *run)
{
	fdt_node_t root = fdt_root(run->tree);
	u32 count =
		config_count_children(run, fdt_child(run->tree, root, "guests"), CONFIG_MAX_GUESTS);

	config_for_each_child (run, fdt_child(run->tree, root, "templates"), it)
		count = MIN(count + instance_count(run, it.node), CONFIG_MAX_GUESTS);
	return count;
}
