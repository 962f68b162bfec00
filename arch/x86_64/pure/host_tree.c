/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's tree: see host_tree.h. Bindings are those of Linux (x86/ce4100, serial/8250,
 * rtc-cmos) where there are any. Ports are addresses of 2^63 + n.
 */
#include "arch/x86_64/pure/host_tree.h"

#include <mullion/fdt.h>
#include <mullion/string.h>

#define LOW_MEMORY   MIB(1) /* is the firmware's */
#define PORT_HIGH    0x80000000u
#define ISA_IRQS     16u
#define ISA_COM1     4u
#define ISA_RTC      8u
#define IOAPIC_BYTES 0x1000u
#define LAPIC_BYTES  0x1000u
#define UART_BYTES   8u

#define ECAM_BUS_SHIFT    20
#define AMD_IOMMU_BYTES   KIB(16) /* AMD I/O Virtualization Technology 3.05 §3.4 */
#define INTEL_IOMMU_BYTES KIB(4)

#define PHANDLE_APIC 1u /* of the first IOAPIC */

/* The second cell of a specifier, as in the binding intel,ce4100-ioapic. */
#define SENSE_EDGE_HIGH  0u
#define SENSE_LEVEL_LOW  1u
#define SENSE_LEVEL_HIGH 2u
#define SENSE_EDGE_LOW   3u

void facts_add_memory(struct host_facts *facts, u64 base, u64 size)
{
	struct host_range *last =
		facts->num_memory != 0 ? &facts->memory[facts->num_memory - 1] : NULL;
	u64 end = base + size;

	if (end < base)
		end = ~UINT64_C(0);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	base = MIN(MAX(base, LOW_MEMORY), end);
	base = ALIGN_UP(base, PAGE_SIZE);
	if (base >= end)
		return;
	if (last != NULL && last->base + last->size == base) {
		last->size = end - last->base;
		return;
	}
	if (facts->num_memory == HOST_MAX_MEMORY) {
		facts->memory_cut = true;
		return;
	}
	facts->memory[facts->num_memory++] = (struct host_range){ base, end - base };
}

void facts_add_cpu(struct host_facts *facts, u32 apic_id)
{
	for (u32 i = 0; i < facts->num_cpus; i++)
		if (facts->apic_ids[i] == apic_id)
			return;
	if (facts->num_cpus == HOST_MAX_CPUS) {
		facts->cpus_cut = true;
		return;
	}
	facts->apic_ids[facts->num_cpus++] = apic_id;
}

void facts_add_ecam(struct host_facts *facts, u64 base, u32 segment, u32 first, u32 last)
{
	if (facts->num_ecams < FACTS_MAX_ECAMS && base != 0 && first <= last)
		facts->ecams[facts->num_ecams++] =
			(struct facts_ecam){ base, segment, first, last };
}

void facts_add_iommu(struct host_facts *facts, u64 base, bool amd)
{
	for (u32 i = 0; i < facts->num_iommus; i++)
		if (facts->iommus[i].base == base)
			return;
	if (facts->num_iommus < FACTS_MAX_IOMMUS && base != 0)
		facts->iommus[facts->num_iommus++] = (struct facts_iommu){ base, amd };
}

bool facts_has_memory(const struct host_facts *facts, u64 base, u64 end)
{
	for (u32 i = 0; i < facts->num_memory && base < end; i++) {
		const struct host_range *range = &facts->memory[i];

		if (range->base <= base && base - range->base < range->size)
			base = range->base + range->size;
	}
	return base >= end;
}

u32 facts_isa_irq(const struct host_facts *facts, u32 irq, bool *level, bool *low)
{
	*level = false;
	*low = false;
	for (u32 i = 0; i < facts->num_overrides; i++) {
		const struct facts_override *override = &facts->overrides[i];

		if (override->isa_irq != irq)
			continue;
		*level = override->level;
		*low = override->low;
		return override->gsi;
	}
	return irq;
}

static u32 sense(bool level, bool low)
{
	if (level)
		return low ? SENSE_LEVEL_LOW : SENSE_LEVEL_HIGH;
	return low ? SENSE_EDGE_LOW : SENSE_EDGE_HIGH;
}

static void tree_put_reg(struct fdt_writer *w, u64 base, u64 size)
{
	const u32 cells[] = { (u32)(base >> 32), (u32)base, (u32)(size >> 32), (u32)size };

	fdt_put_cells(w, "reg", cells, ARRAY_SIZE(cells));
}

static void tree_put_port(struct fdt_writer *w, u32 port, u32 count)
{
	tree_put_reg(w, (u64)PORT_HIGH << 32 | port, count);
}

static void tree_put_isa_irq(struct fdt_writer *w, const struct host_facts *facts, u32 irq)
{
	bool level, low;
	u32 gsi = facts_isa_irq(facts, irq, &level, &low);
	const u32 cells[] = { gsi, sense(level, low) };

	fdt_put_cells(w, "interrupts", cells, ARRAY_SIZE(cells));
}

static void tree_put_cpus(struct fdt_writer *w, const struct host_facts *facts)
{
	fdt_begin(w, "cpus");
	fdt_put_u32(w, "#address-cells", 1);
	fdt_put_u32(w, "#size-cells", 0);
	for (u32 i = 0; i < facts->num_cpus; i++) {
		fdt_begin_at(w, "cpu", facts->apic_ids[i]);
		fdt_put_string(w, "device_type", "cpu");
		fdt_put_u32(w, "reg", facts->apic_ids[i]);
		fdt_end(w);
	}
	fdt_end(w);
}

static void tree_put_memory(struct fdt_writer *w, const struct host_facts *facts)
{
	for (u32 i = 0; i < facts->num_memory; i++) {
		fdt_begin_at(w, "memory", facts->memory[i].base);
		fdt_put_string(w, "device_type", "memory");
		tree_put_reg(w, facts->memory[i].base, facts->memory[i].size);
		fdt_end(w);
	}
}

static void tree_put_apics(struct fdt_writer *w, const struct host_facts *facts)
{
	for (u32 i = 0; i < facts->num_ioapics; i++) {
		fdt_begin_at(w, "interrupt-controller", facts->ioapics[i].base);
		fdt_put_string(w, "compatible", "intel,ce4100-ioapic");
		tree_put_reg(w, facts->ioapics[i].base, IOAPIC_BYTES);
		fdt_put_u32(w, "mullion,gsi-base", facts->ioapics[i].gsi_base);
		fdt_put_empty(w, "interrupt-controller");
		fdt_put_u32(w, "#interrupt-cells", 2);
		fdt_put_u32(w, "phandle", PHANDLE_APIC + i);
		fdt_end(w);
	}
	if (facts->lapic == 0)
		return;
	fdt_begin_at(w, "lapic", facts->lapic);
	fdt_put_string(w, "compatible", "intel,ce4100-lapic");
	tree_put_reg(w, facts->lapic, LAPIC_BYTES);
	fdt_end(w);
}

/* The tree's ranges of PCI windows are unknown: they stand in AML. */
static void tree_put_pci(struct fdt_writer *w, const struct host_facts *facts)
{
	for (u32 i = 0; i < facts->num_ecams; i++) {
		const struct facts_ecam *ecam = &facts->ecams[i];
		const u32 buses[] = { ecam->first_bus, ecam->last_bus };

		fdt_begin_at(w, "pci", ecam->base + ((u64)ecam->first_bus << ECAM_BUS_SHIFT));
		fdt_put_string(w, "compatible", "pci-host-ecam-generic");
		tree_put_reg(w, ecam->base + ((u64)ecam->first_bus << ECAM_BUS_SHIFT),
			     (u64)(ecam->last_bus - ecam->first_bus + 1) << ECAM_BUS_SHIFT);
		fdt_put_u32(w, "linux,pci-domain", ecam->segment);
		fdt_put_cells(w, "bus-range", buses, ARRAY_SIZE(buses));
		fdt_end(w);
	}
	for (u32 i = 0; i < facts->num_iommus; i++) {
		const struct facts_iommu *iommu = &facts->iommus[i];

		fdt_begin_at(w, "iommu", iommu->base);
		fdt_put_string(w, "compatible", iommu->amd ? "amd,iommu" : "intel,vt-d");
		tree_put_reg(w, iommu->base, iommu->amd ? AMD_IOMMU_BYTES : INTEL_IOMMU_BYTES);
		fdt_end(w);
	}
}

static void tree_put_clock(struct fdt_writer *w, const struct host_facts *facts)
{
	fdt_begin(w, "clock");
	fdt_put_string(w, "compatible", "mullion,x86-clock");
	fdt_put_u64(w, "tsc-frequency", facts->tsc_hz);
	if (facts->pm_timer != 0)
		fdt_put_u32(w, "mullion,pm-timer-port", facts->pm_timer);
	if (facts->hpet != 0)
		fdt_put_u64(w, "mullion,hpet", facts->hpet);
	fdt_end(w);
}

static void tree_put_devices(struct fdt_writer *w, const struct host_facts *facts)
{
	const struct host_register *uart = &facts->uart;

	if (uart->space != REGISTER_NONE) {
		fdt_begin(w, "serial");
		fdt_put_string(w, "compatible", "ns16550a");
		if (uart->space == REGISTER_PORT)
			tree_put_port(w, (u32)uart->address, UART_BYTES);
		else
			tree_put_reg(w, uart->address, UART_BYTES);
		if (facts->uart_gsi < ISA_IRQS)
			tree_put_isa_irq(w, facts, facts->uart_gsi);
		fdt_end(w);
	}
	fdt_begin(w, "rtc");
	fdt_put_string(w, "compatible", "motorola,mc146818");
	tree_put_port(w, 0x70, 2);
	tree_put_isa_irq(w, facts, ISA_RTC);
	fdt_end(w);
}

static void tree_put_chosen(struct fdt_writer *w, const struct host_facts *facts)
{
	fdt_begin(w, "chosen");
	if (facts->command_line[0] != '\0')
		fdt_put_string(w, "bootargs", facts->command_line);
	if (facts->uart.space != REGISTER_NONE)
		fdt_put_string(w, "stdout-path", "/serial");
	if (facts->initrd_end > facts->initrd_start) {
		fdt_put_u64(w, "linux,initrd-start", facts->initrd_start);
		fdt_put_u64(w, "linux,initrd-end", facts->initrd_end);
	}
	fdt_end(w);
}

enum err host_tree_write(const struct host_facts *facts, void *buf, size_t size, u32 *total)
{
	static struct fdt_writer writer;
	struct fdt_writer *w = &writer;

	fdt_writer_init(w, buf, size);
	fdt_begin(w, "");
	fdt_put_string(w, "compatible", "mullion,x86-64");
	fdt_put_u32(w, "#address-cells", 2);
	fdt_put_u32(w, "#size-cells", 2);
	fdt_put_u32(w, "interrupt-parent", PHANDLE_APIC);
	tree_put_chosen(w, facts);
	tree_put_cpus(w, facts);
	tree_put_memory(w, facts);
	tree_put_apics(w, facts);
	tree_put_pci(w, facts);
	tree_put_clock(w, facts);
	tree_put_devices(w, facts);
	fdt_end(w);
	return fdt_writer_finish(w, total);
}
