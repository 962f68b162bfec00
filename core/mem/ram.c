/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's RAM: sorted lists of free ranges. Guests' memory and the core's heap are taken
 * from it in a few large pieces at boot and when a guest is created, so lists of bounded length
 * with first fit do; nothing of it is mapped in the core.
 *
 * What comes back has had an owner: it is dirty, and handed out again only after it was zeroed.
 * The scrubber (scrub.c) does so when there is nothing better to do; whoever finds clean memory
 * short meanwhile does it in its place, so that nobody waits for an idle CPU.
 */
#include <mullion/mem.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

#include "core/mem/scrub.h"

#define MAX_RANGES 128u

/* Zeroed at a time, with interrupts masked: some 10 us. A power of two, at most a copy window. */
#define SCRUB_BYTES KIB(64)

struct range {
	u64 base, end; /* page-aligned; base < end */
};

struct ranges {
	u32 num;
	struct range list[MAX_RANGES]; /* sorted, no two touch */
};

static struct spinlock ram_lock = SPINLOCK_INIT(RANK_MEMORY);
static struct ranges clean, dirty;
static u64 in_hand; /* bytes that are being zeroed: in neither list */

static void remove_at(struct ranges *ranges, u32 i)
{
	ranges->num--;
	memmove(&ranges->list[i], &ranges->list[i + 1],
		(ranges->num - i) * sizeof(ranges->list[0]));
}

static enum err insert_at(struct ranges *ranges, u32 i, struct range range)
{
	if (ranges->num == MAX_RANGES)
		return ERR_TOO_BIG;
	memmove(&ranges->list[i + 1], &ranges->list[i],
		(ranges->num - i) * sizeof(ranges->list[0]));
	ranges->list[i] = range;
	ranges->num++;
	return OK;
}

/* Put [base, end) in, merged with its neighbours. What overlaps a free range is in only once. */
static enum err add(struct ranges *ranges, u64 base, u64 end)
{
	u32 i = 0;

	while (i < ranges->num && ranges->list[i].end < base)
		i++;
	while (i < ranges->num && ranges->list[i].base <= end) {
		base = MIN(base, ranges->list[i].base);
		end = MAX(end, ranges->list[i].end);
		remove_at(ranges, i);
	}
	return insert_at(ranges, i, (struct range){ base, end });
}

/* Take [base, end) out of every range. */
static enum err take(struct ranges *ranges, u64 base, u64 end)
{
	for (u32 i = 0; i < ranges->num;) {
		struct range r = ranges->list[i];

		if (r.end <= base || end <= r.base) {
			i++;
			continue;
		}
		if (r.base < base && end < r.end) {
			enum err err = insert_at(ranges, i + 1, (struct range){ end, r.end });

			if (err != OK)
				return err;
			ranges->list[i].end = base;
			return OK;
		}
		if (r.base < base)
			ranges->list[i++].end = base;
		else if (end < r.end)
			ranges->list[i++].base = end;
		else
			remove_at(ranges, i);
	}
	return OK;
}

static u64 sum(const struct ranges *ranges)
{
	u64 bytes = 0;

	for (u32 i = 0; i < ranges->num; i++)
		bytes += ranges->list[i].end - ranges->list[i].base;
	return bytes;
}

__boot enum err ram_add(hpa_t base, u64 size)
{
	u64 from = ALIGN_UP(base.v, PAGE_SIZE), end = ALIGN_DOWN(base.v + size, PAGE_SIZE);
	enum err err;

	if (base.v + size < base.v || from < base.v)
		return ERR_INVALID;
	if (from >= end)
		return OK;
	spin_lock(&ram_lock);
	err = add(&clean, from, end);
	spin_unlock(&ram_lock);
	return err;
}

__boot enum err ram_reserve(hpa_t base, u64 size)
{
	u64 from = ALIGN_DOWN(base.v, PAGE_SIZE), end = ALIGN_UP(base.v + size, PAGE_SIZE);
	enum err err;

	if (base.v + size < base.v || end < base.v)
		return ERR_INVALID;
	spin_lock(&ram_lock);
	err = take(&clean, from, end);
	spin_unlock(&ram_lock);
	return err;
}

/* Zero [base, base + bytes), also for a CPU whose caches are off, and let it be had. @bytes are
 * counted in hand, and lie in one aligned piece of SCRUB_BYTES. */
static void scrub(u64 base, u64 bytes)
{
	void *window = arch_window_map(HPA(base), bytes);
	enum err err;

	memset(window, 0, bytes);
	arch_clean_to_poc(window, bytes);
	arch_window_unmap();
	spin_lock(&ram_lock);
	in_hand -= bytes;
	err = add(&clean, base, base + bytes);
	spin_unlock(&ram_lock);
	if (err != OK)
		log_warn("memory at 0x%lx is lost: the list of free ranges is full", base);
}

/* The last dirty range that has a part in [base, end), or NULL. Lock. */
static struct range *find_dirty(u64 base, u64 end)
{
	for (u32 i = dirty.num; i-- > 0;)
		if (base < dirty.list[i].end && dirty.list[i].base < end)
			return &dirty.list[i];
	return NULL;
}

/* Scrub a piece of what find_dirty() finds. Pieces are cut from a range's end, so that no range
 * falls into two. False: there is none. */
static bool scrub_some(u64 base, u64 end)
{
	u64 at = 0, bytes = 0;
	struct range *r;

	spin_lock(&ram_lock);
	r = find_dirty(base, end);
	if (r != NULL) {
		at = MAX(r->base, ALIGN_DOWN(r->end - 1, SCRUB_BYTES));
		bytes = r->end - at;
		in_hand += bytes;
		if (at == r->base)
			remove_at(&dirty, (u32)(r - dirty.list));
		else
			r->end = at;
	}
	spin_unlock(&ram_lock);
	if (bytes != 0)
		scrub(at, bytes);
	return bytes != 0;
}

bool ram_scrub(void)
{
	return scrub_some(0, UINT64_MAX);
}

/* Between two pieces. While there are no threads yet, there is nobody else to run. */
static void breathe(void)
{
	if (sched_context() == CONTEXT_ORPHAN)
		thread_breathe();
	else
		arch_cpu_relax();
}

/* Take the highest place in clean memory. Lock. */
static enum err place(u64 size, u64 align, hpa_t *base)
{
	for (u32 i = clean.num; i-- > 0;) {
		const struct range *r = &clean.list[i];
		enum err err;
		u64 at;

		if (r->end - r->base < size)
			continue;
		at = ALIGN_DOWN(r->end - size, align);
		if (at < r->base)
			continue;
		err = take(&clean, at, at + size);
		if (err == OK)
			*base = HPA(at);
		return err;
	}
	return ERR_NO_MEMORY;
}

enum err ram_alloc(u64 size, u64 align, hpa_t *base)
{
	enum err err;
	bool more;

	if (size == 0 || !IS_ALIGNED(size, PAGE_SIZE) || align == 0 || (align & (align - 1)) != 0)
		return ERR_INVALID;
	align = MAX(align, PAGE_SIZE);
	for (;;) {
		spin_lock(&ram_lock);
		err = place(size, align, base);
		more = dirty.num != 0 || in_hand != 0;
		spin_unlock(&ram_lock);
		if (err != ERR_NO_MEMORY || !more)
			return err;
		(void)ram_scrub();
		breathe();
	}
}

/* Take [base, end) if all of it is clean. Lock. */
static enum err claim(u64 base, u64 end)
{
	for (u32 i = 0; i < clean.num; i++)
		if (clean.list[i].base <= base && end <= clean.list[i].end)
			return take(&clean, base, end);
	return ERR_OVERLAP;
}

enum err ram_claim(hpa_t base, u64 size)
{
	u64 end = base.v + size;
	enum err err;
	bool more;

	if (size == 0 || end < base.v || !IS_ALIGNED(base.v | size, PAGE_SIZE))
		return ERR_INVALID;
	for (;;) {
		spin_lock(&ram_lock);
		err = claim(base.v, end);
		more = find_dirty(base.v, end) != NULL || in_hand != 0;
		spin_unlock(&ram_lock);
		if (err != ERR_OVERLAP || !more)
			return err;
		(void)scrub_some(base.v, end);
		breathe();
	}
}

void ram_free(hpa_t base, u64 size)
{
	u64 at = base.v, end = base.v + size;
	enum err err;

	ASSERT(size != 0 && IS_ALIGNED(base.v | size, PAGE_SIZE));
	spin_lock(&ram_lock);
	err = add(&dirty, at, end);
	if (err != OK)
		in_hand += size;
	spin_unlock(&ram_lock);
	if (err == OK) {
		scrub_wake();
		return;
	}
	/* The list is full: nothing is put off. */
	while (at < end) {
		u64 bytes = MIN(end - at, SCRUB_BYTES - (at & (SCRUB_BYTES - 1)));

		scrub(at, bytes);
		at += bytes;
	}
}

u64 ram_free_bytes(void)
{
	u64 bytes;

	spin_lock(&ram_lock);
	bytes = sum(&clean) + sum(&dirty) + in_hand;
	spin_unlock(&ram_lock);
	return bytes;
}

u64 ram_dirty_bytes(void)
{
	u64 bytes;

	spin_lock(&ram_lock);
	bytes = sum(&dirty) + in_hand;
	spin_unlock(&ram_lock);
	return bytes;
}
