/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs: how many, the CPU that runs each, whether a CPU has the budgets to give, and whether each
 * partition has a window.
 */
#include <mullion/format.h>

#include "config/internal.h"

/* vCPUs that each of the machine's CPUs has so far. */
struct cpus {
	const char *whose; /* begins the message about @limit */
	u32 limit;         /* CPUs of the machine, or the most there can be */
	u32 vcpus[CONFIG_MAX_CPUS];
};

static void check_vcpu_count(struct config_run *run, const struct config_guest *guest,
			     const struct cpus *cpus)
{
	fdt_node_t vcpus = config_child(run, guest->node, "vcpus");
	const char *what;
	u32 count, max = run->platform->max_vcpus(guest, &what);

	if (vcpus == FDT_NONE)
		return;
	if (config_u32(run, vcpus, "count", &count)) {
		if (count == 0)
			config_error(run, vcpus, "count",
				     "a guest needs a vCPU; write <1> or more");
		else if (count > CONFIG_MAX_VCPUS)
			config_error(run, vcpus, "count", "too many; at most %u",
				     (u32)CONFIG_MAX_VCPUS);
	}
	if (what != NULL && guest->num_vcpus > max)
		config_error(run, vcpus, config_has(run, vcpus, "count") ? "count" : NULL,
			     "%u vCPUs are too many for %s, which serves %u; write <%u>",
			     guest->num_vcpus, what, max, max);
	else if (guest->num_vcpus > cpus->limit && guest->num_vcpus <= CONFIG_MAX_VCPUS)
		config_warning(run, vcpus, config_has(run, vcpus, "count") ? "count" : NULL,
			       "%s %u CPU%s: more vCPUs than that only slow a guest down; write "
			       "<%u>",
			       cpus->whose, cpus->limit, cpus->limit == 1 ? "" : "s", cpus->limit);
}

static bool is_vcpu_name(const char *name)
{
	return name[0] == 'v' && name[1] == 'c' && name[2] == 'p' && name[3] == 'u' &&
	       name[4] >= '0' && name[4] <= '9';
}

static void check_given_cpus(struct config_run *run, struct config_guest *guest, struct cpus *cpus)
{
	u32 index, cpu;

	for (u32 i = 0; i < guest->num_vcpus; i++)
		guest->vcpus[i].cpu = UINT32_MAX;
	config_for_each_child (run, config_child(run, guest->node, "vcpus"), it) {
		if (!is_vcpu_name(fdt_name(run->tree, it.node)))
			continue;
		index = name_number(fdt_name(run->tree, it.node), 4);
		if (index >= guest->num_vcpus) {
			/* A guest may have fewer than its template. */
			if (it.inherited)
				continue;
			config_error(
				run, it.node, NULL,
				"the guest has %u vCPUs; name them vcpu0 to vcpu%u, or raise count",
				guest->num_vcpus, guest->num_vcpus - 1);
		} else if (config_u32(run, it.node, "cpu", &cpu)) {
			if (cpu >= cpus->limit) {
				config_error(run, it.node, "cpu", "%s %u CPU%s; write <0> to <%u>",
					     cpus->whose, cpus->limit, cpus->limit == 1 ? "" : "s",
					     cpus->limit - 1);
				cpu = 0;
			}
			cpus->vcpus[cpu]++;
			guest->vcpus[index].cpu = cpu;
		}
	}
}

/* The rest go to where the fewest are; of equals to the lowest number. */
static void hand_out_rest(struct config_guest *guest, struct cpus *cpus)
{
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		u32 best = 0;

		if (guest->vcpus[i].cpu != UINT32_MAX)
			continue;
		for (u32 cpu = 1; cpu < cpus->limit; cpu++)
			if (cpus->vcpus[cpu] < cpus->vcpus[best])
				best = cpu;
		cpus->vcpus[best]++;
		guest->vcpus[i].cpu = best;
	}
}

void check_vcpus(struct config_run *run)
{
	struct cpus cpus = { 0 };

	cpus.limit = cpu_limit(run, &cpus.whose);
	config_for_each_guest (run->system, guest) {
		check_vcpu_count(run, guest, &cpus);
		check_given_cpus(run, guest, &cpus);
	}
	config_for_each_guest (run->system, guest)
		hand_out_rest(guest, &cpus);
}

#define PERCENT 100u
#define US(ns)  ((ns).v / 1000)

/* In parts of 2^20 of a CPU. */
static u64 share_of(const struct config_vcpu *vcpu)
{
	return vcpu->budget.v == 0 ? 0 : (vcpu->budget.v << 20) / vcpu->period.v;
}

void check_limits(struct config_run *run)
{
	u64 sums[CONFIG_MAX_CPUS] = { 0 };

	config_for_each_guest (run->system, guest) {
		for (u32 i = 0; i < guest->num_vcpus; i++) {
			const struct config_vcpu *vcpu = &guest->vcpus[i];

			if (vcpu->cpu >= CONFIG_MAX_CPUS || vcpu->budget.v == 0)
				continue;
			sums[vcpu->cpu] += share_of(vcpu);
			if (sums[vcpu->cpu] <= UINT64_C(1) << 20)
				continue;
			config_error(run, guest->node, NULL,
				     "vcpu%u: its budget of %lu us in %lu us makes %u %% of CPU "
				     "%u; make a budget smaller, or use another CPU",
				     i, US(vcpu->budget), US(vcpu->period),
				     (u32)((sums[vcpu->cpu] * PERCENT + (1u << 19)) >> 20),
				     vcpu->cpu);
			return;
		}
	}
}

static bool has_window(const struct config_cpu *cpu, u32 window)
{
	for (u32 i = 0; i < cpu->num_windows; i++)
		if (cpu->windows[i].window == window)
			return true;
	return false;
}

/* A member of a partition needs a window on a CPU that runs by windows. */
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

static void check_guest_windows(struct config_run *run, const struct config_guest *guest)
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
		check_guest_windows(run, guest);
	config_for_each_component (run->system, component)
		check_runs(run, component->node, component->affinity, component->window);
}
