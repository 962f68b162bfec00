/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own address space on x86-64, and the form of other spaces (pure/pte.h). */
#ifndef ASM_MMU_H
#define ASM_MMU_H

#include <asm/cpu.h>

/* The core runs in the last 2 GiB, where code with 32-bit addresses can. */
#define CORE_VA 0xffffffff80000000
#define CORE_PA 0x200000 /* where the ELF file lies; other loaders choose a place */
#include "arch/common/layout.h"

/* The boot CPU's stacks: the last slots of the first level-3 table. */
#define BOOT_STACK_TOP     (CORE_VA + 0x1fc000)
#define BOOT_FATAL_TOP     (CORE_VA + 0x1f8000)
#define BOOT_NMI_TOP       (CORE_VA + 0x1f4000)
#define CORE_CPU_STACK(n)  (CORE_STACKS_END + (u64)(n)*STACK_SLOT)
#define CORE_STACKS_OF_CPU 3
/* Views of guests' pages, for each number of a copy window, behind the stacks of 64 CPUs. */
#define CORE_VIEWS(window) (CORE_STACKS_END + 0x600000 + (u64)(window)*CORE_VIEW_BYTES)
#define CORE_VIEW_BYTES    0x20000

#ifndef __ASSEMBLER__
#include "arch/x86_64/pure/pte.h"
#include <mullion/space.h>

#define ARCH_SPACE_BLOCK_LEVEL 2u /* the lowest level number that may hold a block */

static inline __attribute__((always_inline)) struct space_entry
arch_space_decode(u32 kind, u32 level, u64 entry)
{
	return pte_decode(kind, level, entry);
}

/* Counts changes of stacks' mappings: a CPU that has seen fewer flushes its translations. */
extern _Atomic u64 mmu_stacks_changed;

/** mmu_see_stacks() - flush what this CPU may remember of stacks that were unmapped. */
void mmu_see_stacks(void);

/* Counts changes of guests' tables: a CPU that has seen fewer flushes its translations of them. */
extern _Atomic u64 mmu_guest_flushes;
/** guest_space_kind() - the form of a guest's tables on this processor: enum arch_space_kind. */
u8 guest_space_kind(void);

/* Pages of the loaded vCPU's guest that stay mapped on this CPU. */
#define MMU_VIEWS 20u
/** mmu_view() - map the page at @pa as view number @view, for reads. Returns NULL without memory
 * for a table. Own thread, interrupts masked. */
const u8 *mmu_view(u32 view, hpa_t pa);
/** mmu_views_drop() - unmap this CPU's views. */
void mmu_views_drop(void);

/** mmu_root_entry() - the entry of a component's first table that maps the core. */
u64 mmu_root_entry(void);
/** mmu_cr3() - the core's own CR3. */
u64 mmu_cr3(void);
#endif

#endif
