/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions of a guest. A region without place or size gets size 0, which every check leaves out.
 */
#include <mullion/space.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

/* A region without a known device stays as one of an unknown type: no check examines it. */
static enum err parse_virtual(struct config_run *run, struct config_region *region)
{
	const struct arch_platform *platform = run->platform;
	u32 index = config_choose(run, region->node, "device", "emulated device", platform->models,
				  platform->num_models, platform->num_models);
	const struct arch_model *model;

	if (index == platform->num_models)
		return OK;
	region->device = config_string(run, region->node, "device");
	region->model = index;
	region->doorbell = (platform->model_trees[index].flags & ARCH_MODEL_DOORBELL) != 0;
	if (region->compatible != NULL)
		return OK;
	model = &platform->model_trees[index];
	region->compatible_len = model->compatible_len;
	region->compatible = arena_text(run, model->compatible, model->compatible_len);
	return region->compatible != NULL ? OK : ERR_NO_MEMORY;
}

static void parse_extent(struct config_run *run, struct config_region *region)
{
	bool placed = config_u64(run, region->node, "guest-address", &region->gpa.v);

	if (!config_u64(run, region->node, "size", &region->size) || !placed ||
	    (region->kind == REGION_DEVICE && !region->hpa_fixed))
		region->size = 0;
	if (region->kind == REGION_VIRTUAL && region->device == NULL)
		region->size = 0;
}

/* Half of one type and half of another would be neither. */
static void check_same_type(struct config_run *run, fdt_node_t node)
{
	const char *own = config_string(run, node, "type");
	fdt_node_t base = config_base(run, node);
	const char *inherited = base == FDT_NONE ? own : config_string(run, base, "type");

	if (own != NULL && inherited != NULL && !str_equal(own, inherited))
		config_error(run, node, "type",
			     "the template's region of this name is \"%s\"; leave type out, or "
			     "give the region another name",
			     inherited);
}

/* Accesses that a type permits. */
static u32 kind_access(enum region_kind kind)
{
	switch (kind) {
	case REGION_RAM: return SPACE_READ | SPACE_WRITE | SPACE_EXEC;
	case REGION_ROM: return SPACE_READ | SPACE_EXEC;
	default: return SPACE_READ | SPACE_WRITE;
	}
}

static const char *access_name(u32 access)
{
	static const char *const names[] = { "none", "r", "w", "rw", "x", "rx", "wx", "rwx" };

	return names[access % ARRAY_SIZE(names)];
}

/* @most: what the type, or the region behind an alias, permits. */
static void parse_access(struct config_run *run, struct config_region *region, u32 most)
{
	static const u32 all[] = { SPACE_READ, SPACE_READ | SPACE_WRITE, SPACE_READ | SPACE_EXEC,
				   SPACE_READ | SPACE_WRITE | SPACE_EXEC };
	const char *text;

	region->access = most;
	if (region->kind == REGION_VIRTUAL)
		return;
	text = config_string(run, region->node, "access");
	if (text == NULL)
		return;
	if (in_ports(run->platform, region->gpa.v)) {
		config_error(run, region->node, "access", "ports are read and written; remove it");
		return;
	}
	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		if (!str_equal(text, access_name(all[i])))
			continue;
		region->access = all[i] & most;
		if (region->access != all[i])
			config_error(
				run, region->node, "access",
				"more than the region can permit; write \"%s\" or a part of it",
				access_name(most));
		return;
	}
	config_error(run, region->node, "access",
		     "no such access; write \"r\", \"rw\", \"rx\" or \"rwx\"");
}

/* The region may be the first part of the memory. */
static void limit_shared(struct config_run *run, struct config_region *region)
{
	u64 size = 0;

	if (find_shared(run, region->node, &size) == FDT_NONE)
		region->size = 0;
	else if (!config_has(run, region->node, "size"))
		region->size = size;
	else if (region->size > size)
		config_error(run, region->node, "size",
			     "larger than the memory, of 0x%lx bytes; write at most that", size);
}

static enum err parse_region(struct config_run *run, fdt_node_t node, struct config_region *region)
{
	const char *type = config_string(run, node, "type");
	struct fdt_prop prop;
	enum err err = OK;
	u32 kind;

	check_same_type(run, node);
	region->node = node;
	region->kind = REGION_VIRTUAL; /* of an unknown type: no check takes it for more */
	(void)str_copy(region->name, sizeof(region->name), fdt_name(run->tree, node));
	kind = type == NULL ? REGION_KINDS : schema_index(region_kind_names, REGION_KINDS, type);
	if (kind == REGION_KINDS) {
		(void)config_u64(run, node, "guest-address", &region->gpa.v);
		return OK;
	}
	region->kind = (enum region_kind)kind;
	if (region->kind != REGION_VIRTUAL && region->kind != REGION_SHARED)
		region->hpa_fixed = config_u64(run, node, "host-address", &region->hpa.v);
	if ((region->kind == REGION_DEVICE || region->kind == REGION_VIRTUAL ||
	     region->kind == REGION_SHARED) &&
	    config_get(run, node, "compatible", &prop)) {
		region->compatible = (const char *)prop.data;
		region->compatible_len = prop.len;
	}
	if (region->kind == REGION_VIRTUAL)
		err = parse_virtual(run, region);
	parse_extent(run, region);
	if (region->kind == REGION_SHARED)
		limit_shared(run, region);
	parse_access(run, region, kind_access(region->kind));
	if (err == OK && (region->kind == REGION_DEVICE || region->device != NULL))
		err = parse_irqs(run, node, region->kind == REGION_DEVICE, &region->num_irqs,
				 &region->irqs);
	return err;
}

/* By address, for region_find(); in the tree's order where two are equal. */
static void sort_regions(struct config_guest *guest)
{
	for (u32 i = 1; i < guest->num_regions; i++) {
		struct config_region region = guest->regions[i];
		u32 at = i;

		for (; at > 0 && guest->regions[at - 1].gpa.v > region.gpa.v; at--)
			guest->regions[at] = guest->regions[at - 1];
		guest->regions[at] = region;
	}
}

static u32 find_region(const struct config_guest *guest, const char *name)
{
	for (u32 i = 0; i < guest->num_regions; i++)
		if (str_equal(guest->regions[i].name, name))
			return i;
	return guest->num_regions;
}

static void report_no_region(struct config_run *run, const struct config_guest *guest,
			     fdt_node_t node, const char *property, const char *name)
{
	struct similar similar;

	similar_init(&similar, name);
	config_for_each_region (guest, region)
		if (region->node != node)
			similar_offer(&similar, region->name);
	config_error(run, node, property, "guest '%s' has no region '%s'%s", guest->name, name,
		     similar_hint(&similar, ""));
}

/* An alias has the rest of its region from the offset on, or a smaller size of its own. Without a
 * region it is unusable (size 0). */
static void resolve_alias(struct config_run *run, struct config_guest *guest,
			  struct config_region *alias)
{
	const char *name = config_string(run, alias->node, "alias-of");
	const struct config_region *target;
	u64 size = 0, left;

	alias->alias_of = name == NULL ? guest->num_regions : find_region(guest, name);
	alias->size = 0;
	if (name == NULL)
		return;
	if (alias->alias_of == guest->num_regions) {
		report_no_region(run, guest, alias->node, "alias-of", name);
		return;
	}
	target = &guest->regions[alias->alias_of];
	if (target->kind == REGION_ALIAS) {
		config_error(run, alias->node, "alias-of",
			     "region '%s' is an alias itself; name the region behind it", name);
		return;
	}
	if (in_ports(run->platform, target->gpa.v)) {
		config_error(run, alias->node, "alias-of",
			     "region '%s' has ports, which appear once; remove the alias", name);
		return;
	}
	parse_access(run, alias, target->access);
	if (target->size == 0 || !config_has(run, alias->node, "guest-address"))
		return;
	(void)config_u64(run, alias->node, "offset", &alias->offset);
	if (alias->offset >= target->size || !IS_ALIGNED(alias->offset, PAGE_SIZE)) {
		config_error(run, alias->node, "offset",
			     "must be a multiple of 4096 below the 0x%lx bytes of region '%s'",
			     target->size, name);
		return;
	}
	left = target->size - alias->offset;
	if (!config_u64(run, alias->node, "size", &size))
		size = left;
	if (size > left)
		config_error(run, alias->node, "size",
			     "larger than region '%s', which has 0x%lx bytes there; write at most "
			     "that",
			     name, left);
	else
		alias->size = size;
}

static void resolve_console(struct config_run *run, struct config_guest *guest)
{
	const char *name = config_string(run, guest->node, "console");

	guest->console = guest->num_regions;
	if (name == NULL || guest->num_regions == 0)
		return;
	guest->console = find_region(guest, name);
	if (guest->console == guest->num_regions) {
		report_no_region(run, guest, guest->node, "console", name);
	} else if (guest->regions[guest->console].kind != REGION_DEVICE &&
		   guest->regions[guest->console].kind != REGION_VIRTUAL) {
		config_error(run, guest->node, "console",
			     "region '%s' is no device; name the UART's region", name);
		guest->console = guest->num_regions;
	}
}

/* RAM that does not fit below the hole continues behind it: @low becomes two regions. */
static void split_ram(const struct config_run *run, struct config_region *low,
		      struct config_region *high)
{
	const struct host_range *hole = &run->platform->ram_hole;
	u64 below = hole->base - low->gpa.v;

	*high = *low;
	high->gpa = GPA(hole->base + hole->size);
	high->hpa.v += below;
	high->size -= below;
	low->size = below;
}

enum err parse_regions(struct config_run *run, struct config_guest *guest)
{
	fdt_node_t aspace = config_child(run, guest->node, "aspace");
	u32 count = region_count(run, aspace);
	u32 i = 0;
	enum err err;

	guest->regions = arena_alloc(run, count * sizeof(*guest->regions));
	if (guest->regions == NULL)
		return ERR_NO_MEMORY;
	config_for_each_child (run, aspace, it) {
		if (i == count)
			break;
		err = parse_region(run, it.node, &guest->regions[i++]);
		if (err != OK)
			return err;
		if (!crosses_hole(run, it.node))
			continue;
		if (i < count)
			split_ram(run, &guest->regions[i - 1], &guest->regions[i]);
		else
			config_error(run, it.node, "size",
				     "more than %u regions, with the part of the RAM above "
				     "0x%lx; remove some",
				     CONFIG_MAX_REGIONS, run->platform->ram_hole.base);
		i = MIN(i + 1, count);
	}
	guest->num_regions = i;
	sort_regions(guest);
	config_for_each_region (guest, region)
		if (region->kind == REGION_ALIAS)
			resolve_alias(run, guest, region);
	resolve_console(run, guest);
	return OK;
}
