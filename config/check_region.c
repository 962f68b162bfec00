/* SPDX-License-Identifier: Apache-2.0 */
/* Regions: alignment and bounds, overlaps inside a guest, and the owner of each part of the
 * machine.
 */
#include <abi/component.h>
#include <mullion/format.h>
#include <mullion/space.h>

#include "config/internal.h"

#define COMPONENT_GUEST_BYTES (BIT(CONFIG_IPA_BITS) - COMPONENT_GUEST)

/* One value that must be a page multiple and whose range must end within @bits of address space. */
static bool check_extent(struct config_run *run, const struct config_region *region,
			 const char *property, u64 base, u32 bits, const char *space)
{
	if (!IS_ALIGNED(base, PAGE_SIZE))
		return config_error(run, region->node, property,
				    "not a multiple of 4096; write <0x%lx>",
				    ALIGN_DOWN(base, PAGE_SIZE));
	if (base >= BIT(bits) || region->size > BIT(bits) - base)
		return config_error(
			run, region->node, property,
			"the region of 0x%lx bytes ends above %s of %u bits; write a lower "
			"address",
			region->size, space, bits);
	return true;
}

/* Ports are counted one by one. A grant has the machine's side alone. */
static bool check_ports(struct config_run *run, const struct config_region *region)
{
	bool on_host = region->hpa_fixed && in_ports(run->platform, region->hpa.v);
	const char *property = on_host ? "host-address" : "guest-address";
	u64 base = on_host ? region->hpa.v : region->gpa.v;

	if (region_is_memory(region) || region->kind == REGION_ALIAS)
		return config_error(run, region->node, "guest-address",
				    "ports are no memory; write an address below <0x80000000 0>");
	if (base - PORT_BASE >= PORT_COUNT || region->size > PORT_COUNT - (base - PORT_BASE))
		return config_error(run, region->node, property,
				    "ends above the last port, 0xffff; write a lower one");
	if (config_has(run, region->node, "guest-address") && region->kind == REGION_DEVICE &&
	    region->gpa.v != region->hpa.v)
		return config_error(run, region->node, "guest-address",
				    "a device's ports have the same numbers in the guest; write "
				    "<0x%x 0x%x>",
				    (u32)(region->hpa.v >> 32), (u32)region->hpa.v);
	return true;
}

static bool is_ports(const struct config_run *run, const struct config_region *region)
{
	return in_ports(run->platform, region->gpa.v) ||
	       (region->hpa_fixed && in_ports(run->platform, region->hpa.v));
}

/* A region that fails gets size 0: the checks behind this one leave it out. */
void check_shape(struct config_run *run, struct config_region *region)
{
	bool good = true;

	if (region->kind == REGION_VIRTUAL && region->device == NULL)
		return;
	if (region->size == 0) {
		u64 size;

		if (config_u64(run, region->node, "size", &size) && size == 0)
			config_error(run, region->node, "size",
				     "must not be 0; remove the region or write its size");
		return;
	}
	if (is_ports(run, region)) {
		if (!check_ports(run, region))
			region->size = 0;
		return;
	}
	if (region->size < PAGE_SIZE && region_is_memory(region)) {
		config_error(run, region->node, "size",
			     "sizes are in bytes, multiples of 4096; for %lu MiB write <0x%lx>",
			     region->size, MIB(region->size));
		good = false;
	} else if (!IS_ALIGNED(region->size, PAGE_SIZE)) {
		config_error(run, region->node, "size",
			     "not a multiple of 4096 bytes; write <0x%lx>",
			     ALIGN_UP(region->size, PAGE_SIZE));
		good = false;
	}
	if (!check_extent(run, region, "guest-address", region->gpa.v, CONFIG_IPA_BITS,
			  "a guest's address space"))
		good = false;
	if (region->hpa_fixed && region->kind != REGION_ALIAS &&
	    !check_extent(run, region, "host-address", region->hpa.v, CONFIG_HPA_BITS,
			  "a machine's address space"))
		good = false;
	if (!good)
		region->size = 0;
}

static void check_guest_overlaps(struct config_run *run, const struct config_guest *guest)
{
	char path[128];
	u64 reach = 0; /* where the regions before end: they come by rising address */

	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];
		u32 before = region->gpa.v < reach ? i : 0;

		reach = MAX(reach, region->gpa.v + region->size);
		for (u32 j = 0; j < before; j++) {
			const struct config_region *other = &guest->regions[j];

			if (!ranges_overlap(region->gpa.v, region->size, other->gpa.v, other->size))
				continue;
			config_error(run, region->node, "guest-address",
				     "0x%lx to 0x%lx overlaps %s at 0x%lx to 0x%lx; write "
				     "<0x%lx> or above, or make that region smaller",
				     region->gpa.v, LAST(region->gpa.v, region->size),
				     fdt_path(run->tree, other->node, path, sizeof(path)),
				     other->gpa.v, LAST(other->gpa.v, other->size),
				     other->gpa.v + other->size);
			break;
		}
	}
}

/* Propose the place above what is reserved, or the one below, whichever is RAM. */
static void report_reserved(struct config_run *run, const struct config_region *region,
			    const struct host_range *taken)
{
	u64 above = ALIGN_UP(taken->base + taken->size, PAGE_SIZE);
	u64 below = ALIGN_DOWN(taken->base - region->size, PAGE_SIZE);
	char advice[48] = "";

	for (u32 i = 0; i < run->host->num_memory && advice[0] == '\0'; i++) {
		const struct host_range *ram = &run->host->memory[i];

		if (range_within(above, region->size, ram->base, ram->size))
			(void)format(advice, sizeof(advice), "write <0x%lx> or ", above);
		else if (taken->base >= region->size &&
			 range_within(below, region->size, ram->base, ram->size))
			(void)format(advice, sizeof(advice), "write <0x%lx> or ", below);
	}
	config_error(run, region->node, "host-address",
		     "0x%lx to 0x%lx hits memory in use, 0x%lx to 0x%lx (reserved by the "
		     "machine, or the core's own); %sleave host-address out",
		     region->hpa.v, LAST(region->hpa.v, region->size), taken->base,
		     LAST(taken->base, taken->size), advice);
}

/* Memory at a fixed place must be RAM of the machine that is not reserved. */
static void check_host_memory(struct config_run *run, const struct config_region *region)
{
	const struct host *host = run->host;
	const struct host_range *largest = NULL;
	bool inside = false;

	for (u32 i = 0; i < host->num_memory; i++) {
		const struct host_range *ram = &host->memory[i];

		inside = inside || range_within(region->hpa.v, region->size, ram->base, ram->size);
		if (largest == NULL || ram->size > largest->size)
			largest = ram;
	}
	if (!inside && largest != NULL) {
		config_error(run, region->node, "host-address",
			     "0x%lx to 0x%lx is not within the machine's RAM, whose largest part "
			     "is 0x%lx to 0x%lx; choose a range there, or leave host-address out",
			     region->hpa.v, LAST(region->hpa.v, region->size), largest->base,
			     LAST(largest->base, largest->size));
		return;
	}
	for (u32 i = 0; i < host->num_reserved; i++) {
		const struct host_range *taken = &host->reserved[i];

		if (!ranges_overlap(region->hpa.v, region->size, taken->base, taken->size))
			continue;
		report_reserved(run, region, taken);
		return;
	}
}

static void hit(struct config_run *run, const struct config_region *region, const char *what,
		const struct host_range *range, bool *reported)
{
	if (!ranges_overlap(region->hpa.v, region->size, range->base, range->size))
		return;
	*reported = true;
	config_error(run, region->node, "host-address",
		     "0x%lx to 0x%lx hits the machine's %s at 0x%lx to 0x%lx, which the "
		     "core keeps for itself; write the address of the device's own registers",
		     region->hpa.v, LAST(region->hpa.v, region->size), what, range->base,
		     LAST(range->base, range->size));
}

/* Returns true if it can be a device. */
static bool check_host_device(struct config_run *run, const struct config_region *region)
{
	const struct host *host = run->host;
	bool reported = false;

	for (u32 i = 0; i < host->num_memory; i++) {
		const struct host_range *ram = &host->memory[i];

		if (!ranges_overlap(region->hpa.v, region->size, ram->base, ram->size))
			continue;
		return config_error(run, region->node, "host-address",
				    "0x%lx to 0x%lx is RAM of the machine (0x%lx to 0x%lx), no "
				    "device; write type = \"ram\" or the device's address",
				    region->hpa.v, LAST(region->hpa.v, region->size), ram->base,
				    LAST(ram->base, ram->size));
	}
	for (u32 i = 0; i < host->num_kept; i++)
		hit(run, region, host->kept[i].what, &host->kept[i].regs, &reported);
	return !reported;
}

bool claim_next(const struct system *system, struct claim *claim)
{
	u32 owner = claim->next_owner, at = claim->next;

	for (; owner < system->num_guests + system->num_components; owner++, at = 0) {
		const struct config_component *component;

		if (owner < system->num_guests && at < system->guests[owner].num_regions) {
			const struct config_region *region = &system->guests[owner].regions[at];
			bool fixed = region->hpa_fixed && region->kind != REGION_ALIAS;

			*claim = (struct claim){ region->node,
						 owner,
						 region->hpa.v,
						 fixed ? region->size : 0,
						 region->num_irqs,
						 region->irqs,
						 owner,
						 at + 1 };
			return true;
		}
		if (owner < system->num_guests)
			continue;
		component = &system->components[owner - system->num_guests];
		if (at < component->num_grants) {
			const struct config_grant *grant = &component->grants[at];
			bool fixed = grant->kind == CONFIG_GRANT_DEVICE;

			*claim = (struct claim){ grant->node,     owner,
						 grant->hpa.v,    fixed ? grant->size : 0,
						 grant->num_irqs, grant->irqs,
						 owner,           at + 1 };
			return true;
		}
	}
	return false;
}

/* A range of the machine has one owner: the first in the tree's order. Of guests that inherit the
 * same node it is the first guest. */
static void check_given_once(struct config_run *run, const struct config_region *region, u32 owner)
{
	struct claim other = { 0 };
	char path[128];

	while (claim_next(run->system, &other)) {
		if (other.node > region->node ||
		    (other.node == region->node && other.owner >= owner) ||
		    !ranges_overlap(region->hpa.v, region->size, other.hpa, other.size))
			continue;
		config_error(run, region->node, place_property(run, region->node),
			     "0x%lx to 0x%lx is given twice: %s has 0x%lx to 0x%lx; write "
			     "another address",
			     region->hpa.v, LAST(region->hpa.v, region->size),
			     other.node == region->node
				     ? "another guest of the template"
				     : fdt_path(run->tree, other.node, path, sizeof(path)),
			     other.hpa, LAST(other.hpa, other.size));
		return;
	}
}

/* Instances of a template cannot share a part of the machine. */
static void check_instance(struct config_run *run, struct config_region *region)
{
	if (!region->hpa_fixed || region->kind == REGION_ALIAS)
		return;
	config_error(run, region->node, "host-address",
		     "each instance of the template would have this part of the machine; %s",
		     region->kind == REGION_DEVICE ? "remove the region" : "leave it out");
	region->size = 0;
}

void check_host_side(struct config_run *run, const struct config_region *region, u32 owner)
{
	if (region->size == 0 || !region->hpa_fixed || region->kind == REGION_ALIAS)
		return;
	if (run->host != NULL && region_is_memory(region))
		check_host_memory(run, region);
	else if (region->kind == REGION_DEVICE &&
		 (run->host == NULL || check_host_device(run, region)))
		check_dma(run, region, owner);
	check_given_once(run, region, owner);
	if (region_is_memory(region) && region->size >= MIB(2) &&
	    (region->hpa.v - region->gpa.v) % MIB(2) != 0)
		config_warning(run, region->node, "host-address",
			       "differs from guest-address within 2 MiB, so that only 4 KiB pages "
			       "can map it; write <0x%lx>",
			       (ALIGN_DOWN(region->hpa.v, MIB(2)) + region->gpa.v % MIB(2)));
}

/* All guests together cannot have more memory than there is, nor one region more than one part of
 * it. */
static void check_total_memory(struct config_run *run)
{
	char wanted_text[FORMAT_BYTES_MAX], have_text[FORMAT_BYTES_MAX];
	u64 have = 0, largest = 0, wanted = 0;
	bool reported = false;

	for (u32 i = 0; i < run->host->num_memory; i++) {
		have += run->host->memory[i].size;
		largest = MAX(largest, run->host->memory[i].size);
	}
	config_for_each_guest (run->system, guest) {
		config_for_each_region (guest, region) {
			if (!region_is_memory(region))
				continue;
			wanted += guest->absent ? 0 : region->size;
			if (region->size <= largest || region->hpa_fixed)
				continue;
			reported = true;
			config_error(
				run, region->node, "size",
				"%s is more than the machine's largest part of RAM, %s; write less",
				format_bytes(wanted_text, sizeof(wanted_text), region->size),
				format_bytes(have_text, sizeof(have_text), largest));
		}
	}
	if (wanted > have && !reported)
		config_error(
			run, fdt_find(run->tree, "/guests"), NULL,
			"the guests' RAM adds up to %s, but the machine has %s; make some smaller",
			format_bytes(wanted_text, sizeof(wanted_text), wanted),
			format_bytes(have_text, sizeof(have_text), have));
}

/* A vmm sees its guest's memory in the upper half of an address space as large as the guest's. */
static void check_seen(struct config_run *run, const struct config_guest *guest)
{
	if (guest->vmm >= run->system->num_components)
		return;
	config_for_each_region (guest, region)
		if (region_is_memory(region) && region->size != 0 &&
		    region->gpa.v + region->size > COMPONENT_GUEST_BYTES)
			config_error(run, region->node, "guest-address",
				     "ends above 0x%lx, up to where a guest that has a vmm can "
				     "have memory; write <0x%x 0x%08x> or less, or remove the vmm",
				     COMPONENT_GUEST_BYTES,
				     (u32)((COMPONENT_GUEST_BYTES - region->size) >> 32),
				     (u32)(COMPONENT_GUEST_BYTES - region->size));
}

/* Emulated regions need a vmm. */
static void check_served(struct config_run *run, const struct config_guest *guest)
{
	if (guest->vmm < run->system->num_components || config_lacks_template(run, guest->node))
		return;
	config_for_each_region (guest, region) {
		if (region->kind != REGION_VIRTUAL || region->device == NULL)
			continue;
		config_error(run, region->node, "device",
			     "guest '%s' has no vmm to emulate it; write vmm { }; in the guest",
			     guest->name);
		return;
	}
}

void check_port_ranges(struct config_run *run)
{
	struct claim claim = { 0 };
	u32 owner = 0, count = 0;

	while (claim_next(run->system, &claim)) {
		count = claim.owner == owner ? count : 0;
		owner = claim.owner;
		if (claim.size == 0 || !in_ports(run->platform, claim.hpa))
			continue;
		if (++count == SPACE_PORTS_MAX + 1)
			config_error(run, claim.node, "host-address",
				     "with this, more than %u ranges of ports are given to one "
				     "owner; make one region of neighbours, or remove one",
				     SPACE_PORTS_MAX);
	}
}

void check_regions(struct config_run *run)
{
	u32 owner = 0;

	config_for_each_guest (run->system, guest) {
		config_for_each_region (guest, region) {
			check_shape(run, region);
			if (guest->absent)
				check_instance(run, region);
		}
		check_guest_overlaps(run, guest);
		run->platform->guest_check(run, guest);
		check_served(run, guest);
		check_seen(run, guest);
	}
	config_for_each_guest (run->system, guest) {
		config_for_each_region (guest, region)
			check_host_side(run, region, owner);
		owner++;
	}
	if (run->host != NULL)
		check_total_memory(run);
}
