/* SPDX-License-Identifier: Apache-2.0 */
/* Points 20 to 22: faults of both stages, translation upkeep, and all of RAM. */
#include "contract.h"

#define NOWHERE            0x2000000000ull
#define GIB_NOWHERE        (NOWHERE >> 30)
#define EXTERNAL           0x10
#define WALK_LEVEL2        0x16 /* external abort on a table walk, level 2 */
#define TRANSLATION_LEVEL1 0x05
#define PERMISSION_LEVEL1  0x0d
#define PAR_F              BIT(0)

static u32 word, phase, faults;

static u64 translate(u64 address)
{
	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(address) : "memory");
	return sysreg_read(PAR_EL1);
}

/* --- 20 --------------------------------------------------------------------------------------- */

static struct trap read_at(u64 address)
{
	u64 regs[3] = { 0, 0, address };

	return execute(insn_ldr_w, regs);
}

static void check_walk(u64 table)
{
	struct trap trap;

	mmu_set_gib(GIB_NOWHERE, table | MMU_TABLE);
	trap = read_at(NOWHERE + 0x1230);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, WALK_LEVEL2);
	CHECK_EQ(trap.far, NOWHERE + 0x1230);
}

static void walk_unmapped(void)
{
	check_walk(NOWHERE + 0x5000);
}

/* A table in the controller's registers is no access to the controller. */
static void walk_device(void)
{
	check_walk(gic.gicd);
}

/* Nor one in a device that is there: the walk must not read its registers (HCR_EL2.PTW). */
static void walk_mapped_device(void)
{
	check_walk(machine.uart);
}

static void walk_fetch(void)
{
	struct trap trap;

	mmu_set_gib(GIB_NOWHERE, NOWHERE | MMU_TABLE);
	trap_begin();
	call_at(NOWHERE + 0x40);
	trap = trap_end();
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_IABT);
	CHECK_EQ(trap.esr & 0x3f, WALK_LEVEL2);
	CHECK_EQ(trap.far, NOWHERE + 0x40);
}

static void stage1_translation(void)
{
	struct trap trap;

	mmu_set_gib(GIB_NOWHERE, 0);
	trap = read_at(NOWHERE);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(trap.esr & 0x3f, TRANSLATION_LEVEL1);
	CHECK_EQ(trap.far, NOWHERE);
}

/* A read-only mapping of RAM: the guest's own permission fault, not the hypervisor's business. */
static void stage1_permission(void)
{
	u64 regs[3] = { 0, 0, NOWHERE };
	struct trap trap;

	mmu_set_gib(GIB_NOWHERE, ALIGN_DOWN(machine.ram, GIB(1)) | MMU_BLOCK | MMU_NORMAL | MMU_RO);
	trap = execute(insn_str_x, regs);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(trap.esr & 0x3f, PERMISSION_LEVEL1);
	CHECK_EQ(trap.esr >> 6 & 1, 1);
}

/* Instructions from a device's page, which the guest may read but not execute. */
static void fetch_device(void)
{
	u64 entry = mmu_gib(0);
	struct trap trap;

	mmu_set_gib(0, MMU_BLOCK | MMU_DEVICE);
	trap_begin();
	call_at(machine.uart);
	trap = trap_end();
	mmu_set_gib(0, entry);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_IABT);
}

static void fetch_virtual_device(void)
{
	u64 entry = mmu_gib(0);
	struct trap trap;

	mmu_set_gib(0, MMU_BLOCK | MMU_DEVICE);
	trap_begin();
	call_at(gic.gicd);
	trap = trap_end();
	mmu_set_gib(0, entry);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_IABT);
	CHECK_EQ(trap.esr & 0x3f, EXTERNAL);
}

static void at_mapped(void)
{
	u64 par = translate((u64)&word);

	CHECK_EQ(par & PAR_F, 0);
	CHECK_EQ(par & MASK(47, 12), (u64)&word & MASK(47, 12));
}

static void at_unmapped(void)
{
	u64 par;

	mmu_set_gib(GIB_NOWHERE, 0);
	par = translate(NOWHERE);
	CHECK_EQ(par & PAR_F, PAR_F);
	CHECK_EQ(FIELD(par, 6, 1), TRANSLATION_LEVEL1);
}

/* AT stops at the intermediate address: nothing behind it is no failure. */
static void at_no_memory(void)
{
	u64 par;

	mmu_set_gib(GIB_NOWHERE, NOWHERE | MMU_BLOCK | MMU_NORMAL);
	par = translate(NOWHERE + 0x3000);
	CHECK_EQ(par & PAR_F, 0);
	CHECK_EQ(par & MASK(47, 12), NOWHERE + 0x3000);
}

static void at_walk(void)
{
	u64 par = 0;
	struct trap trap;

	mmu_set_gib(GIB_NOWHERE, NOWHERE | MMU_TABLE);
	trap_begin();
	par = translate(NOWHERE);
	trap = trap_end();
	CHECK(trap.count == 1 || (par & PAR_F) != 0);
	if (trap.count == 1)
		CHECK_EQ(TRAP_EC(trap), EC_DABT);
}

static void par_kept(void)
{
	sysreg_write(PAR_EL1, 0x123456789000);
	for (u32 i = 0; i < 10; i++)
		(void)psci(PSCI_VERSION, 0, 0, 0);
	(void)read32(gic.gicd);
	CHECK_EQ(sysreg_read(PAR_EL1), 0x123456789000);
}

static void fault_registers_kept(void)
{
	sysreg_write(ESR_EL1, 0x12345678);
	sysreg_write(FAR_EL1, 0xabcdef);
	sysreg_write(ELR_EL1, 0x1230);
	sysreg_write(SPSR_EL1, 0x3c5);
	(void)psci(PSCI_VERSION, 0, 0, 0);
	(void)read32(gic.gicd);
	CHECK_EQ(sysreg_read(ESR_EL1), 0x12345678);
	CHECK_EQ(sysreg_read(FAR_EL1), 0xabcdef);
	CHECK_EQ(sysreg_read(ELR_EL1), 0x1230);
	CHECK_EQ(sysreg_read(SPSR_EL1), 0x3c5);
}

/* --- 20, 22: regions that the suite's system gives, named by their addresses -------------------
 */

static u64 region(const char *key)
{
	char text[24];
	u64 address = 0;

	(void)boot_arg(key, text, sizeof(text));
	if (text[0] == '\0')
		test_skip("not in this system");
	for (u32 i = 2; text[i] != '\0'; i++)
		address = address << 4 | (u64)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	return address;
}

static void map_gib_of(u64 address)
{
	mmu_set_gib((u32)(address >> 30), ALIGN_DOWN(address, GIB(1)) | MMU_BLOCK | MMU_NORMAL);
}

/* Read-only memory reads; a write to it is an abort, not a device access, and changes nothing. */
static void rom_write(void)
{
	u64 rom = region("rom"), before, regs[3] = { ~0ull, 0, rom + 8 };
	struct trap trap;

	map_gib_of(rom);
	before = read64(rom + 8);
	trap = execute(insn_str_x, regs);
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, EXTERNAL);
	CHECK_EQ(trap.far, rom + 8);
	CHECK_EQ(read64(rom + 8), before);
}

static void rom_write_forms(void)
{
	static const u32 *const forms[] = { &insn_stp_x, &insn_str_post, &insn_str_wzr,
					    &insn_dc_zva };
	u64 rom = region("rom"), before;

	map_gib_of(rom);
	before = read64(rom + 64);
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
		u64 regs[3] = { ~0ull, ~0ull, rom + 64 };
		struct trap trap = execute(*forms[i], regs);

		CHECK_EQ(trap.count, 1);
		CHECK_EQ(TRAP_EC(trap), EC_DABT);
		CHECK_EQ(regs[2], rom + 64);
	}
	CHECK_EQ(read64(rom + 64), before);
}

/* An alias shows the same memory at a second address. */
static void alias_same(void)
{
	u64 alias = region("alias"), here = (u64)&word - machine.ram + alias;

	map_gib_of(alias);
	word = 0x12345678;
	dsb();
	CHECK_EQ(read32(here), 0x12345678);
	write32(here, 0x87654321);
	dsb();
	CHECK_EQ(LOAD(word), 0x87654321);
}

/* --- 21 --------------------------------------------------------------------------------------- */

static u64 alias_of(const void *p)
{
	return NOWHERE + ((u64)p & (GIB(1) - 1));
}

static void map_alias(void)
{
	mmu_set_gib(GIB_NOWHERE, ALIGN_DOWN((u64)&word, GIB(1)) | MMU_BLOCK | MMU_NORMAL);
}

static void tlbi_own(void)
{
	for (u32 i = 0; i < 20; i++) {
		word = i;
		map_alias();
		CHECK_EQ(read32(alias_of(&word)), i);
		mmu_set_gib(GIB_NOWHERE, 0);
		CHECK_EQ(read_at(alias_of(&word)).count, 1);
	}
}

/* Reads the alias whenever CPU 0 says so, and counts its faults. */
static void read_alias(void)
{
	u32 seen = 0;

	while (LOAD(test_stop) == 0) {
		if (LOAD(phase) == seen)
			continue;
		faults += read_at(alias_of(&word)).count;
		seen = LOAD(phase);
		STORE(word, seen);
	}
}

static void step(u32 number)
{
	STORE(phase, number);
	CHECK(WAIT(LOAD(word) == number, WAIT_MS));
}

static void tlbi_other(void)
{
	phase = faults = word = 0;
	map_alias();
	CHECK_EQ(cpu_on(1, read_alias), PSCI_SUCCESS);
	for (u32 i = 0; i < 20; i++) {
		map_alias();
		step(2 * i + 1);
		CHECK_EQ(LOAD(faults), i);
		mmu_set_gib(GIB_NOWHERE, 0);
		step(2 * i + 2);
		CHECK_EQ(LOAD(faults), i + 1);
	}
}

/* --- 22 --------------------------------------------------------------------------------------- */

static bool in_use(u64 address)
{
	return (address + 8 > machine.image && address < machine.image_end) ||
	       (address + 8 > machine.tree && address < machine.tree + machine.tree_size);
}

static void ram_whole(void)
{
	u64 end = machine.ram + machine.ram_size;

	for (u32 pass = 0; pass < 2; pass++) {
		for (u64 at = machine.ram; at < end; at += MIB(1)) {
			u64 here = pass == 0 ? at : MIN(at + MIB(1), end) - 8, old;

			if (in_use(here))
				continue;
			old = read64(here);
			write64(here, ~here);
			CHECK_EQ(read64(here), ~here);
			write64(here, old);
		}
	}
}

static void ram_ends(void)
{
	struct trap trap = read_at(machine.ram + machine.ram_size);

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_DABT);
	CHECK_EQ(trap.esr & 0x3f, EXTERNAL);
}

/* Every page is other memory: no two addresses share one. */
static void ram_distinct(void)
{
	u64 from = ALIGN_UP(MAX(machine.image_end, machine.tree + machine.tree_size), MIB(2));
	u64 end = MIN(from + MIB(16), machine.ram + machine.ram_size / 8 * 7);

	for (u64 at = from; at < end; at += PAGE_SIZE)
		write64(at, at * 3);
	for (u64 at = from; at < end; at += PAGE_SIZE)
		CHECK_EQ(read64(at), at * 3);
}

static const struct test tests[] = {
	{ "20.walk-to-nowhere", walk_unmapped, 0 },
	{ "20.walk-to-device", walk_device, NEEDS_MULLION },
	{ "20.walk-to-mapped-device", walk_mapped_device, NEEDS_MULLION | NEEDS_UART },
	{ "20.walk-of-fetch", walk_fetch, 0 },
	{ "20.stage1-translation", stage1_translation, 0 },
	{ "20.stage1-permission", stage1_permission, 0 },
	{ "20.fetch-from-device", fetch_device, NEEDS_MULLION | NEEDS_UART },
	{ "20.fetch-from-virtual-device", fetch_virtual_device, NEEDS_MULLION },
	{ "20.at-mapped", at_mapped, 0 },
	{ "20.at-unmapped", at_unmapped, 0 },
	{ "20.at-without-memory", at_no_memory, 0 },
	{ "20.at-walk-to-nowhere", at_walk, 0 },
	{ "20.par-kept", par_kept, 0 },
	{ "20.fault-registers-kept", fault_registers_kept, 0 },
	{ "20.rom-write", rom_write, NEEDS_MULLION },
	{ "20.rom-write-forms", rom_write_forms, NEEDS_MULLION },
	{ "21.tlbi-own", tlbi_own, 0 },
	{ "21.tlbi-reaches-other", tlbi_other, NEEDS_2_CPUS },
	{ "22.alias-same", alias_same, NEEDS_MULLION },
	{ "22.ram-whole", ram_whole, 0 },
	{ "22.ram-ends", ram_ends, 0 },
	{ "22.ram-distinct", ram_distinct, 0 },
};

RUN_TESTS(fault_run, tests)
