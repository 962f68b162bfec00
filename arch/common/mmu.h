/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own tables. An architecture has four levels of 512 entries. asm/core_entry.h has their
 * form and the maintenance, as inline functions:
 *   core_leaf()            an entry for a page or block of a kind
 *   core_table()           an entry that leads to a table
 *   core_added()           entries were added, and are used from now on
 *   core_removed()         entries were removed: no CPU uses them any more
 *   core_window_added(), core_window_removed()  the same for this CPU alone
 */
#ifndef ARCH_COMMON_MMU_H
#define ARCH_COMMON_MMU_H

#include <asm/mmu.h>
#include <mullion/space.h>

extern u64 core_level0[SPACE_ENTRIES];

/** core_tables_make() - make the tables of the image, which lies at @image_pa. @code is the kind of
 * its code. Boot CPU, before the tables are used; the code may run at physical addresses. */
void core_tables_make(u64 image_pa, enum pte_kind code);
/** core_tables_stack() - map one of the boot CPU's stacks, @bytes at @pages of the image, below
 * @top. Context as core_tables_make(). */
void core_tables_stack(u64 top, const u8 *pages, u64 bytes);
/** core_map() - arch_map() of memory. */
void *core_map(hpa_t hpa, u64 size, u32 flags);
/** core_leave_boot() - arch_leave_boot(), which may be boot code. */
void core_leave_boot(void) __noreturn;
/** core_level3() - Returns the last table for @va, made when there is none; NULL without memory.
 * Any CPU. */
u64 *core_level3(u64 va);
/** core_map_stack() - map @bytes at @pa as a stack at @va, in the area for stacks. Returns false
 * without memory for a table. Any CPU. */
bool core_map_stack(u64 va, hpa_t pa, u64 bytes);
/** core_unmap() - remove the mapping of @bytes at @va, which consists of pages of one table. Any
 * CPU. */
void core_unmap(u64 va, u64 bytes);

#endif
