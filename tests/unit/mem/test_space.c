/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/space.c: named cases for block sizes, flushes and errors, and random maps and unmaps
 * against a flat array with one entry per page. Every sequence releases its table pages.
 */
#include "support/random.h"
#include "support/test.h"

#include <arch/mmu.h>
#include <mullion/mem.h>
#include <mullion/space.h>

#include "arch/host/host.h"

#define HEAP_PAGES  4096
#define ALL         (SPACE_READ | SPACE_WRITE | SPACE_EXEC)
#define MODEL_PAGES (GIB(3) / PAGE_SIZE)
#define OPERATIONS  4000
#define NO_PAGE     UINT64_MAX

static struct space space;
static u64 free_before;
static u64 *model; /* host address | flags of each guest page; NO_PAGE: not mapped */
static struct {
	u64 first, count;
} mapped[OPERATIONS]; /* in pages; the first num_mapped */
static u32 num_mapped;
static void **hoard; /* heap pages held to make it short */
static u32 num_hoarded;

static void *fresh(void)
{
	free_before = page_free_count();
	assert_int_equal(space_init(&space, SPACE_OF_GUEST, 3), OK);
	return &space;
}

static void done(void)
{
	space_destroy(&space);
	assert_int_equal(page_free_count(), free_before);
}

static void assert_maps(u64 gpa, u64 hpa, u32 flags)
{
	hpa_t found = HPA(0);
	u32 found_flags = 0;

	assert_int_equal(space_lookup(&space, GPA(gpa), &found, &found_flags), OK);
	assert_int_equal(found.v, hpa);
	assert_int_equal(found_flags, flags);
}

static void assert_no_map(u64 gpa)
{
	hpa_t found;

	assert_int_equal(space_lookup(&space, GPA(gpa), &found, NULL), ERR_FAULT);
}

/* The number of tables of a mapping shows which blocks it consists of. */
static void takes_largest_blocks(void **state)
{
	u32 root;

	(void)state;
	fresh();
	root = space.table_pages;
	assert_int_equal(root, 2); /* 40 bits: two level-1 tables, concatenated */
	assert_int_equal(space_map(&space, GPA(GIB(4)), HPA(GIB(8)), GIB(2), ALL), OK);
	assert_int_equal(space.table_pages, root); /* 1 GiB blocks */
	assert_maps(GIB(5) + 0x1234, GIB(9) + 0x1234, ALL);
	assert_int_equal(space_map(&space, GPA(MIB(2)), HPA(MIB(512)), MIB(2), SPACE_READ), OK);
	assert_int_equal(space.table_pages, root + 1); /* one 2 MiB block */
	assert_int_equal(space_map(&space, GPA(MIB(4)), HPA(MIB(513)), MIB(2), ALL), OK);
	assert_int_equal(space.table_pages, root + 2); /* not aligned together: pages */
	assert_maps(MIB(4) + 0x5678, MIB(513) + 0x5678, ALL);
	/* From a page before a block to a page behind it. */
	assert_int_equal(space_map(&space, GPA(GIB(1) + MIB(2) - PAGE_SIZE),
				   HPA(GIB(3) + MIB(2) - PAGE_SIZE), MIB(2) + 2 * PAGE_SIZE,
				   SPACE_READ | SPACE_DEVICE | SPACE_WRITE),
			 OK);
	assert_int_equal(space.table_pages, root + 5);
	assert_maps(GIB(1) + MIB(4), GIB(3) + MIB(4), SPACE_READ | SPACE_DEVICE | SPACE_WRITE);
	assert_no_map(GIB(1) + MIB(4) + PAGE_SIZE);
	done();
}

static void last_page_of_the_space(void **state)
{
	u64 end = UINT64_C(1) << 40;

	(void)state;
	fresh();
	assert_int_equal(space_map(&space, GPA(end - PAGE_SIZE), HPA(0), PAGE_SIZE, ALL), OK);
	assert_maps(end - 1, PAGE_SIZE - 1, ALL);
	assert_int_equal(space_map(&space, GPA(end - PAGE_SIZE), HPA(0), 2 * PAGE_SIZE, ALL),
			 ERR_RANGE);
	assert_int_equal(space_map(&space, GPA(end), HPA(0), PAGE_SIZE, ALL), ERR_RANGE);
	assert_int_equal(space_map(&space, GPA(PAGE_SIZE), HPA(0), UINT64_MAX - 4095, ALL),
			 ERR_RANGE);
	assert_int_equal(space_map(&space, GPA(0), HPA(0), 0, ALL), ERR_RANGE);
	assert_int_equal(space_map(&space, GPA(1), HPA(0), PAGE_SIZE, ALL), ERR_RANGE);
	assert_int_equal(space_map(&space, GPA(0), HPA(0x800), PAGE_SIZE, ALL), ERR_RANGE);
	assert_no_map(end);
	assert_no_map(UINT64_MAX);
	done();
}

static void overlap_changes_nothing(void **state)
{
	u32 tables;

	(void)state;
	fresh();
	assert_int_equal(space_map(&space, GPA(GIB(1) + MIB(6)), HPA(MIB(6)), PAGE_SIZE, ALL), OK);
	tables = space.table_pages;
	assert_int_equal(space_map(&space, GPA(GIB(1)), HPA(0), GIB(1), ALL), ERR_OVERLAP);
	assert_no_map(GIB(1));
	assert_int_equal(space.table_pages, tables);
	assert_int_equal(space_map(&space, GPA(GIB(1)), HPA(0), MIB(6), ALL), OK);
	done();
}

static void flushes_when_a_cpu_has_run_in_it(void **state)
{
	u32 flushes = host_counts.space_flushes;

	(void)state;
	fresh();
	assert_int_equal(space_map(&space, GPA(GIB(1)), HPA(GIB(2)), GIB(1), SPACE_READ), OK);
	assert_int_equal(space_map(&space, GPA(GIB(3)), HPA(GIB(3)), MIB(6), SPACE_READ), OK);
	assert_int_equal(space.table_pages, 3);
	space_unmap(&space, GPA(GIB(1)), GIB(2));
	assert_int_equal(host_counts.space_flushes, flushes);
	space_use_on(&space, BIT(2));
	space_use_on(&space, BIT(0));
	assert_int_equal(space.cpus, 5);
	space_unmap(&space, GPA(GIB(3)), GIB(1));
	assert_int_equal(host_counts.space_flushes, flushes + 1);
	assert_no_map(GIB(1));
	assert_no_map(GIB(3) + MIB(5));
	assert_int_equal(space.table_pages, 2);
	done();
}

static void take_heap(u64 leave)
{
	while (page_free_count() > leave) {
		hoard[num_hoarded] = page_alloc(1);
		assert_non_null(hoard[num_hoarded++]);
	}
}

static void give_heap(void)
{
	while (num_hoarded > 0)
		page_free(hoard[--num_hoarded], 1);
}

/* However many pages are left, a map that fails leaves nothing behind. */
static void out_of_memory_leaves_nothing(void **state)
{
	enum err err = ERR_NO_MEMORY;

	(void)state;
	fresh();
	for (u64 leave = 0; err != OK && leave < 16; leave++) {
		take_heap(leave);
		err = space_map(&space, GPA(MIB(2) - PAGE_SIZE), HPA(GIB(1)), GIB(1), ALL);
		assert_true(err == OK || err == ERR_NO_MEMORY);
		if (err != OK) {
			assert_int_equal(space.table_pages, 2);
			assert_int_equal(page_free_count(), leave);
			assert_no_map(MIB(2) - PAGE_SIZE);
			assert_no_map(MIB(2));
		}
		give_heap();
	}
	/* Not aligned together: a level-3 table for each of 513 pieces would be too many to give.
	 */
	assert_int_equal(err, ERR_NO_MEMORY);
	done();
}

static void init_without_memory(void **state)
{
	struct space none;

	(void)state;
	take_heap(1); /* the first table takes two */
	assert_int_equal(space_init(&none, SPACE_OF_COMPONENT, 1), ERR_NO_MEMORY);
	give_heap();
	space_destroy(&none); /* harmless */
}

static void first_tables_are_aligned_together(void **state)
{
	void *page;

	(void)state;
	/* With an odd number of pages allocated before, too. */
	page = page_alloc(1);
	fresh();
	assert_int_equal(space.root_pa.v % (2 * PAGE_SIZE), 0);
	done();
	page_free(page, 1);
}

/* Ranges of all alignments, small ones most often. */
static void random_range(u64 *first, u64 *count)
{
	static const u64 units[] = { 1, 1, 512, 512, 256, GIB(1) / PAGE_SIZE };
	u64 unit = units[random_below(ARRAY_SIZE(units))];

	*first = random_below(MODEL_PAGES / unit) * unit;
	*count = (random_below(4) + 1) * unit;
	if (random_below(8) == 0)
		*count += random_below(700);
	*count = MIN(*count, MODEL_PAGES - *first);
}

static bool model_is_free(u64 first, u64 count)
{
	for (u64 i = first; i < first + count; i++)
		if (model[i] != NO_PAGE)
			return false;
	return true;
}

static void check_page(u64 page)
{
	if (page >= MODEL_PAGES || model[page] == NO_PAGE)
		assert_no_map(page * PAGE_SIZE);
	else
		assert_maps(page * PAGE_SIZE, model[page] & ~(PAGE_SIZE - 1),
			    (u32)(model[page] & (PAGE_SIZE - 1)));
}

static void random_map(u64 first, u64 count)
{
	static const u64 aligns[] = { PAGE_SIZE, PAGE_SIZE, MIB(2), GIB(1) };
	u64 align = aligns[random_below(ARRAY_SIZE(aligns))];
	u64 hpa = random_below(GIB(64) / align) * align;
	u32 flags = (u32)random_below(16);
	bool is_free = model_is_free(first, count);
	enum err err =
		space_map(&space, GPA(first * PAGE_SIZE), HPA(hpa), count * PAGE_SIZE, flags);

	if (!is_free) {
		assert_int_equal(err, ERR_OVERLAP);
		return;
	}
	if (err == ERR_NO_MEMORY)
		return; /* the model stays; the checks below see that the tables did */
	assert_int_equal(err, OK);
	mapped[num_mapped].first = first;
	mapped[num_mapped++].count = count;
	for (u64 i = 0; i < count; i++)
		model[first + i] = (hpa + i * PAGE_SIZE) | flags;
}

/* Memory is unmapped in whole ranges as it was mapped: one range, or one with its neighbour. */
static void random_unmap(u64 *first, u64 *count)
{
	u32 at;

	if (num_mapped == 0)
		return;
	at = (u32)random_below(num_mapped);
	*first = mapped[at].first;
	*count = mapped[at].count;
	mapped[at] = mapped[--num_mapped];
	for (u32 i = 0; i < num_mapped; i++) {
		if (mapped[i].first != *first + *count || random_below(2) == 0)
			continue;
		*count += mapped[i].count;
		mapped[i] = mapped[--num_mapped];
		break;
	}
	space_unmap(&space, GPA(*first * PAGE_SIZE), *count * PAGE_SIZE);
	for (u64 i = 0; i < *count; i++)
		model[*first + i] = NO_PAGE;
}

static void agrees_with_a_flat_model(void **state)
{
	u64 first, count;

	(void)state;
	model = malloc(MODEL_PAGES * sizeof(*model));
	assert_non_null(model);
	for (u64 i = 0; i < MODEL_PAGES; i++)
		model[i] = NO_PAGE;
	fresh();
	for (u32 n = 0; n < OPERATIONS; n++) {
		random_range(&first, &count);
		if (random_below(2) == 0)
			random_map(first, count);
		else
			random_unmap(&first, &count);
		check_page(first);
		check_page(first + count - 1);
		check_page(first + count);
		if (first > 0)
			check_page(first - 1);
		for (u32 i = 0; i < 8; i++)
			check_page(random_below(MODEL_PAGES));
	}
	for (u64 i = 0; i < MODEL_PAGES; i++)
		check_page(i);
	space_unmap(&space, GPA(0), GIB(3));
	assert_int_equal(space.table_pages, 2); /* no empty table stays */
	free(model);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_largest_blocks),
		cmocka_unit_test(last_page_of_the_space),
		cmocka_unit_test(overlap_changes_nothing),
		cmocka_unit_test(flushes_when_a_cpu_has_run_in_it),
		cmocka_unit_test(out_of_memory_leaves_nothing),
		cmocka_unit_test(init_without_memory),
		cmocka_unit_test(first_tables_are_aligned_together),
		cmocka_unit_test(agrees_with_a_flat_model),
	};
	int failed;

	host_start(1, MIB(32), HEAP_PAGES);
	hoard = calloc(HEAP_PAGES, sizeof(*hoard));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(hoard);
	return failed;
}
