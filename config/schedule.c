/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies of the CPUs, and the tables of windows of those that run by time. */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

#define CYCLE_MAX_US  10000000
#define WINDOW_MIN_US 100
#define US(ns)        ((ns).v / 1000)

static u32 find_partition(const struct config_run *run, const char *name)
{
	for (u32 i = 0; i < run->num_partitions; i++)
		if (str_equal(run->partitions[i], name))
			return i + 1;
	return 0;
}

/* @count: of the names; the last one needs a table, which only a CPU's node has. */
static void parse_strategy(struct config_run *run, fdt_node_t node, const char *what, u32 count,
			   struct config_cpu *cpu)
{
	static const char *const names[] = { "priority", "round-robin", "windows" };
	u32 index = config_choose(run, node, "strategy", what, names, count, count);

	if (index < count)
		cpu->strategy = SCHEDULE_PRIORITY + index;
}

/* Returns false if the window cannot be put into the table. */
static bool parse_window(struct config_run *run, fdt_node_t node, const struct config_cpu *cpu,
			 struct config_window *window)
{
	const char *partition = config_string(run, node, "partition");
	struct similar similar;
	u32 offset, length;

	if (!config_u32(run, node, "offset-us", &offset) ||
	    !config_u32(run, node, "length-us", &length) || partition == NULL)
		return false;
	*window = (struct config_window){ NS(offset * UINT64_C(1000)), NS(length * UINT64_C(1000)),
					  find_partition(run, partition) };
	if (window->window == 0) {
		similar_init(&similar, partition);
		for (u32 i = 0; i < run->num_partitions; i++)
			similar_offer(&similar, run->partitions[i]);
		return config_error(run, node, "partition",
				    "no guest, vCPU or component is in it%s",
				    similar_hint(&similar, ""));
	}
	if (length < WINDOW_MIN_US)
		return config_error(run, node, "length-us",
				    "too short; write <%u> microseconds or more", WINDOW_MIN_US);
	if (cpu->cycle.v != 0 && window->offset.v + window->length.v > cpu->cycle.v)
		return config_error(run, node, "length-us",
				    "the window ends at %lu us, after the cycle of %lu us; make it "
				    "shorter, or the cycle longer",
				    US(NS(window->offset.v + window->length.v)), US(cpu->cycle));
	return true;
}

/* Into the place that its offset gives it, unless it overlaps one that is there. */
static void add_window(struct config_run *run, fdt_node_t node, struct config_cpu *cpu,
		       struct config_window window)
{
	u32 at = cpu->num_windows;

	for (u32 i = 0; i < cpu->num_windows; i++) {
		const struct config_window *other = &cpu->windows[i];

		if (!ranges_overlap(window.offset.v, window.length.v, other->offset.v,
				    other->length.v))
			continue;
		config_error(run, node, "offset-us",
			     "%lu us to %lu us overlaps another window, %lu us to %lu us; "
			     "write <%lu>",
			     US(window.offset), US(NS(window.offset.v + window.length.v)),
			     US(other->offset), US(NS(other->offset.v + other->length.v)),
			     US(NS(other->offset.v + other->length.v)));
		return;
	}
	for (; at > 0 && cpu->windows[at - 1].offset.v > window.offset.v; at--)
		cpu->windows[at] = cpu->windows[at - 1];
	cpu->windows[at] = window;
	cpu->num_windows++;
}

static void parse_cycle(struct config_run *run, fdt_node_t node, struct config_cpu *cpu)
{
	u32 cycle_us = 0, background = 0;

	(void)config_u32_within(run, node, "cycle-us", WINDOW_MIN_US, CYCLE_MAX_US, &cycle_us);
	(void)config_u32_within(run, node, "background", 0, UINT8_MAX, &background);
	cpu->cycle = NS(cycle_us * UINT64_C(1000));
	cpu->background = (u8)background;
}

static enum err parse_cpu(struct config_run *run, fdt_node_t node, struct config_cpu *cpu)
{
	bool chosen = config_has(run, node, "strategy");
	u32 count = config_count_children(run, node, CONFIG_MAX_WINDOWS), seen = 0;
	struct config_window window;

	parse_strategy(run, node, "strategy", 3, cpu);
	if (cpu->strategy != SCHEDULE_WINDOWS) {
		if (count > 0 || config_has(run, node, "cycle-us") ||
		    config_has(run, node, "background"))
			config_warning(run, node, chosen ? "strategy" : NULL,
				       "cycle-us, background and windows have no effect; write "
				       "strategy = \"windows\"");
		return OK;
	}
	parse_cycle(run, node, cpu);
	if (!config_has(run, node, "cycle-us"))
		config_error(run, node, "cycle-us",
			     "missing: how long a cycle of windows is; "
			     "write e.g. cycle-us = <10000>;");
	if (count == 0)
		config_error(run, node, NULL,
			     "has no window; write window0 { offset-us = <0>; length-us = "
			     "<2000>; partition = \"control\"; };");
	cpu->windows = arena_alloc(run, count * sizeof(*cpu->windows));
	if (cpu->windows == NULL)
		return ERR_NO_MEMORY;
	config_for_each_child (run, node, it)
		if (seen++ < count && parse_window(run, it.node, cpu, &window))
			add_window(run, it.node, cpu, window);
	return OK;
}

enum err parse_schedule(struct config_run *run)
{
	const char *whose;
	u32 limit = cpu_limit(run, &whose);
	struct config_cpu of_all = { 0 };
	enum err err;

	parse_strategy(run, fdt_find(run->tree, "/vmm"), "strategy for all CPUs", 2, &of_all);
	for (u32 i = 0; i < CONFIG_MAX_CPUS; i++)
		run->system->cpus[i] = of_all;
	config_for_each_child (run, fdt_find(run->tree, "/schedule"), it) {
		const char *name = fdt_name(run->tree, it.node);
		u32 index = strlen(name) > 3 ? name_number(name, 3) : 0;
		char right[16];

		/* The schema has refused any other name. */
		(void)format(right, sizeof(right), "cpu%u", index);
		if (!str_equal(name, right))
			continue;
		if (index >= limit) {
			config_error(run, it.node, NULL, "%s %u CPU%s; name them cpu0 to cpu%u",
				     whose, limit, limit == 1 ? "" : "s", limit - 1);
			continue;
		}
		err = parse_cpu(run, it.node, &run->system->cpus[index]);
		if (err != OK)
			return err;
	}
	return OK;
}
