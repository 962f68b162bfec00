/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity map for guests: one level-1 table of 512 blocks of 1 GiB (39-bit addresses, 4 KiB
 * granule). Enough to run with caches on, and to point a test's entry anywhere.
 */
#include "guest.h"

#define GIB_SHIFT 30
#define TCR_VALUE ((64 - 39) | (1ull << 8) | (1ull << 10) | (3ull << 12) | (1ull << 23))
#define TCR_IPS   32
#define SCTLR_M   BIT(0)
#define SCTLR_C   BIT(2)
#define SCTLR_I   BIT(12)

static u64 table[512] __aligned(4096);

void mmu_set_gib(u32 gib, u64 entry)
{
	STORE(table[gib], entry);
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
}

u64 mmu_gib(u32 gib)
{
	return LOAD(table[gib]);
}

static void fill(void)
{
	u64 first = machine.ram >> GIB_SHIFT;
	u64 last = (machine.ram + machine.ram_size - 1) >> GIB_SHIFT;

	for (u64 gib = 0; gib < ARRAY_SIZE(table); gib++) {
		if (gib >= first && gib <= last)
			table[gib] = gib << GIB_SHIFT | MMU_BLOCK | MMU_NORMAL;
		else
			table[gib] = gib << GIB_SHIFT | MMU_BLOCK | MMU_DEVICE | MMU_XN;
	}
}

void mmu_on(void)
{
	u64 range = FIELD(sysreg_read(ID_AA64MMFR0_EL1), 3, 0);

	if (this_cpu()->index == 0)
		fill();
	sysreg_write(MAIR_EL1, 0x00ff);
	sysreg_write(TCR_EL1, TCR_VALUE | MIN(range, 5ull) << TCR_IPS);
	sysreg_write(TTBR0_EL1, (u64)table);
	isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
	sysreg_write(SCTLR_EL1, sysreg_read(SCTLR_EL1) | SCTLR_M | SCTLR_C | SCTLR_I);
	isb();
}

void mmu_off(void)
{
	sysreg_write(SCTLR_EL1, sysreg_read(SCTLR_EL1) & ~(SCTLR_M | SCTLR_C | SCTLR_I));
	isb();
}
