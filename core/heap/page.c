/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's heap: one physically contiguous piece of RAM, allocated by pages. The description
 * determines its size. A bitmap at its start marks the pages in use. Allocated pages are zero, so
 * they show nothing of an earlier owner.
 */
#include <mullion/mem.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

static struct spinlock page_lock = SPINLOCK_INIT(RANK_MEMORY);
static u8 *heap; /* address of page 0 */
static u64 heap_pa;
static u64 *taken GUARDED_BY(page_lock); /* one bit per page */
static u64 total, left;                  /* pages */
static u64 low GUARDED_BY(page_lock);    /* no page below is free */

static bool page_is_taken(u64 page) REQUIRES(&page_lock)
{
	return (taken[page / 64] >> (page % 64)) & 1;
}

static void mark(u64 page, u64 count, bool take) REQUIRES(&page_lock)
{
	for (u64 i = page; i < page + count; i++) {
		if (take)
			taken[i / 64] |= BIT(i % 64);
		else
			taken[i / 64] &= ~BIT(i % 64);
	}
}

__boot void page_init(void *va, hpa_t pa, u64 pages)
{
	u64 bitmap_pages = ALIGN_UP(ALIGN_UP(pages, 64) / 8, PAGE_SIZE) / PAGE_SIZE;

	ASSERT(pages > bitmap_pages && IS_ALIGNED(pa.v, PAGE_SIZE));
	spin_lock(&page_lock);
	heap = va;
	heap_pa = pa.v;
	taken = va;
	total = pages;
	left = pages - bitmap_pages;
	low = bitmap_pages;
	memset(taken, 0, bitmap_pages * PAGE_SIZE);
	mark(0, bitmap_pages, true);
	spin_unlock(&page_lock);
}

/* Alignment is of the physical address: tables that lie side by side need it. */
static u64 align_page(u64 page, u64 align)
{
	u64 first = heap_pa / PAGE_SIZE;

	return ALIGN_UP(first + page, align) - first;
}

/* The first page from @page on in a word of the bitmap with a free page. */
static u64 skip_taken(u64 page) REQUIRES(&page_lock)
{
	while (page < total && taken[page / 64] == UINT64_MAX)
		page = (page / 64 + 1) * 64;
	return page;
}

/* First fit at @align pages; @total when there is none. */
static u64 find(u64 count, u64 align) REQUIRES(&page_lock)
{
	u64 at = align_page(skip_taken(low), align);

	while (at + count <= total) {
		u64 n = 0;

		while (n < count && !page_is_taken(at + n))
			n++;
		if (n == count)
			return at;
		at = align_page(skip_taken(at + n + 1), align);
	}
	return total;
}

void *page_alloc(u64 count)
{
	u64 align = 1, at;
	void *va = NULL;

	if (count == 0 || count > total)
		return NULL;
	while (align < count)
		align *= 2;
	spin_lock(&page_lock);
	at = find(count, align);
	if (at < total) {
		mark(at, count, true);
		left -= count;
		low = at == low ? at + count : low;
		while (low < total && page_is_taken(low))
			low = skip_taken(low + 1);
		va = heap + at * PAGE_SIZE;
	}
	spin_unlock(&page_lock);
	if (va != NULL)
		arch_zero_clean(va, count * PAGE_SIZE);
	return va;
}

void page_free(void *va, u64 count)
{
	u64 at;

	if (va == NULL)
		return;
	at = (u64)((u8 *)va - heap) / PAGE_SIZE;
	ASSERT((u8 *)va >= heap && at + count <= total && count != 0);
	spin_lock(&page_lock);
	for (u64 i = at; i < at + count; i++)
		ASSERT(page_is_taken(i));
	mark(at, count, false);
	left += count;
	low = MIN(low, at);
	spin_unlock(&page_lock);
}

hpa_t page_to_hpa(const void *va)
{
	u64 offset = (u64)((const u8 *)va - heap);

	ASSERT((const u8 *)va >= heap && offset < total * PAGE_SIZE);
	return HPA(heap_pa + offset);
}

void *page_from_hpa(hpa_t pa)
{
	ASSERT(pa.v >= heap_pa && pa.v - heap_pa < total * PAGE_SIZE);
	return heap + (pa.v - heap_pa);
}

u64 page_free_count(void)
{
	return left;
}

u64 page_total(void)
{
	return total;
}
