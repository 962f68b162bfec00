/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's RAM: sorted lists of free ranges. Guests' memory and the core's heap are a few
 * large pieces, allocated at boot and when a guest is created. So lists with first fit suffice. The
 * description's pieces bound their length. The core maps none of this memory.
 *
 * RAM is dirty at boot, because firmware and earlier systems wrote to it, and when an owner frees
 * it. The scrubber (scrub.c) zeroes dirty parts on an idle CPU. The caller that allocates parts
 * zeroes those that are still dirty.
 */
#include <mullion/mem.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>
#include <mullion/window.h>

#include "core/mem/scrub.h"

/* Zeroed at a time, with interrupts masked: some 10 us. A power of two, at most 2 MiB. */
#define SCRUB_BYTES KIB(64)

struct ranges {
	u32 num;
	struct ram_range *list; /* sorted, no two touch */
};

static struct spinlock ram_lock = SPINLOCK_INIT(RANK_MEMORY);
static struct ram_range boot_lists[RAM_LISTS][RAM_BOOT_RANGES];
static u32 max_ranges = RAM_BOOT_RANGES; /* of each list */
static struct ranges clean GUARDED_BY(ram_lock) = { 0, boot_lists[0] };
static struct ranges dirty GUARDED_BY(ram_lock) = { 0, boot_lists[1] };
/* Dirty parts of memory that was taken; not merged, not free. */
static struct ranges held GUARDED_BY(ram_lock) = { 0, boot_lists[2] };
static ram_kept_fn *kept;                /* or NULL */
static u64 in_hand GUARDED_BY(ram_lock); /* bytes that the scrubber zeroes: in no list */

static void remove_at(struct ranges *ranges, u32 i)
{
	ranges->num--;
	memmove(&ranges->list[i], &ranges->list[i + 1],
		(ranges->num - i) * sizeof(ranges->list[0]));
}

static enum err insert_at(struct ranges *ranges, u32 i, struct ram_range range)
{
	if (ranges->num == max_ranges)
		return ERR_TOO_BIG;
	memmove(&ranges->list[i + 1], &ranges->list[i],
		(ranges->num - i) * sizeof(ranges->list[0]));
	ranges->list[i] = range;
	ranges->num++;
	return OK;
}

/* Put [base, end) in, merged with its neighbours. An overlap with a free range is in only once. */
static enum err range_add(struct ranges *ranges, u64 base, u64 end)
{
	u32 i = 0;

	while (i < ranges->num && ranges->list[i].end < base)
		i++;
	while (i < ranges->num && ranges->list[i].base <= end) {
		base = MIN(base, ranges->list[i].base);
		end = MAX(end, ranges->list[i].end);
		remove_at(ranges, i);
	}
	return insert_at(ranges, i, (struct ram_range){ base, end });
}

/* Take [base, end) out of every range. */
static enum err range_take(struct ranges *ranges, u64 base, u64 end)
{
	for (u32 i = 0; i < ranges->num;) {
		struct ram_range r = ranges->list[i];

		if (r.end <= base || end <= r.base) {
			i++;
			continue;
		}
		if (r.base < base && end < r.end) {
			enum err err = insert_at(ranges, i + 1, (struct ram_range){ end, r.end });

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
	err = range_add(&dirty, from, end);
	spin_unlock(&ram_lock);
	return err;
}

static void move_list(struct ranges *ranges, struct ram_range *list) REQUIRES(&ram_lock)
{
	memcpy(list, ranges->list, ranges->num * sizeof(*list));
	ranges->list = list;
}

__boot enum err ram_allocate(u32 pieces)
{
	u64 bytes = ram_lists_bytes(pieces);
	struct ram_range *lists;

	if (bytes == 0)
		return OK;
	lists = page_alloc(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE);
	if (lists == NULL)
		return ERR_NO_MEMORY;
	spin_lock(&ram_lock);
	max_ranges = RAM_BOOT_RANGES + RAM_PIECE_RANGES * pieces;
	move_list(&clean, lists);
	move_list(&dirty, lists + max_ranges);
	move_list(&held, lists + 2 * (u64)max_ranges);
	spin_unlock(&ram_lock);
	return OK;
}

__boot enum err ram_reserve(hpa_t base, u64 size)
{
	u64 from = ALIGN_DOWN(base.v, PAGE_SIZE), end = ALIGN_UP(base.v + size, PAGE_SIZE);
	enum err err;

	if (base.v + size < base.v || end < base.v)
		return ERR_INVALID;
	spin_lock(&ram_lock);
	err = range_take(&dirty, from, end);
	spin_unlock(&ram_lock);
	return err;
}

/* Zero [base, base + bytes), counted in hand, and add it to the clean. */
static void scrub(u64 base, u64 bytes)
{
	enum err err;

	window_zero(HPA(base), bytes);
	spin_lock(&ram_lock);
	in_hand -= bytes;
	err = range_add(&clean, base, base + bytes);
	spin_unlock(&ram_lock);
	if (err != OK)
		log_warn("memory at 0x%lx is lost: the list of free ranges is full", base);
}

/* Cut a piece from the end of list[i], so that no range falls into two. */
static struct ram_range cut_piece(struct ranges *ranges, u32 i)
{
	struct ram_range *r = &ranges->list[i];
	struct ram_range piece = { ALIGN_DOWN(r->end - 1, SCRUB_BYTES), r->end };

	piece.base = MAX(piece.base, r->base);
	r->end = piece.base;
	if (r->end == r->base)
		remove_at(ranges, i);
	return piece;
}

bool ram_scrub(void)
{
	struct ram_range piece = { 0, 0 };

	spin_lock(&ram_lock);
	if (dirty.num != 0)
		piece = cut_piece(&dirty, dirty.num - 1);
	in_hand += piece.end - piece.base;
	spin_unlock(&ram_lock);
	if (piece.end == 0)
		return false;
	scrub(piece.base, piece.end - piece.base);
	return true;
}

/* Between two pieces. While there are no threads yet, there is nothing else to run. */
static void between_pieces(void)
{
	if (sched_context() == CONTEXT_ORPHAN)
		thread_preempt_point();
	else
		arch_cpu_relax();
}

/* A walk from the top over what is free, clean or not: ranges that touch are one. */
struct walk {
	u32 clean, dirty; /* ranges not visited yet */
	struct ram_range run;
};

/* The range below what was visited, if it ends at @end (0: anywhere). */
static bool extend_run(struct walk *walk, u64 end) REQUIRES(&ram_lock)
{
	const struct ram_range *c = walk->clean != 0 ? &clean.list[walk->clean - 1] : NULL;
	const struct ram_range *d = walk->dirty != 0 ? &dirty.list[walk->dirty - 1] : NULL;
	const struct ram_range *r = d == NULL || (c != NULL && c->end > d->end) ? c : d;

	if (r == NULL || (end != 0 && r->end != end))
		return false;
	if (r == c)
		walk->clean--;
	else
		walk->dirty--;
	if (end == 0)
		walk->run.end = r->end;
	walk->run.base = r->base;
	return true;
}

static bool next_free_run(struct walk *walk) REQUIRES(&ram_lock)
{
	if (!extend_run(walk, 0))
		return false;
	while (extend_run(walk, walk->run.base))
		;
	return true;
}

/* Finds the highest place in @run that is not kept. Returns false if there is none. */
static bool fits(const struct ram_range *run, u64 size, u64 align, u64 *at)
{
	u64 end = run->end;

	do {
		if (end < run->base || end - run->base < size)
			return false;
		*at = ALIGN_DOWN(end - size, align);
		if (*at < run->base)
			return false;
	} while (kept != NULL && kept(*at, size, &end));
	return true;
}

/* The highest place in clean memory, else the highest of all. */
static bool find_free_place(u64 size, u64 align, u64 *at) REQUIRES(&ram_lock)
{
	struct walk walk = { clean.num, dirty.num, { 0, 0 } };

	for (u32 i = clean.num; i-- > 0;)
		if (fits(&clean.list[i], size, align, at))
			return true;
	while (next_free_run(&walk))
		if (fits(&walk.run, size, align, at))
			return true;
	return false;
}

static bool is_free(u64 base, u64 end) REQUIRES(&ram_lock)
{
	struct walk walk = { clean.num, dirty.num, { 0, 0 } };

	while (next_free_run(&walk))
		if (walk.run.base <= base && end <= walk.run.end)
			return true;
	return false;
}

/* Take [base, end), all of it free; its dirty parts are held from now on. */
static enum err take_free(u64 base, u64 end) REQUIRES(&ram_lock)
{
	u32 parts = 0, at = 0;
	enum err err;

	for (u32 i = 0; i < dirty.num; i++)
		parts += dirty.list[i].base < end && base < dirty.list[i].end;
	if (max_ranges - held.num < parts || clean.num == max_ranges || dirty.num == max_ranges)
		return ERR_TOO_BIG;
	for (u32 i = 0; i < dirty.num; i++) {
		struct ram_range r = dirty.list[i];

		r.base = MAX(r.base, base);
		r.end = MIN(r.end, end);
		if (r.base >= r.end)
			continue;
		while (at < held.num && held.list[at].base < r.base)
			at++;
		err = insert_at(&held, at, r);
		ASSERT(err == OK);
	}
	err = range_take(&dirty, base, end);
	if (err == OK)
		err = range_take(&clean, base, end);
	ASSERT(err == OK); /* there was room for a range that falls into two */
	return OK;
}

/* Zero what is held of [base, end), which has its owner: no other caller looks there. */
static void zero_held(u64 base, u64 end)
{
	for (;;) {
		struct ram_range piece = { 0, 0 };

		spin_lock(&ram_lock);
		for (u32 i = held.num; i-- > 0 && piece.end == 0;)
			if (base <= held.list[i].base && held.list[i].end <= end)
				piece = cut_piece(&held, i);
		spin_unlock(&ram_lock);
		if (piece.end == 0)
			return;
		window_zero(HPA(piece.base), piece.end - piece.base);
		between_pieces();
	}
}

/* Take a place of @size bytes, or with @fixed the one at *@base. Waits for the scrubber's piece. */
static enum err take_place(u64 size, u64 align, bool fixed, u64 *base)
{
	enum err err;
	bool more;

	do {
		spin_lock(&ram_lock);
		if (fixed)
			err = is_free(*base, *base + size) ? OK : ERR_OVERLAP;
		else
			err = find_free_place(size, align, base) ? OK : ERR_NO_MEMORY;
		more = err != OK && in_hand != 0;
		if (err == OK)
			err = take_free(*base, *base + size);
		spin_unlock(&ram_lock);
		if (more)
			between_pieces();
	} while (more);
	return err;
}

void ram_keep(ram_kept_fn *is_kept)
{
	kept = is_kept;
}

static bool is_size(u64 size, u64 align)
{
	return size != 0 && IS_ALIGNED(size, PAGE_SIZE) && align != 0 && (align & (align - 1)) == 0;
}

enum err ram_alloc(u64 size, u64 align, hpa_t *base)
{
	enum err err;

	if (!is_size(size, align))
		return ERR_INVALID;
	err = take_place(size, MAX(align, PAGE_SIZE), false, &base->v);
	if (err == OK)
		zero_held(base->v, base->v + size);
	return err;
}

__boot enum err ram_alloc_dirty(u64 size, hpa_t *base)
{
	enum err err = take_place(size, PAGE_SIZE, false, &base->v);

	if (err != OK)
		return err;
	spin_lock(&ram_lock);
	for (u32 i = held.num; i-- > 0;)
		if (base->v <= held.list[i].base && held.list[i].end <= base->v + size)
			remove_at(&held, i);
	spin_unlock(&ram_lock);
	return OK;
}

enum err ram_claim(hpa_t base, u64 size)
{
	enum err err;

	if (base.v + size < base.v || !is_size(size, PAGE_SIZE) || !IS_ALIGNED(base.v, PAGE_SIZE))
		return ERR_INVALID;
	err = take_place(size, PAGE_SIZE, true, &base.v);
	if (err == OK)
		zero_held(base.v, base.v + size);
	return err;
}

void ram_free(hpa_t base, u64 size)
{
	u64 at = base.v, end = base.v + size;
	enum err err;

	ASSERT(size != 0 && IS_ALIGNED(base.v | size, PAGE_SIZE));
	spin_lock(&ram_lock);
	err = range_add(&dirty, at, end);
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
		between_pieces();
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

u64 ram_largest_bytes(void)
{
	struct walk walk;
	u64 bytes = 0;

	spin_lock(&ram_lock);
	walk = (struct walk){ clean.num, dirty.num, { 0, 0 } };
	while (next_free_run(&walk))
		bytes = MAX(bytes, walk.run.end - walk.run.base);
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
