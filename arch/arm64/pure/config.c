/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 part of the binding: a guest's interrupt controller, the specifiers of interrupts, the
 * devices that a vmm emulates. Cells are as in Linux's arm,gic binding: type, number, flags. (IHI
 * 0069 §2.2.1: shared peripheral interrupts are INTIDs 32 to 1019.)
 */
#include <arch/platform.h>
#include <mullion/elf.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "arch/arm64/pure/config.h"
#include "config/internal.h"
#include "config/schema.h"

#define INTID_PPI_FIRST 16
#define INTID_SPI_END   1020
#define GUEST_SPIS      960 /* that a guest's controller has at most */

/* A guest's controller, where the description does not say otherwise: QEMU virt's addresses. */
#define GUEST_GICD       UINT64_C(0x08000000)
#define GUEST_GICC       UINT64_C(0x08010000)
#define GUEST_GICR       UINT64_C(0x080a0000)
#define GUEST_GICD_BYTES KIB(64)
#define GUEST_GICC_BYTES KIB(8)
#define GUEST_GICR_BYTES KIB(128) /* of one vCPU */

/* GICv2 has numbers for eight CPUs (IHI 0048 §1.1). */
#define GICV2_MAX_VCPUS 8

/* A virtual interrupt controller's state: for each shared interrupt and for each vCPU. */
#define VIRQ_SPI_BYTES  32
#define VIRQ_VCPU_BYTES 16

#define TYPE_SPI 0
#define TYPE_PPI 1

#define FLAG_EDGE_RISING 1
#define FLAG_LEVEL_HIGH  4

static const struct schema_prop guest_props[] = {
	{ "gic-version", PROP_U32, VARIANT_ALL, 0, "<3>", "the machine's",
	  "the guest's interrupt controller: 2 or 3" },
	{ "gicd-address", PROP_U64, VARIANT_ALL, 0, "<0x08000000>", "<0x08000000>",
	  "guest address of the distributor (64 KiB)" },
	{ "gicc-address", PROP_U64, VARIANT_ALL, 0, "<0x08010000>", "<0x08010000>",
	  "guest address of the GICv2 CPU interface (8 KiB)" },
	{ "gicr-address", PROP_U64, VARIANT_ALL, 0, "<0x080a0000>", "<0x080a0000>",
	  "guest address of the GICv3 redistributors (128 KiB for each vCPU)" },
	{ "entry", PROP_U64, VARIANT_ALL, 0, "<0x40000000>", "its load-address",
	  "address of the first instruction of a raw kernel" },
	{ "trap-wfi", PROP_FLAG, VARIANT_ALL, 0, "", "absent",
	  "let the core run something else while a vCPU waits for an interrupt" },
};

static const char *const models[] = { "pl011",      "pl031",      "sp804",     "virtio-console",
				      "virtio-blk", "virtio-rng", "virtio-net" };
static const struct arch_model model_trees[] = {
	{ "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell"), ARCH_MODEL_IRQ, 0 },
	{ "arm,pl031\0arm,primecell", sizeof("arm,pl031\0arm,primecell"), ARCH_MODEL_IRQ, 0 },
	{ "arm,sp804\0arm,primecell", sizeof("arm,sp804\0arm,primecell"), ARCH_MODEL_IRQ, 0 },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ, ARCH_MODEL_DOORBELL },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ,
	  ARCH_MODEL_DOORBELL | ARCH_MODEL_DISK },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ, ARCH_MODEL_DOORBELL },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ,
	  ARCH_MODEL_DOORBELL | ARCH_MODEL_NETWORK },
};

static const char *const kernel_types[] = {
	[ARM64_KERNEL_LINUX] = "linux",
	[ARM64_KERNEL_RAW] = "raw",
	[ARM64_KERNEL_ELF] = "elf",
	[ARM64_KERNEL_FIT] = "fit",
};

/* Devices of registers and interrupts alone. (Linux Documentation/devicetree/bindings.) */
static const char *const harmless[] = {
	"arm,pl011",
	"arm,sbsa-uart",
	"arm,pl031",
	"arm,pl061",
	"arm,sp804",
	"arm,sp805",
	"arm,sp810",
	"arm,armv7-timer-mem",
	"ns8250",
	"ns16450",
	"ns16550",
	"ns16550a",
	"cdns,ttc",
	"cdns,uart-r1p8",
	"cdns,uart-r1p12",
	"xlnx,xuartps",
	"snps,dw-wdt",
	"snps,dw-apb-uart",
	"snps,dw-apb-timer",
	"snps,dw-apb-gpio",
	"arm,sbsa-gwdt",
	"brcm,bcm2835-gpio",
	"amlogic,meson-ao-uart",
	"amlogic,meson-gx-uart",
};

static void guest_parse(struct config_run *run, struct config_guest *guest)
{
	struct arm64_guest *arm64 = &guest->arch.arm64;
	enum host_gic gic = run->host != NULL ? run->host->arch.arm64.gic : HOST_GIC_NONE;
	u32 version;

	arm64->trap_wfi = config_has(run, guest->node, "trap-wfi");
	arm64->entry_fixed = config_u64(run, guest->node, "entry", &guest->entry.v);
	arm64->gicd = GPA(GUEST_GICD);
	arm64->gicc = GPA(GUEST_GICC);
	arm64->gicr = GPA(GUEST_GICR);
	(void)config_u64(run, guest->node, "gicd-address", &arm64->gicd.v);
	(void)config_u64(run, guest->node, "gicc-address", &arm64->gicc.v);
	(void)config_u64(run, guest->node, "gicr-address", &arm64->gicr.v);
	arm64->gic_version = gic == HOST_GIC_V2 ? 2 : 3;
	if (!config_u32(run, guest->node, "gic-version", &version))
		return;
	if (version != 2 && version != 3)
		config_error(run, guest->node, "gic-version",
			     "no such controller; write <2> or <3>");
	else if (gic != HOST_GIC_NONE && version != arm64->gic_version)
		config_error(run, guest->node, "gic-version",
			     "this machine has a GICv%u, which cannot run GICv%u guests; write "
			     "<%u> or leave it out",
			     arm64->gic_version, version, arm64->gic_version);
	else
		arm64->gic_version = (u8)version;
}

/* The frames of a guest's interrupt controller, which the core serves there. */
struct frame {
	const char *property, *name;
	u64 base, size;
};

static u32 guest_frames(const struct config_guest *guest, struct frame frames[2])
{
	frames[0] = (struct frame){ "gicd-address", "distributor", guest->arch.arm64.gicd.v,
				    GUEST_GICD_BYTES };
	if (guest->arch.arm64.gic_version == 2)
		frames[1] = (struct frame){ "gicc-address", "CPU interface",
					    guest->arch.arm64.gicc.v, GUEST_GICC_BYTES };
	else
		frames[1] =
			(struct frame){ "gicr-address", "redistributors", guest->arch.arm64.gicr.v,
					guest->num_vcpus * GUEST_GICR_BYTES };
	return 2;
}

static void check_frame(struct config_run *run, const struct config_guest *guest,
			const struct frame *frame)
{
	u64 align = guest->arch.arm64.gic_version == 2 ? PAGE_SIZE : KIB(64);

	if (!IS_ALIGNED(frame->base, align) || frame->base >= BIT(CONFIG_IPA_BITS) - frame->size) {
		config_error(run, guest->node, frame->property,
			     "must be a multiple of 0x%lx below 2^%u; write e.g. <0x%lx>", align,
			     CONFIG_IPA_BITS,
			     ALIGN_DOWN(frame->base % (BIT(CONFIG_IPA_BITS) - GIB(1)), align));
		return;
	}
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		if (ranges_overlap(region->gpa.v, region->size, frame->base, frame->size))
			config_error(run, region->node, "guest-address",
				     "0x%lx to 0x%lx overlaps the guest's GICv%u %s at 0x%lx to "
				     "0x%lx; move the region, or the controller by %s",
				     region->gpa.v, LAST(region->gpa.v, region->size),
				     guest->arch.arm64.gic_version, frame->name, frame->base,
				     LAST(frame->base, frame->size), frame->property);
	}
}

static void guest_check(struct config_run *run, const struct config_guest *guest)
{
	struct frame frames[2];

	(void)guest_frames(guest, frames);
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		check_frame(run, guest, &frames[i]);
	if (ranges_overlap(frames[0].base, frames[0].size, frames[1].base, frames[1].size))
		config_error(run, guest->node, frames[1].property,
			     "the %s at 0x%lx to 0x%lx overlap the distributor at 0x%lx to "
			     "0x%lx; write <0x%lx>",
			     frames[1].name, frames[1].base, LAST(frames[1].base, frames[1].size),
			     frames[0].base, LAST(frames[0].base, frames[0].size),
			     frames[0].base + frames[0].size);
}

static void guest_finish(struct config_guest *guest)
{
	u32 last = INTID_SPI_FIRST;

	config_for_each_region (guest, region)
		for (u32 i = 0; i < region->num_irqs; i++)
			last = MAX(last, region->irqs[i].guest);
	guest->arch.arm64.num_spis = (u32)ALIGN_UP(last + 1 - INTID_SPI_FIRST, 32);
}

static u32 max_vcpus(const struct config_guest *guest, const char **what)
{
	*what = guest->arch.arm64.gic_version == 2 ? "a GICv2" : NULL;
	return GICV2_MAX_VCPUS;
}

static const char *guest_summary(const struct config_guest *guest)
{
	return guest->arch.arm64.gic_version == 2 ? "GICv2" : "GICv3";
}

static void guest_budget(const struct config_guest *guest, u64 *bytes, u64 *table_pages)
{
	*bytes = guest->arch.arm64.num_spis * VIRQ_SPI_BYTES + guest->num_vcpus * VIRQ_VCPU_BYTES;
	/* A GICv2's CPU interface is mapped as well, perhaps away from everything else. */
	*table_pages = guest->arch.arm64.gic_version == 2 ? 2 : 0;
}

static bool irq_decode(const u32 *cells, bool of_guest, u32 *line, bool *level)
{
	u32 count = of_guest ? GUEST_SPIS : INTID_SPI_END - INTID_SPI_FIRST;

	*line = INTID_SPI_FIRST + cells[1];
	*level = cells[2] == FLAG_LEVEL_HIGH;
	return cells[0] == TYPE_SPI && cells[1] < count;
}

static void irq_name(const u32 *cells, char *text)
{
	(void)format(text, 32, "<%u %u>", cells[0], cells[1]);
}

/* The core's use of a private interrupt of the machine; NULL: none. */
static const char *core_use(const struct arm64_host *host, u32 intid)
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
static void irq_check(struct config_run *run, fdt_node_t node, const char *property, bool on_host,
		      bool on_guest, const u32 *cells)
{
	const char *use = on_host ? core_use(run->host == NULL ? NULL : &run->host->arch.arm64,
					     INTID_PPI_FIRST + cells[1])
				  : NULL;
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

static void check_tree_frame(struct tree_check *c, const char *frame, u64 seen, gpa_t expected)
{
	if (seen != expected.v)
		tree_mistake(
			c, "its interrupt controller has %s at 0x%lx, and the guest's is at 0x%lx",
			frame, seen, expected.v);
}

static void check_tree_controller(struct tree_check *c, const struct arm64_host *machine)
{
	enum host_gic wanted = c->g->arch.arm64.gic_version == 2 ? HOST_GIC_V2 : HOST_GIC_V3;

	if (machine->gic != wanted) {
		tree_mistake(c, "it has %s, and the guest has a GICv%u",
			     machine->gic == HOST_GIC_NONE ? "no interrupt controller"
			     : machine->gic == HOST_GIC_V2 ? "a GICv2"
							   : "a GICv3",
			     c->g->arch.arm64.gic_version);
		return;
	}
	check_tree_frame(c, "GICD", machine->gicd.base, c->g->arch.arm64.gicd);
	if (wanted == HOST_GIC_V2)
		check_tree_frame(c, "GICC", machine->gicc.base, c->g->arch.arm64.gicc);
	else
		check_tree_frame(c, "GICR", machine->num_gicr > 0 ? machine->gicr[0].base : 0,
				 c->g->arch.arm64.gicr);
}

static void tree_check(struct tree_check *c, const struct host *seen)
{
	for (u32 i = 0; c->g->num_vcpus > 1 && i < seen->num_cpus; i++)
		if (!seen->cpus[i].usable)
			tree_mistake(c, "CPU 0x%lx has no enable-method = \"psci\"",
				     seen->cpus[i].identity);
	if (seen->arch.arm64.psci == HOST_PSCI_NONE)
		tree_mistake(c, "it has no psci node; add one with compatible = \"arm,psci-1.0\" "
				"and method = \"hvc\"");
	check_tree_controller(c, &seen->arch.arm64);
}

const struct arch_platform arm64_platform = {
	.cpu_read = arm64_cpu_read,
	.host_read = arm64_host_read,
	.guest_props = guest_props,
	.num_guest_props = ARRAY_SIZE(guest_props),
	.guest_parse = guest_parse,
	.guest_check = guest_check,
	.guest_finish = guest_finish,
	.max_vcpus = max_vcpus,
	.vcpu_identity = arm64_vcpu_identity,
	.guest_summary = guest_summary,
	.guest_budget = guest_budget,
	.tree_check = tree_check,
	.irq_cells = 3,
	.irq_form = "three cells <type number flags>",
	.irq_example = "<0 1 4>",
	.irq_decode = irq_decode,
	.irq_name = irq_name,
	.irq_check = irq_check,
	.boot_check = arm64_boot_check,
	.boot_place = arm64_boot_place,
	.elf_machine = ELF_ARM64,
	.models = models,
	.model_trees = model_trees,
	.num_models = ARRAY_SIZE(models),
	.kernel_types = kernel_types,
	.num_kernel_types = ARRAY_SIZE(kernel_types),
	.harmless = harmless,
	.num_harmless = ARRAY_SIZE(harmless),
};
