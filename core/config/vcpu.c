/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs: how many, and which of the machine's CPUs runs which. One vCPU for each CPU. */
#include <mullion/format.h>

#include "core/config/internal.h"

/* GICv2 tells eight CPUs apart (IHI 0048 §1.1). */
#define GICV2_MAX_VCPUS 8

/* Host CPUs that have a vCPU already, and by which node. */
struct cpus {
	const char *whose; /* begins the message about @limit */
	u32 limit;         /* CPUs of the machine, or the most there can be */
	u64 taken;
};

static void check_count(struct config_run *run, const struct config_guest *guest)
{
	fdt_node_t vcpus = fdt_child(run->tree, guest->node, "vcpus");
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
		config_error(run, vcpus, fdt_has(run->tree, vcpus, "count") ? "count" : NULL,
			     "%u vCPUs are too many for a GICv2, which serves %u; write <%u>",
			     guest->num_vcpus, GICV2_MAX_VCPUS, GICV2_MAX_VCPUS);
}

/* The number in a name like vcpu12; the schema has let only such names pass. */
static u32 vcpu_index(const char *name)
{
	u32 index = 0;

	for (const char *p = name + 4; *p >= '0' && *p <= '9' && index < CONFIG_MAX_VCPUS; p++)
		index = index * 10 + (u32)(*p - '0');
	return index;
}

static bool is_vcpu_name(const char *name)
{
	return name[0] == 'v' && name[1] == 'c' && name[2] == 'p' && name[3] == 'u' &&
	       name[4] >= '0' && name[4] <= '9';
}

/* Which node of the description gave host CPU @cpu away before @before; for the message only. */
static fdt_node_t find_owner(const struct config_run *run, u32 cpu, fdt_node_t before)
{
	u32 given;

	config_for_each_guest (run->system, guest) {
		fdt_node_t vcpus = fdt_child(run->tree, guest->node, "vcpus");

		if (vcpus == FDT_NONE)
			continue;
		fdt_for_each_child (run->tree, vcpus, node)
			if (node < before && config_u32(run, node, "cpu", &given) && given == cpu)
				return node;
	}
	return FDT_NONE;
}

static void take_given(struct config_run *run, fdt_node_t node, u32 cpu, struct cpus *cpus)
{
	char path[128];
	fdt_node_t owner;

	if (cpu >= cpus->limit) {
		config_error(run, node, "cpu", "%s %u CPU%s; write <0> to <%u>", cpus->whose,
			     cpus->limit, cpus->limit == 1 ? "" : "s", cpus->limit - 1);
		return;
	}
	if ((cpus->taken & BIT(cpu)) != 0) {
		owner = find_owner(run, cpu, node);
		config_error(run, node, "cpu", "given twice: %s has it; write another CPU",
			     owner == FDT_NONE ? "another vCPU"
					       : fdt_path(run->tree, owner, path, sizeof(path)));
		return;
	}
	cpus->taken |= BIT(cpu);
}

static void check_given(struct config_run *run, struct config_guest *guest, struct cpus *cpus)
{
	fdt_node_t vcpus = fdt_child(run->tree, guest->node, "vcpus");
	u32 index, cpu;

	for (u32 i = 0; i < guest->num_vcpus; i++)
		guest->vcpus[i].cpu = UINT32_MAX;
	if (vcpus == FDT_NONE)
		return;
	fdt_for_each_child (run->tree, vcpus, node) {
		if (!is_vcpu_name(fdt_name(run->tree, node)))
			continue;
		index = vcpu_index(fdt_name(run->tree, node));
		if (index >= guest->num_vcpus) {
			config_error(
				run, node, NULL,
				"the guest has %u vCPUs; name them vcpu0 to vcpu%u, or raise count",
				guest->num_vcpus, guest->num_vcpus - 1);
		} else if (config_u32(run, node, "cpu", &cpu)) {
			take_given(run, node, cpu, cpus);
			guest->vcpus[index].cpu = cpu;
		}
	}
}

static void hand_out_rest(struct config_guest *guest, struct cpus *cpus)
{
	u32 next = 0;

	for (u32 i = 0; i < guest->num_vcpus; i++) {
		if (guest->vcpus[i].cpu != UINT32_MAX)
			continue;
		while (next < cpus->limit && (cpus->taken & BIT(next)) != 0)
			next++;
		if (next == cpus->limit)
			return;
		cpus->taken |= BIT(next);
		guest->vcpus[i].cpu = next;
	}
}

/* @before: vCPUs of the guests before this one. */
static void report_too_many(struct config_run *run, const struct config_guest *guest, u32 before,
			    const struct cpus *cpus)
{
	fdt_node_t vcpus = fdt_child(run->tree, guest->node, "vcpus");
	fdt_node_t node = vcpus == FDT_NONE ? guest->node : vcpus;
	u32 left = cpus->limit - MIN(before, cpus->limit);
	char room[16] = "none is", advice[32] = "remove the guest";

	if (left > 0) {
		(void)format(room, sizeof(room), left == 1 ? "%u is" : "%u are", left);
		(void)format(advice, sizeof(advice), "write <%u>", left);
	}
	config_error(run, node, fdt_has(run->tree, node, "count") ? "count" : NULL,
		     "%s %u CPU%s, each runs one vCPU, and for this guest %s left; %s, or give the "
		     "machine more CPUs",
		     cpus->whose, cpus->limit, cpus->limit == 1 ? "" : "s", room, advice);
}

void check_vcpus(struct config_run *run)
{
	struct cpus cpus = { .whose = "the core serves", .limit = CONFIG_MAX_CPUS };
	u32 total = 0;

	if (run->host != NULL && run->host->num_cpus > 0 && run->host->num_cpus <= CONFIG_MAX_CPUS)
		cpus = (struct cpus){ .whose = "the machine has", .limit = run->host->num_cpus };
	config_for_each_guest (run->system, guest) {
		check_count(run, guest);
		check_given(run, guest, &cpus);
	}
	config_for_each_guest (run->system, guest) {
		hand_out_rest(guest, &cpus);
		if (total + guest->num_vcpus > cpus.limit)
			report_too_many(run, guest, total, &cpus);
		total += guest->num_vcpus;
	}
}
