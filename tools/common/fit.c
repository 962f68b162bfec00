/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAM is allocated as at boot (core/boot/main.c, core/mem/ram.c): regions with a host-address
 * first. Then follow, from the top down, the core's heap, channels, components and guests, in the
 * description's order. At boot the loader's memory may differ, so only the tools do this.
 */
#include "tools/common/fit.h"

#include <stdlib.h>
#include <string.h>

#include <abi/component.h>
#include <mullion/format.h>

#include "tools/common/file.h"

#define INFO_BYTES ALIGN_UP(sizeof(struct component_info), PAGE_SIZE)
#define PATH_BYTES 256
#define TEXT_BYTES 512

struct fit {
	const struct system *system;
	struct diag *diag;
	size_t count;
	struct host_range *list; /* free, sorted */
};

static void set_free(struct fit *fit, size_t at, u64 base, u64 end)
{
	struct host_range *list = xmalloc((fit->count + 1) * sizeof(*list));

	if (at > 0)
		memcpy(list, fit->list, at * sizeof(*list));
	list[at] = (struct host_range){ base, end - base };
	if (fit->count > at)
		memcpy(&list[at + 1], &fit->list[at], (fit->count - at) * sizeof(*list));
	free(fit->list);
	fit->list = list;
	fit->count++;
}

static void take(struct fit *fit, u64 base, u64 size)
{
	u64 end = ALIGN_UP(base + size, PAGE_SIZE);

	base = ALIGN_DOWN(base, PAGE_SIZE);
	for (size_t i = 0; i < fit->count; i++) {
		struct host_range *range = &fit->list[i];
		u64 range_end = range->base + range->size;

		if (range_end <= base || end <= range->base)
			continue;
		if (end < range_end)
			set_free(fit, i + 1, end, range_end);
		range = &fit->list[i];
		range->size = base > range->base ? base - range->base : 0;
	}
}

static bool place(struct fit *fit, u64 size, u64 align)
{
	for (size_t i = fit->count; i-- > 0;) {
		const struct host_range *range = &fit->list[i];
		u64 at;

		if (range->size < size)
			continue;
		at = ALIGN_DOWN(range->base + range->size - size, align);
		if (at < range->base)
			continue;
		take(fit, at, size);
		return true;
	}
	return false;
}

/* Where loaders put a kernel: low. */
static void place_low(struct fit *fit, u64 size)
{
	for (size_t i = 0; i < fit->count; i++) {
		if (fit->list[i].size < size)
			continue;
		take(fit, fit->list[i].base, size);
		return;
	}
}

static bool report(struct fit *fit, fdt_node_t node, const char *what, u64 size)
{
	char path[PATH_BYTES], text[TEXT_BYTES];
	char bytes[FORMAT_BYTES_MAX], left[FORMAT_BYTES_MAX], piece[FORMAT_BYTES_MAX];
	u64 sum = 0, largest = 0;

	for (size_t i = 0; i < fit->count; i++) {
		sum += fit->list[i].size;
		largest = MAX(largest, fit->list[i].size);
	}
	(void)format(text, sizeof(text),
		     "error: %s: %s of %s has no place in the machine's RAM: %s are free, "
		     "the largest piece has %s; make it or others smaller",
		     fdt_path(fit->system->tree, node, path, sizeof(path)), what,
		     format_bytes(bytes, sizeof(bytes), size),
		     format_bytes(left, sizeof(left), sum),
		     format_bytes(piece, sizeof(piece), largest));
	fit->diag->report(fit->diag, node, NULL, text);
	fit->diag->errors++;
	return false;
}

static bool is_memory(const struct config_region *region)
{
	return region->kind == REGION_RAM || region->kind == REGION_ROM;
}

static bool place_component(struct fit *fit, const struct config_component *component)
{
	u64 bytes = component->stack_bytes + INFO_BYTES;

	for (u32 i = 0; i < component->num_segments; i++)
		bytes += component->segments[i].size;
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind != CONFIG_GRANT_DEVICE &&
		    component->grants[i].kind != CONFIG_GRANT_SHARED)
			bytes += ALIGN_UP(component->grants[i].size, PAGE_SIZE);
	return place(fit, bytes, PAGE_SIZE) || report(fit, component->node, "its memory", bytes);
}

static bool place_guest(struct fit *fit, const struct config_guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];
		u64 small = region->size >= MIB(2) ? MIB(2) : PAGE_SIZE;
		u64 align = region->size >= GIB(1) ? GIB(1) : small;

		if (is_memory(region) && !region->hpa_fixed && !place(fit, region->size, align) &&
		    !place(fit, region->size, small))
			return report(fit, region->node, "its memory", region->size);
	}
	return true;
}

static bool place_all(struct fit *fit)
{
	const struct system *system = fit->system;

	for (u32 i = 0; i < system->num_channels; i++)
		if (system->channels[i].size != 0 &&
		    !place(fit, system->channels[i].size, PAGE_SIZE))
			return report(fit, system->channels[i].node, "its memory",
				      system->channels[i].size);
	for (u32 i = 0; i < system->num_components; i++)
		if (!place_component(fit, &system->components[i]))
			return false;
	for (u32 i = 0; i < system->num_guests; i++)
		if (!system->guests[i].absent && !place_guest(fit, &system->guests[i]))
			return false;
	return true;
}

static void take_fixed(struct fit *fit)
{
	for (u32 i = 0; i < fit->system->num_guests; i++) {
		const struct config_guest *guest = &fit->system->guests[i];

		for (u32 j = 0; j < guest->num_regions; j++)
			if (guest->regions[j].hpa_fixed && is_memory(&guest->regions[j]))
				take(fit, guest->regions[j].hpa.v, guest->regions[j].size);
	}
}

bool fit_check(const struct system *system, const struct host *host, const struct fit_core *core,
	       struct diag *diag)
{
	struct fit fit = { .system = system, .diag = diag };
	bool good;

	for (u32 i = 0; i < host->num_memory; i++) {
		u64 base = ALIGN_UP(host->memory[i].base, PAGE_SIZE);

		set_free(&fit, fit.count, base,
			 MAX(base,
			     ALIGN_DOWN(host->memory[i].base + host->memory[i].size, PAGE_SIZE)));
	}
	for (u32 i = 0; i < host->num_reserved; i++)
		take(&fit, host->reserved[i].base, host->reserved[i].size);
	take_fixed(&fit);
	place_low(&fit, core->image_bytes);
	good = core->heap_bytes == 0 || place(&fit, core->heap_bytes, PAGE_SIZE) ||
	       report(&fit, fdt_root(system->tree), "the core's heap", core->heap_bytes);
	good = good && place_all(&fit);
	free(fit.list);
	return good;
}
