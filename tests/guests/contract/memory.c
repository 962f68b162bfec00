/* SPDX-License-Identifier: Apache-2.0 */
/* Points 18 and 19: caches; loads and stores of every form to RAM, devices, nothing. */
#include "contract.h"

#define NOWHERE        0x2000000000ull /* nothing is there; mapped by map_nowhere() */
#define NOWHERE_DEVICE 0x2040000000ull
#define PRIORITY       0x400
#define FIRST          40
#define DFSC_EXTERNAL  0x10
#define ISS_WNR        BIT(6)
#define SCTLR_A        BIT(1)

static u8 data[256] __aligned(64);

/* --- 18 --------------------------------------------------------------------------------------- */

/* Every line of every data cache, by one of the three set/way operations. */
static void set_way(u32 operation)
{
	u64 clidr = sysreg_read(CLIDR_EL1);

	for (u64 level = 0; level < 7 && FIELD(clidr, 3 * level + 2, 3 * level) >= 2; level++) {
		u64 ccsidr, ways, sets;
		u32 line, way_shift;

		sysreg_write(CSSELR_EL1, level << 1);
		isb();
		ccsidr = sysreg_read(CCSIDR_EL1);
		line = (u32)(ccsidr & 7) + 4;
		ways = FIELD(ccsidr, 12, 3);
		sets = MIN(FIELD(ccsidr, 27, 13), 64ull);
		way_shift = ways == 0 ? 0 : (u32)__builtin_clz((u32)ways);
		for (u64 way = 0; way <= ways; way++)
			for (u64 set = 0; set <= sets; set++) {
				u64 value = way << way_shift | set << line | level << 1;

				if (operation == 0)
					__asm__ volatile("dc csw, %0" ::"r"(value) : "memory");
				else
					__asm__ volatile("dc cisw, %0" ::"r"(value) : "memory");
			}
	}
	dsb();
}

static void check_set_way(u32 operation)
{
	struct trap trap;

	memset(data, 0x5a, sizeof(data));
	trap_begin();
	set_way(operation);
	trap = trap_end();
	CHECK_EQ(trap.count, 0);
	for (u32 i = 0; i < sizeof(data); i++)
		CHECK_EQ(data[i], 0x5a);
}

static void clean_set_way(void)
{
	check_set_way(0);
}

static void clean_invalidate_set_way(void)
{
	check_set_way(1);
}

/* Trapped, and cheap after the first: a whole pass must end in a bounded time. */
static void set_way_cheap(void)
{
	u64 before = time_now();

	set_way(1);
	CHECK(time_now() - before < time_ticks(2000000));
}

static void by_address(void)
{
	memset(data, 0xa5, sizeof(data));
	trap_begin();
	for (u64 at = (u64)data; at < (u64)data + sizeof(data); at += 64) {
		__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
		__asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
		__asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
	}
	__asm__ volatile("dsb sy\n\tic iallu\n\tic ialluis\n\tdsb sy\n\tisb" ::: "memory");
	CHECK_EQ(trap_end().count, 0);
	for (u32 i = 0; i < sizeof(data); i++)
		CHECK_EQ(data[i], 0xa5);
}

/* Writes with caches off are visible with caches on, and the other way round. */
static void coherent_with_caches_off(void)
{
	static volatile u32 word __aligned(64);

	word = 1;
	__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(&word) : "memory");
	mmu_off();
	CHECK_EQ(word, 1);
	word = 2;
	dsb();
	mmu_on();
	CHECK_EQ(word, 2);
}

/* --- 19: forms without a syndrome ------------------------------------------------------------- */

static u64 run(u32 instruction, u64 x0, u64 x1, u64 address)
{
	u64 regs[3] = { x0, x1, address };
	struct trap trap = execute(instruction, regs);

	CHECK_EQ(trap.count, 0);
	return regs[0];
}

static void ram_forms(void)
{
	u64 regs[3] = { 0, 0, (u64)data };

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)i;
	CHECK_EQ(execute(insn_ldp_x, regs).count, 0);
	CHECK_EQ(regs[0], 0x0706050403020100);
	CHECK_EQ(regs[1], 0x0f0e0d0c0b0a0908);
	regs[2] = (u64)data;
	CHECK_EQ(execute(insn_ldr_post, regs).count, 0);
	CHECK_EQ(regs[0], 0x03020100);
	CHECK_EQ(regs[2], (u64)data + 4);
	CHECK_EQ(execute(insn_ldr_pre, regs).count, 0);
	CHECK_EQ(regs[0], 0x0f0e0d0c);
	CHECK_EQ(run(insn_ldxr, 0, 0, (u64)data), 0x03020100);
	CHECK_EQ(run(insn_ldar, 0, 0, (u64)data), 0x03020100);
	(void)run(insn_ldr_q, 0, 0, (u64)data);
	(void)run(insn_dc_zva, 0, 0, (u64)data);
	CHECK_EQ(data[0], 0);
}

/* The controller's registers by all plain loads: width, sign and register size. */
static void device_widths(void)
{
	u64 at = gic.gicd + PRIORITY + FIRST;

	write32(at, 0xf8e0d0c0);
	CHECK_EQ(run(insn_ldrb, ~0ull, 0, at), 0xc0);
	CHECK_EQ(run(insn_ldr_w, ~0ull, 0, at), 0xf8e0d0c0);
	CHECK_EQ(run(insn_ldrsb_w, ~0ull, 0, at), 0xffffffc0);
	CHECK_EQ(run(insn_ldrsb_x, 0, 0, at), 0xffffffffffffffc0);
	CHECK_EQ(run(insn_ldrsb_w, 0, 0, at + 3), 0xfffffff8);
	CHECK_EQ(run(insn_ldrsw, 0, 0, at), 0xfffffffff8e0d0c0);
}

static void device_zero_register(void)
{
	u64 at = gic.gicd + PRIORITY + FIRST;

	write32(at, 0x40404040);
	CHECK_EQ(run(insn_ldr_wzr, 0x1234, 0, at), 0x1234);
	(void)run(insn_str_wzr, 0x5678, 0, at);
	CHECK_EQ(read32(at), 0);
}

static void device_all_registers(void)
{
	u64 regs[31];

	for (u32 i = 0; i < 31; i++)
		regs[i] = 0x1111111111111111ull ^ i;
	regs[1] = gic.gicd + 4;
	all_regs_load(regs);
	CHECK_EQ(regs[0], read32(gic.gicd + 4));
	CHECK_EQ(regs[1], gic.gicd + 4);
	for (u32 i = 2; i < 31; i++)
		CHECK_EQ(regs[i], 0x1111111111111111ull ^ i);
}

/* Without ISV: done right, or an external abort that names the address. Nothing in between. */
static bool device_form(u32 instruction, u64 regs[3])
{
	u64 address = regs[2];
	struct trap trap = execute(instruction, regs);

	if (trap.count == 0)
		return true;
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, DFSC_EXTERNAL);
	CHECK_EQ(trap.far, address);
	return false;
}

static void device_pair(void)
{
	u64 at = gic.gicd + PRIORITY + FIRST, regs[3] = { 0, 0, at };

	write32(at, 0x08101820);
	write32(at + 4, 0x28303840);
	if (device_form(insn_ldp_w, regs)) {
		CHECK_EQ(regs[0], 0x08101820);
		CHECK_EQ(regs[1], 0x28303840);
	}
}

static void device_post_index(void)
{
	u64 at = gic.gicd + PRIORITY + FIRST, regs[3] = { 0, 0, at };

	write32(at, 0x08101820);
	if (device_form(insn_ldr_post, regs)) {
		CHECK_EQ(regs[0], 0x08101820);
		CHECK_EQ(regs[2], at + 4);
	} else {
		CHECK_EQ(regs[2], at);
	}
	regs[0] = 0x40484850;
	regs[2] = at;
	if (device_form(insn_str_post, regs)) {
		CHECK_EQ(read32(at), 0x40484850);
		CHECK_EQ(regs[2], at + 4);
	}
	regs[2] = at;
	if (device_form(insn_ldrb_post, regs))
		CHECK_EQ(regs[2], at + 1);
}

static void device_odd_forms(void)
{
	static const u32 *const forms[] = { &insn_ldxr, &insn_ldr_q, &insn_stp_x, &insn_ldp_x };

	for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
		u64 regs[3] = { 0, 0, gic.gicd + PRIORITY + FIRST };

		(void)device_form(*forms[i], regs);
	}
}

/* --- 19: nothing there ------------------------------------------------------------------------ */

static void map_nowhere(void)
{
	mmu_set_gib(NOWHERE >> 30, NOWHERE | MMU_BLOCK | MMU_NORMAL);
}

static void check_abort(u32 instruction, u64 address, bool write)
{
	u64 regs[3] = { 0x1111, 0x2222, address };
	struct trap trap;

	map_nowhere();
	trap = execute(instruction, regs);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(trap.vector, 4);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, DFSC_EXTERNAL);
	CHECK_EQ((trap.esr & ISS_WNR) != 0, write);
	CHECK_EQ(trap.esr >> 25 & 1, 1);
	CHECK_EQ(trap.far, address);
	CHECK_EQ(regs[2], address);
	CHECK_EQ(regs[0], 0x1111);
}

static void unmapped_read(void)
{
	check_abort(insn_ldr_w, NOWHERE, false);
	check_abort(insn_ldrb, NOWHERE + 0x12345, false);
	check_abort(insn_ldr_x, NOWHERE + 0x3ffffff8, false);
}

static void unmapped_write(void)
{
	check_abort(insn_str_x, NOWHERE + 0x100, true);
	check_abort(insn_str_wzr, NOWHERE + 0x104, true);
}

static void unmapped_device(void)
{
	check_abort(insn_ldr_w, NOWHERE_DEVICE + 8, false);
	check_abort(insn_str_x, NOWHERE_DEVICE + 8, true);
}

static void unmapped_pair(void)
{
	check_abort(insn_ldp_x, NOWHERE + 0x200, false);
	check_abort(insn_stp_x, NOWHERE + 0x210, true);
}

static void unmapped_write_back(void)
{
	check_abort(insn_ldr_post, NOWHERE + 0x300, false);
	check_abort(insn_str_post, NOWHERE + 0x300, true);
}

static void unmapped_exclusive(void)
{
	check_abort(insn_ldxr, NOWHERE + 0x400, false);
}

static void unmapped_vector(void)
{
	check_abort(insn_ldr_q, NOWHERE + 0x500, false);
}

static void unmapped_below(void)
{
	u64 regs[3] = { 0, 0, machine.ram - 8 };
	struct trap trap = execute(insn_ldr_x, regs);

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
}

static void unmapped_fetch(void)
{
	struct trap trap;

	map_nowhere();
	trap_begin();
	call_at(NOWHERE + 0x1000);
	trap = trap_end();
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_IABT);
	CHECK_EQ(trap.esr & 0x3f, DFSC_EXTERNAL);
	CHECK_EQ(trap.far, NOWHERE + 0x1000);
	CHECK_EQ(trap.elr, NOWHERE + 0x1000);
}

static void abort_flags(void)
{
	u64 flags = 0;
	struct trap trap;

	map_nowhere();
	trap_begin();
	__asm__ volatile("msr NZCV, %2\n\tldr x9, [%1]\n\tmrs %0, NZCV"
			 : "=&r"(flags)
			 : "r"(NOWHERE), "r"(0xaull << 28)
			 : "x9", "cc", "memory");
	trap = trap_end();
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(flags, 0xaull << 28);
	CHECK_EQ(trap.spsr >> 28, 0xa);
	CHECK_EQ(trap.spsr & 0xf, 5);
}

/* Stage 1's own fault comes first: no abort of the hypervisor instead of an alignment fault. (Some
 * emulators let misaligned accesses to device memory pass unless SCTLR_EL1.A asks.) */
static void unaligned_device(void)
{
	u64 regs[3] = { 0, 0, gic.gicd + 2 }, sctlr = sysreg_read(SCTLR_EL1);
	struct trap trap;

	sysreg_write(SCTLR_EL1, sctlr | SCTLR_A);
	isb();
	trap = execute(insn_ldr_w, regs);
	sysreg_write(SCTLR_EL1, sctlr);
	isb();
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, 0x21);
}

static const struct test tests[] = {
	{ "18.clean-set-way", clean_set_way, 0 },
	{ "18.clean-invalidate-set-way", clean_invalidate_set_way, 0 },
	{ "18.set-way-cheap", set_way_cheap, 0 },
	{ "18.by-address", by_address, 0 },
	{ "18.caches-off-and-on", coherent_with_caches_off, 0 },
	{ "19.ram-all-forms", ram_forms, 0 },
	{ "19.device-width-and-sign", device_widths, 0 },
	{ "19.device-zero-register", device_zero_register, 0 },
	{ "19.device-keeps-registers", device_all_registers, 0 },
	{ "19.device-pair", device_pair, 0 },
	{ "19.device-write-back", device_post_index, 0 },
	{ "19.device-odd-forms", device_odd_forms, 0 },
	{ "19.unmapped-read", unmapped_read, 0 },
	{ "19.unmapped-write", unmapped_write, 0 },
	{ "19.unmapped-device", unmapped_device, 0 },
	{ "19.unmapped-pair", unmapped_pair, 0 },
	{ "19.unmapped-write-back", unmapped_write_back, 0 },
	{ "19.unmapped-exclusive", unmapped_exclusive, 0 },
	{ "19.unmapped-vector", unmapped_vector, 0 },
	{ "19.unmapped-below-ram", unmapped_below, NEEDS_MULLION },
	{ "19.unmapped-fetch", unmapped_fetch, 0 },
	{ "19.abort-keeps-flags", abort_flags, 0 },
	{ "19.unaligned-device", unaligned_device, 0 },
};

RUN_TESTS(memory_run, tests)
