/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the core reserves for itself, from the description: guests, vCPUs and their
 * stage-2 tables in the heap. An upper bound, kept close: RAM that the core does not use is RAM
 * that no guest gets.
 */
#include <mullion/component.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/mem.h>

#include "config/internal.h"

/* The loss of page_alloc() by alignment, its bitmap, and a map's temporary pages. */
#define SLACK_PAGES 4
/* A thread's stack in the core, of a vCPU or a component. */
#define CORE_STACK_BYTES CONFIG_STACK_SIZE
/* A recording of a vCPU's exits (core/guest/profile.c). */
#define PROFILE_PAGES 1
/* Tables of a component's space: the first GiB's, and those where its program and its grants begin.
 */
#define COMPONENT_TABLES 3
/* The core's object of a channel. */
#define CHANNEL_BYTES 64
/* First-level tables stand beside each other: 2^40 bytes are 1024 entries. */
#define ROOT_PAGES 2

/* Runs of pages are aligned to their size rounded up to a power of two: count the hole as well. */
static u64 run_pages(u64 bytes)
{
	u64 pages = 1;

	while (pages * PAGE_SIZE < bytes)
		pages *= 2;
	return pages;
}

/* Tables of one level, each for @size bytes, over regions that come in rising order. */
struct tables {
	u64 size;
	u64 count;
	u64 next; /* areas below this one have theirs */
};

/* A table for each area of [first, last]. */
static void add_tables(struct tables *tables, u64 first, u64 last)
{
	u64 area = MAX(first / tables->size, tables->next), end = last / tables->size + 1;

	if (end <= area)
		return;
	tables->count += end - area;
	tables->next = end;
}

/* Pages where both addresses do not lie alike within 2 MiB, else only where the region's ends cut
 * one. */
static void add_pages(struct tables *tables, const struct config_region *region, u64 hpa)
{
	u64 end = region->gpa.v + region->size;

	if ((region->gpa.v - hpa) % tables->size != 0) {
		add_tables(tables, region->gpa.v, end - 1);
		return;
	}
	if (region->gpa.v % tables->size != 0)
		add_tables(tables, region->gpa.v, region->gpa.v);
	if (end % tables->size != 0)
		add_tables(tables, end - 1, end - 1);
}

static u64 stage2_pages(const struct arch_platform *platform, const struct config_guest *guest)
{
	u64 bytes, tables;
	struct tables blocks = { .size = GIB(1) }, pages = { .size = MIB(2) };

	platform->guest_budget(guest, &bytes, &tables);
	config_for_each_region (guest, region) {
		const struct config_region *real =
			region->kind == REGION_ALIAS ? &guest->regions[region->alias_of] : region;

		if (real->kind == REGION_VIRTUAL || in_ports(platform, region->gpa.v))
			continue;
		/* RAM that the core places begins at a multiple of 2 MiB if it is that large;
		 * shared memory begins at any page. */
		add_tables(&blocks, region->gpa.v, region->gpa.v + region->size - 1);
		add_pages(&pages, region,
			  real->kind == REGION_SHARED
				  ? region->gpa.v + PAGE_SIZE
				  : (real->hpa_fixed ? real->hpa.v : 0) + region->offset);
	}
	return ROOT_PAGES + blocks.count + pages.count + tables;
}

static u64 guest_pages(const struct arch_platform *platform, const struct config_guest *guest)
{
	u64 virq, tables;
	u64 vcpu_bytes = ALIGN_UP(sizeof(struct vcpu), 64) + sizeof(struct vcpu *);
	u64 objects = sizeof(struct guest) + 128 + guest->num_regions * sizeof(struct region) +
		      guest->num_vcpus * vcpu_bytes;

	platform->guest_budget(guest, &virq, &tables);
	return run_pages(objects) + run_pages(virq) + run_pages(guest->tree.span) +
	       guest->num_vcpus * (run_pages(CORE_STACK_BYTES) + PROFILE_PAGES) +
	       stage2_pages(platform, guest);
}

/* Its grants and channels lie behind each other, from COMPONENT_GRANTS on. */
static u64 component_pages(const struct arch_platform *platform, const struct system *system,
			   const struct config_component *component)
{
	const struct config_guest *guest =
		component->serves < system->num_guests ? &system->guests[component->serves] : NULL;
	u64 objects = sizeof(struct component) +
		      (guest != NULL ? guest->num_vcpus * sizeof(struct exit_slot) : 0);
	u64 pages =
		run_pages(objects) + run_pages(CORE_STACK_BYTES) + ROOT_PAGES + COMPONENT_TABLES;
	u64 bytes = 0, program = 0;

	for (u32 i = 0; i < component->num_segments; i++)
		program = MAX(program, component->segments[i].va + component->segments[i].size);
	pages += program / MIB(2);
	config_for_each_grant (component, grant)
		bytes += ALIGN_UP(grant->size, PAGE_SIZE);
	for (u32 i = 0; i < system->num_channels; i++)
		for (u32 end = 0; end < 2; end++)
			if (&system->components[system->channels[i].ends[end]] == component)
				bytes += system->channels[i].size;
	/* It sees its guest's memory as the guest does, higher up by a multiple of 1 GiB. */
	if (guest != NULL)
		pages += stage2_pages(platform, guest) - ROOT_PAGES;
	return pages + bytes / MIB(2);
}

/* A component is one piece. */
static u32 count_pieces(const struct system *system)
{
	u32 count = system->num_components;

	config_for_each_guest (system, guest)
		config_for_each_region (guest, region)
			count += region->kind == REGION_RAM || region->kind == REGION_ROM;
	for (u32 i = 0; i < system->num_channels; i++)
		count += system->channels[i].size != 0;
	return count;
}

u64 budget_heap_bytes(const struct arch_platform *platform, struct system *system)
{
	u64 pages = SLACK_PAGES + platform->heap_pages;
	u64 routes = irq_table_bytes(system->num_routes, system->num_lines), ranges;

	config_for_each_guest (system, guest) {
		guest->heap_pages = guest_pages(platform, guest);
		pages += guest->heap_pages;
	}
	config_for_each_component (system, component)
		pages += component_pages(platform, system, component);
	if (routes != 0)
		pages += run_pages(routes);
	system->num_pieces = count_pieces(system);
	ranges = ram_lists_bytes(system->num_pieces);
	if (ranges != 0)
		pages += run_pages(ranges);
	/* One component at a time has its page of information made in the heap. */
	if (system->num_components > 0)
		pages += run_pages(sizeof(struct component_info)) +
			 run_pages(system->num_channels * CHANNEL_BYTES);
	/* A bitmap of one bit for each page. */
	return (pages + pages / (8 * PAGE_SIZE) + 1) * PAGE_SIZE;
}
