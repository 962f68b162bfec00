/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of a component: the nodes of its aspace. */
#include <abi/component.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define STATE_NAME "state"

/* ECAM: each function has a page (PCI Express Base 5.0 §7.2.2). */
#define ECAM_BUS_SHIFT      20
#define ECAM_DEVICE_SHIFT   15
#define ECAM_FUNCTION_SHIFT 12

struct pci_place {
	u32 segment, bus, device, function;
};

/* Where the host bridge @node has the function's page, in @hpa (Linux: pci/host-generic-pci.yaml).
 */
static bool find_page(const struct fdt *tree, fdt_node_t node, const struct pci_place *place,
		      hpa_t *hpa)
{
	u32 segment, first = 0, last = 255;
	struct fdt_prop buses;
	u64 base, size, offset;

	if (fdt_get_u32(tree, node, "linux,pci-domain", &segment) != OK)
		segment = 0;
	if (fdt_get(tree, node, "bus-range", &buses) && buses.len == 8) {
		first = config_cell(&buses, 0);
		last = config_cell(&buses, 1);
	}
	if (segment != place->segment || place->bus < first || place->bus > last ||
	    fdt_reg(tree, node, 0, &base, &size) != OK || base + size < base)
		return false;
	offset = (u64)(place->bus - first) << ECAM_BUS_SHIFT |
		 (u64)place->device << ECAM_DEVICE_SHIFT |
		 (u64)place->function << ECAM_FUNCTION_SHIFT;
	hpa->v = base + offset;
	return size >= PAGE_SIZE && offset <= size - PAGE_SIZE;
}

/* Without a machine the function has no page, and size 0. */
static void parse_pci(struct config_run *run, fdt_node_t node, struct config_grant *grant)
{
	fdt_node_t bridge = FDT_NONE;
	struct pci_place place;
	struct fdt_prop prop;

	if (!config_get(run, node, "pci", &prop))
		return;
	place = prop.len != 16 ? (struct pci_place){ UINT32_MAX, 0, 0, 0 }
			       : (struct pci_place){ config_cell(&prop, 0), config_cell(&prop, 1),
						     config_cell(&prop, 2), config_cell(&prop, 3) };
	if (place.segment > UINT16_MAX || place.bus > 255 || place.device > 31 ||
	    place.function > 7) {
		config_error(run, node, "pci",
			     "must be segment, bus, device (to 31) and function (to 7); write "
			     "e.g. pci = <0 0 3 0>;");
		return;
	}
	if (run->host == NULL || run->host->tree == NULL)
		return;
	do {
		bridge = fdt_find_compatible(run->host->tree, bridge, "pci-host-ecam-generic");
		if (bridge == FDT_NONE) {
			config_error(run, node, "pci",
				     "the machine's tree has no host bridge with ECAM for this "
				     "segment and bus; write others, or remove the region");
			return;
		}
	} while (!find_page(run->host->tree, bridge, &place, &grant->hpa));
	grant->size = PAGE_SIZE;
}

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
	if (grant->kind == CONFIG_GRANT_PCI) {
		grant->kind = CONFIG_GRANT_DEVICE;
		grant->pci = true;
		parse_pci(run, node, grant);
		return parse_irqs(run, node, true, &grant->num_irqs, &grant->irqs);
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
