/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: those under /components, and for each guest with a node vmm the component that serves
 * it. A property that was refused gets its default.
 */
#include <mullion/format.h>
#include <mullion/string.h>
#include <mullion/thread.h>

#include "config/internal.h"

#define VMM_PREFIX    "vmm-"
#define VMM_PROGRAM   "vmm.elf"
#define VMM_ABOVE     10 /* its priority over its guest's */
#define STACK_DEFAULT KIB(16)
#define STACK_MAX     MIB(1)
#define MS(ms)        NS((u64)(ms)*1000000)

#define RESTARTS_DEFAULT  10
#define PERIOD_DEFAULT_MS 10000

u32 config_find_component(const struct system *system, const char *name)
{
	for (u32 i = 0; i < system->num_components; i++)
		if (str_equal(system->components[i].name, name))
			return i;
	return system->num_components;
}

bool config_find_end(struct config_run *run, fdt_node_t node, const char *property,
		     const char *name, u32 *index)
{
	*index = config_find_component(run->system, name);
	return *index < run->system->num_components ||
	       config_lacks_component(run, node, property, name);
}

bool config_lacks_component(struct config_run *run, fdt_node_t node, const char *property,
			    const char *name)
{
	struct similar similar;

	similar_init(&similar, name);
	config_for_each_component (run->system, component)
		similar_offer(&similar, component->name);
	return config_error(run, node, property, "there is no component '%s'%s", name,
			    similar_hint(&similar, "; write it under /components"));
}

static void parse_restart(struct config_run *run, struct config_component *component)
{
	static const char *const names[] = {
		[RESTART_NEVER] = "never",
		[RESTART_ALWAYS] = "always",
		[RESTART_LIMITED] = "limited",
	};
	u32 ms = PERIOD_DEFAULT_MS, watchdog_ms = 0;

	component->restart_limit = RESTARTS_DEFAULT;
	(void)config_u32(run, component->node, "restart-limit", &component->restart_limit);
	(void)config_u32(run, component->node, "restart-period-ms", &ms);
	(void)config_u32(run, component->node, "watchdog-ms", &watchdog_ms);
	component->restart_period = MS(ms);
	component->watchdog = MS(watchdog_ms);
	component->policy =
		(enum restart_policy)config_choose(run, component->node, "restart", "policy", names,
						   ARRAY_SIZE(names), RESTART_LIMITED);
}

static void parse_stack(struct config_run *run, struct config_component *component)
{
	u32 bytes;

	component->stack_bytes = STACK_DEFAULT;
	if (!config_u32(run, component->node, "stack-size", &bytes))
		return;
	if (bytes > 0 && bytes <= STACK_MAX && IS_ALIGNED(bytes, PAGE_SIZE))
		component->stack_bytes = bytes;
	else
		config_error(run, component->node, "stack-size",
			     "must be a multiple of 4096 up to 0x%lx; write e.g. <0x%lx>",
			     STACK_MAX, STACK_DEFAULT);
}

static enum err parse_program(struct config_run *run, struct config_component *component)
{
	component->program = config_string(run, component->node, "program");
	if (component->program != NULL && !config_is_file_name(component->program))
		component->program = NULL;
	if (component->program != NULL || component->serves == run->system->num_guests)
		return OK;
	component->program = arena_text(run, VMM_PROGRAM, sizeof(VMM_PROGRAM));
	return component->program != NULL ? OK : ERR_NO_MEMORY;
}

/* A vmm's default priority is above its guest's, and its default partition is its guest's. */
static void parse_running(struct config_run *run, struct config_component *component)
{
	u32 priority = PRIORITY_COMPONENT, window = 0;

	if (component->serves < run->system->num_guests) {
		const struct config_guest *guest = &run->system->guests[component->serves];

		priority = 0;
		for (u32 i = 0; i < guest->num_vcpus; i++)
			priority = MAX(priority, guest->vcpus[i].priority);
		priority = MIN(priority + VMM_ABOVE, PRIORITY_MAX);
		window = guest->vcpus[0].window;
	}
	component->priority = parse_priority(run, component->node, (u8)priority);
	component->slice = parse_slice(run, component->node, SLICE_DEFAULT);
	component->window = parse_partition(run, component->node, window);
}

static enum err parse_component(struct config_run *run, fdt_node_t node, const char *name,
				u32 serves)
{
	struct system *system = run->system;
	struct config_component *component = &system->components[system->num_components];
	const char *arguments = config_string(run, node, "arguments");
	enum err err;

	component->node = node;
	component->serves = serves;
	(void)str_copy(component->name, sizeof(component->name), name);
	/* The empty string at the name's end: a constant of this room is gone after boot. */
	component->arguments =
		arguments == NULL ? component->name + strlen(component->name) : arguments;
	if (strlen(component->arguments) >= CONFIG_ARGUMENTS_MAX)
		config_error(run, node, "arguments", "%zu bytes are too long; use at most %u",
			     strlen(component->arguments), CONFIG_ARGUMENTS_MAX - 1);
	component->autostart = !config_has(run, node, "noautostart");
	if (serves < system->num_guests)
		component->autostart = !system->guests[serves].absent;
	component->manages_all = config_has(run, node, "manages");
	component->trusted_dma = config_has(run, node, "trusted-dma");
	component->reads_log = component->manages_all || config_has(run, node, "reads-log");
	parse_running(run, component);
	parse_restart(run, component);
	parse_stack(run, component);
	err = parse_program(run, component);
	if (err == OK)
		err = parse_grants(run, component);
	system->num_components++;
	return err;
}

static enum err parse_vmm_of(struct config_run *run, u32 index, u32 max)
{
	struct config_guest *guest = &run->system->guests[index];
	fdt_node_t node = config_child(run, guest->node, "vmm");
	char name[CONFIG_NAME_MAX];

	if (node == FDT_NONE)
		return OK;
	if (format(name, sizeof(name), VMM_PREFIX "%s", guest->name) >= sizeof(name))
		config_error(run, node, NULL,
			     "the guest's name is too long for its vmm's, " VMM_PREFIX
			     "%s; use at most %zu bytes",
			     guest->name, CONFIG_NAME_MAX - sizeof(VMM_PREFIX));
	if (run->system->num_components == max) {
		config_error(run, node, NULL, "more than %u components", CONFIG_MAX_COMPONENTS);
		return OK;
	}
	guest->vmm = run->system->num_components;
	return parse_component(run, node, name, index);
}

enum err parse_components(struct config_run *run)
{
	struct system *system = run->system;
	u32 max = config_component_count(run);
	enum err err;

	system->components = arena_alloc(run, max * sizeof(*system->components));
	if (system->components == NULL)
		return ERR_NO_MEMORY;
	config_for_each_child (run, fdt_find(run->tree, "/components"), it) {
		if (system->num_components == max)
			break;
		err = parse_component(run, it.node, fdt_name(run->tree, it.node),
				      system->num_guests);
		if (err != OK)
			return err;
	}
	/* Until all are known no index can stand for "none". */
	config_for_each_guest (system, guest)
		guest->vmm = UINT32_MAX;
	for (u32 i = 0; i < system->num_guests; i++) {
		err = parse_vmm_of(run, i, max);
		if (err != OK)
			return err;
	}
	config_for_each_guest (system, guest)
		guest->vmm = MIN(guest->vmm, system->num_components);
	return OK;
}
