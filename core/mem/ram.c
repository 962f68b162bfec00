/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's RAM: a sorted list of free ranges. Guests' memory and the core's heap are taken
 * from it in a few large pieces at boot and when a guest is created, so a list of bounded length
 * with first fit does; nothing of it is mapped in the core.
 */
#include <mullion/mem.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

#define MAX_RANGES 128u

struct range {
	u64 base, end; /* page-aligned; base < end */
};

static struct spinlock ram_lock = SPINLOCK_INIT(RANK_MEMORY);
static struct range ranges[MAX_RANGES];
static u32 num_ranges;

static void remove_at(u32 i)
{
	num_ranges--;
	memmove(&ranges[i], &ranges[i + 1], (num_ranges - i) * sizeof(ranges[0]));
}

static enum err insert_at(u32 i, struct range range)
{
	if (num_ranges == MAX_RANGES)
		return ERR_TOO_BIG;
	memmove(&ranges[i + 1], &ranges[i], (num_ranges - i) * sizeof(ranges[0]));
	ranges[i] = range;
	num_ranges++;
	return OK;
}

/* Put [base, end) in, merged with its neighbours. What overlaps a free range is in only once. */
static enum err add(u64 base, u64 end)
{
	u32 i = 0;

	while (i < num_ranges && ranges[i].end < base)
		i++;
	while (i < num_ranges && ranges[i].base <= end) {
		base = MIN(base, ranges[i].base);
		end = MAX(end, ranges[i].end);
		remove_at(i);
	}
	return insert_at(i, (struct range){ base, end });
}

/* Take [base, end) out of every range. */
static enum err take(u64 base, u64 end)
{
	for (u32 i = 0; i < num_ranges;) {
		struct range r = ranges[i];

		if (r.end <= base || end <= r.base) {
			i++;
			continue;
		}
		if (r.base < base && end < r.end) {
			enum err err = insert_at(i + 1, (struct range){ end, r.end });

			if (err != OK)
				return err;
			ranges[i].end = base;
			return OK;
		}
		if (r.base < base)
			ranges[i++].end = base;
		else if (end < r.end)
			ranges[i++].base = end;
		else
			remove_at(i);
	}
	return OK;
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
	err = add(from, end);
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
	err = take(from, end);
	spin_unlock(&ram_lock);
	return err;
}

enum err ram_alloc(u64 size, u64 align, hpa_t *base)
{
	enum err err = ERR_NO_MEMORY;

	if (size == 0 || !IS_ALIGNED(size, PAGE_SIZE) || align == 0 || (align & (align - 1)) != 0)
		return ERR_INVALID;
	align = MAX(align, PAGE_SIZE);
	spin_lock(&ram_lock);
	for (u32 i = num_ranges; i-- > 0;) {
		u64 at;

		if (ranges[i].end - ranges[i].base < size)
			continue;
		at = ALIGN_DOWN(ranges[i].end - size, align);
		if (at < ranges[i].base)
			continue;
		err = take(at, at + size);
		if (err == OK)
			*base = HPA(at);
		break;
	}
	spin_unlock(&ram_lock);
	return err;
}

enum err ram_claim(hpa_t base, u64 size)
{
	enum err err = ERR_OVERLAP;
	u64 end = base.v + size;

	if (size == 0 || end < base.v || !IS_ALIGNED(base.v | size, PAGE_SIZE))
		return ERR_INVALID;
	spin_lock(&ram_lock);
	for (u32 i = 0; i < num_ranges; i++) {
		if (ranges[i].base <= base.v && end <= ranges[i].end) {
			err = take(base.v, end);
			break;
		}
	}
	spin_unlock(&ram_lock);
	return err;
}

/* Memory that a guest had is zeroed before anyone else gets it. No lock is held meanwhile. */
static void scrub(u64 base, u64 end)
{
	while (base < end) {
		u64 n = MIN(end - base, MIB(2) - (base & (MIB(2) - 1)));

		memset(arch_window_map(HPA(base), n), 0, n);
		arch_window_unmap();
		base += n;
	}
}

void ram_free(hpa_t base, u64 size)
{
	enum err err;

	ASSERT(size != 0 && IS_ALIGNED(base.v | size, PAGE_SIZE));
	scrub(base.v, base.v + size);
	spin_lock(&ram_lock);
	err = add(base.v, base.v + size);
	spin_unlock(&ram_lock);
	if (err != OK)
		log_warn("memory at 0x%lx is lost: the list of free ranges is full", base.v);
}

u64 ram_free_bytes(void)
{
	u64 sum = 0;

	spin_lock(&ram_lock);
	for (u32 i = 0; i < num_ranges; i++)
		sum += ranges[i].end - ranges[i].base;
	spin_unlock(&ram_lock);
	return sum;
}
