/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own address space on arm64, and the form of other spaces (pure/pte.h). */
#ifndef ASM_MMU_H
#define ASM_MMU_H

#include <asm/cpu.h>

/*
 * The core runs at one virtual address, independent of its load address. It is high in a 48-bit
 * space, where no machine has RAM. So a physical address or a small number is never valid in the
 * core.
 */
#define CORE_VA 0xff0000000000
#include "arch/common/layout.h"

/* The boot CPU's stacks: the last pages of the first level-3 table, unmapped pages below each. */
#define BOOT_STACK_TOP     (CORE_VA + 0x1fa000)
#define BOOT_EXCEPTION_TOP (CORE_VA + 0x1fd000)

#ifndef __ASSEMBLER__
#include "arch/arm64/pure/pte.h"
#include <asm/sysreg.h>
#include <mullion/space.h>

/** mmu_vttbr() - VTTBR_EL2 for @space. Pure. */
static inline u64 mmu_vttbr(const struct space *space)
{
	return space->root_pa.v | (u64)space->tag << VTTBR_VMID_SHIFT;
}

/** invalidate_icache() - instructions were written: every CPU fetches them again. Any context. */
void invalidate_icache(void);
#endif

#endif
