/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets of vCPUs: how much of each period one may run, and whether a CPU has that to give. */
#include "config/internal.h"

#define BUDGET_MIN_US 100
#define PERIOD_MAX_US 10000000
#define PERCENT       100u
#define US(ns)        ((unsigned long long)(ns).v / 1000)

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
				     "vcpu%u: with its budget of %llu us of each %llu us, CPU %u "
				     "has promised %u %% of its time; make a budget smaller, or "
				     "put a vCPU on another CPU",
				     i, US(vcpu->budget), US(vcpu->period), vcpu->cpu,
				     (u32)((sums[vcpu->cpu] * PERCENT + (1u << 19)) >> 20));
			return;
		}
	}
}
