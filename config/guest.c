/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest. A property that schema_check() refused gets its default, so that the checks find as many
 * mistakes as they can.
 */
#include <mullion/format.h>
#include <mullion/string.h>
#include <mullion/thread.h>

#include "config/internal.h"

static void parse_image(const struct config_run *run, fdt_node_t node, const char *file,
			const char *address, struct config_image *image)
{
	image->file = config_string(run, node, file);
	if (image->file != NULL && !config_is_file_name(image->file))
		image->file = NULL;
	image->load_fixed = config_u64(run, node, address, &image->load.v);
}

static void parse_counter(struct config_run *run, struct config_guest *guest)
{
	static const char *const names[] = { "machine", "own" };

	guest->own_counter = config_choose(run, guest->node, "counter", "beginning", names,
					   ARRAY_SIZE(names), 0) == 1;
}

/* The guest's priority, slice and partition are the defaults of its vCPUs. */
static enum err parse_vcpus(struct config_run *run, struct config_guest *guest)
{
	fdt_node_t node = guest->node;
	fdt_node_t vcpus = config_child(run, node, "vcpus");
	struct config_vcpu of_guest = {
		.priority = parse_priority(run, node, PRIORITY_GUEST),
		.slice = parse_slice(run, node, SLICE_DEFAULT),
		.window = parse_partition(run, node, 0),
		.node = vcpus != FDT_NONE ? vcpus : node,
	};

	parse_limit(run, node, &of_guest);
	guest->num_vcpus = vcpu_count(run, node);
	guest->vcpus = arena_alloc(run, guest->num_vcpus * sizeof(*guest->vcpus));
	if (guest->vcpus == NULL)
		return ERR_NO_MEMORY;
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		struct config_vcpu *vcpu = &guest->vcpus[i];
		char name[16];

		*vcpu = of_guest;
		(void)format(name, sizeof(name), "vcpu%u", i);
		node = config_child(run, vcpus, name);
		if (node == FDT_NONE)
			continue;
		vcpu->node = node;
		vcpu->priority = parse_priority(run, node, vcpu->priority);
		vcpu->slice = parse_slice(run, node, vcpu->slice);
		vcpu->window = parse_partition(run, node, vcpu->window);
		parse_limit(run, node, vcpu);
	}
	return OK;
}

static void parse_template(struct config_run *run, struct config_guest *guest)
{
	const char *name = config_string(run, guest->node, "template");
	struct similar similar;

	if (name == NULL)
		return;
	if (config_base(run, guest->node) != FDT_NONE) {
		(void)str_copy(guest->template_name, sizeof(guest->template_name), name);
		return;
	}
	similar_init(&similar, name);
	config_for_each_child (run, fdt_find(run->tree, "/templates"), it)
		similar_offer(&similar, fdt_name(run->tree, it.node));
	config_error(run, guest->node, "template", "no such template%s",
		     similar_hint(&similar, "; write one under /templates"));
}

enum err parse_guest(struct config_run *run, fdt_node_t node, const char *name,
		     struct config_guest *guest)
{
	const char *bootargs = config_string(run, node, "bootargs");
	enum err err;

	guest->node = node;
	guest->aspace = config_child(run, node, "aspace");
	(void)str_copy(guest->name, sizeof(guest->name), name);
	guest->autostart = config_has(run, node, "autostart");
	guest->trusted_dma = config_has(run, node, "trusted-dma");
	guest->trng = !config_has(run, node, "no-trng");
	/* The empty string at the name's end: a constant of this room is gone after boot. */
	guest->bootargs = bootargs == NULL ? guest->name + strlen(guest->name) : bootargs;
	if (strlen(guest->bootargs) >= CONFIG_BOOTARGS_MAX)
		config_error(run, node, "bootargs", "%zu bytes are too long; use at most %u",
			     strlen(guest->bootargs), CONFIG_BOOTARGS_MAX - 1);
	parse_template(run, guest);
	parse_image(run, node, "kernel", "load-address", &guest->kernel);
	parse_image(run, node, "initrd", "initrd-address", &guest->initrd);
	parse_image(run, node, "device-tree", "device-tree-address", &guest->tree);
	guest->kernel_type =
		config_choose(run, node, "kernel-type", "type of kernel",
			      run->platform->kernel_types, run->platform->num_kernel_types, 0);
	run->platform->guest_parse(run, guest);
	parse_counter(run, guest);
	err = parse_vcpus(run, guest);
	return err != OK ? err : parse_regions(run, guest);
}
