/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the machine and of the core.
 *
 * ram_*: the machine's RAM as ranges; guests get theirs from here, unmapped in the core.
 * page_*: 4 KiB pages of the core's own heap, mapped; page tables, guests and components live
 * there.
 */
#ifndef MULLION_MEM_H
#define MULLION_MEM_H

#include <mullion/err.h>
#include <mullion/types.h>

/** ram_add() - at boot: @size bytes at @base are RAM, dirty. ram_reserve() takes out what is in use
 * (parts outside RAM are ignored). Both before the first ram_alloc(). */
enum err __must_check ram_add(hpa_t base, u64 size);
enum err __must_check ram_reserve(hpa_t base, u64 size);
/* A list of free ranges has room for those of boot. Each piece that is owned leaves two ranges
 * beside it, clean or dirty. */
#define RAM_LISTS        3u
#define RAM_BOOT_RANGES  128u
#define RAM_PIECE_RANGES 2u
#define RAM_BOOT_PIECES  12u /* the lists of boot have room for so many pieces as well */

struct ram_range {
	u64 base, end; /* page-aligned; base < end */
};

/** ram_lists_bytes() - the heap's share of @pieces pieces of memory that may be owned at a time. */
static inline u64 ram_lists_bytes(u32 pieces)
{
	return pieces <= RAM_BOOT_PIECES ? 0
					 : (u64)RAM_LISTS * sizeof(struct ram_range) *
						   (RAM_BOOT_RANGES + RAM_PIECE_RANGES * pieces);
}

/** ram_allocate() - make room for @pieces pieces of memory. Boot CPU, once, after the heap. Returns
 * ERR_NO_MEMORY. */
enum err __must_check ram_allocate(u32 pieces);
/** ram_alloc() - @size zeroed bytes (page multiple) aligned to @align. First fit from the top of
 * clean RAM. If that is short, it takes all free RAM, and zeroes dirty parts in pieces of 64 KiB,
 * between which other threads may run. ERR_NO_MEMORY, ERR_INVALID, ERR_TOO_BIG when RAM is in too
 * many pieces. Normal or orphan context, or boot; no locks. */
enum err __must_check ram_alloc(u64 size, u64 align, hpa_t *base);
/** ram_alloc_dirty() - the same, page-aligned, but not zeroed: for the core itself at boot. */
enum err __must_check ram_alloc_dirty(u64 size, hpa_t *base);
/* Does [@base, @base + @size) hit a range that is kept? Then that range's base is in *@end. */
typedef bool ram_kept_fn(u64 base, u64 size, u64 *end);
/** ram_keep() - ram_alloc() chooses no place that @is_kept (or NULL) finds; ram_claim() takes
 * those.
 * @is_kept is called under the list's lock. Boot CPU, at boot. */
void ram_keep(ram_kept_fn *is_kept);
/** ram_claim() - exactly this range; ERR_OVERLAP when a part is taken or is no RAM. Zeroes and
 * contexts as ram_alloc(). */
enum err __must_check ram_claim(hpa_t base, u64 size);
/** ram_free() - the owner's bytes may still stand there: dirty until scrubbed. Any context, no
 * locks. */
void ram_free(hpa_t base, u64 size);
/** ram_free_bytes(), ram_dirty_bytes(), ram_largest_bytes() - return the free bytes, those of them
 * that are not zero yet, and the largest contiguous part. Any context. */
u64 ram_free_bytes(void);
u64 ram_dirty_bytes(void);
u64 ram_largest_bytes(void);
/** ram_scrub() - zero one piece of dirty memory (64 KiB at most) to the point of coherency, and add
 * it to the clean memory. Returns false if none is dirty. Contexts as ram_alloc(). */
bool ram_scrub(void);
/** scrub_start() - start the scrubber, before the first memory to scrub. Later calls have no
 * effect. Without memory for it, callers of ram_alloc() zero their memory. Contexts as
 * thread_init(). */
void scrub_start(void);

/** page_init() - give the heap @pages pages that are mapped at @va and lie at @pa. */
void page_init(void *va, hpa_t pa, u64 pages);
/** page_alloc() - @count zeroed contiguous pages, physically aligned to @count rounded up to a
 * power of two; NULL when none. Heap lock. */
void *page_alloc(u64 count);
/** page_free() - give back @count pages at @va that page_alloc() returned together; NULL has no
 * effect. Heap lock. */
void page_free(void *va, u64 count);
/** page_to_hpa(), page_from_hpa() - convert addresses of the heap. Any context. */
hpa_t page_to_hpa(const void *va);
void *page_from_hpa(hpa_t pa);
/** page_free_count(), page_total() - pages of the heap: free ones, and all. Any context. */
u64 page_free_count(void);
u64 page_total(void);

#endif
