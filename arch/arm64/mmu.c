/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own address space: the registers. Guests' and components' spaces: maintenance. */
#include <arch/mmu.h>

#include "arch/arm64/boot.h"
#include "arch/common/mmu.h"
#include <arch/boot.h>
#include <asm/sysreg.h>

#define FLUSH_PAGES_MAX 64 /* above, the whole VMID is flushed */

/* Linker script. */
extern u8 _boot_stack[], _boot_exception_stack[];

struct mmu_registers mmu_registers;

/* From head.S, MMU off, at the physical address: every symbol's address is physical in here. */
__boot void mmu_boot(u64 image_pa)
{
	bool guarded = FIELD(read_sysreg(id_aa64pfr1_el1), 3, 0) != 0;
	u64 isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(SYS_ID_AA64ISAR2_EL1);
	u64 parange = MIN(FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0), 5u);

	core_tables_make(image_pa, guarded ? PTE_CODE_GUARDED : PTE_CODE);
	core_tables_stack(BOOT_STACK_TOP, _boot_stack, CPU_STACK_BYTES);
	core_tables_stack(BOOT_EXCEPTION_TOP, _boot_exception_stack, CPU_EXCEPTION_BYTES);
	mmu_registers.ttbr0 = (u64)core_level0;
	mmu_registers.tcr = TCR_EL2_RES1 | (parange << TCR_PS_SHIFT) | TCR_SH0_INNER |
			    TCR_ORGN0_WBWA | TCR_IRGN0_WBWA | TCR_T0SZ(48);
	mmu_registers.mair = MAIR_EL2_VALUE;
	mmu_registers.sctlr = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN;
	/* Address authentication by APIAKey: APA, API, or APA3 (Arm ARM D13.2.65, D13.2.66). */
	if (FIELD(isar1, 11, 4) != 0 || FIELD(isar2, 15, 12) != 0)
		mmu_registers.sctlr |= SCTLR_ENIA;
}

__boot void *arch_map(hpa_t pa, u64 bytes, u32 flags)
{
	return core_map(pa, bytes, flags);
}

void arch_leave_boot(void)
{
	core_leave_boot();
}

/* --- Spaces of guests and components: maintenance (the codec is pure/pte.c) --- */

void arch_space_sync(const struct space *space, gpa_t gpa, u64 bytes)
{
	u64 loaded;

	dsb(ishst);
	if (space->cpus == 0)
		return;
	loaded = read_sysreg(vttbr_el2);
	/* TLBI by IPA works on the VMID in VTTBR_EL2. The table has to be the VMID's own: a walk
	 * may start. */
	write_sysreg(mmu_vttbr(space), vttbr_el2);
	isb();
	if (bytes > FLUSH_PAGES_MAX * PAGE_SIZE) {
		__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	} else {
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			__asm__ volatile("tlbi ipas2e1is, %0"
					 :
					 : "r"((gpa.v + at) >> PAGE_SHIFT)
					 : "memory");
		dsb(ish);
		__asm__ volatile("tlbi vmalle1is" : : : "memory");
	}
	dsb(ish);
	isb();
	write_sysreg(loaded, vttbr_el2);
	isb();
}
