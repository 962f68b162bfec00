/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree that the user supplies for a guest, compared with the guest: memory, CPUs, the nodes of
 * the architecture, initrd. Kernel and initrd must lie outside of what it reserves. The guest gets
 * it unchanged.
 */
#include <arch/vcpu.h>
#include <mullion/file_kind.h>
#include <mullion/format.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

#include "config/internal.h"

#define TEXT_MAX 320 /* bytes of one message */

void tree_mistake(struct tree_check *c, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;
	size_t used;

	used = format(text, sizeof(text), "error: /guests/%s: device-tree = \"%s\": ", c->g->name,
		      c->g->tree.file);
	used = MIN(used, sizeof(text) - 1);
	va_start(args, fmt);
	(void)format_va(text + used, sizeof(text) - used, fmt, args);
	va_end(args);
	c->diag->report(c->diag, c->g->node, "device-tree", text);
	c->diag->errors++;
	c->errors++;
}

/* Whether RAM regions, one behind the other, hold the whole range. Regions are sorted. */
static bool in_ram(const struct config_guest *g, u64 base, u64 size)
{
	for (u32 i = 0; i < g->num_regions && size > 0; i++) {
		const struct config_region *region = &g->regions[i];
		u64 part;

		if (region->kind != REGION_RAM || base < region->gpa.v ||
		    base - region->gpa.v >= region->size)
			continue;
		part = MIN(size, region->size - (base - region->gpa.v));
		base += part;
		size -= part;
	}
	return size == 0;
}

static void check_tree_memory(struct tree_check *c, const struct host *seen)
{
	if (seen->num_memory == 0)
		tree_mistake(c, "it has no memory node; describe the guest's RAM");
	for (u32 i = 0; i < seen->num_memory; i++) {
		const struct host_range *range = &seen->memory[i];

		if (!in_ram(c->g, range->base, range->size))
			tree_mistake(c,
				     "its memory 0x%lx..0x%lx is not all inside the guest's RAM "
				     "regions; make the two agree",
				     range->base, LAST(range->base, range->size));
	}
}

static void check_tree_cpus(struct tree_check *c, const struct host *seen,
			    u64 (*identity)(u32 index))
{
	u32 count = c->g->num_vcpus;

	if (seen->num_cpus == 0 || seen->num_cpus > count)
		tree_mistake(c,
			     "it has %u CPU nodes, and the guest has %u vCPUs; write one for each",
			     seen->num_cpus, count);
	for (u32 i = 0; i < seen->num_cpus; i++) {
		bool known = false;

		for (u32 v = 0; v < count; v++)
			known |= identity(v) == seen->cpus[i].identity;
		if (!known)
			tree_mistake(
				c,
				"no vCPU has the number 0x%lx of its CPU node; the first vCPU's "
				"is 0x%lx, the last one's 0x%lx",
				seen->cpus[i].identity, identity(0), identity(count - 1));
	}
}

static void check_tree_initrd(struct tree_check *c, const struct host *seen)
{
	const struct config_image *initrd = &c->g->initrd;

	if (initrd->file == NULL)
		return;
	if (seen->initrd_start != initrd->load.v ||
	    (initrd->data != NULL && seen->initrd_end != initrd->load.v + initrd->size))
		tree_mistake(c,
			     "its /chosen does not say where the initrd is; write "
			     "linux,initrd-start = <0x%x 0x%x> and linux,initrd-end = <0x%x 0x%x>",
			     (u32)(initrd->load.v >> 32), (u32)initrd->load.v,
			     (u32)((initrd->load.v + initrd->size) >> 32),
			     (u32)(initrd->load.v + initrd->size));
}

enum err guest_tree_check(const struct fdt *supplied, const struct config_guest *g,
			  struct host *scratch, struct diag *diag)
{
	const struct arch_platform *platform = arch_platform(supplied);
	struct tree_check c = { .g = g, .diag = diag };
	enum err err = host_read(supplied, scratch);

	if (err != OK) {
		tree_mistake(&c, "a CPU, memory, controller or timer node cannot be read (%s)",
			     err_name(err));
		return ERR_INVALID;
	}
	check_tree_memory(&c, scratch);
	check_tree_cpus(&c, scratch, platform->vcpu_identity);
	platform->tree_check(&c, scratch);
	check_tree_initrd(&c, scratch);
	return c.errors == 0 ? OK : ERR_INVALID;
}

/* The kernel does not use memory that the tree reserves: kernel and initrd should not lie there. */
static void check_tree_reserved(struct config_run *run, const struct config_guest *guest,
				const struct host *seen, const char *what,
				const struct config_image *image, u64 bytes)
{
	for (u32 i = 0; i < seen->num_reserved; i++) {
		const struct host_range *range = &seen->reserved[i];

		if (image->data == NULL ||
		    !ranges_overlap(image->load.v, bytes, range->base, range->size))
			continue;
		config_warning(run, guest->node, "device-tree",
			       "reserves 0x%lx to 0x%lx, where the %s lies (0x%lx to 0x%lx); "
			       "move the reservation, or the %s by %s",
			       range->base, LAST(range->base, range->size), what, image->load.v,
			       LAST(image->load.v, bytes), what,
			       str_equal(what, "kernel") ? "load-address" : "initrd-address");
	}
}

static void check_sound_tree(struct config_run *run, const struct config_guest *guest,
			     const struct host *seen)
{
	check_tree_reserved(run, guest, seen, "kernel", &guest->kernel, guest->kernel.span);
	check_tree_reserved(run, guest, seen, "initrd", &guest->initrd, guest->initrd.size);
	if (guest->bootargs[0] != '\0' || guest->console != guest->num_regions)
		config_warning(run, guest->node, "device-tree",
			       "is given to the guest as it is: bootargs and console have no "
			       "effect; write them into its /chosen");
}

/* The file begins as a tree does. */
static bool is_tree(const struct config_image *image)
{
	const struct fdt_prop start = { .data = image->data, .len = 4 };

	return image->size >= 4 && config_cell(&start, 0) == FDT_MAGIC;
}

/* A tree that was supplied must describe the guest. It goes in as it is, so nothing is added to it.
 */
static void check_supplied(struct config_run *run, const struct config_guest *guest,
			   struct host *scratch)
{
	const struct config_image *image = &guest->tree;
	struct fdt tree;
	enum err err = fdt_open(&tree, image->data, image->size);

	if (err == ERR_TOO_BIG)
		config_error(run, guest->node, "device-tree",
			     "is larger than 2 MiB or nested too deeply; make it smaller");
	else if (err != OK)
		config_error(run, guest->node, "device-tree",
			     "is %s, no sound compiled device tree; compile it with dtc",
			     is_tree(image) ? "damaged"
					    : file_kind_name(file_kind(image->data, image->size)));
	else if (guest_tree_check(&tree, guest, scratch, run->diag) == OK)
		check_sound_tree(run, guest, scratch);
}

enum err check_trees(struct config_run *run)
{
	struct host *scratch = arena_alloc(run, sizeof(*scratch));

	if (scratch == NULL)
		return ERR_NO_MEMORY;
	config_for_each_guest (run->system, guest)
		if (guest->tree.data != NULL)
			check_supplied(run, guest, scratch);
	run->arena_used = (size_t)((u8 *)scratch - run->arena);
	return OK;
}
