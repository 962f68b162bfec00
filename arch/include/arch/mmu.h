/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: page-table geometry, entry codec (pure), and maintenance. */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <asm/mmu.h>
#include <mullion/types.h>

/* From <asm/mmu.h> (pure, inline or in pure/): ARCH_S2_IPA_BITS(), level shifts, and
 * u64 arch_s2_encode_leaf(hpa_t, u32 level, u32 flags), arch_s2_encode_table(hpa_t), bool
 * arch_s2_is_valid(u64 entry), arch_s2_is_table(u64 entry, u32 level), hpa_t arch_s2_address(u64
 * entry), u32 arch_s2_flags(u64 entry). An architecture without second stage of its own (host)
 * takes arm64's. */

/** arch_s2_publish() - store @entry so that table walkers see what was written before it. */
void arch_s2_publish(u64 *slot, u64 entry);
/** arch_s2_flush() - invalidate @bytes at @gpa of @vmid (all of it for bytes 0) on every CPU, wait.
 */
void arch_s2_flush(u16 vmid, hpa_t root, gpa_t gpa, u64 bytes);
/** arch_window_map() - this CPU's copy window: up to 2 MiB of host memory at @pa, until
 * arch_window_unmap(). */
void *arch_window_map(hpa_t pa, u64 bytes);
void arch_window_unmap(void);
/** arch_clean_to_poc() - clean data cache lines so that a CPU with caches off sees the bytes. */
void arch_clean_to_poc(const void *va, u64 bytes);
/** arch_clean_invalidate() - clean data cache lines to PoC, and have none of the bytes left in
 * caches. */
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
