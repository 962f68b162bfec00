/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine, read from its device tree. What is read is only what the core itself needs: CPUs,
 * memory, interrupt controller, timer, firmware interface and console. Bindings are those of
 * Linux's Documentation/devicetree (arm/cpus, arm,gic, arm,gic-v3, arm,arch_timer, psci) and of the
 * Devicetree Specification v0.4, chapter 3.
 */
#include <mullion/host.h>
#include <mullion/string.h>

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff) /* Arm ARM D13.2.102: Aff3, Aff2, Aff1, Aff0 */
#define STDOUT_MAX     128
#define IRQ_CELLS_MAX  8

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

/* Insert a range into a sorted list, and merge it with what it touches. */
static enum err add_range(struct host_range *list, u32 *count, u32 max, u64 base, u64 size)
{
	u32 at = 0, end;

	if (size == 0)
		return OK;
	if (base + (size - 1) < base)
		return ERR_FORMAT;
	/* The last byte of the address space is given up, so that base + size never wraps. */
	if (base + size < base)
		size--;
	while (at < *count && list[at].base + list[at].size < base)
		at++;
	for (end = at; end < *count && list[end].base <= base + size; end++) {
		u64 last = MAX(base + size, list[end].base + list[end].size);

		base = MIN(base, list[end].base);
		size = last - base;
	}
	if (end == at && *count == max)
		return ERR_TOO_BIG;
	memmove(&list[at + 1], &list[end], (*count - end) * sizeof(*list));
	*count = *count + 1 - (end - at);
	list[at] = (struct host_range){ base, size };
	return OK;
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

static enum err read_cpu(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	struct host_cpu *cpu = &host->cpus[host->num_cpus];
	const char *method;
	u64 size;

	if (host->num_cpus == HOST_MAX_CPUS)
		return ERR_TOO_BIG;
	if (fdt_reg_local(fdt, node, 0, &cpu->mpidr, &size) != OK)
		return ERR_FORMAT;
	cpu->mpidr &= MPIDR_AFFINITY;
	for (u32 i = 0; i < host->num_cpus; i++)
		if (host->cpus[i].mpidr == cpu->mpidr)
			return ERR_FORMAT;
	cpu->psci = fdt_get_str_at(fdt, node, "enable-method", 0, &method) == OK &&
		    str_equal(method, "psci");
	host->num_cpus++;
	return OK;
}

static enum err read_cpus(const struct fdt *fdt, struct host *host)
{
	fdt_node_t cpus = fdt_find(fdt, "/cpus");
	const char *type;
	enum err err = OK;

	if (cpus == FDT_NONE)
		return OK;
	fdt_for_each_child (fdt, cpus, node) {
		if (fdt_get_str(fdt, node, "device_type", &type) != OK || !str_equal(type, "cpu") ||
		    !fdt_is_enabled(fdt, node))
			continue;
		err = read_cpu(fdt, node, host);
		if (err != OK)
			break;
	}
	return err;
}

/* Every entry of @node's reg into a list of ranges. */
static enum err add_node(const struct fdt *fdt, fdt_node_t node, struct host_range *list,
			 u32 *count, u32 max)
{
	u64 base, size;
	enum err err;

	for (u32 index = 0;; index++) {
		err = fdt_reg(fdt, node, index, &base, &size);
		if (err == ERR_NOT_FOUND || err == ERR_RANGE)
			return OK;
		if (err != OK)
			return ERR_FORMAT;
		err = add_range(list, count, max, base, size);
		if (err != OK)
			return err;
	}
}

static enum err read_memory(const struct fdt *fdt, struct host *host)
{
	const char *type;
	enum err err;

	fdt_for_each_child (fdt, fdt_root(fdt), node) {
		if (fdt_get_str(fdt, node, "device_type", &type) != OK ||
		    !str_equal(type, "memory") || !fdt_is_enabled(fdt, node))
			continue;
		err = add_node(fdt, node, host->memory, &host->num_memory, HOST_MAX_MEMORY);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err read_reserved(const struct fdt *fdt, struct host *host)
{
	fdt_node_t parent = fdt_find(fdt, "/reserved-memory");
	u64 base, size;
	enum err err = OK;

	for (u32 i = 0; err == OK && fdt_reservation(fdt, i, &base, &size); i++)
		err = add_range(host->reserved, &host->num_reserved, HOST_MAX_RESERVED, base, size);
	if (err != OK || parent == FDT_NONE)
		return err;
	/* A child without reg asks its operating system to choose a place: none of our concern. */
	fdt_for_each_child (fdt, parent, node) {
		if (!fdt_is_enabled(fdt, node))
			continue;
		err = add_node(fdt, node, host->reserved, &host->num_reserved, HOST_MAX_RESERVED);
		if (err != OK)
			return err;
	}
	return OK;
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

static enum err read_gicv2(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	struct host_range *const frames[] = { &host->gicd, &host->gicc, &host->gich, &host->gicv };
	enum err err = OK;

	for (u32 i = 0; err == OK && i < ARRAY_SIZE(frames); i++)
		err = read_range(fdt, node, i, frames[i]);
	return err;
}

/* reg: GICD, every redistributor region, then GICC, GICH, GICV for legacy guests. */
static enum err read_gicv3(const struct fdt *fdt, fdt_node_t node, struct host *host)
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

static enum err read_gic(const struct fdt *fdt, fdt_node_t node, struct host *host)
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
			   struct host *host)
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
static enum err read_psci(const struct fdt *fdt, const struct finds *finds, struct host *host)
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

/* §3.6: stdout-path is a path or an alias, then maybe ":" and options. */
static fdt_node_t find_stdout(const struct fdt *fdt, fdt_node_t chosen)
{
	fdt_node_t aliases = fdt_find(fdt, "/aliases");
	char path[STDOUT_MAX];
	const char *text;
	char *options;

	if (fdt_get_str(fdt, chosen, "stdout-path", &text) != OK &&
	    fdt_get_str(fdt, chosen, "linux,stdout-path", &text) != OK)
		return FDT_NONE;
	if (!str_copy(path, sizeof(path), text))
		return FDT_NONE;
	options = strchr(path, ':');
	if (options != NULL)
		*options = '\0';
	if (path[0] == '/')
		return fdt_find(fdt, path);
	if (aliases == FDT_NONE || fdt_get_str(fdt, aliases, path, &text) != OK)
		return FDT_NONE;
	return fdt_find(fdt, text);
}

static enum err read_uart(const struct fdt *fdt, fdt_node_t gic, fdt_node_t chosen,
			  struct host *host)
{
	fdt_node_t node = find_stdout(fdt, chosen);

	if (node == FDT_NONE)
		return OK;
	(void)fdt_path(fdt, node, host->uart_path, sizeof(host->uart_path));
	host->uart = HOST_UART_UNKNOWN;
	if (fdt_reg(fdt, node, 0, &host->uart_regs.base, &host->uart_regs.size) != OK) {
		host->uart_regs = (struct host_range){ 0 };
		return OK;
	}
	if (fdt_is_compatible(fdt, node, "arm,pl011"))
		host->uart = HOST_UART_PL011;
	return read_irq(fdt, gic, node, 0, &host->uart_irq);
}

/* It only tells the time: one that cannot be used is none. */
static void read_rtc(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	if (node == FDT_NONE || !fdt_is_enabled(fdt, node) ||
	    fdt_reg(fdt, node, 0, &host->rtc.base, &host->rtc.size) != OK)
		host->rtc = (struct host_range){ 0 };
}

static enum err read_chosen(const struct fdt *fdt, fdt_node_t gic, struct host *host)
{
	fdt_node_t chosen = fdt_find(fdt, "/chosen");
	const char *text;

	if (chosen == FDT_NONE)
		return OK;
	if (fdt_get_str(fdt, chosen, "bootargs", &text) == OK)
		(void)str_copy(host->bootargs, sizeof(host->bootargs), text);
	if (fdt_get_u64(fdt, chosen, "linux,initrd-start", &host->initrd_start) != OK ||
	    fdt_get_u64(fdt, chosen, "linux,initrd-end", &host->initrd_end) != OK)
		host->initrd_start = host->initrd_end = 0;
	if (host->initrd_end < host->initrd_start)
		return ERR_FORMAT;
	return read_uart(fdt, gic, chosen, host);
}

enum err host_read(const struct fdt *fdt, struct host *host)
{
	struct finds finds;
	fdt_node_t gic;
	const char *text;
	enum err err;

	find_nodes(fdt, &finds);
	gic = finds.nodes[FOUND_GIC];
	*host = (struct host){ .tree = fdt };
	if (fdt_get_str_at(fdt, fdt_root(fdt), "compatible", 0, &text) == OK)
		(void)str_copy(host->compatible, sizeof(host->compatible), text);
	err = read_cpus(fdt, host);
	if (err == OK)
		err = read_memory(fdt, host);
	if (err == OK)
		err = read_reserved(fdt, host);
	if (err == OK)
		err = read_gic(fdt, gic, host);
	if (err == OK && gic != FDT_NONE)
		err = read_irq(fdt, gic, gic, 0, &host->maintenance_irq);
	if (err == OK)
		err = read_timer(fdt, gic, finds.nodes[FOUND_TIMER], host);
	if (err == OK)
		err = read_psci(fdt, &finds, host);
	if (err == OK)
		err = read_chosen(fdt, gic, host);
	read_rtc(fdt, finds.nodes[FOUND_RTC], host);
	return err;
}
