/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is the description of a system, on one machine, with and without a bundle. Every check
 * runs. A description that passes has the properties on which the core relies.
 */
#include <stdlib.h>
#include <string.h>

#include <mullion/config.h>

#include "support/program.h"
#include "tests/fuzz/fuzz.h"

static const struct host machine = {
	.num_cpus = 4,
	.cpus = { { 0, true }, { 1, true }, { 2, true }, { 3, true } },
	.num_memory = 1,
	.memory = { { 0x40000000, 0x40000000 } },
	.num_reserved = 1,
	.reserved = { { 0x7ff00000, 0x100000 } },
	.num_kept = 2,
	.kept = { { "distributor", { 0x08000000, 0x10000 } },
		  { "redistributors", { 0x080a0000, 0xf60000 } } },
	.uart = HOST_UART_KNOWN,
	.uart_regs = { 0x09000000, 0x1000 },
	.arch.arm64 = { .gic = HOST_GIC_V3,
			.maintenance_irq = 25,
			.timer_irq = { 29, 30, 27, 26 } },
};

/* An archive with an Image of 32 MiB, called "Image", a component's program, and an empty file. */
static u8 bundle[2048];
static size_t bundle_bytes;

static void add_entry(const char *name, const u8 *file, u32 bytes)
{
	static const char digits[] = "0123456789abcdef";
	u32 name_bytes = (u32)strlen(name) + 1;

	memset(bundle + bundle_bytes, '0', 110);
	memcpy(bundle + bundle_bytes, "070701", 6);
	for (u32 i = 0; i < 8; i++) {
		bundle[bundle_bytes + 54 + i] = (u8)digits[bytes >> (28 - 4 * i) & 15];
		bundle[bundle_bytes + 94 + i] = (u8)digits[name_bytes >> (28 - 4 * i) & 15];
	}
	memcpy(bundle + bundle_bytes + 110, name, name_bytes);
	bundle_bytes = ALIGN_UP(bundle_bytes + 110 + name_bytes, 4);
	if (bytes > 0)
		memcpy(bundle + bundle_bytes, file, bytes);
	bundle_bytes = ALIGN_UP(bundle_bytes + bytes, 4);
}

static void add_program(const char *name)
{
	const struct program program = program_make(EM_AARCH64);

	add_entry(name, (const u8 *)&program, sizeof(program));
}

static void make_bundle(void)
{
	u8 image[64] = { [19] = 2, [24] = 0xa, [56] = 'A', [57] = 'R', [58] = 'M', [59] = 0x64 };

	add_entry("Image", image, sizeof(image));
	add_entry("raw.bin", image, sizeof(image));
	add_entry("initrd.cpio", image, sizeof(image));
	add_program("vmm.elf");
	add_program("program.elf");
	add_entry("empty", NULL, 0);
	add_entry("TRAILER!!!", NULL, 0);
}

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	(void)diag;
	(void)node;
	(void)property;
	/* A message is one line, and says what it is. */
	if (strchr(text, '\n') != NULL ||
	    (strncmp(text, "error: ", 7) != 0 && strncmp(text, "warning: ", 9) != 0))
		abort();
}

static void check_region(const struct config_guest *guest, u32 index)
{
	const struct config_region *region = &guest->regions[index];

	if (region->size == 0 || !IS_ALIGNED(region->size | region->gpa.v, PAGE_SIZE) ||
	    (region->kind == REGION_VIRTUAL) != (region->device != NULL))
		abort();
	if (region->kind == REGION_VIRTUAL &&
	    (region->hpa_fixed || region->num_irqs != 1 || region->irqs[0].host != 0 ||
	     region->irqs[0].guest < 32 || region->compatible == NULL))
		abort();
	if (region->kind == REGION_ALIAS &&
	    (region->alias_of >= guest->num_regions ||
	     guest->regions[region->alias_of].kind == REGION_ALIAS ||
	     guest->regions[region->alias_of].size < region->size))
		abort();
	if (index > 0 &&
	    guest->regions[index - 1].gpa.v + guest->regions[index - 1].size > region->gpa.v)
		abort();
	for (u32 i = 0; i < region->num_irqs; i++)
		if (region->irqs[i].guest < 32 ||
		    region->irqs[i].guest >= 32 + guest->arch.arm64.num_spis ||
		    (region->kind != REGION_VIRTUAL &&
		     (region->irqs[i].host < 32 || region->irqs[i].host >= 1020)))
			abort();
}

static void check_image(const struct config_guest *guest, const struct config_image *image)
{
	if (image->data == NULL)
		return;
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		if (image->load.v >= region->gpa.v &&
		    image->load.v - region->gpa.v < region->size) {
			if (region->size - (image->load.v - region->gpa.v) < image->span)
				abort();
			return;
		}
	}
	abort();
}

/* The tree has a place whether it is generated or supplied. */
static bool apart(const struct config_image *a, const struct config_image *b)
{
	return a->span == 0 || b->span == 0 || a->load.v + a->span <= b->load.v ||
	       b->load.v + b->span <= a->load.v;
}

static void check_guest(const struct config_guest *guest)
{
	if (guest->num_vcpus == 0 || guest->name[0] == '\0' || guest->kernel.file == NULL ||
	    guest->console > guest->num_regions || guest->arch.arm64.num_spis % 32 != 0 ||
	    guest->arch.arm64.num_spis > 960 || guest->arch.arm64.gic_version != 3)
		abort();
	for (u32 i = 0; i < guest->num_vcpus; i++)
		if (guest->vcpus[i].cpu >= machine.num_cpus || guest->vcpus[i].priority == 0 ||
		    guest->vcpus[i].slice.v == 0)
			abort();
	for (u32 i = 0; i < guest->num_regions; i++)
		check_region(guest, i);
	check_image(guest, &guest->kernel);
	check_image(guest, &guest->initrd);
	check_image(guest, &guest->tree);
	if (guest->kernel.data != NULL &&
	    (!apart(&guest->kernel, &guest->tree) || !apart(&guest->kernel, &guest->initrd) ||
	     !apart(&guest->initrd, &guest->tree)))
		abort();
}

static void check_component(const struct system *system, u32 index)
{
	const struct config_component *component = &system->components[index];
	u64 cpus = BIT(machine.num_cpus) - 1;

	if (component->name[0] == '\0' || component->program == NULL || component->priority == 0 ||
	    component->affinity == 0 || (component->affinity & ~cpus) != 0 ||
	    component->stack_bytes == 0 || !IS_ALIGNED(component->stack_bytes, PAGE_SIZE) ||
	    component->arguments == NULL || component->serves > system->num_guests ||
	    (component->data != NULL) != (component->num_segments > 0))
		abort();
	if (component->serves < system->num_guests &&
	    system->guests[component->serves].vmm != index)
		abort();
	for (u32 i = 0; i < index; i++)
		if (strcmp(system->components[i].name, component->name) == 0)
			abort();
	for (u32 i = 0; i < component->num_grants; i++) {
		const struct config_grant *grant = &component->grants[i];

		if (grant->kind == CONFIG_GRANT_FILE
			    ? grant->file == NULL
			    : !IS_ALIGNED(grant->size, PAGE_SIZE) || grant->size == 0)
			abort();
	}
}

static void check_cpu(const struct config_cpu *cpu)
{
	u64 end = 0;

	if (cpu->strategy == SCHEDULE_WINDOWS && (cpu->cycle.v == 0 || cpu->num_windows == 0))
		abort();
	for (u32 i = 0; i < cpu->num_windows; i++) {
		const struct config_window *window = &cpu->windows[i];

		if (window->offset.v < end || window->length.v == 0 || window->window == 0)
			abort();
		end = window->offset.v + window->length.v;
	}
	if (cpu->num_windows > 0 && end > cpu->cycle.v)
		abort();
}

static void check_system(const struct system *system)
{
	for (u32 i = 0; i < system->num_guests; i++) {
		check_guest(&system->guests[i]);
		if (system->guests[i].vmm > system->num_components)
			abort();
	}
	for (u32 i = 0; i < system->num_components; i++)
		check_component(system, i);
	for (u32 i = 0; i < system->num_channels; i++) {
		const struct config_channel *channel = &system->channels[i];

		if (channel->ends[0] >= system->num_components ||
		    channel->ends[1] >= system->num_components ||
		    channel->ends[0] == channel->ends[1] || !IS_ALIGNED(channel->size, PAGE_SIZE))
			abort();
	}
	for (u32 i = 0; i < ARRAY_SIZE(system->cpus); i++)
		check_cpu(&system->cpus[i]);
}

static void load(const struct fdt *tree, const struct host *host, const void *archive)
{
	size_t arena_bytes = config_arena_bytes(tree);
	struct diag diag = { .report = report };
	struct system system;
	void *arena = aligned_alloc(16, ALIGN_UP(arena_bytes, 16));
	enum err err;

	if (arena == NULL)
		return;
	err = config_load(tree, host, archive, archive != NULL ? bundle_bytes : 0, arena,
			  arena_bytes, &system, &diag);
	if ((err != OK && err != ERR_INVALID) || (err == OK) != (diag.errors == 0))
		abort();
	if (err == OK && (system.num_guests + system.num_components == 0 ||
			  !IS_ALIGNED(system.heap_bytes, PAGE_SIZE)))
		abort();
	if (err == OK && host != NULL)
		check_system(&system);
	free(arena);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fdt tree;

	if (bundle_bytes == 0)
		make_bundle();
	if (fdt_open(&tree, data, size) != OK)
		return 0;
	load(&tree, &machine, bundle);
	load(&tree, NULL, NULL);
	return 0;
}
