/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of kernel, tree and initrd in guest memory. The boot protocol of the architecture
 * knows the pieces and their bounds. Here are free places, places that the user chose, and the
 * messages.
 */
#include <mullion/format.h>
#include <mullion/space.h>
#include <mullion/string.h>

#include "config/internal.h"

u64 generated_tree_bytes(const struct config_guest *guest)
{
	u64 bytes = KIB(3) + strlen(guest->bootargs) + (u64)guest->num_vcpus * 192;

	config_for_each_region (guest, region)
		bytes += 192 + region->compatible_len + (u64)region->num_irqs * 12;
	return ALIGN_UP(bytes, PAGE_SIZE);
}

/* The largest RAM; of equals the lowest. NULL when there is none. */
static const struct config_region *main_ram(const struct config_guest *guest)
{
	const struct config_region *best = NULL;

	config_for_each_region (guest, region)
		if (region->kind == REGION_RAM && region->size != 0 &&
		    (best == NULL || region->size > best->size))
			best = region;
	return best;
}

const struct config_region *place_memory_at(const struct config_guest *guest, u64 gpa)
{
	config_for_each_region (guest, region)
		if (region_is_memory(region) && range_within(gpa, 1, region->gpa.v, region->size))
			return region;
	return NULL;
}

/* Returns true if memory was described, but refused: the report about it is enough. */
static bool has_refused_memory(const struct config_guest *guest)
{
	config_for_each_region (guest, region)
		if (region->size == 0 && (region_is_memory(region) ||
					  (region->kind == REGION_VIRTUAL && !region->device)))
			return true;
	return false;
}

void place_take(struct placing *p, const char *property, const char *what, u64 base, u64 size)
{
	p->taken[p->num_taken++] = (struct taken){ property, what, base, size };
}

static const struct taken *find_taken(const struct placing *p, u64 base, u64 size)
{
	for (u32 i = 0; i < p->num_taken; i++)
		if (ranges_overlap(base, size, p->taken[i].base, p->taken[i].size))
			return &p->taken[i];
	return NULL;
}

/* The highest free place of @size bytes in [@low, @high), or false. Each step passes one that is
 * taken. */
bool place_find(const struct placing *p, u64 low, u64 high, u64 size, u64 align, u64 *base)
{
	const struct taken *taken;

	for (u32 tries = 0; tries <= p->num_taken; tries++) {
		if (high < size || ALIGN_DOWN(high - size, align) < low)
			return false;
		*base = ALIGN_DOWN(high - size, align);
		taken = find_taken(p, *base, size);
		if (taken == NULL)
			return true;
		high = taken->base;
	}
	return false;
}

/* An address that the user chose: inside one memory region, and clear of what was placed before. */
bool place_fixed(struct placing *p, const char *property, const char *what, u64 base, u64 size)
{
	const struct config_region *region = place_memory_at(p->guest, base);
	char path[128], text[FORMAT_BYTES_MAX];
	const struct taken *taken;

	if (region == NULL)
		return config_error(
			p->run, p->guest->node, property,
			"is in no RAM or ROM of the guest; write an address from <0x%lx>",
			p->ram->gpa.v);
	if (!range_within(base, size, region->gpa.v, region->size))
		return config_error(
			p->run, p->guest->node, property,
			"the %s of %s from 0x%lx does not fit into %s, which ends at 0x%lx; "
			"write a lower address or make the region larger",
			what, format_bytes(text, sizeof(text), size), base,
			fdt_path(p->run->tree, region->node, path, sizeof(path)),
			LAST(region->gpa.v, region->size));
	taken = find_taken(p, base, size);
	if (taken != NULL)
		return config_error(p->run, p->guest->node, property,
				    "the %s at 0x%lx to 0x%lx overlaps the %s at 0x%lx to 0x%lx; "
				    "write another address, or leave it out",
				    what, base, LAST(base, size), taken->what, taken->base,
				    LAST(taken->base, taken->size));
	return true;
}

void place_too_large(struct placing *p, const char *property, const char *what, u64 bytes)
{
	char text[FORMAT_BYTES_MAX], ram[FORMAT_BYTES_MAX], path[128];
	u64 needed = bytes;

	for (u32 i = 0; i < p->num_taken; i++)
		needed += p->taken[i].size;
	config_error(p->run, p->guest->node, property,
		     "the %s takes %s, which does not fit into the %s of %s%s; write size = "
		     "<0x%lx> there or more",
		     what, format_bytes(text, sizeof(text), bytes),
		     format_bytes(ram, sizeof(ram), p->ram->size),
		     fdt_path(p->run->tree, p->ram->node, path, sizeof(path)),
		     p->num_taken > 0 ? " beside what is there" : "",
		     ALIGN_UP(needed + p->offset + TREE_MAX, MIB(2)));
}

static void check_executable(struct config_run *run, const struct config_guest *guest)
{
	const struct config_region *region = place_memory_at(guest, guest->entry.v);

	if (region != NULL && (region->access & SPACE_EXEC) == 0)
		config_error(run, region->node, "access",
			     "guest '%s' begins there, at 0x%lx, and could execute nothing; write "
			     "\"rwx\", or leave it out",
			     guest->name, guest->entry.v);
}

static void place_guest(struct config_run *run, struct config_guest *guest)
{
	struct placing p = { .run = run, .guest = guest, .ram = main_ram(guest) };
	fdt_node_t aspace = config_child(run, guest->node, "aspace");

	if (p.ram == NULL) {
		if (aspace != FDT_NONE && guest->num_regions > 0 && !has_refused_memory(guest))
			config_error(run, aspace, NULL,
				     "has no region of type \"ram\"; a guest needs one for its "
				     "kernel and tree");
		return;
	}
	run->platform->boot_place(&p);
	if (guest->kernel.data != NULL)
		check_executable(run, guest);
}

void place_images(struct config_run *run)
{
	config_for_each_guest (run->system, guest)
		place_guest(run, guest);
}
