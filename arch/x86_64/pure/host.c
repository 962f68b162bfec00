/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x86-64 part of a machine's device tree, which the boot code writes from ACPI. Bindings are
 * Linux's intel,ce4100-ioapic and intel,ce4100-lapic, and of mullion,x86-clock: tsc-frequency (Hz),
 * mullion,pm-timer-port and mullion,hpet.
 */
#include "arch/x86_64/pure/platform.h"

#include <abi/component.h>

static const struct host_kept pics[] = {
	{ "8259 interrupt controller", { PORT_BASE + 0x20, 2 } },
	{ "second 8259 interrupt controller", { PORT_BASE + 0xa0, 2 } },
};

void x86_cpu_read(const struct fdt *fdt, fdt_node_t node, struct host_cpu *cpu)
{
	(void)fdt;
	(void)node;
	cpu->usable = true;
}

static enum err keep(struct host *host, const char *what, const struct host_range *regs)
{
	if (regs->size == 0)
		return OK;
	if (host->num_kept == HOST_MAX_KEPT)
		return ERR_TOO_BIG;
	host->kept[host->num_kept++] = (struct host_kept){ what, *regs };
	return OK;
}

static enum err read_ioapic(const struct fdt *fdt, fdt_node_t node, struct x86_host *x86)
{
	struct x86_ioapic *ioapic = &x86->ioapics[x86->num_ioapics];
	enum err err;

	if (x86->num_ioapics == X86_MAX_IOAPICS)
		return ERR_TOO_BIG;
	*ioapic = (struct x86_ioapic){ 0 };
	if (fdt_reg(fdt, node, 0, &ioapic->regs.base, &ioapic->regs.size) != OK)
		return ERR_FORMAT;
	err = fdt_get_u32(fdt, node, "mullion,gsi-base", &ioapic->gsi_base);
	if (err != OK && err != ERR_NOT_FOUND)
		return ERR_FORMAT;
	x86->num_ioapics++;
	return OK;
}

static enum err read_clock(const struct fdt *fdt, fdt_node_t node, struct x86_host *x86)
{
	if (fdt_get_u64(fdt, node, "tsc-frequency", &x86->tsc_hz) == ERR_FORMAT ||
	    fdt_get_u32(fdt, node, "mullion,pm-timer-port", &x86->pm_timer_port) == ERR_FORMAT ||
	    fdt_get_u64(fdt, node, "mullion,hpet", &x86->hpet) == ERR_FORMAT)
		return ERR_FORMAT;
	return OK;
}

static enum err read_node(const struct fdt *fdt, fdt_node_t node, struct host *host)
{
	struct x86_host *x86 = &host->arch.x86;

	if (fdt_is_compatible(fdt, node, "intel,ce4100-ioapic"))
		return read_ioapic(fdt, node, x86);
	if (fdt_is_compatible(fdt, node, "intel,vt-d") ||
	    fdt_is_compatible(fdt, node, "amd,iommu")) {
		struct host_range regs;

		if (fdt_reg(fdt, node, 0, &regs.base, &regs.size) != OK)
			return ERR_FORMAT;
		return keep(host, "IOMMU", &regs);
	}
	if (fdt_is_compatible(fdt, node, "mullion,x86-clock"))
		return read_clock(fdt, node, x86);
	/* A node without `reg` is a region of a description. */
	if (fdt_is_compatible(fdt, node, "motorola,mc146818") && fdt_has(fdt, node, "reg"))
		return fdt_reg(fdt, node, 0, &host->rtc.base, &host->rtc.size) == OK ? OK
										     : ERR_FORMAT;
	if (fdt_is_compatible(fdt, node, "intel,ce4100-lapic") && x86->lapic.size == 0)
		return fdt_reg(fdt, node, 0, &x86->lapic.base, &x86->lapic.size) == OK ? OK
										       : ERR_FORMAT;
	return OK;
}

enum err x86_host_read(const struct fdt *fdt, fdt_node_t uart, struct host *host)
{
	const struct x86_host *x86 = &host->arch.x86;
	enum err err = OK;
	u32 depth = 0;

	for (fdt_node_t node = fdt_root(fdt); node != FDT_NONE && err == OK;
	     node = fdt_next(fdt, node, &depth))
		if (fdt_is_enabled(fdt, node))
			err = read_node(fdt, node, host);
	if (host->uart == HOST_UART_UNKNOWN && fdt_is_compatible(fdt, uart, "ns16550a"))
		host->uart = HOST_UART_KNOWN;
	if (err == OK)
		err = keep(host, "local APIC", &x86->lapic);
	for (u32 i = 0; i < x86->num_ioapics && err == OK; i++)
		err = keep(host, "I/O APIC", &x86->ioapics[i].regs);
	for (u32 i = 0; i < ARRAY_SIZE(pics) && err == OK; i++)
		err = keep(host, pics[i].what, &pics[i].regs);
	return err;
}
