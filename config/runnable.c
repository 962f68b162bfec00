/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The properties that vCPUs and components share: priority, slice, partition, budget, and the CPUs
 * that may run them.
 */
#include <mullion/string.h>

#include "config/internal.h"

#define BUDGET_MIN_US 100
#define PERIOD_MAX_US 10000000

#define SLICE_MIN_US 100
#define SLICE_MAX_US 10000000

u8 parse_priority(struct config_run *run, fdt_node_t node, u8 value)
{
	u32 priority = value;

	(void)config_u32_within(run, node, "priority", 1, UINT8_MAX, &priority);
	return (u8)priority;
}

ns_t parse_slice(struct config_run *run, fdt_node_t node, ns_t value)
{
	u32 us = (u32)(value.v / 1000);

	(void)config_u32_within(run, node, "slice-us", SLICE_MIN_US, SLICE_MAX_US, &us);
	return NS(us * UINT64_C(1000));
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

void parse_limit(struct config_run *run, fdt_node_t node, struct config_vcpu *vcpu)
{
	bool has_budget = config_has(run, node, "cpu-budget-us");
	bool has_period = config_has(run, node, "cpu-period-us");
	u32 budget = (u32)(vcpu->budget.v / 1000), period = (u32)(vcpu->period.v / 1000);

	if (!has_budget && !has_period)
		return;
	if (has_budget && !config_u32(run, node, "cpu-budget-us", &budget))
		return;
	if (has_period && !config_u32(run, node, "cpu-period-us", &period))
		return;
	if (budget == 0 && !has_budget)
		config_error(run, node, "cpu-period-us",
			     "has no effect by itself; write cpu-budget-us as well");
	else if (period == 0 && !has_period)
		config_error(run, node, "cpu-budget-us",
			     "of which period? write e.g. cpu-period-us = <10000>;");
	else if (period < BUDGET_MIN_US || period > PERIOD_MAX_US)
		config_error(run, node, "cpu-period-us", "out of range; write <%u> to <%u>",
			     BUDGET_MIN_US, PERIOD_MAX_US);
	else if (budget < BUDGET_MIN_US || budget > period)
		config_error(run, node, "cpu-budget-us",
			     "out of range; write <%u> to <%u>, the period", BUDGET_MIN_US, period);
	else {
		vcpu->budget = NS(budget * UINT64_C(1000));
		vcpu->period = NS(period * UINT64_C(1000));
	}
}

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

/* The schema has let only names with a number there pass. */
u32 name_number(const char *name, size_t stem)
{
	u32 index = 0;

	for (const char *p = name + stem; *p >= '0' && *p <= '9' && index < CONFIG_MAX_VCPUS; p++)
		index = index * 10 + (u32)(*p - '0');
	return index;
}
