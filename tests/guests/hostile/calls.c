/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware calls of every kind and with every sort of argument; CPUs, resets, the log. */
#include "hostile.h"

#include <abi/vendor.h>

#define RESETS 20
#define MAGIC  0x65737561ull

static bool ends_us(u32 id)
{
	switch (id & ~(u32)BIT(30)) {
	case PSCI_CPU_SUSPEND & ~(u32)BIT(30):
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON & ~(u32)BIT(30):
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_SUSPEND & ~(u32)BIT(30):
	case PSCI_SYSTEM_RESET2 & ~(u32)BIT(30): return true;
	default: return false;
	}
}

static void call_both(u32 id)
{
	for (u32 conduit = 0; conduit < 2; conduit++) {
		u64 regs[8];

		for (u32 i = 0; i < ARRAY_SIZE(regs); i++)
			regs[i] = (random_next() & 1) != 0 ? random_next() : ~0ull;
		regs[0] = id | (random_next() & 0xffffffff00000000);
		if (conduit == 0)
			smccc_hvc(regs);
		else
			smccc_smc(regs);
	}
}

void calls(void)
{
	machine.quiet = true;
	for (u32 top = 0; top < 256; top++)
		for (u32 number = 0; number < 96; number++)
			if (!ends_us(top << 24 | number) && (top & 0xbf) != 0x86)
				call_both(top << 24 | number);
	for (u32 i = 0; i < 20000; i++) {
		u32 id = (u32)random_next();

		if (!ends_us(id) && (id >> 24 & 0xbf) != 0x86)
			call_both(id);
	}
	/* Immediates other than 0. */
	for (u32 i = 1; i < 0x10000; i += 0x123) {
		u64 regs[3] = { 0x84000000 };

		(void)execute(0xd4000002u | i << 5, regs); /* hvc #i */
		regs[0] = 0x84000000;
		(void)execute(0xd4000003u | i << 5, regs); /* smc #i */
	}
	machine.quiet = false;
}

/* Targets, entries and power states that are impossible. */
void cpu_nonsense(void)
{
	for (u32 i = 0; i < 20000; i++) {
		u64 target = random_next() >> (i % 64), entry = random_next() >> (i % 61);

		if ((target & 0xff00ffffff) == machine.arch.mpidr[machine.num_cpus - 1])
			continue;
		(void)psci(PSCI_CPU_ON, target, entry, random_next());
		(void)psci(PSCI_AFFINITY_INFO, target, random_next(), 0);
		if (machine.num_cpus > 1)
			(void)psci(PSCI_CPU_ON, machine.arch.mpidr[1], NOWHERE + entry % MIB(1), 0);
	}
}

/* A CPU is started in zeros, without vectors. */
void cpu_into_zeros(void)
{
	static u64 zeros[512] __aligned(4096);

	print("hostile: cpu-zeros goes on\n");
	if (machine.num_cpus > 1)
		(void)psci(PSCI_CPU_ON, machine.arch.mpidr[1], (u64)zeros, 0);
	(void)WAIT(false, 1000);
}

void all_off(void)
{
	print("hostile: all-off goes on\n");
	(void)psci(PSCI_CPU_OFF, 0, 0, 0);
}

void reset_often(void)
{
	u64 *page = (u64 *)ALIGN_DOWN(machine.ram + machine.ram_size / 8 * 7, PAGE_SIZE);

	if (page[0] != MAGIC) {
		page[0] = MAGIC;
		page[1] = 0;
	}
	if (page[1]++ < RESETS)
		(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("hostile: %u resets\n", RESETS);
}

/* Long lines, bytes that are no text, wrong counts, several CPUs' worth of half lines. */
void log_noise(void)
{
	for (u32 i = 0; i < 300; i++) {
		u64 regs[8] = { VENDOR_LOG };

		regs[1] = i % 3 == 0 ? random_next() : VENDOR_LOG_MAX;
		for (u32 k = 2; k < 8; k++)
			regs[k] = i % 2 == 0 ? random_next() : 0x5a5a5a5a5a5a5a5a;
		smccc_hvc(regs);
	}
	print("\n");
}
