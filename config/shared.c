/* SPDX-License-Identifier: Apache-2.0 */
/* Users of the memory of /shared, which is a channel without ends (channel.c). */
#include "config/internal.h"

fdt_node_t find_shared(struct config_run *run, fdt_node_t user, u64 *size)
{
	const char *name = config_string(run, user, "shared");
	fdt_node_t parent = fdt_find(run->tree, "/shared"), node;
	struct similar similar;

	if (name == NULL)
		return FDT_NONE;
	node = config_child(run, parent, name);
	if (node != FDT_NONE) {
		(void)config_u64(run, node, "size", size);
		return node;
	}
	similar_init(&similar, name);
	config_for_each_child (run, parent, it)
		similar_offer(&similar, fdt_name(run->tree, it.node));
	config_error(run, user, "shared", "no such memory%s",
		     similar_hint(&similar, "; write one under /shared"));
	return FDT_NONE;
}

/* Returns num_channels after a mistake that was reported before. */
static u32 find_channel(struct config_run *run, fdt_node_t user)
{
	const char *name = config_string(run, user, "shared");
	fdt_node_t node =
		name == NULL ? FDT_NONE : config_child(run, fdt_find(run->tree, "/shared"), name);
	u32 i = 0;

	while (i < run->system->num_channels && run->system->channels[i].node != node)
		i++;
	return i;
}

void resolve_shared(struct config_run *run)
{
	config_for_each_guest (run->system, guest)
		config_for_each_region (guest, region)
			if (region->kind == REGION_SHARED)
				region->alias_of = find_channel(run, region->node);
	config_for_each_component (run->system, component)
		config_for_each_grant (component, grant)
			if (grant->kind == CONFIG_GRANT_SHARED)
				grant->channel = find_channel(run, grant->node);
}
