/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/host_tree.c: the written tree yields the facts of the PC. */
#include "support/test.h"

#include <mullion/fdt.h>
#include <mullion/host.h>

#include "arch/x86_64/pure/host_tree.h"

static u8 blob[HOST_TREE_BYTES] __aligned(8);

static void read_back(const struct host_facts *facts, struct host *host)
{
	static struct fdt fdt;
	u32 bytes;

	assert_int_equal(host_tree_write(facts, blob, sizeof(blob), &bytes), OK);
	assert_int_equal(fdt_open(&fdt, blob, bytes), OK);
	assert_int_equal(host_read(&fdt, host), OK);
}

static void a_pc(void **state)
{
	struct host_facts facts = {
		.lapic = 0xfee00000,
		.num_ioapics = 2,
		.ioapics = { { 0xfec00000, 0 }, { 0xfec10000, 24 } },
		.pm_timer = 0x608,
		.hpet = 0xfed00000,
		.uart = { REGISTER_PORT, 0x3f8 },
		.uart_gsi = 4,
		.tsc_hz = UINT64_C(3000000000),
		.initrd_start = 0x4000000,
		.initrd_end = 0x4100000,
		.command_line = "quiet",
	};
	struct host host;

	(void)state;
	facts_add_cpu(&facts, 0);
	facts_add_cpu(&facts, 0x101);
	facts_add_memory(&facts, 0x100000, 0x7fe0000 - 0x100000);
	facts_add_memory(&facts, UINT64_C(0x100000000), GIB(2));
	facts_add_ecam(&facts, 0xb0000000, 0, 0, 0xff);
	facts_add_iommu(&facts, 0xfed90000, false);
	facts_add_iommu(&facts, 0xfed90000, true);
	read_back(&facts, &host);
	assert_int_equal(host.num_kept, 6); /* LAPIC, two IOAPICs, two PICs, one IOMMU */
	assert_true(facts_has_memory(&facts, 0x100000, 0x7fe0000));
	assert_false(facts_has_memory(&facts, 0x100000, 0x7fe0001));
	assert_string_equal(host.compatible, "mullion,x86-64");
	assert_int_equal(host.num_cpus, 2);
	assert_int_equal(host.cpus[1].identity, 0x101);
	assert_true(host.cpus[0].usable);
	assert_int_equal(host.num_memory, 2);
	assert_int_equal(host.memory[1].base, UINT64_C(0x100000000));
	assert_int_equal(host.memory[1].size, GIB(2));
	assert_int_equal(host.uart, HOST_UART_KNOWN);
	assert_int_equal(host.uart_regs.base, UINT64_C(0x80000000000003f8));
	assert_int_equal(host.initrd_start, 0x4000000);
	assert_int_equal(host.initrd_end, 0x4100000);
	assert_string_equal(host.bootargs, "quiet");
	assert_int_equal(host.arch.x86.lapic.base, 0xfee00000);
	assert_int_equal(host.arch.x86.num_ioapics, 2);
	assert_int_equal(host.arch.x86.ioapics[1].gsi_base, 24);
	assert_int_equal(host.arch.x86.tsc_hz, UINT64_C(3000000000));
	assert_int_equal(host.arch.x86.pm_timer_port, 0x608);
}

static void the_largest_machine_fits(void **state)
{
	static struct host_facts facts;
	static struct host host;

	(void)state;
	for (u32 i = 0; i < HOST_MAX_CPUS + 1; i++)
		facts_add_cpu(&facts, i * 1000);
	for (u32 i = 0; i < HOST_MAX_MEMORY + 1; i++)
		facts_add_memory(&facts, GIB(1) * (1 + (u64)i), MIB(1));
	facts.num_ioapics = X86_MAX_IOAPICS;
	for (u32 i = 0; i < X86_MAX_IOAPICS; i++)
		facts.ioapics[i] = (struct facts_ioapic){ 0xfec00000u + i * 0x1000, 24 * i };
	memset(facts.command_line, 'x', sizeof(facts.command_line) - 1);
	assert_true(facts.cpus_cut && facts.memory_cut);
	read_back(&facts, &host);
	assert_int_equal(host.num_cpus, HOST_MAX_CPUS);
	assert_int_equal(host.num_memory, HOST_MAX_MEMORY);
}

static void memory_is_whole_pages_above_1_mib(void **state)
{
	struct host_facts facts = { 0 };

	(void)state;
	facts_add_memory(&facts, 0, 0x9fc00);
	facts_add_memory(&facts, 0x200800, 0x1000);
	facts_add_memory(&facts, 0x300000, 0);
	assert_int_equal(facts.num_memory, 0);
	facts_add_memory(&facts, 0x9f000, 0x100000);
	assert_int_equal(facts.memory[0].base, 0x100000);
	assert_int_equal(facts.memory[0].size, 0x9f000);
	facts_add_memory(&facts, UINT64_MAX - 0x2800, 0x5000); /* wraps */
	assert_int_equal(facts.num_memory, 2);
	assert_true(facts.memory[1].base + facts.memory[1].size > facts.memory[1].base);
	facts_add_memory(&facts, UINT64_MAX - 0x200, 0x100); /* no page */
	assert_int_equal(facts.num_memory, 2);
}

static void a_cpu_counts_once(void **state)
{
	struct host_facts facts = { 0 };

	(void)state;
	facts_add_cpu(&facts, 7);
	facts_add_cpu(&facts, 7);
	assert_int_equal(facts.num_cpus, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pc),
		cmocka_unit_test(the_largest_machine_fits),
		cmocka_unit_test(memory_is_whole_pages_above_1_mib),
		cmocka_unit_test(a_cpu_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
