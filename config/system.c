/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree -> struct system: the arena that it is built in, the general settings, and the order of its
 * parts. The guests of the description come first, then those that templates make at run time.
 */
#include <mullion/format.h>
#include <mullion/log.h>
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

u8 parse_priority(struct config_run *run, fdt_node_t node, u8 value)
{
	u32 given;

	if (!config_u32(run, node, "priority", &given))
		return value;
	if (given >= 1 && given <= UINT8_MAX)
		return (u8)given;
	config_error(run, node, "priority", "out of range; write <1> to <%u>", UINT8_MAX);
	return value;
}

#define SLICE_MIN_US 100
#define SLICE_MAX_US 10000000

ns_t parse_slice(struct config_run *run, fdt_node_t node, ns_t value)
{
	u32 given;

	if (!config_u32(run, node, "slice-us", &given))
		return value;
	if (given >= SLICE_MIN_US && given <= SLICE_MAX_US)
		return NS(given * UINT64_C(1000));
	config_error(run, node, "slice-us", "out of range; write <%u> to <%u>, in microseconds",
		     SLICE_MIN_US, SLICE_MAX_US);
	return value;
}

/* Partitions are numbered from 1 on as they come up. */
u32 parse_partition(struct config_run *run, fdt_node_t node, u32 value)
{
	const char *name = config_string(run, node, "partition");

	if (name == NULL)
		return value;
	for (u32 i = 0; i < run->num_partitions; i++)
		if (str_equal(run->partitions[i], name))
			return i + 1;
	if (run->num_partitions == CONFIG_MAX_PARTITIONS) {
		config_error(run, node, "partition", "more than %u partitions; use fewer names",
			     CONFIG_MAX_PARTITIONS);
		return value;
	}
	run->partitions[run->num_partitions++] = name;
	return run->num_partitions;
}

static void parse_vmm(struct config_run *run)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	fdt_node_t vmm = fdt_child(run->tree, fdt_root(run->tree), "vmm");
	const char *level;

	run->system->log_level = CONFIG_LOG_LEVEL;
	if (vmm == FDT_NONE)
		return;
	run->system->stay = fdt_has(run->tree, vmm, "stay");
	run->default_strategy = config_string(run, vmm, "strategy");
	level = config_string(run, vmm, "log-level");
	if (level == NULL)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(levels); i++) {
		if (str_equal(level, levels[i])) {
			run->system->log_level = i;
			return;
		}
	}
	config_error(run, vmm, "log-level",
		     "no such level; write \"error\", \"warn\", \"info\" or \"debug\"");
}

/* A guest of the description has the name of an instance. */
static bool is_taken(struct config_run *run, const char *instance)
{
	config_for_each_guest (run->system, guest) {
		if (!str_equal(guest->name, instance))
			continue;
		config_error(run, guest->node, NULL,
			     "is the name of an instance of a template; rename the guest");
		return true;
	}
	return false;
}

/* NAME-1 and so on: absent until somebody has them created. */
static enum err parse_instances(struct config_run *run, fdt_node_t template, u32 max)
{
	struct system *system = run->system;
	const char *name = fdt_name(run->tree, template);
	u32 count = instance_count(run, template);
	char instance[CONFIG_NAME_MAX];
	enum err err;

	for (u32 i = 1; i <= count && system->num_guests < max; i++) {
		struct config_guest *guest = &system->guests[system->num_guests];

		if (format(instance, sizeof(instance), "%s-%u", name, i) >= sizeof(instance)) {
			config_error(run, template, NULL,
				     "the name is too long for instances, which are named %s-1 and "
				     "so on; use at most %u bytes",
				     name, CONFIG_NAME_MAX - 4);
			return OK;
		}
		if (is_taken(run, instance))
			continue;
		err = parse_guest(run, template, instance, guest);
		if (err != OK)
			return err;
		(void)str_copy(guest->template_name, sizeof(guest->template_name), name);
		guest->absent = true;
		guest->autostart = false;
		system->num_guests++;
	}
	return OK;
}

/* Room for all: of a template with very many instances, so many as there may be guests at all. */
static void check_guest_count(struct config_run *run)
{
	fdt_node_t templates = fdt_find(run->tree, "/templates");
	u64 count = config_count_children(run, fdt_find(run->tree, "/guests"), UINT32_MAX);
	u32 instances;

	config_for_each_child (run, templates, it) {
		if (!config_u32(run, it.node, "instances", &instances))
			continue;
		if (count + instances > CONFIG_MAX_GUESTS) {
			config_error(run, it.node, "instances",
				     "there would be %llu guests; at most %u, so write <%u> or "
				     "less",
				     (unsigned long long)count + instances, CONFIG_MAX_GUESTS,
				     count < CONFIG_MAX_GUESTS ? CONFIG_MAX_GUESTS - (u32)count
							       : 0);
			return;
		}
		count += instances;
	}
}

static enum err parse_guests(struct config_run *run)
{
	struct system *system = run->system;
	u32 count = config_guest_count(run);
	enum err err;

	system->guests = arena_alloc(run, count * sizeof(*system->guests));
	if (system->guests == NULL)
		return ERR_NO_MEMORY;
	check_guest_count(run);
	config_for_each_child (run, fdt_find(run->tree, "/guests"), it) {
		if (system->num_guests == count)
			break;
		err = parse_guest(run, it.node, fdt_name(run->tree, it.node),
				  &system->guests[system->num_guests]);
		if (err != OK)
			return err;
		system->num_guests++;
	}
	config_for_each_child (run, fdt_find(run->tree, "/templates"), it) {
		err = parse_instances(run, it.node, count);
		if (err != OK)
			return err;
	}
	return OK;
}

enum err parse_system(struct config_run *run)
{
	enum err err;

	*run->system = (struct system){ .tree = run->tree };
	if (run->host != NULL)
		run->system->uart = run->host->uart;
	parse_vmm(run);
	err = parse_guests(run);
	if (err == OK)
		err = parse_components(run);
	if (err == OK)
		err = parse_channels(run);
	if (err == OK)
		err = parse_schedule(run);
	return err;
}

static size_t rounded(size_t bytes)
{
	return ALIGN_UP(bytes, ARENA_ALIGN) + ARENA_ALIGN;
}

static size_t guest_bytes(const struct config_run *run, fdt_node_t guest)
{
	fdt_node_t aspace = config_child(run, guest, "aspace");
	u32 regions = config_count_children(run, aspace, CONFIG_MAX_REGIONS);
	size_t bytes = rounded(vcpu_count(run, guest) * sizeof(struct config_vcpu)) +
		       rounded(regions * sizeof(struct config_region));

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
	struct config_run run = { .tree = tree };
	fdt_node_t root = fdt_root(tree);
	size_t bytes = sizeof(struct host) + ARENA_ALIGN;

	inherit_init(&run);
	bytes += rounded(config_guest_count(&run) * sizeof(struct config_guest)) +
		 rounded(config_component_count(&run) * sizeof(struct config_component)) +
		 rounded(channel_count(&run) * sizeof(struct config_channel));
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
