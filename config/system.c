/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The general settings, and the order of the parts. The guests of the description come first, then
 * those that templates make at run time.
 */
#include <mullion/format.h>
#include <mullion/log.h>
#include <mullion/string.h>

#include "config/internal.h"

static void parse_vmm(struct config_run *run)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	fdt_node_t vmm = fdt_child(run->tree, fdt_root(run->tree), "vmm");

	run->system->log_level = CONFIG_LOG_LEVEL;
	if (vmm == FDT_NONE)
		return;
	run->system->stay = fdt_has(run->tree, vmm, "stay");
	run->system->log_level = config_choose(run, vmm, "log-level", "level", levels,
					       ARRAY_SIZE(levels), CONFIG_LOG_LEVEL);
}

/* A guest of the description has the name of an instance. */
static bool has_instance_name(struct config_run *run, const char *instance)
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

/* NAME-1 and so on: absent until a component creates them. */
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
		if (has_instance_name(run, instance))
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
				     "there would be %lu guests; at most %u, so write <%u> or "
				     "less",
				     count + instances, CONFIG_MAX_GUESTS,
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
	parse_vmm(run);
	err = parse_guests(run);
	if (err == OK)
		err = parse_components(run);
	if (err == OK)
		err = parse_channels(run);
	if (err == OK)
		resolve_shared(run);
	if (err == OK)
		err = parse_schedule(run);
	return err;
}
