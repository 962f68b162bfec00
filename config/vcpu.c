/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs: how many, and which of the machine's CPUs runs which. */
#include "config/internal.h"

/* GICv2 tells eight CPUs apart (IHI 0048 §1.1). */
#define GICV2_MAX_VCPUS 8

/* vCPUs that each of the machine's CPUs has so far. */
struct cpus {
	const char *whose; /* begins the message about @limit */
	u32 limit;         /* CPUs of the machine, or the most there can be */
	u32 vcpus[CONFIG_MAX_CPUS];
};

u32 cpu_limit(const struct config_run *run, const char **whose)
{
	if (run->host == NULL || run->host->num_cpus == 0 ||
	    run->host->num_cpus > CONFIG_MAX_CPUS) {
		*whose = "the core serves";
		return CONFIG_MAX_CPUS;
	}
	*whose = "the machine has";
	return run->host->num_cpus;
}

static void check_count(struct config_run *run, const struct config_guest *guest,
			const struct cpus *cpus)
{
	fdt_node_t vcpus = config_child(run, guest->node, "vcpus");
	u32 count;

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
	if (guest->gic_version == 2 && guest->num_vcpus > GICV2_MAX_VCPUS)
		config_error(run, vcpus, config_has(run, vcpus, "count") ? "count" : NULL,
			     "%u vCPUs are too many for a GICv2, which serves %u; write <%u>",
			     guest->num_vcpus, GICV2_MAX_VCPUS, GICV2_MAX_VCPUS);
	else if (guest->num_vcpus > cpus->limit && guest->num_vcpus <= CONFIG_MAX_VCPUS)
		config_warning(run, vcpus, config_has(run, vcpus, "count") ? "count" : NULL,
			       "%s %u CPU%s: more vCPUs than that only slow a guest down; write "
			       "<%u>",
			       cpus->whose, cpus->limit, cpus->limit == 1 ? "" : "s", cpus->limit);
}

/* The schema has let only names with a number there pass. */
u32 number_of(const char *name, size_t stem)
{
	u32 index = 0;

	for (const char *p = name + stem; *p >= '0' && *p <= '9' && index < CONFIG_MAX_VCPUS; p++)
		index = index * 10 + (u32)(*p - '0');
	return index;
}

static bool is_vcpu_name(const char *name)
{
	return name[0] == 'v' && name[1] == 'c' && name[2] == 'p' && name[3] == 'u' &&
	       name[4] >= '0' && name[4] <= '9';
}

static void check_given(struct config_run *run, struct config_guest *guest, struct cpus *cpus)
{
	u32 index, cpu;

	for (u32 i = 0; i < guest->num_vcpus; i++)
		guest->vcpus[i].cpu = UINT32_MAX;
	config_for_each_child (run, config_child(run, guest->node, "vcpus"), it) {
		if (!is_vcpu_name(fdt_name(run->tree, it.node)))
			continue;
		index = number_of(fdt_name(run->tree, it.node), 4);
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
		check_count(run, guest, &cpus);
		check_given(run, guest, &cpus);
	}
	config_for_each_guest (run->system, guest)
		hand_out_rest(guest, &cpus);
}
