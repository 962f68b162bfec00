/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own address space on arm64, and the form of other spaces (pure/pte.h). */
#ifndef ASM_MMU_H
#define ASM_MMU_H

/*
 * The core runs at one virtual address, independent of its load address. It is high in a 48-bit
 * space, where no machine has RAM. So a physical address or a small number is never valid in the
 * core. All of it lies within one level-2 table (1 GiB):
 *   0x0000_0000  image, stacks, heap, small devices: 4 KiB pages, level-3 tables as needed
 *   0x1000_0000  large maps (bundle, tree, big device frames): placed so that 2 MiB blocks fit
 *   0x3000_0000  copy windows: 4 MiB for each CPU
 *   0x3800_0000  threads' stacks, in slots of 16 KiB with nothing in the lower half
 */
#define CORE_VA        0xff0000000000
#define CORE_SMALL_END (CORE_VA + 0x10000000)
#define CORE_LARGE_END (CORE_VA + 0x30000000)
/* The boot CPU's stacks: the last pages of the first level-3 table, unmapped pages below each. */
#define BOOT_STACK_TOP     (CORE_VA + 0x1fa000)
#define BOOT_EXCEPTION_TOP (CORE_VA + 0x1fd000)
#define CORE_IMAGE_END     (CORE_VA + 0x1f0000) /* the image ends below */
#define CORE_WINDOW(cpu)   (CORE_LARGE_END + (u64)(cpu)*0x400000)
#define CORE_STACKS        (CORE_VA + 0x38000000)
#define CORE_STACK_SLOT    0x4000

#ifndef __ASSEMBLER__
#include "arch/arm64/pure/pte.h"
#include <asm/sysreg.h>
#include <mullion/space.h>

/** mmu_vttbr() - VTTBR_EL2 for @space. Pure. */
static inline u64 mmu_vttbr(const struct space *space)
{
	return space->root_pa.v | (u64)space->tag << VTTBR_VMID_SHIFT;
}

/** mmu_map_stack() - map @bytes of a thread's stack at @va, in the area for stacks. False: no
 * memory for a table. Any CPU. */
bool mmu_map_stack(u64 va, hpa_t pa, u64 bytes);
/** mmu_unmap_stack() - away with it, on every CPU. */
void mmu_unmap_stack(u64 va, u64 bytes);

/** invalidate_icache() - instructions were written: every CPU fetches them again. Any context. */
void invalidate_icache(void);

/** mmu_pa() - physical address of something in the core's image. */
u64 mmu_pa(const void *va);
#endif

#endif
