/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/ram.c: ranges against a model with one flag per page. Far addresses for bookkeeping;
 * the fake machine's RAM where memory that had an owner must be scrubbed before the next one.
 */
#include "support/random.h"
#include "support/test.h"

#include <mullion/mem.h>

#include "arch/host/host.h"

#define RAM_BYTES  MIB(16)
#define RAM_PAGES  (RAM_BYTES / PAGE_SIZE)
#define HEAP_PAGES 64
#define OPERATIONS 3000
#define HELD_MAX   48

static bool is_free[RAM_PAGES], is_dirty[RAM_PAGES];
static struct {
	u64 page, count;
} held[HELD_MAX];
static u32 num_held;

static hpa_t at(u64 page)
{
	return HPA(HOST_RAM_BASE + page * PAGE_SIZE);
}

static void set(u64 page, u64 count, bool value)
{
	for (u64 i = page; i < page + count; i++)
		is_free[i] = value;
}

static bool all_free(u64 page, u64 count)
{
	for (u64 i = page; i < page + count; i++)
		if (i >= RAM_PAGES || !is_free[i])
			return false;
	return true;
}

static u64 model_dirty_bytes(void)
{
	u64 sum = 0;

	for (u64 i = 0; i < RAM_PAGES; i++)
		sum += is_free[i] && is_dirty[i] ? PAGE_SIZE : 0;
	return sum;
}

static u64 model_free_bytes(void)
{
	u64 sum = 0;

	for (u64 i = 0; i < RAM_PAGES; i++)
		sum += is_free[i] ? PAGE_SIZE : 0;
	return sum;
}

static u64 dirty_bytes(u64 page, u64 count)
{
	u64 sum = 0;

	for (u64 i = page; i < page + count; i++)
		sum += is_dirty[i] ? PAGE_SIZE : 0;
	return sum;
}

static u64 model_largest_bytes(void)
{
	u64 largest = 0, row = 0;

	for (u64 i = 0; i < RAM_PAGES; i++) {
		row = is_free[i] ? row + PAGE_SIZE : 0;
		largest = MAX(largest, row);
	}
	return largest;
}

/* The highest place in the model, or RAM_PAGES. */
static u64 model_place(u64 count, u64 align, bool clean)
{
	for (u64 page = RAM_PAGES - count + 1; page-- > 0;)
		if (at(page).v % align == 0 && all_free(page, count) &&
		    !(clean && dirty_bytes(page, count) != 0))
			return page;
	return RAM_PAGES;
}

/* Pages that were scrubbed since the last call are recognised by their bytes. */
static void note_clean(void)
{
	for (u64 i = 0; i < RAM_PAGES; i++)
		if (is_free[i] && is_dirty[i])
			is_dirty[i] = *(const u8 *)host_ram(at(i), 1) != 0;
}

static void hold(u64 page, u64 count)
{
	const u8 *bytes = host_ram(at(page), count * PAGE_SIZE);

	for (u64 n = 0; n < count * PAGE_SIZE; n++)
		if (bytes[n] != 0)
			fail_msg("byte 0x%lx of page %lu is an earlier owner's", n, page);
	set(page, count, false);
	for (u64 i = page; i < page + count; i++)
		is_dirty[i] = true;
	memset(host_ram(at(page), count * PAGE_SIZE), 0x5a, count * PAGE_SIZE);
	held[num_held].page = page;
	held[num_held++].count = count;
}

static void try_alloc(void)
{
	u64 count = random_below(64) + 1, align = PAGE_SIZE << random_below(10);
	u64 clean = model_place(count, align, true), dirty = model_place(count, align, false);
	u64 before = ram_dirty_bytes(), cleaned = host_counts.cleaned_bytes, page;
	hpa_t base;
	enum err err = ram_alloc(count * PAGE_SIZE, align, &base);

	assert_int_equal(err, dirty == RAM_PAGES ? ERR_NO_MEMORY : OK);
	if (err == OK) {
		page = (base.v - HOST_RAM_BASE) / PAGE_SIZE;
		/* Nothing is zeroed while clean memory does, and then only what is dirty. */
		assert_int_equal(page, clean != RAM_PAGES ? clean : dirty);
		assert_int_equal(host_counts.cleaned_bytes - cleaned, dirty_bytes(page, count));
		assert_int_equal(before - ram_dirty_bytes(), dirty_bytes(page, count));
		assert_int_equal(base.v % align, 0);
		assert_true(all_free(page, count));
		hold(page, count);
	}
	note_clean();
}

static void try_claim(void)
{
	u64 page = random_below(RAM_PAGES), count = random_below(32) + 1;
	u64 cleaned = host_counts.cleaned_bytes;
	bool can = all_free(page, count);

	assert_int_equal(ram_claim(at(page), count * PAGE_SIZE), can ? OK : ERR_OVERLAP);
	assert_int_equal(host_counts.cleaned_bytes - cleaned, can ? dirty_bytes(page, count) : 0);
	if (can)
		hold(page, count);
	note_clean();
}

static void try_scrub(void)
{
	u64 before = ram_dirty_bytes(), cleaned = host_counts.cleaned_bytes;
	bool some = ram_scrub();

	assert_int_equal(some, before != 0);
	assert_int_equal(host_counts.cleaned_bytes - cleaned, before - ram_dirty_bytes());
	assert_true(before - ram_dirty_bytes() <= KIB(64));
	assert_true(!some || ram_dirty_bytes() < before);
	note_clean();
}

static void give_back(u32 i)
{
	ram_free(at(held[i].page), held[i].count * PAGE_SIZE);
	set(held[i].page, held[i].count, true);
	held[i] = held[--num_held];
}

static void agrees_with_a_flat_model(void **state)
{
	(void)state;
	/* Memory from firmware is dirty before its first owner, too. */
	set(HEAP_PAGES, RAM_PAGES - HEAP_PAGES, true);
	for (u64 i = HEAP_PAGES; i < RAM_PAGES; i++)
		is_dirty[i] = true;
	memset(host_ram(at(HEAP_PAGES), RAM_BYTES - HEAP_PAGES * PAGE_SIZE), 0x5a,
	       RAM_BYTES - HEAP_PAGES * PAGE_SIZE);
	assert_int_equal(ram_free_bytes(), model_free_bytes());
	for (u32 n = 0; n < OPERATIONS; n++) {
		u64 what = random_below(6);

		if (what < 2 && num_held < HELD_MAX)
			try_alloc();
		else if (what == 2 && num_held < HELD_MAX)
			try_claim();
		else if (what == 3)
			try_scrub();
		else if (num_held > 0)
			give_back((u32)random_below(num_held));
		assert_int_equal(ram_free_bytes(), model_free_bytes());
		assert_int_equal(ram_dirty_bytes(), model_dirty_bytes());
		assert_int_equal(ram_largest_bytes(), model_largest_bytes());
	}
	while (num_held > 0)
		give_back(0);
	while (ram_scrub())
		note_clean();
	assert_int_equal(ram_dirty_bytes(), 0);
	assert_int_equal(model_dirty_bytes(), 0);
	assert_int_equal(ram_free_bytes(), model_free_bytes());
}

static void refuses_nonsense(void **state)
{
	u64 before = ram_free_bytes();
	hpa_t base;

	(void)state;
	assert_int_equal(ram_alloc(0, PAGE_SIZE, &base), ERR_INVALID);
	assert_int_equal(ram_alloc(100, PAGE_SIZE, &base), ERR_INVALID);
	assert_int_equal(ram_alloc(PAGE_SIZE, 3, &base), ERR_INVALID);
	assert_int_equal(ram_alloc(PAGE_SIZE, 0, &base), ERR_INVALID);
	assert_int_equal(ram_alloc(GIB(1), PAGE_SIZE, &base), ERR_NO_MEMORY);
	assert_int_equal(ram_alloc(UINT64_MAX - 4095, PAGE_SIZE, &base), ERR_NO_MEMORY);
	assert_int_equal(ram_claim(HPA(1), PAGE_SIZE), ERR_INVALID);
	assert_int_equal(ram_claim(HPA(UINT64_MAX - 4095), 2 * PAGE_SIZE), ERR_INVALID);
	assert_int_equal(ram_claim(HPA(0), PAGE_SIZE), ERR_OVERLAP);
	assert_int_equal(ram_add(HPA(UINT64_MAX - 4095), 2 * PAGE_SIZE), ERR_INVALID);
	assert_int_equal(ram_reserve(HPA(UINT64_MAX - 4095), 2 * PAGE_SIZE), ERR_INVALID);
	assert_int_equal(ram_free_bytes(), before);
}

/* More dirty pieces than the list can hold: they are scrubbed at once, and none is lost. */
static void scrubs_at_once_when_the_list_is_full(void **state)
{
	const u64 pieces = 300;
	u64 before;
	hpa_t base;

	(void)state;
	before = ram_free_bytes();
	assert_int_equal(ram_alloc(2 * pieces * PAGE_SIZE, PAGE_SIZE, &base), OK);
	memset(host_ram(base, 2 * pieces * PAGE_SIZE), 0x5a, 2 * pieces * PAGE_SIZE);
	/* Both lists fill up: only every other page is released at first. */
	for (u64 i = 0; i < pieces / 2; i++)
		ram_free(HPA(base.v + 2 * i * PAGE_SIZE), PAGE_SIZE);
	assert_true(ram_dirty_bytes() < pieces / 2 * PAGE_SIZE);
	for (u64 i = 0; i < pieces / 2; i++)
		ram_free(HPA(base.v + (2 * i + 1) * PAGE_SIZE), PAGE_SIZE);
	ram_free(HPA(base.v + pieces * PAGE_SIZE), pieces * PAGE_SIZE);
	assert_int_equal(ram_free_bytes(), before);
	while (ram_scrub())
		;
	assert_int_equal(ram_claim(base, 2 * pieces * PAGE_SIZE), OK);
	for (u64 n = 0; n < 2 * pieces * PAGE_SIZE; n++)
		assert_int_equal(((const u8 *)host_ram(base, 2 * pieces * PAGE_SIZE))[n], 0);
	ram_free(base, 2 * pieces * PAGE_SIZE);
	while (ram_scrub())
		;
}

/* Part pages: added ranges shrink to whole pages, reserved ranges grow to them. */
static void rounds_to_the_safe_side(void **state)
{
	u64 before = ram_free_bytes(), base = GIB(64);

	(void)state;
	assert_int_equal(ram_add(HPA(base + 1), 3 * PAGE_SIZE), OK);
	assert_int_equal(ram_free_bytes(), before + 2 * PAGE_SIZE);
	assert_int_equal(ram_add(HPA(base + PAGE_SIZE), 100), OK);
	assert_int_equal(ram_free_bytes(), before + 2 * PAGE_SIZE);
	assert_int_equal(ram_reserve(HPA(base + 2 * PAGE_SIZE - 1), 2), OK);
	assert_int_equal(ram_free_bytes(), before);
	assert_int_equal(ram_reserve(HPA(base), GIB(1)), OK); /* nothing there: nothing happens */
	assert_int_equal(ram_free_bytes(), before);
}

/* More pieces than the list can hold: an error, and everything else is as it was. */
static void says_when_the_list_is_full(void **state)
{
	u64 base = GIB(128), before;
	enum err err = OK;
	u32 pieces = 0;

	(void)state;
	assert_int_equal(ram_add(HPA(base), MIB(4)), OK);
	before = ram_free_bytes();
	while (err == OK && pieces < 1000) {
		err = ram_reserve(HPA(base + (2 * pieces + 1) * PAGE_SIZE), PAGE_SIZE);
		if (err == OK)
			pieces++;
	}
	assert_int_equal(err, ERR_TOO_BIG);
	assert_true(pieces > 64);
	assert_int_equal(ram_free_bytes(), before - pieces * PAGE_SIZE);
	assert_int_equal(ram_reserve(HPA(base), MIB(4)), OK);
	assert_int_equal(ram_free_bytes(), before - MIB(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_flat_model),
		cmocka_unit_test(scrubs_at_once_when_the_list_is_full),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(rounds_to_the_safe_side),
		cmocka_unit_test(says_when_the_list_is_full),
	};

	host_start(1, RAM_BYTES, HEAP_PAGES);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
