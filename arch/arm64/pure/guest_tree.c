/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture's part of a guest's device tree: CPUs, PSCI, timer, interrupt controller and
 * the interrupts of devices. It must describe what the virtual GIC and the firmware calls really
 * do. Bindings: Linux's arm/cpus, arm/psci, timer/arm,arch_timer, interrupt-controller/arm,gic and
 * arm,gic-v3, arm/primecell, clock/fixed-clock.
 */
#include "arch/arm64/pure/config.h"
#include <mullion/config.h>
#include <mullion/fdt.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

/* Sixteen CPUs to a cluster: the bits of an SGI's target list (IHI 0069 §12.2.19). */
#define CLUSTER_BITS 4

#define GICD_V2_BYTES 0x1000
#define GICC_BYTES    0x2000 /* GICC_DIR is in the second page */
#define GICD_V3_BYTES 0x10000
#define GICR_BYTES    0x20000 /* of one vCPU: RD_base and SGI_base */

/* PPI numbers (INTID - 16) that the Base System Architecture gives the timers. */
#define PPI_SECURE_PHYSICAL 13
#define PPI_PHYSICAL        14
#define PPI_VIRTUAL         11
#define PPI_HYPERVISOR      10

/* Cells of a specifier (arm,gic binding): type, number, trigger. */
#define CELL_SPI           0
#define CELL_PPI           1
#define TRIGGER_EDGE       1
#define TRIGGER_LEVEL_HIGH 4

#define PRIMECELL     "arm,primecell"
#define CLOCK_PHANDLE 2
#define CLOCK_HZ      24000000 /* nominal: the guest cannot change the device's real clock */

u64 arm64_vcpu_identity(u32 index)
{
	u64 aff0 = index & (BIT(CLUSTER_BITS) - 1);
	u64 aff1 = index >> CLUSTER_BITS;

	return aff1 << 8 | aff0;
}

static void describe_cpus(const struct config_guest *g, struct fdt_writer *w)
{
	fdt_begin(w, "cpus");
	fdt_put_u32(w, "#address-cells", 1);
	fdt_put_u32(w, "#size-cells", 0);
	for (u32 i = 0; i < g->num_vcpus; i++) {
		u32 identity = (u32)arm64_vcpu_identity(i);

		fdt_begin_at(w, "cpu", identity);
		fdt_put_string(w, "device_type", "cpu");
		fdt_put_string(w, "compatible", "arm,armv8");
		fdt_put_u32(w, "reg", identity);
		fdt_put_string(w, "enable-method", "psci");
		fdt_end(w);
	}
	fdt_end(w);
}

static void describe_psci(struct fdt_writer *w)
{
	static const char *const compatible[] = { "arm,psci-1.0", "arm,psci-0.2" };

	fdt_begin(w, "psci");
	fdt_put_strings(w, "compatible", compatible, ARRAY_SIZE(compatible));
	fdt_put_string(w, "method", "hvc");
	fdt_end(w);
}

static void describe_timer(const struct config_guest *g, struct fdt_writer *w)
{
	static const u32 ppis[] = { PPI_SECURE_PHYSICAL, PPI_PHYSICAL, PPI_VIRTUAL,
				    PPI_HYPERVISOR };
	u32 flags = TRIGGER_LEVEL_HIGH;

	/* A GICv2 specifier also has a mask of the CPUs that the PPI is wired to. */
	if (g->arch.arm64.gic_version == 2)
		flags |= ((UINT32_C(1) << MIN(g->num_vcpus, 8u)) - 1) << 8;
	fdt_begin(w, "timer");
	fdt_put_string(w, "compatible", "arm,armv8-timer");
	fdt_put_empty(w, "interrupts");
	for (u32 i = 0; i < ARRAY_SIZE(ppis); i++) {
		const u32 cells[] = { CELL_PPI, ppis[i], flags };

		fdt_append_cells(w, cells, ARRAY_SIZE(cells));
	}
	fdt_put_empty(w, "always-on");
	fdt_end(w);
}

static void append_range(struct fdt_writer *w, gpa_t base, u64 size)
{
	const u32 cells[] = { (u32)(base.v >> 32), (u32)base.v, (u32)(size >> 32), (u32)size };

	fdt_append_cells(w, cells, ARRAY_SIZE(cells));
}

/* EDK2 and small systems know a GICv2 by its first core's name alone; Linux's binding allows the
 * pair in this order (arm,gic.yaml). */
static void describe_gic(const struct config_guest *g, struct fdt_writer *w)
{
	static const char *const gicv2[] = { "arm,gic-400", "arm,cortex-a15-gic" };

	fdt_begin_at(w, "interrupt-controller", g->arch.arm64.gicd.v);
	if (g->arch.arm64.gic_version == 2)
		fdt_put_strings(w, "compatible", gicv2, ARRAY_SIZE(gicv2));
	else
		fdt_put_string(w, "compatible", "arm,gic-v3");
	fdt_put_empty(w, "interrupt-controller");
	fdt_put_u32(w, "#interrupt-cells", 3);
	fdt_put_u32(w, "#address-cells", 0);
	fdt_put_empty(w, "reg");
	if (g->arch.arm64.gic_version == 2) {
		append_range(w, g->arch.arm64.gicd, GICD_V2_BYTES);
		append_range(w, g->arch.arm64.gicc, GICC_BYTES);
	} else {
		append_range(w, g->arch.arm64.gicd, GICD_V3_BYTES);
		append_range(w, g->arch.arm64.gicr, (u64)g->num_vcpus * GICR_BYTES);
		fdt_put_u32(w, "#redistributor-regions", 1);
	}
	fdt_put_u32(w, "phandle", GUEST_TREE_CONTROLLER);
	fdt_end(w);
}

/* Returns true if the region's string list in the tree has @compatible. */
static bool has_compatible(const struct config_region *region, const char *compatible)
{
	u32 at = 0;

	while (region->compatible != NULL && at < region->compatible_len) {
		const char *text = region->compatible + at;
		size_t len = strnlen(text, region->compatible_len - at);

		if (len == strlen(compatible) && memcmp(text, compatible, len) == 0)
			return true;
		at += (u32)len + 1;
	}
	return false;
}

static void write_interrupts(struct fdt_writer *w, const struct config_region *region)
{
	fdt_put_empty(w, "interrupts");
	for (u32 i = 0; i < region->num_irqs; i++) {
		u32 intid = region->irqs[i].guest;
		const u32 cells[] = { CELL_SPI, intid - INTID_SPI_FIRST,
				      region->irqs[i].level ? TRIGGER_LEVEL_HIGH : TRIGGER_EDGE };

		fdt_append_cells(w, cells, ARRAY_SIZE(cells));
	}
}

/* Linux binds a driver to a PrimeCell only if it can switch on the bus clock; a PL011 needs its
 * baud clock too. */
static void write_clocks(struct fdt_writer *w, const struct config_region *region)
{
	static const char *const pl011[] = { "uartclk", "apb_pclk" };
	static const char *const other[] = { "apb_pclk" };
	static const u32 clocks[] = { CLOCK_PHANDLE, CLOCK_PHANDLE };

	if (has_compatible(region, "arm,pl011")) {
		fdt_put_cells(w, "clocks", clocks, ARRAY_SIZE(pl011));
		fdt_put_strings(w, "clock-names", pl011, ARRAY_SIZE(pl011));
	} else {
		fdt_put_cells(w, "clocks", clocks, ARRAY_SIZE(other));
		fdt_put_strings(w, "clock-names", other, ARRAY_SIZE(other));
	}
}

static void describe_device(struct fdt_writer *w, const struct config_region *region)
{
	if (region->num_irqs > 0)
		write_interrupts(w, region);
	if (has_compatible(region, PRIMECELL))
		write_clocks(w, region);
}

static void describe_clock(struct fdt_writer *w)
{
	fdt_begin(w, "clock");
	fdt_put_string(w, "compatible", "fixed-clock");
	fdt_put_u32(w, "#clock-cells", 0);
	fdt_put_u32(w, "clock-frequency", CLOCK_HZ);
	fdt_put_u32(w, "phandle", CLOCK_PHANDLE);
	fdt_end(w);
}

static bool has_primecell(const struct config_guest *g)
{
	for (u32 i = 0; i < g->num_regions; i++)
		if (has_compatible(&g->regions[i], PRIMECELL))
			return true;
	return false;
}

static void describe_machine(struct fdt_writer *w, const struct config_guest *g)
{
	if (has_primecell(g))
		describe_clock(w);
	describe_cpus(g, w);
	describe_psci(w);
	describe_timer(g, w);
	describe_gic(g, w);
}

const struct guest_nodes arm64_guest_nodes = { describe_device, describe_machine };
