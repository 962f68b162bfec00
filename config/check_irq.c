/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts, on the machine's side and on the guest's: each can be assigned, exists, and has one
 * owner.
 */
#include "config/internal.h"

static void check_interrupts(struct config_run *run, fdt_node_t node, const char *property,
			     bool on_host, bool on_guest)
{
	u32 cells[ARCH_IRQ_CELLS], bytes = 4 * run->platform->irq_cells;
	struct fdt_prop prop;

	if (!config_get(run, node, property, &prop) || !config_has_irqs(run->platform, &prop))
		return;
	if (prop.len / bytes > CONFIG_MAX_IRQS)
		config_error(run, node, property, "%u interrupts are too many; at most %u",
			     prop.len / bytes, CONFIG_MAX_IRQS);
	for (u32 i = 0; config_interrupt(run, node, property, i, cells); i++)
		run->platform->irq_check(run, node, property, on_host, on_guest, cells);
}

/* Both lists side by side: as many, and each pair signalled the same way. */
static void check_pairs(struct config_run *run, const struct config_region *region)
{
	u32 host_cells[ARCH_IRQ_CELLS], guest_cells[ARCH_IRQ_CELLS];
	u32 trigger = run->platform->irq_cells - 1;

	for (u32 i = 0;; i++) {
		bool host = config_interrupt(run, region->node, "interrupts", i, host_cells);
		bool guest =
			config_interrupt(run, region->node, "guest-interrupts", i, guest_cells);

		if (host != guest) {
			config_error(run, region->node, "guest-interrupts",
				     "must name one interrupt for each of the property interrupts; "
				     "write as many, or leave guest-interrupts out");
			return;
		}
		if (!host)
			return;
		if (host_cells[trigger] != guest_cells[trigger])
			config_error(run, region->node, "guest-interrupts",
				     "flags %u differ from %u in the property interrupts; write %u",
				     guest_cells[trigger], host_cells[trigger],
				     host_cells[trigger]);
	}
}

/* The first region of @guest that has @line on the guest's side. */
static fdt_node_t first_of_guest(const struct config_guest *guest, u32 line)
{
	config_for_each_region (guest, region)
		for (u32 i = 0; i < region->num_irqs; i++)
			if (region->irqs[i].guest == line)
				return region->node;
	return FDT_NONE;
}

/* The first that has it of the machine. */
static fdt_node_t first_of_machine(const struct system *system, u32 line)
{
	struct claim claim = { 0 };

	while (claim_next(system, &claim))
		for (u32 i = 0; i < claim.num_irqs; i++)
			if (claim.irqs[i].host == line)
				return claim.node;
	return FDT_NONE;
}

/* Lines that were met on one side. */
struct met {
	u64 bits[CONFIG_MAX_LINES / 64];
};

/* @only: the guest whose side is checked; NULL for the machine's. One report for a region is
 * enough. Returns true if there was one. */
static bool check_once(struct config_run *run, const struct config_guest *only, fdt_node_t node,
		       u32 num_irqs, const struct config_irq *irqs, struct met *met)
{
	const char *property = only != NULL && config_has(run, node, "guest-interrupts")
				       ? "guest-interrupts"
				       : "interrupts";
	u32 cells[ARCH_IRQ_CELLS] = { 0 };
	fdt_node_t owner;
	char path[128], name[32];

	for (u32 i = 0; i < num_irqs; i++) {
		u32 line = only == NULL ? irqs[i].host : irqs[i].guest;

		if (line == 0)
			continue;
		if ((met->bits[line / 64] & BIT(line % 64)) == 0) {
			met->bits[line / 64] |= BIT(line % 64);
			continue;
		}
		owner = only == NULL ? first_of_machine(run->system, line)
				     : first_of_guest(only, line);
		(void)config_interrupt(run, node, property, i, cells);
		run->platform->irq_name(cells, name);
		config_error(run, node, property,
			     "%s is given twice%s: %s has it; write another number", name,
			     only == NULL ? "" : " to this guest",
			     owner == FDT_NONE ? "another region"
					       : fdt_path(run->tree, owner, path, sizeof(path)));
		return true;
	}
	return false;
}

#define RATE_MAX 1000000u

static void check_rate(struct config_run *run, fdt_node_t node)
{
	u32 rate;

	if (config_u32_within(run, node, "max-per-second", 1, RATE_MAX, &rate) &&
	    !config_has(run, node, "interrupts"))
		config_error(run, node, "max-per-second",
			     "the device has no interrupts; leave it out, or add interrupts");
}

static void check_emulated_irq(struct config_run *run, const struct config_region *region)
{
	enum arch_model_irq irq = run->platform->model_trees[region->model].irq;

	check_interrupts(run, region->node, "interrupts", false, true);
	if (irq == ARCH_MODEL_IRQ && !config_has(run, region->node, "interrupts"))
		config_error(run, region->node, "interrupts",
			     "missing: the line that the device raises; write e.g. interrupts = "
			     "%s;",
			     run->platform->irq_example);
	else if (irq == ARCH_MODEL_NO_IRQ && region->num_irqs > 0)
		config_error(run, region->node, "interrupts",
			     "this device has no interrupt; remove them");
	else if (region->num_irqs > 1)
		config_error(run, region->node, "interrupts",
			     "an emulated device has one interrupt; write one");
}

static void check_region_irqs(struct config_run *run, const struct config_region *region)
{
	bool renumbered = config_has(run, region->node, "guest-interrupts");

	if (region->kind == REGION_VIRTUAL && region->device != NULL)
		check_emulated_irq(run, region);
	if (region->kind != REGION_DEVICE)
		return;
	check_interrupts(run, region->node, "interrupts", true, !renumbered);
	check_rate(run, region->node);
	if (renumbered) {
		check_interrupts(run, region->node, "guest-interrupts", false, true);
		check_pairs(run, region);
	}
}

/* On the machine's side first: the same mistake is not reported again on the guest's. */
static void check_guest_irqs(struct config_run *run, struct config_guest *guest,
			     struct met *on_host)
{
	struct met on_guest = { 0 };

	config_for_each_region (guest, region) {
		check_region_irqs(run, region);
		if (!check_once(run, NULL, region->node, region->num_irqs, region->irqs, on_host))
			(void)check_once(run, guest, region->node, region->num_irqs, region->irqs,
					 &on_guest);
	}
	run->platform->guest_finish(guest);
}

/* The routes that the core will have to keep, of guests that run time creates as well. */
static void count_routes(struct system *system)
{
	struct claim claim = { 0 };

	while (claim_next(system, &claim))
		for (u32 i = 0; i < claim.num_irqs; i++) {
			if (claim.irqs[i].host == 0)
				continue;
			system->num_routes++;
			system->num_lines = MAX(system->num_lines, claim.irqs[i].host + 1);
		}
}

void check_irqs(struct config_run *run)
{
	struct met on_host = { 0 };

	config_for_each_guest (run->system, guest)
		check_guest_irqs(run, guest, &on_host);
	config_for_each_component (run->system, component) {
		config_for_each_grant (component, grant) {
			if (grant->kind != CONFIG_GRANT_DEVICE)
				continue;
			check_interrupts(run, grant->node, "interrupts", true, false);
			check_rate(run, grant->node);
			(void)check_once(run, NULL, grant->node, grant->num_irqs, grant->irqs,
					 &on_host);
		}
	}
	count_routes(run->system);
}
