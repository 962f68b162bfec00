/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own address space, from CORE_VA of asm/mmu.h. All of it lies within one level-2 table
 * (1 GiB):
 *   0x0000_0000  image, stacks, heap, small devices: 4 KiB pages, level-3 tables as needed
 *   0x1000_0000  large maps (bundle, tree, big device frames): placed so that 2 MiB blocks fit
 *   0x3000_0000  copy windows: 4 MiB for each CPU, and for the boot CPU before it has its number
 *   behind them  threads' stacks, in slots with nothing in the lower half
 *   behind them  the architecture's own part (asm/mmu.h)
 */
#ifndef ARCH_COMMON_LAYOUT_H
#define ARCH_COMMON_LAYOUT_H

#define CORE_IMAGE_END   (CORE_VA + 0x1f0000) /* the image ends below */
#define CORE_SMALL_END   (CORE_VA + 0x10000000)
#define CORE_LARGE_END   (CORE_VA + 0x30000000)
#define CORE_WINDOW(cpu) (CORE_LARGE_END + (u64)(cpu)*0x400000)
#define CORE_WINDOWS     (CONFIG_MAX_CPUS + 1) /* numbers of windows */
#define CORE_STACKS      CORE_WINDOW(CORE_WINDOWS)
#define CORE_SLOTS       1024 /* threads' stacks at a time; a multiple of 64 */
#define CORE_STACKS_END  (CORE_STACKS + CORE_SLOTS * STACK_SLOT)
#define CORE_END         (CORE_VA + 0x40000000)

#ifndef __ASSEMBLER__
#include <mullion/types.h>

extern u64 core_image_pa; /* where the image lies */

/** mmu_pa() - Returns the physical address of @va, which is in the core's image. Any context. */
static inline u64 mmu_pa(const void *va)
{
	return (u64)va - CORE_VA + core_image_pa;
}
#endif

#endif
