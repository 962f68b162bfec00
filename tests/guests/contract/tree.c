/* SPDX-License-Identifier: Apache-2.0 */
/* Point 27: nodes of the guest's tree on which Linux and others rely. */
#include "contract.h"

#define T (&machine.fdt)

static fdt_node_t need(const char *path)
{
	fdt_node_t node = fdt_find(T, path);

	if (node == FDT_NONE)
		test_fail(path, 0, 1);
	return node;
}

static fdt_node_t need_compatible(const char *compatible)
{
	fdt_node_t node = fdt_find_compatible(T, FDT_NONE, compatible);

	if (node == FDT_NONE)
		test_fail(compatible, 0, 1);
	return node;
}

static void check_string(fdt_node_t node, const char *name, const char *expected)
{
	const char *value = "";

	CHECK_EQ(fdt_get_str(T, node, name, &value), OK);
	if (!str_equal(value, expected))
		test_fail(name, 0, 1);
}

static u32 cell(fdt_node_t node, const char *name, u32 index)
{
	u32 value = 0;

	CHECK_EQ(fdt_get_cell(T, node, name, index, &value), OK);
	return value;
}

static void root(void)
{
	fdt_node_t node = fdt_root(T);

	CHECK(fdt_has(T, node, "compatible"));
	CHECK(cell(node, "#address-cells", 0) >= 1);
	CHECK(cell(node, "#size-cells", 0) >= 1);
}

static void interrupt_parent(void)
{
	fdt_node_t controller = fdt_find_phandle(T, cell(fdt_root(T), "interrupt-parent", 0));

	CHECK(controller != FDT_NONE);
	CHECK(fdt_has(T, controller, "interrupt-controller"));
}

static void psci_node(void)
{
	fdt_node_t node = need_compatible("arm,psci-1.0");

	CHECK(fdt_is_compatible(T, node, "arm,psci-0.2"));
	check_string(node, "method", "hvc");
}

static void timer_node(void)
{
	fdt_node_t node = need_compatible("arm,armv8-timer");
	static const u32 ppis[] = { 13, 14, 11, 10 };

	for (u32 i = 0; i < ARRAY_SIZE(ppis); i++) {
		CHECK_EQ(cell(node, "interrupts", 3 * i), 1);
		CHECK_EQ(cell(node, "interrupts", 3 * i + 1), ppis[i]);
		CHECK((cell(node, "interrupts", 3 * i + 2) & 0xf) == 4 ||
		      (cell(node, "interrupts", 3 * i + 2) & 0xf) == 8);
	}
}

static void timer_no_erratum(void)
{
	CHECK(!fdt_has(T, need_compatible("arm,armv8-timer"), "clock-frequency"));
}

static void controller_node(void)
{
	fdt_node_t node = need_compatible(gic.version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
	u64 address, size;

	if (gic.version == 2 && machine.mullion)
		CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "arm,gic-400"), node);
	CHECK(fdt_has(T, node, "interrupt-controller"));
	CHECK_EQ(cell(node, "#interrupt-cells", 0), 3);
	CHECK_EQ(fdt_reg(T, node, 0, &address, &size), OK);
	CHECK(size >= (gic.version == 3 ? 0x10000 : 0x1000));
	CHECK_EQ(fdt_reg(T, node, 1, &address, &size), OK);
	CHECK(size >= (gic.version == 3 ? machine.num_cpus * 0x20000 : 0x2000));
}

static void cpu_nodes(void)
{
	fdt_node_t cpus = need("/cpus");
	u32 count = 0;

	CHECK(cell(cpus, "#address-cells", 0) >= 1);
	CHECK_EQ(cell(cpus, "#size-cells", 0), 0);
	fdt_for_each_child (T, cpus, cpu) {
		if (!fdt_has(T, cpu, "device_type"))
			continue;
		check_string(cpu, "device_type", "cpu");
		CHECK(fdt_has(T, cpu, "compatible"));
		CHECK(fdt_has(T, cpu, "reg"));
		if (machine.num_cpus > 1)
			check_string(cpu, "enable-method", "psci");
		count++;
	}
	CHECK(count >= 1);
}

static void cpu_addresses(void)
{
	for (u32 i = 0; i < machine.num_cpus; i++)
		for (u32 k = 0; k < i; k++)
			CHECK_NE(machine.arch.mpidr[i], machine.arch.mpidr[k]);
	CHECK_EQ(machine.arch.mpidr[0], sysreg_read(MPIDR_EL1) & 0xff00ffffff);
}

static void memory_node(void)
{
	CHECK_NE(machine.ram_size, 0);
	CHECK_EQ(machine.ram % PAGE_SIZE, 0);
	CHECK_EQ(machine.ram_size % PAGE_SIZE, 0);
}

static void console(void)
{
	const char *path = "";

	CHECK_EQ(fdt_get_str(T, need("/chosen"), "stdout-path", &path), OK);
	CHECK_NE(machine.uart, 0);
	CHECK(machine.uart_irq >= 32);
}

/* PrimeCell drivers want the peripheral's id and its clock. */
static void console_clock(void)
{
	fdt_node_t node = need_compatible("arm,pl011");
	fdt_node_t clock;

	CHECK(fdt_is_compatible(T, node, "arm,primecell"));
	clock = fdt_find_phandle(T, cell(node, "clocks", 0));
	CHECK(clock != FDT_NONE);
	CHECK(fdt_is_compatible(T, clock, "fixed-clock"));
	CHECK_EQ(read32(machine.uart + 0xfe0) & 0xff, 0x11);
}

static void chosen_bootargs(void)
{
	const char *text = "";

	CHECK_EQ(fdt_get_str(T, need("/chosen"), "bootargs", &text), OK);
	CHECK_NE(strlen(text), 0);
}

/* Nothing of the machine or of the hypervisor shows. */
static void nothing_else(void)
{
	CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "mullion,system"), FDT_NONE);
	CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "qemu,fw-cfg-mmio"), FDT_NONE);
	CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "virtio,mmio"), FDT_NONE);
	CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "pci-host-ecam-generic"), FDT_NONE);
	CHECK_EQ(fdt_find_compatible(T, FDT_NONE, "arm,gic-v3-its"), FDT_NONE);
}

static const struct test tests[] = {
	{ "27.root", root, 0 },
	{ "27.interrupt-parent", interrupt_parent, 0 },
	{ "27.psci", psci_node, 0 },
	{ "27.timer", timer_node, 0 },
	{ "27.timer-frequency", timer_no_erratum, 0 },
	{ "27.interrupt-controller", controller_node, 0 },
	{ "27.cpus", cpu_nodes, 0 },
	{ "27.cpu-addresses", cpu_addresses, 0 },
	{ "27.memory", memory_node, 0 },
	{ "27.console", console, NEEDS_UART },
	{ "27.console-clock", console_clock, NEEDS_UART },
	{ "27.bootargs", chosen_bootargs, 0 },
	{ "27.nothing-else", nothing_else, NEEDS_MULLION },
};

RUN_TESTS(tree_run, tests)
