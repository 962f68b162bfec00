/* SPDX-License-Identifier: Apache-2.0 */
/* Point 26: the state at a guest's first instruction. (Linux Documentation/arm64/booting.rst.) */
#include "contract.h"

#define TEXT_OFFSET 0x80000 /* as in tests/guests/objects.mk */
#define SCTLR_MCI   0x1005

static bool overlap(u64 a, u64 a_end, u64 b, u64 b_end)
{
	return a < b_end && b < a_end;
}

static void x0_tree(void)
{
	CHECK_NE(machine.tree, 0);
	CHECK_EQ(machine.tree & 7, 0);
	CHECK_EQ(__builtin_bswap32(read32(machine.tree)), FDT_MAGIC);
}

static void x1_to_x3(void)
{
	CHECK_EQ(boot_record.x[1], 0);
	CHECK_EQ(boot_record.x[2], 0);
	CHECK_EQ(boot_record.x[3], 0);
}

static void el1(void)
{
	CHECK_EQ(boot_record.el, 1 << 2);
	CHECK_EQ(boot_record.spsel, 1);
}

static void masked(void)
{
	CHECK_EQ(boot_record.daif, 0x3c0);
}

static void mmu_and_caches_off(void)
{
	CHECK_EQ(boot_record.sctlr & SCTLR_MCI, 0);
	CHECK_EQ(boot_record.sctlr >> 25 & 1, 0); /* little-endian */
}

static void timers_off(void)
{
	CHECK_EQ(boot_record.cntv_ctl & TIMER_ENABLE, 0);
	CHECK_EQ(boot_record.cntp_ctl & TIMER_ENABLE, 0);
}

static void image_place(void)
{
	CHECK_EQ(machine.image % MIB(2), TEXT_OFFSET);
	CHECK(machine.image >= machine.ram);
	CHECK(machine.image_end <= machine.ram + machine.ram_size);
}

static void tree_place(void)
{
	u64 end = machine.tree + machine.tree_size;

	CHECK(machine.tree_size <= MIB(2));
	CHECK(machine.tree >= machine.ram && end <= machine.ram + machine.ram_size);
	CHECK(!overlap(machine.tree, end, machine.image, machine.image_end));
	/* It may be mapped with one block of 2 MiB. */
	CHECK_EQ(machine.tree / MIB(2), (end - 1) / MIB(2));
}

static void initrd(void)
{
	fdt_node_t chosen = fdt_find(&machine.fdt, "/chosen");
	u64 start = 0, end = 0;

	CHECK_EQ(fdt_get_u64(&machine.fdt, chosen, "linux,initrd-start", &start), OK);
	CHECK_EQ(fdt_get_u64(&machine.fdt, chosen, "linux,initrd-end", &end), OK);
	CHECK(start >= machine.ram && end <= machine.ram + machine.ram_size && start < end);
	CHECK(!overlap(start, end, machine.image, machine.image_end));
	CHECK(!overlap(start, end, machine.tree, machine.tree + machine.tree_size));
	/* The suite's file: 4099 bytes, each the low byte of its place times 7. */
	CHECK_EQ(end - start, 4099);
	for (u64 i = 0; i < end - start; i++)
		CHECK_EQ(read8(start + i), (u8)(i * 7));
}

static void bootargs(void)
{
	char value[16];

	CHECK(str_equal(boot_arg("point", value, sizeof(value)), "26"));
}

static void image_pristine(void)
{
	static u32 canary __section(".data") = 0x600dda7a;

	CHECK_EQ(canary, 0x600dda7a);
}

static const struct test tests[] = {
	{ "26.x0-is-the-tree", x0_tree, 0 },
	{ "26.x1-to-x3-zero", x1_to_x3, 0 },
	{ "26.el1", el1, 0 },
	{ "26.interrupts-masked", masked, 0 },
	{ "26.mmu-and-caches-off", mmu_and_caches_off, 0 },
	{ "26.timers-off", timers_off, NEEDS_MULLION },
	{ "26.image-place", image_place, 0 },
	{ "26.image-data", image_pristine, 0 },
	{ "26.tree-place", tree_place, 0 },
	{ "26.initrd", initrd, NEEDS_INITRD },
	{ "26.bootargs", bootargs, 0 },
};

RUN_TESTS(boot_run, tests)
