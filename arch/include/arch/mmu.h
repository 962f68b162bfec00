/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: the form of address spaces (pure), and maintenance. */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <asm/mmu.h>
#include <mullion/space.h>
#include <mullion/types.h>

/* In <asm/mmu.h>: enum arch_space_kind (the table formats), ARCH_SPACE_BLOCK_LEVEL, and inline and
 * pure: arch_space_is_valid(kind, entry), arch_space_is_table(kind, entry) for an entry above the
 * last level, arch_space_address(kind, entry). Levels are numbered so that the last is 3. */

/** arch_space_init() - settle kind, address_bits and start_level of @space. Boot, or any CPU. */
void arch_space_init(struct space *space, enum space_use use);
/** arch_space_encode_leaf() - the entry of @level that maps @pa with SPACE_* @flags. Pure. */
u64 arch_space_encode_leaf(u32 kind, hpa_t pa, u32 level, u32 flags);
/** arch_space_encode_table() - the entry that leads to the next table. Pure. */
u64 arch_space_encode_table(u32 kind, hpa_t table);
/** arch_space_flags() - the flags that arch_space_encode_leaf() was given. Pure. */
u32 arch_space_flags(u32 kind, u64 entry);
/** arch_space_publish() - store @entry after all that was written before. Any CPU. */
void arch_space_publish(u64 *slot, u64 entry);
/** arch_space_flush() - invalidate cached translations of @bytes at @gpa on all CPUs of
 * space->cpus, and wait until that is done. Any CPU. */
void arch_space_flush(const struct space *space, gpa_t gpa, u64 bytes);
/** arch_window_map() - this CPU's copy window: up to 2 MiB of host memory at @pa, until
 * arch_window_unmap(). */
void *arch_window_map(hpa_t pa, u64 bytes);
void arch_window_unmap(void);
/** arch_clean_invalidate() - write @bytes at @va back to memory, for CPUs with caches off and for
 * instruction fetches, and leave none of them in data caches. Any context. */
void arch_clean_invalidate(const void *va, u64 bytes);
/** arch_copy_clean() - copy and clean to PoC in one pass: @bytes multiple of 128, both 16-aligned.
 */
void arch_copy_clean(void *to, const void *from, u64 bytes);
/** arch_zero_clean() - zero @bytes at @va and clean them to PoC in one pass: page multiples, normal
 * memory. */
void arch_zero_clean(void *va, u64 bytes);
/** arch_invalidate_icache() - after code was written. */
void arch_invalidate_icache(void);

#endif
