/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x86-64 part of the binding: specifiers of interrupts, the devices that a vmm emulates. Cells
 * are as in Linux's intel,ce4100-ioapic binding: GSI, sense.
 */
#include "arch/x86_64/pure/platform.h"

#include <mullion/elf.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "arch/x86_64/pure/boot.h"
#include "config/internal.h"

#define SENSE_EDGE_RISING 0
#define SENSE_LEVEL_LOW   1
#define SENSE_LEVEL_HIGH  2

/* Of a vCPU: the processor's control structure, a copy of it, and the extended state. */
#define VCPU_BYTES KIB(12)
/* Of a guest with ports of the machine: their map. */
#define PORT_MAP_BYTES KIB(12)
/* Of all guests: the map of those without such ports, and that of MSRs. */
#define SHARED_PAGES 5
/* Tables of the second stage that four levels have and no region counts. */
#define TABLE_PAGES 4

static const char *const models[] = {
	"ns16550",    "i8259",          "i8254",  "mc146818",   "acpi-pm",    "pci-host",   "i8042",
	"debug-port", "virtio-console", "fw-cfg", "virtio-blk", "virtio-rng", "virtio-net",
};
static const struct arch_model model_trees[] = {
	{ "", 1, ARCH_MODEL_IRQ, 0 },     /* ns16550 */
	{ "", 1, ARCH_MODEL_NO_IRQ, 0 },  /* i8259 */
	{ "", 1, ARCH_MODEL_MAY_IRQ, 0 }, /* i8254 */
	{ "", 1, ARCH_MODEL_MAY_IRQ, 0 }, /* mc146818 */
	{ "", 1, ARCH_MODEL_MAY_IRQ, 0 }, /* acpi-pm */
	{ "", 1, ARCH_MODEL_NO_IRQ, 0 },  /* pci-host */
	{ "", 1, ARCH_MODEL_NO_IRQ, 0 },  /* i8042 */
	{ "", 1, ARCH_MODEL_NO_IRQ, 0 },  /* debug-port */
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ, ARCH_MODEL_DOORBELL },
	{ "", 1, ARCH_MODEL_NO_IRQ, 0 }, /* fw-cfg */
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ,
	  ARCH_MODEL_DOORBELL | ARCH_MODEL_DISK },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ, ARCH_MODEL_DOORBELL },
	{ "virtio,mmio", sizeof("virtio,mmio"), ARCH_MODEL_IRQ,
	  ARCH_MODEL_DOORBELL | ARCH_MODEL_NETWORK },
};

static const char *const kernel_types[] = {
	[X86_KERNEL_LINUX] = "linux",
	[X86_KERNEL_RAW] = "raw",
};

/* Devices of registers and interrupts alone. */
static const char *const harmless[] = {
	"ns8250",      "ns16450",     "ns16550", "ns16550a", "motorola,mc146818",
	"intel,i8254", "intel,i8042",
};

static void guest_parse(struct config_run *run, struct config_guest *guest)
{
	guest->arch.x86.boot = X86_BOOT_LINUX;
	if (guest->tree.file != NULL)
		config_error(run, guest->node, "device-tree",
			     "an x86-64 guest gets ACPI tables and no device tree; remove it");
	guest->tree.file = NULL;
}

static void check_clear(struct config_run *run, const struct config_region *region,
			const char *what, u64 base)
{
	if (!ranges_overlap(region->gpa.v, region->size, base, PAGE_SIZE))
		return;
	config_error(run, region->node, "guest-address",
		     "0x%lx to 0x%lx overlaps the guest's %s at 0x%lx; write another address",
		     region->gpa.v, LAST(region->gpa.v, region->size), what, base);
}

static void guest_check(struct config_run *run, const struct config_guest *guest)
{
	u32 described = 0;

	config_for_each_region (guest, region) {
		described += region->kind != REGION_ALIAS;
		check_clear(run, region, "local APIC", X86_LAPIC);
		check_clear(run, region, "I/O APIC", X86_IOAPIC);
	}
	if (described > X86_MAX_REGIONS)
		config_error(run, guest->node, NULL,
			     "the guest has %u regions beside aliases; the tables of its firmware "
			     "have room for %u",
			     described, X86_MAX_REGIONS);
}

static void guest_finish(struct config_guest *guest)
{
	(void)guest;
}

static u32 max_vcpus(const struct config_guest *guest, const char **what)
{
	(void)guest;
	*what = NULL;
	return HOST_MAX_CPUS;
}

/* The id of its local APIC. */
static u64 vcpu_identity(u32 index)
{
	return index;
}

static const char *guest_summary(const struct config_guest *guest)
{
	static const char *const names[] = {
		[X86_BOOT_LINUX] = "Linux boot protocol",
		[X86_BOOT_PVH] = "PVH",
		[X86_BOOT_MULTIBOOT] = "Multiboot",
		[X86_BOOT_MULTIBOOT2] = "Multiboot2",
		[X86_BOOT_FLAT] = "flat",
		[X86_BOOT_FIRMWARE] = "firmware",
	};

	return names[guest->arch.x86.boot];
}

static void guest_budget(const struct config_guest *guest, u64 *bytes, u64 *table_pages)
{
	/* The boot block is in the heap while the guest is started. */
	*bytes = X86_BLOCK_BYTES + guest->num_vcpus * VCPU_BYTES;
	config_for_each_region (guest, region)
		if (region->kind == REGION_DEVICE && region->gpa.v >= PORT_BASE)
			*bytes += PORT_MAP_BYTES;
	*table_pages = TABLE_PAGES;
}

static void tree_check(struct tree_check *c, const struct host *seen)
{
	(void)seen;
	tree_mistake(c, "an x86-64 guest gets no tree");
}

/* GSI 0 is unassigned: the timer of ISA's line 0 is at GSI 2, and the core's line 0 means none. */
static bool irq_decode(const u32 *cells, bool of_guest, u32 *line, bool *level)
{
	*line = cells[0];
	*level = cells[1] == SENSE_LEVEL_HIGH || cells[1] == SENSE_LEVEL_LOW;
	return cells[0] != 0 && cells[0] < (of_guest ? X86_IOAPIC_LINES : X86_MAX_GSIS);
}

static void irq_name(const u32 *cells, char *text)
{
	(void)format(text, 32, "<%u>", cells[0]);
}

static void irq_check(struct config_run *run, fdt_node_t node, const char *property, bool on_host,
		      bool on_guest, const u32 *cells)
{
	u32 count = on_host ? X86_MAX_GSIS : X86_IOAPIC_LINES;

	if (cells[0] == 0 || cells[0] >= count)
		config_error(run, node, property, "GSI %u is out of range; write 1 to %u", cells[0],
			     count - 1);
	else if (on_guest && cells[0] >= X86_IOAPIC_LINES)
		config_error(run, node, property,
			     "GSI %u is above the guest's last, %u; add guest-interrupts with "
			     "another number",
			     cells[0], X86_IOAPIC_LINES - 1);
	if (cells[1] != SENSE_EDGE_RISING && cells[1] != SENSE_LEVEL_HIGH &&
	    !(on_host && cells[1] == SENSE_LEVEL_LOW))
		config_error(run, node, property,
			     "sense %u: write 0 (rising edge) or 2 (level, high)", cells[1]);
}

const struct arch_platform x86_platform = {
	.cpu_read = x86_cpu_read,
	.host_read = x86_host_read,
	.guest_parse = guest_parse,
	.guest_check = guest_check,
	.guest_finish = guest_finish,
	.max_vcpus = max_vcpus,
	.vcpu_identity = vcpu_identity,
	.guest_summary = guest_summary,
	.guest_budget = guest_budget,
	.heap_pages = SHARED_PAGES,
	.tree_check = tree_check,
	.irq_cells = 2,
	.irq_form = "two cells <GSI sense>",
	.irq_example = "<4 0>",
	.irq_decode = irq_decode,
	.irq_name = irq_name,
	.irq_check = irq_check,
	.boot_check = x86_boot_check,
	.boot_place = x86_boot_place,
	.elf_machine = ELF_X86_64,
	.models = models,
	.model_trees = model_trees,
	.num_models = ARRAY_SIZE(models),
	.has_ports = true,
	.ram_hole = { X86_HOLE_BASE, X86_HOLE_END - X86_HOLE_BASE },
	.kernel_types = kernel_types,
	.num_kernel_types = ARRAY_SIZE(kernel_types),
	.harmless = harmless,
	.num_harmless = ARRAY_SIZE(harmless),
};
