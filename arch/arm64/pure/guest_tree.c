/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture's nodes of a guest's device tree: CPUs, PSCI, timer and interrupt controller.
 * They must say what the virtual GIC and the firmware calls really do. Bindings: Linux's arm/cpus,
 * arm/psci, timer/arm,arch_timer, interrupt-controller/arm,gic and arm,gic-v3.
 */
#include "arch/arm64/pure/config.h"
#include <mullion/config.h>
#include <mullion/fdt.h>
#include <mullion/guest_tree.h>

/* Sixteen CPUs to a cluster: what an SGI's target list can name (IHI 0069 §12.2.19). */
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
#define CELL_PPI            1
#define TRIGGER_LEVEL_HIGH  4

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

void arm64_guest_describe(const struct config_guest *config, struct fdt_writer *w)
{
	describe_cpus(config, w);
	describe_psci(w);
	describe_timer(config, w);
	describe_gic(config, w);
}
