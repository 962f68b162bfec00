/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of a component: the nodes of its aspace. */
#include <abi/component.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define STATE_NAME "state"

static enum err parse_grant(struct config_run *run, fdt_node_t node, struct config_grant *grant)
{
	const char *type = config_string(run, node, "type");
	u32 kind;

	grant->node = node;
	grant->kind = CONFIG_GRANT_MEMORY; /* of an unknown type: one of size 0 */
	(void)str_copy(grant->name, sizeof(grant->name), fdt_name(run->tree, node));
	kind = type == NULL ? CONFIG_GRANT_KINDS
			    : schema_index(grant_kind_names, CONFIG_GRANT_KINDS, type);
	if (kind == CONFIG_GRANT_KINDS)
		return OK;
	grant->kind = (enum config_grant_kind)kind;
	if (grant->kind == CONFIG_GRANT_SHARED) {
		(void)find_shared(run, node, &grant->size);
		return OK;
	}
	if (grant->kind != CONFIG_GRANT_DEVICE)
		grant->file = config_string(run, node, "file");
	if (grant->file != NULL && !config_is_file_name(grant->file))
		grant->file = NULL;
	if (grant->kind == CONFIG_GRANT_FILE)
		return OK;
	(void)config_u64(run, node, "size", &grant->size);
	grant->kept = config_has(run, node, "kept");
	if (grant->kind == CONFIG_GRANT_MEMORY)
		return OK;
	grant->compatible = config_string_at(run, node, "compatible", 0);
	if (!config_u64(run, node, "host-address", &grant->hpa.v))
		grant->size = 0;
	return parse_irqs(run, node, true, &grant->num_irqs, &grant->irqs);
}

/* A device for each virtual region. */
static u64 state_bytes(const struct config_guest *guest)
{
	u64 devices = 1;

	config_for_each_region (guest, region)
		devices += region->kind == REGION_VIRTUAL;
	return ALIGN_UP(devices * VMM_DEVICE_BYTES, PAGE_SIZE);
}

enum err parse_grants(struct config_run *run, struct config_component *component)
{
	fdt_node_t aspace = config_child(run, component->node, "aspace");
	u32 count = config_count_children(run, aspace, CONFIG_MAX_GRANTS), i = 0;
	bool is_vmm = component->serves < run->system->num_guests;
	enum err err;

	component->num_grants = count + (is_vmm ? 1 : 0);
	component->grants = arena_alloc(run, component->num_grants * sizeof(*component->grants));
	if (component->grants == NULL)
		return ERR_NO_MEMORY;
	config_for_each_child (run, aspace, it) {
		if (i == count)
			break;
		err = parse_grant(run, it.node, &component->grants[i++]);
		if (err != OK)
			return err;
	}
	if (is_vmm) {
		component->grants[count] = (struct config_grant){
			.kind = CONFIG_GRANT_MEMORY,
			.kept = true,
			.size = state_bytes(&run->system->guests[component->serves]),
			.node = component->node,
		};
		(void)str_copy(component->grants[count].name, CONFIG_NAME_MAX, STATE_NAME);
	}
	return OK;
}
