/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: the form of address spaces (pure), and maintenance. */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <asm/mmu.h>
#include <mullion/space.h>
#include <mullion/types.h>

/* From <asm/mmu.h>: enum arch_space_kind (the table formats), ARCH_SPACE_BLOCK_LEVEL (the lowest
 * level number that may hold a block) and arch_space_decode(). Levels are numbered so that the last
 * is 3. In every format 0 is an entry that leads nowhere, and so is the address of a page. */

/** arch_space_decode() - inline: the meaning of @entry of @level in a table of @kind. Pure. */
/** arch_space_encode() - the entry of @level for @entry, which is valid: decoded, it is
 * @entry again. Pure. */
u64 arch_space_encode(u32 kind, u32 level, struct space_entry entry);
/** arch_space_init() - settle kind, address_bits and start_level of @space. Boot, or any CPU. */
void arch_space_init(struct space *space, enum space_use use);
/** arch_space_sync() - entries of @space for @bytes at @gpa were stored, each with release order.
 * When it returns, no CPU of space->cpus has a cached translation of the range that the entries do
 * not have. Added mappings are in force. Any CPU; locks of a lower rank may be held. */
void arch_space_sync(const struct space *space, gpa_t gpa, u64 bytes);
/** arch_window_map() - this CPU's copy window: up to 2 MiB of host memory at @pa, writable, until
 * arch_window_unmap(). One at a time; no preemption point in between. Any context. */
void *arch_window_map(hpa_t pa, u64 bytes);
void arch_window_unmap(void);
/** arch_clean_invalidate() - write @bytes at @va back to memory, for CPUs with caches off and for
 * instruction fetches, and leave none of them in data caches. Any context. */
void arch_clean_invalidate(const void *va, u64 bytes);
/** arch_copy_clean() - copy @bytes, a multiple of 128, between addresses that are multiples of 16,
 * and write them back as arch_clean_invalidate() does. Any context. */
void arch_copy_clean(void *to, const void *from, u64 bytes);
/** arch_zero_clean() - zero whole pages of normal memory at @va, and write them back likewise. Any
 * context. */
void arch_zero_clean(void *va, u64 bytes);

#endif
