/* SPDX-License-Identifier: Apache-2.0 */
/* The start in C: the machine as the tree describes it, then the library's parts in order. */
#include "internal.h"

#include <abi/vendor.h>

struct boot_record boot_record __section(".data") = { .index = 0 };
u64 boot_registers[31] __section(".data") = { 0 };

/* A PPI or SPI of an `interrupts` property with three cells each. */
static u32 intid(fdt_node_t node, u32 index)
{
	u32 type, number;

	if (fdt_get_cell(&machine.fdt, node, "interrupts", index * 3, &type) != OK ||
	    fdt_get_cell(&machine.fdt, node, "interrupts", index * 3 + 1, &number) != OK)
		return 0;
	return number + (type == 0 ? 32 : 16);
}

static void find_cpus(void)
{
	fdt_node_t cpus = fdt_find(&machine.fdt, "/cpus");

	if (cpus == FDT_NONE)
		return;
	fdt_for_each_child (&machine.fdt, cpus, cpu) {
		const char *type;
		u64 mpidr;

		if (machine.num_cpus == GUEST_MAX_CPUS ||
		    fdt_get_str(&machine.fdt, cpu, "device_type", &type) != OK ||
		    !str_equal(type, "cpu") || fdt_get_u64(&machine.fdt, cpu, "reg", &mpidr) != OK)
			continue;
		machine.arch.mpidr[machine.num_cpus++] = mpidr;
	}
}

static void find_uart(void)
{
	fdt_node_t chosen = fdt_find(&machine.fdt, "/chosen");
	const char *path;
	char node_path[96];
	fdt_node_t node;
	u64 address, size;
	u32 flags;

	if (chosen == FDT_NONE || fdt_get_str(&machine.fdt, chosen, "stdout-path", &path) != OK)
		return;
	(void)str_copy(node_path, sizeof(node_path), path);
	if (strchr(node_path, ':') != NULL)
		*strchr(node_path, ':') = '\0';
	node = fdt_find(&machine.fdt, node_path);
	if (node == FDT_NONE || !fdt_is_compatible(&machine.fdt, node, "arm,pl011") ||
	    fdt_reg(&machine.fdt, node, 0, &address, &size) != OK)
		return;
	machine.uart = address;
	machine.uart_irq = intid(node, 0);
	machine.arch.uart_level =
		fdt_get_cell(&machine.fdt, node, "interrupts", 2, &flags) == OK && (flags & 4) != 0;
}

/* Returns true if Mullion's vendor calls answer. Without EL2 there is no HVC: the trap is caught.
 */
static bool find_mullion(void)
{
	u64 regs[8] = { VENDOR_CALL_UID };

	trap_begin();
	smccc_hvc(regs);
	return trap_end().count == 0 && (u32)regs[0] == VENDOR_UID_0 &&
	       (u32)regs[1] == VENDOR_UID_1 && (u32)regs[2] == VENDOR_UID_2 &&
	       (u32)regs[3] == VENDOR_UID_3;
}

static void find_timer(void)
{
	fdt_node_t timer = fdt_find_compatible(&machine.fdt, FDT_NONE, "arm,armv8-timer");

	if (timer == FDT_NONE)
		return;
	machine.arch.timer_phys = intid(timer, 1);
	machine.arch.timer_virt = intid(timer, 2);
}

static void read_machine(void)
{
	machine.image = (u64)_head;
	machine.image_end = (u64)_end;
	tree_read(boot_record.x[0]);
	if (machine.tree_size == 0)
		return;
	find_uart();
	find_cpus();
	find_timer();
}

__attribute__((weak)) void guest_before_gic(void)
{
}

void guest_start(void)
{
	sysreg_write(TPIDR_EL1, (u64)cpu_get(0));
	machine.mullion = find_mullion();
	read_machine();
	if (machine.ram_size == 0 || !gic_find()) {
		print("guest: no usable device tree at %p\n", (void *)machine.tree);
		power_off();
	}
	mmu_on();
	guest_before_gic();
	gic_init();
	gic_init_cpu();
	guest_main();
	power_off();
}

u64 time_ticks(u64 us)
{
	return sysreg_read(CNTFRQ_EL0) * us / 1000000;
}

s64 psci(u32 function, u64 a, u64 b, u64 c)
{
	u64 regs[8] = { function, a, b, c };

	smccc_hvc(regs);
	return (s32)regs[0];
}

void power_off(void)
{
	(void)psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}
