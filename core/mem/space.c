/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces: the walker. The form of an entry is the architecture's (arch/mmu.h); the shape of
 * the tree is here, so that it is proved on the build machine.
 *
 * A mapping is prepared, then committed: the first pass finds overlaps and counts the tables, the
 * second writes entries and cannot fail.
 *
 * Invariant: no table but the first is empty. A table that became empty is removed at once. It is
 * freed after cached translations are flushed.
 */
#include <mullion/space.h>

#include <arch/mmu.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>
#include <mullion/thread.h>
#include <stdatomic.h>

/* The work between two preemption points: entries written, entries read, tables allocated, with
 * some 60, 6 and 500 instructions for each. */
#define WRITTEN_AT_ONCE   128u
#define READ_AT_ONCE      1024u
#define ALLOCATED_AT_ONCE 16u

/* The way from the first table to the entry of an address: slot[l] for start_level <= l <= level.
 */
struct walk {
	u64 *slot[(SPACE_LAST_LEVEL + 1)];
	u32 level; /* of the entry that ended it: not a table */
};

/* Tables that are in no tree, linked through their first word: a page address, which a walker takes
 * for no valid entry. */
struct tables {
	u64 *first;
};

/* Equal leaves, side by side in one table. */
struct run {
	u32 level;
	u64 entries;
};

/* Release order: a table's content is seen before the entry that leads to it. */
static void store(u64 *slot, u64 entry)
{
	atomic_store_explicit((_Atomic u64 *)slot, entry, memory_order_release);
}

static inline bool is_empty(const struct space *space, u32 level, u64 code)
{
	return !arch_space_decode(space->kind, level, code).valid;
}

static u64 level_size(u32 level)
{
	return UINT64_C(1) << space_level_shift(level);
}

static u64 root_pages(const struct space *space)
{
	u64 entries = UINT64_C(1) << (space->address_bits - space_level_shift(space->start_level));

	return MAX(entries * sizeof(u64) / PAGE_SIZE, 1);
}

static void table_push(struct tables *tables, u64 *table)
{
	table[0] = (u64)(uintptr_t)tables->first;
	tables->first = table;
}

static u64 *table_pop(struct tables *tables)
{
	u64 *table = tables->first;

	ASSERT(table != NULL); /* the caller has counted them, or looked */
	tables->first = (u64 *)(uintptr_t)table[0];
	table[0] = 0;
	return table;
}

static void free_tables(struct tables *tables)
{
	while (tables->first != NULL)
		page_free(table_pop(tables), 1);
}

static u64 *slot_in(const struct space *space, u64 *table, u32 level, u64 gpa)
{
	u64 index = gpa >> space_level_shift(level);

	return &table[level == space->start_level ? index : index % SPACE_ENTRIES];
}

static void walk_to(const struct space *space, u64 gpa, struct walk *walk)
{
	u64 *table = space->root;
	u32 level = space->start_level;

	for (;; level++) {
		u64 *slot = slot_in(space, table, level, gpa);
		struct space_entry entry = arch_space_decode(space->kind, level, *slot);

		walk->slot[level] = slot;
		walk->level = level;
		if (!entry.table)
			return;
		table = page_from_hpa(entry.to);
	}
}

static bool is_range(const struct space *space, u64 gpa, u64 size)
{
	u64 end = UINT64_C(1) << space->address_bits;

	return size != 0 && gpa < end && size <= end - gpa;
}

enum err space_init(struct space *space, enum space_use use, u16 tag)
{
	memset(space, 0, sizeof(*space));
	space->tag = tag;
	arch_space_init(space, use);
	space->root = page_alloc(root_pages(space));
	if (space->root == NULL)
		return ERR_NO_MEMORY;
	space->root_pa = page_to_hpa(space->root);
	space->table_pages = (u32)root_pages(space);
	return OK;
}

void space_use_on(struct space *space, u64 cpus)
{
	space->cpus |= cpus;
}

/* In a loop over entries, with the number of those written so far. */
static void preempt_after(u32 written)
{
	if (written % WRITTEN_AT_ONCE == 0)
		thread_preempt_point();
}

/* The largest leaves for @gpa that @hpa and @left bytes allow, to the end of their table. */
static struct run next_leaves(const struct space *space, u64 gpa, u64 hpa, u64 left)
{
	u32 level = MAX((u32)space->start_level, ARCH_SPACE_BLOCK_LEVEL);
	u64 size = level_size(level), row = UINT64_MAX;

	while (level < SPACE_LAST_LEVEL && (!IS_ALIGNED(gpa | hpa, size) || left < size))
		size = level_size(++level);
	if (level != space->start_level)
		row = SPACE_ENTRIES - (gpa >> space_level_shift(level)) % SPACE_ENTRIES;
	row = MIN(row, left >> space_level_shift(level));
	return (struct run){ level, row };
}

/* Count the tables that are missing for a mapping. ERR_OVERLAP when a page of it is mapped. */
static enum err count_tables(const struct space *space, u64 gpa, u64 hpa, u64 end, u32 *count)
{
	u64 counted[(SPACE_LAST_LEVEL + 1)] = {
		0
	}; /* the end of what the last missing table of a level covers */
	u64 read = 0;

	*count = 0;
	while (gpa < end) {
		struct run run = next_leaves(space, gpa, hpa, end - gpa);
		u64 bytes = run.entries * level_size(run.level);
		struct walk walk;
		u64 entries;

		walk_to(space, gpa, &walk);
		/* A table where a leaf would be is not empty. */
		if (walk.level > run.level)
			return ERR_OVERLAP;
		entries = walk.level == run.level ? run.entries : 1;
		for (u64 i = 0; i < entries; i++)
			if (!is_empty(space, walk.level, walk.slot[walk.level][i]))
				return ERR_OVERLAP;
		for (u32 level = walk.level + 1; level <= run.level; level++) {
			if (gpa < counted[level])
				continue;
			counted[level] =
				ALIGN_DOWN(gpa, level_size(level - 1)) + level_size(level - 1);
			++*count;
		}
		gpa += bytes;
		hpa += bytes;
		read += entries;
		if (read >= READ_AT_ONCE) {
			read = 0;
			thread_preempt_point();
		}
	}
	return OK;
}

static enum err reserve_tables(u32 count, struct tables *spare)
{
	while (count-- > 0) {
		u64 *table = page_alloc(1);

		if (table == NULL) {
			free_tables(spare);
			return ERR_NO_MEMORY;
		}
		table_push(spare, table);
		if (count % ALLOCATED_AT_ONCE == ALLOCATED_AT_ONCE - 1)
			thread_preempt_point();
	}
	return OK;
}

/* The slot of a leaf of @level for @gpa, by way of tables from @spare where there are none. */
static u64 *make_slot(struct space *space, u64 gpa, u32 level, struct tables *spare)
{
	struct walk walk;

	walk_to(space, gpa, &walk);
	while (walk.level < level) {
		u64 *table = table_pop(spare);
		struct space_entry entry = { .to = page_to_hpa(table),
					     .valid = true,
					     .table = true };

		space->table_pages++;
		store(walk.slot[walk.level], arch_space_encode(space->kind, walk.level, entry));
		walk.level++;
		walk.slot[walk.level] = slot_in(space, table, walk.level, gpa);
	}
	return walk.slot[level];
}

static void commit(struct space *space, u64 gpa, u64 hpa, u64 end, u32 flags, struct tables *spare)
{
	struct space_entry entry = { .to = HPA(hpa), .flags = flags, .valid = true };
	u32 done = 0;

	while (gpa < end) {
		struct run run = next_leaves(space, gpa, entry.to.v, end - gpa);
		u64 *slot = make_slot(space, gpa, run.level, spare), size = level_size(run.level);

		for (u64 i = 0; i < run.entries; i++, gpa += size, entry.to.v += size) {
			store(&slot[i], arch_space_encode(space->kind, run.level, entry));
			preempt_after(++done);
		}
	}
}

enum err space_map(struct space *space, gpa_t to, hpa_t from, u64 size, u32 flags)
{
	struct tables spare = { NULL };
	enum err err;
	u32 count;

	if (!is_range(space, to.v, size) || !IS_ALIGNED(to.v | from.v | size, PAGE_SIZE))
		return ERR_RANGE;
	err = count_tables(space, to.v, from.v, to.v + size, &count);
	if (err == OK)
		err = reserve_tables(count, &spare);
	if (err != OK)
		return err;
	commit(space, to.v, from.v, to.v + size, flags, &spare);
	arch_space_sync(space, to, size);
	return OK;
}

enum err space_grant_ports(struct space *space, u32 first, u32 count)
{
	if (space->num_ports == SPACE_PORTS_MAX)
		return ERR_TOO_BIG;
	space->ports[space->num_ports++] = (struct space_ports){ first, count };
	return OK;
}

/* Remove the tables that became empty above the slot where @walk ended. */
static void prune(struct space *space, struct walk *walk, struct tables *removed)
{
	while (walk->level > space->start_level) {
		u64 *table = (u64 *)ALIGN_DOWN((uintptr_t)walk->slot[walk->level], PAGE_SIZE);

		for (u32 i = 0; i < SPACE_ENTRIES; i++)
			if (!is_empty(space, walk->level, table[i]))
				return;
		walk->level--;
		store(walk->slot[walk->level], 0);
		table_push(removed, table);
		space->table_pages--;
	}
}

void space_unmap(struct space *space, gpa_t from, u64 size)
{
	u64 gpa = from.v, end = from.v + size;
	struct tables removed = { NULL };
	struct walk walk;
	u32 done = 0;

	ASSERT(is_range(space, gpa, size));
	while (gpa < end) {
		u64 block, start;

		walk_to(space, gpa, &walk);
		block = level_size(walk.level);
		start = ALIGN_DOWN(gpa, block);
		if (!is_empty(space, walk.level, *walk.slot[walk.level])) {
			ASSERT(start >= from.v && block <= end - start); /* mapped as a whole */
			store(walk.slot[walk.level], 0);
		}
		gpa = start + block;
		/* Once for each table, at its end: the search for a valid entry is a pass over it.
		 */
		if (gpa >= end || IS_ALIGNED(gpa, block * SPACE_ENTRIES))
			prune(space, &walk, &removed);
		preempt_after(++done);
	}
	arch_space_sync(space, from, size);
	free_tables(&removed);
}

enum err space_lookup(const struct space *space, gpa_t gpa, hpa_t *hpa, u32 *flags)
{
	struct space_entry entry;
	struct walk walk;

	if (!is_range(space, gpa.v, 1))
		return ERR_FAULT;
	walk_to(space, gpa.v, &walk);
	entry = arch_space_decode(space->kind, walk.level, *walk.slot[walk.level]);
	if (!entry.valid)
		return ERR_FAULT;
	*hpa = HPA(entry.to.v + (gpa.v & (level_size(walk.level) - 1)));
	if (flags != NULL)
		*flags = entry.flags;
	return OK;
}

void space_destroy(struct space *space)
{
	if (space->root == NULL)
		return;
	space_unmap(space, GPA(0), UINT64_C(1) << space->address_bits);
	page_free(space->root, root_pages(space));
	space->root = NULL;
	space->table_pages = 0;
}
