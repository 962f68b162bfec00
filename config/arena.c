/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena in which the system is built, and how much of it a description takes: the counts of all
 * that is allocated there.
 */
#include <mullion/string.h>

#include "config/internal.h"

#define ARENA_ALIGN 16

void *arena_alloc(struct config_run *run, size_t bytes)
{
	size_t at = ALIGN_UP(run->arena_used, ARENA_ALIGN);

	if (at > run->arena_bytes || bytes > run->arena_bytes - at)
		return NULL;
	run->arena_used = at + bytes;
	memset(run->arena + at, 0, bytes);
	return run->arena + at;
}

const char *arena_text(struct config_run *run, const char *text, size_t len)
{
	char *copy = arena_alloc(run, len);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

u32 count_irqs(const struct config_run *run, fdt_node_t node)
{
	struct fdt_prop prop;

	if (!config_get(run, node, "interrupts", &prop) || !config_has_irqs(run->platform, &prop))
		return 0;
	return MIN(prop.len / (4 * run->platform->irq_cells), CONFIG_MAX_IRQS);
}

/* Returns true if @node is RAM on both sides of where a hole begins. */
bool crosses_hole(const struct config_run *run, fdt_node_t node)
{
	const struct host_range *hole = &run->platform->ram_hole;
	const char *type = config_string(run, node, "type");
	u64 base, size;

	return hole->size != 0 && type != NULL && str_equal(type, "ram") &&
	       config_u64(run, node, "guest-address", &base) &&
	       config_u64(run, node, "size", &size) && base < hole->base &&
	       size > hole->base - base && IS_ALIGNED(base | size, PAGE_SIZE);
}

u32 region_count(const struct config_run *run, fdt_node_t aspace)
{
	u32 count = config_count_children(run, aspace, CONFIG_MAX_REGIONS);

	config_for_each_child (run, aspace, it)
		if (count < CONFIG_MAX_REGIONS && crosses_hole(run, it.node))
			count++;
	return count;
}

u32 vcpu_count(const struct config_run *run, fdt_node_t guest)
{
	fdt_node_t vcpus = config_child(run, guest, "vcpus");
	u32 count;

	if (vcpus == FDT_NONE)
		return 1;
	if (!config_u32(run, vcpus, "count", &count))
		count = MAX(config_count_children(run, vcpus, CONFIG_MAX_VCPUS), 1);
	return MIN(count, CONFIG_MAX_VCPUS);
}

u32 instance_count(const struct config_run *run, fdt_node_t template)
{
	u32 count;

	return config_u32(run, template, "instances", &count) ? MIN(count, CONFIG_MAX_GUESTS) : 0;
}

u32 config_guest_count(const struct config_run *run)
{
	fdt_node_t root = fdt_root(run->tree);
	u32 count =
		config_count_children(run, fdt_child(run->tree, root, "guests"), CONFIG_MAX_GUESTS);

	config_for_each_child (run, fdt_child(run->tree, root, "templates"), it)
		count = MIN(count + instance_count(run, it.node), CONFIG_MAX_GUESTS);
	return count;
}

u32 config_component_count(const struct config_run *run)
{
	fdt_node_t root = fdt_root(run->tree);
	u32 count = config_count_children(run, fdt_child(run->tree, root, "components"),
					  CONFIG_MAX_COMPONENTS);

	config_for_each_child (run, fdt_child(run->tree, root, "guests"), it)
		count += config_child(run, it.node, "vmm") != FDT_NONE ? 1 : 0;
	config_for_each_child (run, fdt_child(run->tree, root, "templates"), it)
		if (config_child(run, it.node, "vmm") != FDT_NONE)
			count += instance_count(run, it.node);
	return MIN(count, CONFIG_MAX_COMPONENTS);
}

/* Ports of networks, of one guest. */
static u64 port_count(const struct config_run *run, fdt_node_t guest)
{
	u64 count = 0;

	config_for_each_child (run, config_child(run, guest, "aspace"), it)
		count += config_has(run, it.node, "network") ? 1 : 0;
	return count;
}

/* How many there would be, were every one right. */
u64 config_channel_count(const struct config_run *run)
{
	fdt_node_t root = fdt_root(run->tree);
	u64 count = config_count_children(run, fdt_child(run->tree, root, "channels"), UINT32_MAX);

	count += config_count_children(run, fdt_child(run->tree, root, "shared"), UINT32_MAX);

	config_for_each_child (run, fdt_child(run->tree, root, "components"), it)
		count += config_has(run, it.node, "console") ? 1 : 0;
	config_for_each_child (run, fdt_child(run->tree, root, "guests"), it)
		count += (config_has(run, config_child(run, it.node, "vmm"), "console") ? 1 : 0) +
			 port_count(run, it.node);
	config_for_each_child (run, fdt_child(run->tree, root, "templates"), it)
		count += instance_count(run, it.node) *
			 ((config_has(run, config_child(run, it.node, "vmm"), "console") ? 1 : 0) +
			  port_count(run, it.node));
	return count;
}

static size_t rounded(size_t bytes)
{
	return ALIGN_UP(bytes, ARENA_ALIGN) + ARENA_ALIGN;
}

static size_t guest_bytes(const struct config_run *run, fdt_node_t guest)
{
	fdt_node_t aspace = config_child(run, guest, "aspace");
	u32 regions = region_count(run, aspace);
	size_t bytes = rounded(vcpu_count(run, guest) * sizeof(struct config_vcpu)) +
		       rounded(regions * sizeof(struct config_region)) +
		       rounded(ELF_MAX_PIECES * sizeof(struct elf_piece));

	config_for_each_child (run, aspace, it)
		bytes += rounded(count_irqs(run, it.node) * sizeof(struct config_irq)) +
			 rounded(COMPATIBLE_MAX);
	return bytes;
}

/* A component's and, where it has one, its guest's. */
static size_t component_bytes(const struct config_run *run, fdt_node_t node)
{
	fdt_node_t aspace = config_child(run, node, "aspace");
	u32 grants = 1 + config_count_children(run, aspace, CONFIG_MAX_GRANTS);
	size_t bytes = rounded(grants * sizeof(struct config_grant)) + rounded(PROGRAM_MAX);

	config_for_each_child (run, aspace, it)
		bytes += rounded(count_irqs(run, it.node) * sizeof(struct config_irq));
	return bytes;
}

size_t config_arena_bytes(const struct fdt *tree)
{
	struct config_run run = { .tree = tree, .platform = arch_platform(tree) };
	fdt_node_t root = fdt_root(tree);
	size_t bytes = sizeof(struct host) + ARENA_ALIGN;

	inherit_init(&run);
	bytes += rounded(config_guest_count(&run) * sizeof(struct config_guest)) +
		 rounded(config_component_count(&run) * sizeof(struct config_component)) +
		 rounded(MIN(config_channel_count(&run), CONFIG_MAX_CHANNELS) *
			 sizeof(struct config_channel));
	config_for_each_child (&run, fdt_child(tree, root, "guests"), it)
		bytes += guest_bytes(&run, it.node) +
			 component_bytes(&run, config_child(&run, it.node, "vmm"));
	config_for_each_child (&run, fdt_child(tree, root, "templates"), it)
		bytes += instance_count(&run, it.node) *
			 (guest_bytes(&run, it.node) +
			  component_bytes(&run, config_child(&run, it.node, "vmm")));
	config_for_each_child (&run, fdt_child(tree, root, "components"), it)
		bytes += component_bytes(&run, it.node);
	config_for_each_child (&run, fdt_child(tree, root, "schedule"), it)
		bytes += rounded(config_count_children(&run, it.node, CONFIG_MAX_WINDOWS) *
				 sizeof(struct config_window));
	return bytes;
}
