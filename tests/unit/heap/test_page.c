/* SPDX-License-Identifier: Apache-2.0 */
/* core/heap: random use against a model; zeroing, alignment, exhaustion. */
#include "support/random.h"
#include "support/test.h"

#include <mullion/mem.h>

#include "arch/host/host.h"

#define HEAP_PAGES 1024
#define OPERATIONS 20000
#define HELD_MAX   256

static struct held {
	u8 *va;
	u64 count;
	u8 mark;
} held[HELD_MAX];
static u32 num_held;

static void drop(u32 i)
{
	for (u64 at = 0; at < held[i].count * PAGE_SIZE; at++)
		assert_int_equal(held[i].va[at], held[i].mark); /* no other owner wrote there */
	page_free(held[i].va, held[i].count);
	held[i] = held[--num_held];
}

static void take(u64 count)
{
	u64 left = page_free_count(), align = 1;
	u8 *va = page_alloc(count);

	if (va == NULL) {
		assert_int_equal(page_free_count(), left);
		return;
	}
	while (align < count)
		align *= 2;
	assert_int_equal(page_to_hpa(va).v % (align * PAGE_SIZE), 0);
	assert_ptr_equal(page_from_hpa(page_to_hpa(va)), va);
	assert_int_equal(page_free_count(), left - count);
	for (u64 at = 0; at < count * PAGE_SIZE; at++)
		assert_int_equal(va[at], 0);
	held[num_held] = (struct held){ va, count, (u8)(1 + random_below(255)) };
	memset(va, held[num_held].mark, count * PAGE_SIZE);
	num_held++;
}

static void pages_belong_to_one_owner(void **state)
{
	u64 before = page_free_count();

	(void)state;
	for (u32 n = 0; n < OPERATIONS; n++) {
		if (num_held < HELD_MAX && random_below(5) < 3)
			take(random_below(4) == 0 ? random_below(20) + 1 : 1);
		else if (num_held > 0)
			drop((u32)random_below(num_held));
	}
	while (num_held > 0)
		drop(0);
	assert_int_equal(page_free_count(), before);
}

static void every_page_can_be_had(void **state)
{
	u64 before = page_free_count(), count = 0;
	static void *all[HEAP_PAGES];

	(void)state;
	assert_null(page_alloc(0));
	assert_null(page_alloc(HEAP_PAGES + 1));
	assert_null(page_alloc(UINT64_MAX));
	while ((all[count] = page_alloc(1)) != NULL)
		count++;
	assert_int_equal(count, before);
	assert_int_equal(page_free_count(), 0);
	while (count > 0)
		page_free(all[--count], 1);
	page_free(NULL, 1);
	assert_int_equal(page_free_count(), before);
	assert_int_equal(page_total(), HEAP_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_belong_to_one_owner),
		cmocka_unit_test(every_page_can_be_had),
	};

	host_start(1, MIB(8), HEAP_PAGES);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
