/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/ram.c: ranges against a model with one flag per page. Far addresses for bookkeeping;
 * the fake machine's RAM where memory that is freed must have been scrubbed.
 */
#include "support/test.h"

#include <mullion/mem.h>

#include "arch/host/host.h"

#define RAM_BYTES  MIB(16)
#define RAM_PAGES  (RAM_BYTES / PAGE_SIZE)
#define HEAP_PAGES 64
#define OPERATIONS 3000
#define HELD_MAX   48

static bool is_free[RAM_PAGES];
static struct {
	u64 page, count;
} held[HELD_MAX];
static u32 num_held;
static u64 seed = 521288629;

static u64 random_below(u64 limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % limit;
}

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

static u64 model_free_bytes(void)
{
	u64 sum = 0;

	for (u64 i = 0; i < RAM_PAGES; i++)
		sum += is_free[i] ? PAGE_SIZE : 0;
	return sum;
}

/* The highest place in the model, or RAM_PAGES. */
static u64 model_place(u64 count, u64 align)
{
	for (u64 page = RAM_PAGES - count + 1; page-- > 0;)
		if (at(page).v % align == 0 && all_free(page, count))
			return page;
	return RAM_PAGES;
}

static void hold(u64 page, u64 count)
{
	set(page, count, false);
	memset(host_ram(at(page), count * PAGE_SIZE), 0x5a, count * PAGE_SIZE);
	held[num_held].page = page;
	held[num_held++].count = count;
}

static void try_alloc(void)
{
	u64 count = random_below(64) + 1, align = PAGE_SIZE << random_below(10);
	u64 want = model_place(count, align);
	hpa_t base;
	enum err err = ram_alloc(count * PAGE_SIZE, align, &base);

	assert_int_equal(err, want == RAM_PAGES ? ERR_NO_MEMORY : OK);
	if (err == OK) {
		assert_int_equal(base.v, at(want).v);
		hold(want, count);
	}
}

static void try_claim(void)
{
	u64 page = random_below(RAM_PAGES), count = random_below(32) + 1;
	bool can = all_free(page, count);

	assert_int_equal(ram_claim(at(page), count * PAGE_SIZE), can ? OK : ERR_OVERLAP);
	if (can)
		hold(page, count);
}

static void give_back(u32 i)
{
	const u8 *bytes;

	ram_free(at(held[i].page), held[i].count * PAGE_SIZE);
	bytes = host_ram(at(held[i].page), held[i].count * PAGE_SIZE);
	for (u64 n = 0; n < held[i].count * PAGE_SIZE; n++)
		assert_int_equal(bytes[n], 0);
	set(held[i].page, held[i].count, true);
	held[i] = held[--num_held];
}

static void agrees_with_a_flat_model(void **state)
{
	(void)state;
	set(HEAP_PAGES, RAM_PAGES - HEAP_PAGES, true);
	assert_int_equal(ram_free_bytes(), model_free_bytes());
	for (u32 n = 0; n < OPERATIONS; n++) {
		u64 what = random_below(5);

		if (what < 2 && num_held < HELD_MAX)
			try_alloc();
		else if (what == 2 && num_held < HELD_MAX)
			try_claim();
		else if (num_held > 0)
			give_back((u32)random_below(num_held));
		assert_int_equal(ram_free_bytes(), model_free_bytes());
	}
	while (num_held > 0)
		give_back(0);
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

/* Part pages: what is added shrinks to whole pages, what is reserved grows to them. */
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
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(rounds_to_the_safe_side),
		cmocka_unit_test(says_when_the_list_is_full),
	};

	host_start(1, RAM_BYTES, HEAP_PAGES);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
