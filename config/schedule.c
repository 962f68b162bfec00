/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies of the CPUs, and the tables of windows of those that run by time. */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

typedef unsigned long long ull;

#define CYCLE_MAX_US  10000000
#define WINDOW_MIN_US 100
#define US(ns)        ((ull)(ns).v / 1000)

static u32 find_partition(const struct config_run *run, const char *name)
{
	for (u32 i = 0; i < run->num_partitions; i++)
		if (str_equal(run->partitions[i], name))
			return i + 1;
	return 0;
}

/* @windows: whether a table may be asked for here. */
static void parse_strategy(struct config_run *run, fdt_node_t node, const char *strategy,
			   bool windows, struct config_cpu *cpu)
{
	if (strategy == NULL)
		cpu->strategy = SCHEDULE_DEFAULT;
	else if (str_equal(strategy, "priority"))
		cpu->strategy = SCHEDULE_PRIORITY;
	else if (str_equal(strategy, "round-robin"))
		cpu->strategy = SCHEDULE_ROUND_ROBIN;
	else if (windows && str_equal(strategy, "windows"))
		cpu->strategy = SCHEDULE_WINDOWS;
	else
		config_error(
			run, node, "strategy", "no such strategy%s",
			windows ? "; write \"priority\", \"round-robin\" or \"windows\""
				: " here; write \"priority\" or \"round-robin\", or \"windows\" "
				  "in a CPU's node under /schedule");
}

/* Return: false when the window is none that can be put into the table. */
static bool parse_window(struct config_run *run, fdt_node_t node, const struct config_cpu *cpu,
			 struct config_window *window)
{
	const char *partition = config_string(run, node, "partition");
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];
	u32 offset, length;

	if (!config_u32(run, node, "offset-us", &offset) ||
	    !config_u32(run, node, "length-us", &length) || partition == NULL)
		return false;
	*window = (struct config_window){ NS(offset * UINT64_C(1000)), NS(length * UINT64_C(1000)),
					  find_partition(run, partition) };
	if (window->window == 0) {
		nearest_init(&nearest, partition);
		for (u32 i = 0; i < run->num_partitions; i++)
			nearest_offer(&nearest, run->partitions[i]);
		config_error(run, node, "partition", "no guest, vCPU or component is in it%s",
			     nearest_hint(&nearest, hint));
		return false;
	}
	if (length < WINDOW_MIN_US) {
		config_error(run, node, "length-us", "too short; write <%u> microseconds or more",
			     WINDOW_MIN_US);
		return false;
	}
	if (cpu->cycle.v != 0 && window->offset.v + window->length.v > cpu->cycle.v) {
		config_error(run, node, "length-us",
			     "the window ends at %llu us, after the cycle of %llu us; make it "
			     "shorter, or the cycle longer",
			     (ull)offset + length, US(cpu->cycle));
		return false;
	}
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
			     "%llu us to %llu us overlaps another window, %llu us to %llu us; "
			     "write <%llu>",
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

	if (config_u32(run, node, "cycle-us", &cycle_us) &&
	    (cycle_us < WINDOW_MIN_US || cycle_us > CYCLE_MAX_US)) {
		config_error(run, node, "cycle-us", "out of range; write <%u> to <%u>",
			     WINDOW_MIN_US, CYCLE_MAX_US);
		cycle_us = 0;
	}
	cpu->cycle = NS(cycle_us * UINT64_C(1000));
	if (config_u32(run, node, "background", &background) && background > UINT8_MAX)
		config_error(run, node, "background", "out of range; write <0> to <%u>", UINT8_MAX);
	cpu->background = (u8)MIN(background, UINT8_MAX);
}

static enum err parse_cpu(struct config_run *run, fdt_node_t node, struct config_cpu *cpu)
{
	const char *strategy = config_string(run, node, "strategy");
	u32 count = config_count_children(run, node, CONFIG_MAX_WINDOWS), seen = 0;
	struct config_window window;

	if (strategy != NULL)
		parse_strategy(run, node, strategy, true, cpu);
	if (cpu->strategy != SCHEDULE_WINDOWS) {
		if (count > 0 || config_has(run, node, "cycle-us") ||
		    config_has(run, node, "background"))
			config_warning(run, node, strategy != NULL ? "strategy" : NULL,
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

	parse_strategy(run, fdt_find(run->tree, "/vmm"), run->default_strategy, false, &of_all);
	for (u32 i = 0; i < CONFIG_MAX_CPUS; i++)
		run->system->cpus[i] = of_all;
	config_for_each_child (run, fdt_find(run->tree, "/schedule"), it) {
		const char *name = fdt_name(run->tree, it.node);
		u32 index = strlen(name) > 3 ? number_of(name, 3) : 0;
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

static bool has_window(const struct config_cpu *cpu, u32 window)
{
	for (u32 i = 0; i < cpu->num_windows; i++)
		if (cpu->windows[i].window == window)
			return true;
	return false;
}

/* Who is in a partition and runs on a CPU by windows needs one there. */
static void check_runs(struct config_run *run, fdt_node_t node, u64 cpus, u32 window)
{
	bool windows = false;
	u32 first = UINT32_MAX;

	for (u32 i = 0; window != 0 && i < CONFIG_MAX_CPUS; i++) {
		const struct config_cpu *cpu = &run->system->cpus[i];

		if ((cpus & BIT(i)) == 0)
			continue;
		windows = windows || cpu->strategy == SCHEDULE_WINDOWS;
		if (cpu->strategy != SCHEDULE_WINDOWS || has_window(cpu, window))
			return;
		first = MIN(first, i);
	}
	if (windows)
		config_error(run, node, "partition",
			     "'%s' has no window on CPU %u, so it would never run; write one under "
			     "/schedule/cpu%u",
			     run->partitions[window - 1], first, first);
}

static void check_guest(struct config_run *run, const struct config_guest *guest)
{
	fdt_node_t vcpus = config_child(run, guest->node, "vcpus");
	char name[16];

	for (u32 i = 0; i < guest->num_vcpus; i++) {
		const struct config_vcpu *vcpu = &guest->vcpus[i];
		fdt_node_t node;

		(void)format(name, sizeof(name), "vcpu%u", i);
		node = config_child(run, vcpus, name);
		if (node == FDT_NONE || !config_has(run, node, "partition"))
			node = guest->node;
		check_runs(run, node, BIT(vcpu->cpu), vcpu->window);
	}
}

void check_schedule(struct config_run *run)
{
	config_for_each_guest (run->system, guest)
		check_guest(run, guest);
	config_for_each_component (run->system, component)
		check_runs(run, component->node, component->affinity, component->window);
}
