/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 part of a machine's device tree: interrupt controller, timers, firmware, UART and
 * clock. Bindings are those of Linux's Documentation/devicetree (arm/cpus, arm,gic, arm,gic-v3,
 * arm,arch_timer, psci) and of the Devicetree Specification v0.4.
 */
#include <mullion/string.h>

#include "arch/arm64/include/asm/sysreg.h"
#include "arch/arm64/pure/config.h"

#define IRQ_CELLS_MAX 8

/* INTID ranges by the first cell of a GIC interrupt specifier (IHI 0069 §2.2, arm,gic-v3 binding).
 */
static const struct {
	u32 first, count;
} intid_ranges[] = {
	{ 32, 988 },    /* SPI */
	{ 16, 16 },     /* PPI */
	{ 4096, 1024 }, /* extended SPI */
	{ 1056, 64 },   /* extended PPI */
};

/* The first node of each kind, in the tree's order: one walk finds all. */
enum found { FOUND_GIC, FOUND_TIMER, FOUND_PSCI_1, FOUND_PSCI_0_2, FOUND_RTC, FOUND_KINDS };

struct finds {
	fdt_node_t nodes[FOUND_KINDS]; /* FDT_NONE: there is none */
};

static const struct {
	const char *compatible;
	u8 kind; /* enum found */
} kinds[] = {
	{ "arm,gic-v3", FOUND_GIC },         { "arm,armv8-timer", FOUND_TIMER },
	{ "arm,psci-1.0", FOUND_PSCI_1 },    { "arm,psci-0.2", FOUND_PSCI_0_2 },
	{ "arm,pl031", FOUND_RTC },          { "arm,gic-400", FOUND_GIC },
	{ "arm,cortex-a15-gic", FOUND_GIC }, { "arm,cortex-a7-gic", FOUND_GIC },
	{ "arm,cortex-a9-gic", FOUND_GIC },  { "qcom,msm-qgic2", FOUND_GIC },
};

void arm64_cpu_read(const struct fdt *fdt, fdt_node_t node, struct host_cpu *cpu)
{
	const char *method;

	cpu->identity &= MPIDR_AFFINITY;
	cpu->usable = fdt_get_str_at(fdt, node, "enable-method", 0, &method) == OK &&
		      str_equal(method, "psci");
}

/* Entry @index of reg, where a missing one reads as an empty range. */
static enum err read_range(const struct fdt *fdt, fdt_node_t node, u32 index,
			   struct host_range *range)
{
	enum err err = fdt_reg(fdt, node, index, &range->base, &range->size);

	if (err == OK)
		return OK;
	*range = (struct host_range){ 0 };
	if (err == ERR_NOT_FOUND || err == ERR_RANGE)
		return OK;
	return ERR_FORMAT;
}

/* The controller that device interrupts go to is the first enabled one. */
static bool is_meant(const struct fdt *fdt, fdt_node_t node, u32 kind)
{
	return kind != FOUND_GIC ||
	       (fdt_has(fdt, node, "interrupt-controller") && fdt_is_enabled(fdt, node));
}

static void note(const struct fdt *fdt, fdt_node_t node, const char *compatible,
		 struct finds *finds)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		fdt_node_t *found = &finds->nodes[kinds[i].kind];

		if (*found == FDT_NONE && str_equal(compatible, kinds[i].compatible) &&
		    is_meant(fdt, node, kinds[i].kind))
			*found = node;
	}
}

static void find_nodes(const struct fdt *fdt, struct finds *finds)
{
	u32 depth = 0;

	for (u32 i = 0; i < FOUND_KINDS; i++)
		finds->nodes[i] = FDT_NONE;
	for (fdt_node_t node = fdt_root(fdt); node != FDT_NONE;
	     node = fdt_next(fdt, node, &depth)) {
		struct fdt_prop prop;
		u32 at = 0;

		if (!fdt_get(fdt, node, "compatible", &prop))
			continue;
		for (const char *text = fdt_next_string(&prop, &at); text != NULL;
		     text = fdt_next_string(&prop, &at))
			note(fdt, node, text, finds);
	}
}

static enum err read_gicv2(const struct fdt *fdt, fdt_node_t node, struct arm64_host *host)
{
	struct host_range *const frames[] = { &host->gicd, &host->gicc, &host->gich, &host->gicv };
	enum err err = OK;

	for (u32 i = 0; err == OK && i < ARRAY_SIZE(frames); i++)
		err = read_range(fdt, node, i, frames[i]);
	return err;
}

/* reg: GICD, every redistributor region, then GICC, GICH, GICV for legacy guests. */
static enum err read_gicv3(const struct fdt *fdt, fdt_node_t node, struct arm64_host *host)
{
	struct host_range *const frames[] = { &host->gicc, &host->gich, &host->gicv };
	u32 regions = 1;
	enum err err;

	err = fdt_get_u32(fdt, node, "#redistributor-regions", &regions);
	if (err == OK || err == ERR_NOT_FOUND)
		err = fdt_get_u64(fdt, node, "redistributor-stride", &host->gicr_stride);
	if (err == ERR_FORMAT)
		return err;
	if (regions > ARRAY_SIZE(host->gicr))
		return ERR_TOO_BIG;
	host->num_gicr = regions;
	err = read_range(fdt, node, 0, &host->gicd);
	for (u32 i = 0; err == OK && i < regions; i++)
		err = read_range(fdt, node, 1 + i, &host->gicr[i]);
	for (u32 i = 0; err == OK && i < ARRAY_SIZE(frames); i++)
		err = read_range(fdt, node, 1 + regions + i, frames[i]);
	return err;
}

static enum err read_gic(const struct fdt *fdt, fdt_node_t node, struct arm64_host *host)
{
	if (node == FDT_NONE)
		return OK;
	if (fdt_is_compatible(fdt, node, "arm,gic-v3")) {
		host->gic = HOST_GIC_V3;
		return read_gicv3(fdt, node, host);
	}
	host->gic = HOST_GIC_V2;
	return read_gicv2(fdt, node, host);
}

/* §2.4: the controller or nexus that @node's `interrupts` go to. Most go to @gic: its phandle is
 * not searched for. */
static fdt_node_t interrupt_parent(const struct fdt *fdt, fdt_node_t gic, fdt_node_t node)
{
	u32 phandle, of_gic;

	if (fdt_get_u32(fdt, gic, "phandle", &of_gic) != OK)
		of_gic = 0;

	/* Each step goes up, or along a phandle; a ring of phandles ends with the count. */
	for (u32 i = 0; i < FDT_MAX_DEPTH && node != FDT_NONE; i++) {
		if (fdt_get_u32(fdt, node, "interrupt-parent", &phandle) == OK)
			node = phandle == of_gic ? gic : fdt_find_phandle(fdt, phandle);
		else
			node = fdt_parent(fdt, node);
		if (node != FDT_NONE && fdt_has(fdt, node, "#interrupt-cells"))
			return node;
	}
	return FDT_NONE;
}

static enum err read_specifier(const struct fdt *fdt, fdt_node_t node, const char *property, u32 at,
			       u32 *intid)
{
	u32 type, number;

	if (fdt_get_cell(fdt, node, property, at, &type) != OK ||
	    fdt_get_cell(fdt, node, property, at + 1, &number) != OK ||
	    type >= ARRAY_SIZE(intid_ranges) || number >= intid_ranges[type].count)
		return ERR_FORMAT;
	*intid = intid_ranges[type].first + number;
	return OK;
}

static enum err interrupt_cells(const struct fdt *fdt, fdt_node_t controller, u32 *cells)
{
	if (controller == FDT_NONE ||
	    fdt_get_u32(fdt, controller, "#interrupt-cells", cells) != OK || *cells == 0 ||
	    *cells > IRQ_CELLS_MAX)
		return ERR_FORMAT;
	return OK;
}

/* Interrupt @index of `interrupts-extended`: a phandle before each specifier. */
static enum err read_extended(const struct fdt *fdt, fdt_node_t gic, fdt_node_t node, u32 index,
			      u32 *intid)
{
	fdt_node_t controller;
	u32 at = 0, phandle, cells;

	for (;; at += 1 + cells) {
		if (fdt_get_cell(fdt, node, "interrupts-extended", at, &phandle) != OK)
			return OK;
		controller = fdt_find_phandle(fdt, phandle);
		if (interrupt_cells(fdt, controller, &cells) != OK)
			return ERR_FORMAT;
		if (index-- == 0)
			break;
	}
	if (controller != gic)
		return OK;
	return read_specifier(fdt, node, "interrupts-extended", at + 1, intid);
}

/* Interrupt @index of @node as the GIC's INTID; 0 if it has none or it goes to another controller.
 */
static enum err read_irq(const struct fdt *fdt, fdt_node_t gic, fdt_node_t node, u32 index,
			 u32 *intid)
{
	u32 cells, unused;

	*intid = 0;
	if (gic == FDT_NONE)
		return OK;
	if (fdt_has(fdt, node, "interrupts-extended"))
		return read_extended(fdt, gic, node, index, intid);
	if (!fdt_has(fdt, node, "interrupts") || interrupt_parent(fdt, gic, node) != gic)
		return OK;
	if (interrupt_cells(fdt, gic, &cells) != OK)
		return ERR_FORMAT;
	if (fdt_get_cell(fdt, node, "interrupts", index * cells, &unused) == ERR_RANGE)
		return OK;
	return read_specifier(fdt, node, "interrupts", index * cells, intid);
}

/* Where @name stands in interrupt-names; @index when there are no names, UINT32_MAX when it is not
 * there. */
static u32 irq_index(const struct fdt *fdt, fdt_node_t node, const char *name, u32 index)
{
	const char *text;

	if (!fdt_has(fdt, node, "interrupt-names"))
		return index;
	for (u32 i = 0; fdt_get_str_at(fdt, node, "interrupt-names", i, &text) == OK; i++)
		if (str_equal(text, name))
			return i;
	return UINT32_MAX;
}

static enum err read_timer(const struct fdt *fdt, fdt_node_t gic, fdt_node_t node,
			   struct arm64_host *host)
{
	static const char *const names[] = { "sec-phys", "phys", "virt", "hyp-phys" };
	enum err err = OK;

	if (node == FDT_NONE)
		return OK;
	for (u32 i = 0; err == OK && i < ARRAY_SIZE(names); i++) {
		u32 index = irq_index(fdt, node, names[i], i);

		if (index != UINT32_MAX)
			err = read_irq(fdt, gic, node, index, &host->timer_irq[i]);
	}
	return err;
}

/* PSCI 0.2 and later: the function ids are fixed. "arm,psci" alone is 0.1, where each tree has its
 * own. */
static enum err read_psci(const struct fdt *fdt, const struct finds *finds, struct arm64_host *host)
{
	fdt_node_t node = finds->nodes[FOUND_PSCI_1];
	const char *method;

	if (node == FDT_NONE)
		node = finds->nodes[FOUND_PSCI_0_2];
	if (node == FDT_NONE || !fdt_is_enabled(fdt, node))
		return OK;
	if (fdt_get_str(fdt, node, "method", &method) != OK)
		return ERR_FORMAT;
	if (str_equal(method, "smc"))
		host->psci = HOST_PSCI_SMC;
	else if (str_equal(method, "hvc"))
		host->psci = HOST_PSCI_HVC;
	else
		return ERR_FORMAT;
	return OK;
}

/* The clock is optional: an unusable one counts as none. */
static void read_rtc(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	if (node == FDT_NONE || !fdt_is_enabled(fdt, node) ||
	    fdt_reg(fdt, node, 0, &host->rtc.base, &host->rtc.size) != OK)
		host->rtc = (struct host_range){ 0 };
}

/* The registers that no guest can have. */
static void keep(struct host *host, const char *what, const struct host_range *regs)
{
	if (regs->size != 0)
		host->kept[host->num_kept++] = (struct host_kept){ what, *regs };
}

static void keep_frames(struct host *host)
{
	const struct arm64_host *arm64 = &host->arch.arm64;

	keep(host, "GIC distributor", &arm64->gicd);
	keep(host, "GIC CPU interface", &arm64->gicc);
	keep(host, "GIC hypervisor interface", &arm64->gich);
	keep(host, "GIC virtual CPU interface", &arm64->gicv);
	for (u32 i = 0; i < arm64->num_gicr; i++)
		keep(host, "GIC redistributors", &arm64->gicr[i]);
}

enum err arm64_host_read(const struct fdt *fdt, fdt_node_t uart, struct host *host)
{
	struct arm64_host *arm64 = &host->arch.arm64;
	struct finds finds;
	fdt_node_t gic;
	enum err err;

	find_nodes(fdt, &finds);
	gic = finds.nodes[FOUND_GIC];
	err = read_gic(fdt, gic, arm64);
	if (err == OK && gic != FDT_NONE)
		err = read_irq(fdt, gic, gic, 0, &arm64->maintenance_irq);
	if (err == OK)
		err = read_timer(fdt, gic, finds.nodes[FOUND_TIMER], arm64);
	if (err == OK)
		err = read_psci(fdt, &finds, arm64);
	if (host->uart == HOST_UART_UNKNOWN && fdt_is_compatible(fdt, uart, "arm,pl011"))
		host->uart = HOST_UART_KNOWN;
	read_rtc(fdt, finds.nodes[FOUND_RTC], host);
	keep_frames(host);
	return err;
}
