/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's second-stage tables: the walker. What an entry looks like is the architecture's
 * business (arch/mmu.h); here is the shape alone, so that it is proved on the build machine.
 *
 * Invariant: no table but the first is empty. A table that became empty is taken out at once and
 * goes back to the heap after the TLB was flushed.
 */
#include <mullion/stage2.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>
#include <mullion/thread.h>

#define LEVELS (ARCH_S2_LAST_LEVEL + 1)

/* Entries that are looked at before others may run: some 60 instructions for each. */
#define BREATH_ENTRIES 128u

/* The way from the first table to the entry of an address: slot[l] for start_level <= l <= level.
 */
struct walk {
	u64 *slot[LEVELS];
	u32 level; /* of the entry that ended it: not a table */
};

/* Tables taken out, linked through their first word: a page address, so no valid entry to a walker.
 */
struct removed {
	u64 *first;
};

static u64 level_size(u32 level)
{
	return UINT64_C(1) << arch_s2_shift(level);
}

static u64 root_pages(const struct stage2 *s2)
{
	return MAX((u64)arch_s2_root_entries(s2->ipa_bits) * sizeof(u64) / PAGE_SIZE, 1);
}

static u64 *table_of(u64 entry)
{
	return page_from_hpa(arch_s2_address(entry));
}

static u64 *slot_in(const struct stage2 *s2, u64 *table, u32 level, u64 gpa)
{
	u64 index = gpa >> arch_s2_shift(level);

	return &table[level == s2->start_level ? index : index % ARCH_S2_ENTRIES];
}

static void walk_to(const struct stage2 *s2, u64 gpa, struct walk *walk)
{
	u64 *table = s2->root;
	u32 level = s2->start_level;

	for (;;) {
		walk->slot[level] = slot_in(s2, table, level, gpa);
		walk->level = level;
		if (!arch_s2_is_table(*walk->slot[level], level))
			return;
		table = table_of(*walk->slot[level]);
		level++;
	}
}

static bool is_range(const struct stage2 *s2, u64 gpa, u64 size)
{
	u64 end = UINT64_C(1) << s2->ipa_bits;

	return size != 0 && gpa < end && size <= end - gpa;
}

enum err stage2_init(struct stage2 *s2, u16 vmid)
{
	memset(s2, 0, sizeof(*s2));
	s2->vmid = vmid;
	s2->ipa_bits = (u8)ARCH_S2_IPA_BITS();
	s2->start_level = (u8)arch_s2_start_level(s2->ipa_bits);
	s2->root = page_alloc(root_pages(s2));
	if (s2->root == NULL)
		return ERR_NO_MEMORY;
	s2->root_pa = page_to_hpa(s2->root);
	s2->table_pages = (u32)root_pages(s2);
	/* Entries of an earlier guest of the same VMID may still be cached. */
	arch_s2_flush(vmid, s2->root_pa, GPA(0), 0);
	return OK;
}

/* In a loop over entries, with the number of those done so far. */
static void breathe_after(u32 done)
{
	if (done % BREATH_ENTRIES == 0)
		thread_breathe();
}

/* How many entries from that of @gpa on lie in one table and begin below @end: one walk does for
 * them. */
static u64 row(const struct stage2 *s2, u32 level, u64 gpa, u64 end)
{
	u64 size = level_size(level), index = gpa / size;
	u64 left =
		level == s2->start_level ? UINT64_MAX : ARCH_S2_ENTRIES - index % ARCH_S2_ENTRIES;

	return MIN(left, (end - 1) / size - index + 1);
}

/* Is anything mapped in the range? */
static bool is_mapped(const struct stage2 *s2, u64 gpa, u64 end)
{
	struct walk walk;

	while (gpa < end) {
		const u64 *slot;
		u64 entries;

		walk_to(s2, gpa, &walk);
		slot = walk.slot[walk.level];
		entries = row(s2, walk.level, gpa, end);
		for (u64 i = 0; i < entries; i++) {
			if (arch_s2_is_table(slot[i], walk.level)) {
				entries = i;
				break;
			}
			if (arch_s2_is_valid(slot[i]))
				return true;
		}
		gpa = ALIGN_DOWN(gpa, level_size(walk.level)) + entries * level_size(walk.level);
	}
	return false;
}

/* The largest block that starts here. */
static u32 block_level(const struct stage2 *s2, u64 gpa, u64 hpa, u64 size)
{
	u32 level = MAX((u32)s2->start_level, (u32)ARCH_S2_BLOCK_LEVEL);

	while (level < ARCH_S2_LAST_LEVEL &&
	       (!IS_ALIGNED(gpa | hpa, level_size(level)) || size < level_size(level)))
		level++;
	return level;
}

/* The slot of an entry of @level for @gpa, in tables that are made where there are none. */
static enum err make_slot(struct stage2 *s2, u64 gpa, u32 level, u64 **slot)
{
	struct walk walk;

	walk_to(s2, gpa, &walk);
	while (walk.level < level) {
		u64 *table = page_alloc(1);

		if (table == NULL)
			return ERR_NO_MEMORY;
		s2->table_pages++;
		arch_s2_publish(walk.slot[walk.level], arch_s2_encode_table(page_to_hpa(table)));
		walk.level++;
		walk.slot[walk.level] = slot_in(s2, table, walk.level, gpa);
	}
	/* Nothing is mapped here and no table is empty, so the walk ended at this level or above.
	 */
	ASSERT(walk.level == level);
	*slot = walk.slot[level];
	return OK;
}

/* Take the tables out that became empty above the slot where @walk ended. */
static void prune(struct stage2 *s2, struct walk *walk, struct removed *removed)
{
	while (walk->level > s2->start_level) {
		u64 *table = (u64 *)ALIGN_DOWN((uintptr_t)walk->slot[walk->level], PAGE_SIZE);

		for (u32 i = 0; i < ARCH_S2_ENTRIES; i++)
			if (arch_s2_is_valid(table[i]))
				return;
		walk->level--;
		arch_s2_publish(walk->slot[walk->level], 0);
		table[0] = (u64)(uintptr_t)removed->first;
		removed->first = table;
		s2->table_pages--;
	}
}

static void free_removed(struct removed *removed)
{
	while (removed->first != NULL) {
		u64 *table = removed->first;

		removed->first = (u64 *)(uintptr_t)table[0];
		page_free(table, 1);
	}
}

/* A block becomes a table of next smaller ones. Break before make: Arm ARM D8.14.1. */
static enum err split(struct stage2 *s2, u64 gpa, struct walk *walk)
{
	u64 *slot = walk->slot[walk->level], entry = *slot;
	u32 level = walk->level + 1, flags = arch_s2_flags(entry);
	u64 *table = page_alloc(1);

	if (table == NULL)
		return ERR_NO_MEMORY;
	s2->table_pages++;
	for (u32 i = 0; i < ARCH_S2_ENTRIES; i++)
		table[i] = arch_s2_encode_leaf(
			HPA(arch_s2_address(entry).v + i * level_size(level)), level, flags);
	arch_s2_publish(slot, 0);
	arch_s2_flush(s2->vmid, s2->root_pa, GPA(ALIGN_DOWN(gpa, level_size(level - 1))),
		      level_size(level - 1));
	arch_s2_publish(slot, arch_s2_encode_table(page_to_hpa(table)));
	return OK;
}

enum err stage2_unmap(struct stage2 *s2, gpa_t from, u64 size)
{
	u64 gpa = from.v, end = from.v + size;
	struct removed removed = { NULL };
	enum err err = OK;
	struct walk walk;
	u32 done = 0;

	if (!is_range(s2, gpa, size) || !IS_ALIGNED(gpa | size, PAGE_SIZE))
		return ERR_RANGE;
	while (gpa < end) {
		u64 block, start;

		walk_to(s2, gpa, &walk);
		block = level_size(walk.level);
		start = ALIGN_DOWN(gpa, block);
		if (arch_s2_is_valid(*walk.slot[walk.level])) {
			if (start < gpa || end - start < block) {
				err = split(s2, gpa, &walk);
				if (err != OK)
					break;
				continue;
			}
			arch_s2_publish(walk.slot[walk.level], 0);
		}
		gpa = start + block;
		/* Once for each table, where it is left: looking costs a pass over it. */
		if (gpa >= end || IS_ALIGNED(gpa, block * ARCH_S2_ENTRIES))
			prune(s2, &walk, &removed);
		breathe_after(++done);
	}
	arch_s2_flush(s2->vmid, s2->root_pa, from, size);
	free_removed(&removed);
	return err;
}

enum err stage2_map(struct stage2 *s2, gpa_t to, hpa_t from, u64 size, u32 flags)
{
	u64 gpa = to.v, hpa = from.v, end = to.v + size;
	u32 done = 0;

	if (!is_range(s2, gpa, size) || !IS_ALIGNED(gpa | hpa | size, PAGE_SIZE))
		return ERR_RANGE;
	if (is_mapped(s2, gpa, end))
		return ERR_OVERLAP;
	while (gpa < end) {
		u32 level = block_level(s2, gpa, hpa, end - gpa);
		u64 bytes = level_size(level), *slot, entries;
		enum err err = make_slot(s2, gpa, level, &slot);

		if (err != OK) {
			/* One page more: tables made for the one that failed go as well. */
			if (stage2_unmap(s2, to, gpa - to.v + PAGE_SIZE) != OK)
				ASSERT(false); /* whole blocks: nothing to split */
			return err;
		}
		/* Whole blocks to the table's end, but no smaller ones than a block above takes. */
		entries = MIN(row(s2, level, gpa, end), (end - gpa) / bytes);
		for (u64 i = 0; i < entries; i++, gpa += bytes, hpa += bytes) {
			arch_s2_publish(&slot[i], arch_s2_encode_leaf(HPA(hpa), level, flags));
			breathe_after(++done);
		}
	}
	return OK;
}

enum err stage2_lookup(const struct stage2 *s2, gpa_t gpa, hpa_t *hpa, u32 *flags)
{
	struct walk walk;
	u64 entry;

	if (!is_range(s2, gpa.v, 1))
		return ERR_FAULT;
	walk_to(s2, gpa.v, &walk);
	entry = *walk.slot[walk.level];
	if (!arch_s2_is_valid(entry))
		return ERR_FAULT;
	*hpa = HPA(arch_s2_address(entry).v + (gpa.v & (level_size(walk.level) - 1)));
	if (flags != NULL)
		*flags = arch_s2_flags(entry);
	return OK;
}

void stage2_destroy(struct stage2 *s2)
{
	if (s2->root == NULL)
		return;
	if (stage2_unmap(s2, GPA(0), UINT64_C(1) << s2->ipa_bits) != OK)
		ASSERT(false); /* the whole space: nothing to split */
	ASSERT(s2->table_pages == root_pages(s2));
	page_free(s2->root, root_pages(s2));
	s2->root = NULL;
	s2->table_pages = 0;
}
