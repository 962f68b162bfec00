/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts, on the machine's side and on the guest's: they must be shared ones, exist, and have
 * one owner. (IHI 0069 §2.2.1; cells as in Linux's arm,gic binding: type, number, flags.)
 */
#include "config/internal.h"

#define TYPE_SPI 0
#define TYPE_PPI 1

#define FLAG_EDGE_RISING 1
#define FLAG_LEVEL_HIGH  4

/* What the core uses a private interrupt of the machine for; NULL for nothing. */
static const char *core_use(const struct host *host, u32 intid)
{
	static const char *const timers[] = { "secure timer", "timer", "virtual timer",
					      "hypervisor timer" };

	if (host == NULL)
		return NULL;
	if (intid == host->maintenance_irq)
		return "GIC maintenance interrupt";
	for (u32 i = 0; i < ARRAY_SIZE(timers); i++)
		if (intid == host->timer_irq[i])
			return timers[i];
	return NULL;
}

/* One interrupt's three cells by themselves. @on_guest: on the guest's side as well. */
static void check_cells(struct config_run *run, fdt_node_t node, const char *property, bool on_host,
			bool on_guest, const u32 cells[3])
{
	const char *use = on_host ? core_use(run->host, INTID_PPI_FIRST + cells[1]) : NULL;
	u32 count = on_host ? INTID_SPI_END - INTID_SPI_FIRST : GUEST_SPIS;

	if (cells[0] == TYPE_PPI && use != NULL)
		config_error(run, node, property,
			     "<1 %u> is the %s, which the core uses itself; remove it", cells[1],
			     use);
	else if (cells[0] == TYPE_PPI)
		config_error(run, node, property,
			     "<1 %u> is private to each CPU; only shared interrupts can be given: "
			     "write <0 number flags>",
			     cells[1]);
	else if (cells[0] != TYPE_SPI)
		config_error(run, node, property,
			     "no such type of interrupt: %u; write <0 number flags>", cells[0]);
	else if (cells[1] >= count)
		config_error(run, node, property, "number %u is out of range; write 0 to %u",
			     cells[1], count - 1);
	else if (on_guest && cells[1] >= GUEST_SPIS)
		config_error(run, node, property,
			     "number %u is above the guest's last, %u; add guest-interrupts with "
			     "another number",
			     cells[1], GUEST_SPIS - 1);
	if (cells[2] != FLAG_EDGE_RISING && cells[2] != FLAG_LEVEL_HIGH)
		config_error(run, node, property,
			     "flags %u: write 1 (rising edge) or 4 (level, high)", cells[2]);
}

static void check_interrupts(struct config_run *run, fdt_node_t node, const char *property,
			     bool on_host, bool on_guest)
{
	struct fdt_prop prop;
	u32 cells[3];

	if (!config_get(run, node, property, &prop) || prop.len % 12 != 0)
		return;
	if (prop.len / 12 > CONFIG_MAX_IRQS)
		config_error(run, node, property, "%u interrupts are too many; at most %u",
			     prop.len / 12, CONFIG_MAX_IRQS);
	for (u32 i = 0; config_interrupt(run, node, property, i, cells); i++)
		check_cells(run, node, property, on_host, on_guest, cells);
}

/* Both lists side by side: as many, and each pair signalled the same way. */
static void check_pairs(struct config_run *run, const struct config_region *region)
{
	u32 host_cells[3], guest_cells[3];

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
		if (host_cells[2] != guest_cells[2])
			config_error(run, region->node, "guest-interrupts",
				     "flags %u differ from %u in the property interrupts; write %u",
				     guest_cells[2], host_cells[2], host_cells[2]);
	}
}

/* The first region of @guest that has @intid on the guest's side. */
static fdt_node_t first_of_guest(const struct config_guest *guest, u32 intid)
{
	config_for_each_region (guest, region)
		for (u32 i = 0; i < region->num_irqs; i++)
			if (region->irqs[i].guest == intid)
				return region->node;
	return FDT_NONE;
}

/* The first that has it of the machine. */
static fdt_node_t first_of_machine(const struct system *system, u32 intid)
{
	struct claim claim = { 0 };

	while (claim_next(system, &claim))
		for (u32 i = 0; i < claim.num_irqs; i++)
			if (claim.irqs[i].host == intid)
				return claim.node;
	return FDT_NONE;
}

/* INTIDs that were met on one side. */
struct met {
	u64 bits[INTID_SPI_END / 64 + 1];
};

/* @only: the guest on whose side to look; NULL for the machine's. One report for a region is
 * enough. Return: whether there was one. */
static bool check_once(struct config_run *run, const struct config_guest *only, fdt_node_t node,
		       u32 num_irqs, const struct config_irq *irqs, struct met *met)
{
	const char *property = only != NULL && config_has(run, node, "guest-interrupts")
				       ? "guest-interrupts"
				       : "interrupts";
	fdt_node_t owner;
	char path[128];

	for (u32 i = 0; i < num_irqs; i++) {
		u32 intid = only == NULL ? irqs[i].host : irqs[i].guest;

		if (intid == 0)
			continue;
		if ((met->bits[intid / 64] & BIT(intid % 64)) == 0) {
			met->bits[intid / 64] |= BIT(intid % 64);
			continue;
		}
		owner = only == NULL ? first_of_machine(run->system, intid)
				     : first_of_guest(only, intid);
		config_error(run, node, property,
			     "<0 %u> is given twice%s: %s has it; write another number",
			     intid - INTID_SPI_FIRST, only == NULL ? "" : " to this guest",
			     owner == FDT_NONE ? "another region"
					       : fdt_path(run->tree, owner, path, sizeof(path)));
		return true;
	}
	return false;
}

#define RATE_MAX 1000000u

static void check_rate(struct config_run *run, fdt_node_t node)
{
	u32 rate = 0;

	if (!config_u32(run, node, "max-per-second", &rate))
		return;
	if (rate < 1 || rate > RATE_MAX)
		config_error(run, node, "max-per-second", "out of range; write <1> to <%u>",
			     RATE_MAX);
	else if (!config_has(run, node, "interrupts"))
		config_error(run, node, "max-per-second",
			     "the device has no interrupts; leave it out, or add interrupts");
}

static void check_region_irqs(struct config_run *run, const struct config_region *region)
{
	bool renumbered = config_has(run, region->node, "guest-interrupts");

	if (region->kind == REGION_VIRTUAL && region->device != NULL) {
		check_interrupts(run, region->node, "interrupts", false, true);
		if (region->num_irqs > 1)
			config_error(run, region->node, "interrupts",
				     "an emulated device has one interrupt; write one");
	}
	if (region->kind != REGION_DEVICE)
		return;
	check_interrupts(run, region->node, "interrupts", true, !renumbered);
	check_rate(run, region->node);
	if (renumbered) {
		check_interrupts(run, region->node, "guest-interrupts", false, true);
		check_pairs(run, region);
	}
}

/* On the machine's side first: the same mistake is not told again on the guest's. */
static void check_guest_irqs(struct config_run *run, struct config_guest *guest,
			     struct met *on_host)
{
	struct met on_guest = { 0 };
	u32 last = INTID_SPI_FIRST;

	config_for_each_region (guest, region) {
		check_region_irqs(run, region);
		if (!check_once(run, NULL, region->node, region->num_irqs, region->irqs, on_host))
			(void)check_once(run, guest, region->node, region->num_irqs, region->irqs,
					 &on_guest);
		for (u32 i = 0; i < region->num_irqs; i++)
			last = MAX(last, region->irqs[i].guest);
	}
	guest->num_spis = (u32)ALIGN_UP(last + 1 - INTID_SPI_FIRST, 32);
}

/* The machine's interrupts that are given away, of all regions together. */
static void check_route_count(struct config_run *run)
{
	struct claim claim = { 0 };
	u32 count = 0;

	while (claim_next(run->system, &claim)) {
		u32 before = count;

		for (u32 i = 0; i < claim.num_irqs; i++)
			count += claim.irqs[i].host != 0 ? 1 : 0;
		if (before <= CONFIG_MAX_ROUTES && count > CONFIG_MAX_ROUTES)
			config_error(run, claim.node, "interrupts",
				     "with these, more than %u interrupts of the machine are given "
				     "away; remove some",
				     CONFIG_MAX_ROUTES);
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
	check_route_count(run);
}
