/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/walk.c: table walks of every granule, from both ends of the address space. */
#include "arch/arm64/pure/walk.h"

#include "support/test.h"

#define PAGES   8
#define BASE    UINT64_C(0x40000000)
#define TABLE   3u
#define NOWHERE UINT64_C(0x123450000)

/* Memory of eight times 64 KiB, so that tables of every granule fit; outside it nothing can be
 * read. */
static u64 memory[PAGES][65536 / 8];
static u32 reads;

static bool read_memory(void *context, u64 ipa, u64 *descriptor)
{
	(void)context;
	reads++;
	if (ipa < BASE || ipa - BASE >= sizeof(memory))
		return false;
	*descriptor = memory[(ipa - BASE) >> 16][(ipa & 0xffff) >> 3];
	return true;
}

static u64 place(u32 page)
{
	return BASE + page * UINT64_C(0x10000);
}

static void put(u32 page, u64 index, u64 descriptor)
{
	memory[page][index] = descriptor;
}

static int clear(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	reads = 0;
	return 0;
}

static struct walk low(u64 tcr, u64 va)
{
	return (struct walk){ .tcr = tcr,
			      .ttbr0 = place(0) | UINT64_C(7) << 48 | 1, /* ASID and CnP */
			      .ttbr1 = NOWHERE,
			      .va = va,
			      .read = read_memory };
}

static int level_of(struct walk walk, u64 ipa)
{
	u8 level = 9;

	return walk_level(&walk, ipa, &level) ? level : -1;
}

static void four_levels_of_4k(void **state)
{
	u64 va = UINT64_C(5) << 39 | UINT64_C(6) << 30 | UINT64_C(7) << 21 | UINT64_C(8) << 12 | 9;
	struct walk walk = low(16, va);

	(void)state;
	put(0, 5, place(1) | TABLE);
	put(1, 6,
	    place(2) | TABLE | UINT64_C(1) << 63); /* NSTable and the like above the address */
	put(2, 7, NOWHERE | TABLE);
	assert_int_equal(level_of(walk, place(0)), 0);
	assert_int_equal(level_of(walk, place(1) + 6 * 8), 1);
	assert_int_equal(level_of(walk, place(2)), 2);
	assert_int_equal(level_of(walk, NOWHERE), 3);
	assert_int_equal(level_of(walk, NOWHERE + 0x1000), -1);
	reads = 0;
	assert_int_equal(level_of(walk, 0), -1);
	assert_int_equal(reads, 3);
}

static void starts_where_the_size_says(void **state)
{
	(void)state;
	assert_int_equal(level_of(low(25, 0), place(0)), 1); /* 39 bits */
	assert_int_equal(level_of(low(34, 0), place(0)), 2); /* 30 bits */
	assert_int_equal(level_of(low(43, 0), place(0)), 3); /* 21 bits */
	assert_int_equal(level_of(low(24, 0), place(0)), 0); /* 40 bits */
	/* 48 bits, 16 KiB: level 0 has two entries; 64 KiB: starts at 1. */
	assert_int_equal(level_of(low(16 | 2u << 14, 0), place(0)), 0);
	assert_int_equal(level_of(low(16 | 1u << 14, 0), place(0)), 1);
	assert_int_equal(level_of(low(22 | 1u << 14, 0), place(0)), 2); /* 42 bits, 64 KiB */
	/* Sizes that make no walk, and a reserved granule. */
	assert_int_equal(level_of(low(63, 0), place(0)), -1);
	assert_int_equal(level_of(low(0, 0), place(0)), -1);
	assert_int_equal(level_of(low(16 | 3u << 14, 0), place(0)), -1);
}

static void large_granules(void **state)
{
	(void)state;
	put(0, 3, place(1) | TABLE); /* 64 KiB: level 2 of 42 bits, 29 bits below */
	put(1, 4, NOWHERE | TABLE);
	assert_int_equal(level_of(low(22 | 1u << 14, UINT64_C(3) << 29), place(1)), 3);
	put(0, 1, place(2) | TABLE); /* 16 KiB, 48 bits */
	put(2, 9, place(3) | TABLE);
	put(3, 10, NOWHERE | TABLE);
	assert_int_equal(level_of(low(16 | 2u << 14,
				      UINT64_C(1) << 47 | UINT64_C(9) << 36 | UINT64_C(10) << 25),
				  NOWHERE & ~UINT64_C(0x3fff)),
			 3);
}

static void the_upper_half(void **state)
{
	struct walk walk = low(16u << 16 | 2u << 30 | 25, UINT64_C(0xffff800000000000));

	(void)state;
	walk.ttbr1 = place(1);
	put(1, 256, NOWHERE | TABLE);
	assert_int_equal(level_of(walk, place(1) + 256 * 8), 0);
	assert_int_equal(level_of(walk, NOWHERE), 1);
	/* 44 bits: the first index has five, the sign above it is none of it. */
	walk.tcr = 20u << 16 | 2u << 30;
	walk.va = UINT64_C(0xfffff80000000000) | UINT64_C(3) << 39;
	assert_int_equal(level_of(walk, place(1) + 19 * 8), 0);
	put(1, 19, NOWHERE | TABLE);
	assert_int_equal(level_of(walk, NOWHERE), 1);
	walk.tcr = 16u << 16 | 0u << 30; /* reserved granule */
	assert_int_equal(level_of(walk, place(1)), -1);
}

static void tables_that_end(void **state)
{
	struct walk walk = low(16, 0);

	(void)state;
	put(0, 0, place(1) | TABLE);
	put(1, 0, place(2) | 1); /* a block */
	assert_int_equal(level_of(walk, place(2)), -1);
	put(1, 0, 0);
	assert_int_equal(level_of(walk, place(2)), -1);
	/* A table that points at itself ends after four steps. */
	put(0, 0, place(0) | TABLE);
	assert_int_equal(level_of(walk, NOWHERE), -1);
	assert_in_range(reads, 1, 12);
}

#define AF  (UINT64_C(1) << 10)
#define EL0 (UINT64_C(1) << 6)

static u64 address_of(struct walk walk, bool el0)
{
	u64 ipa = 0;

	walk.sctlr |= 1;
	return walk_translate(&walk, el0, &ipa) ? ipa : UINT64_MAX;
}

static void translates(void **state)
{
	u64 va = UINT64_C(6) << 30 | UINT64_C(7) << 21 | UINT64_C(8) << 12 | 0x9ab;
	struct walk walk = low(25, va);

	(void)state;
	put(0, 6, place(1) | TABLE);
	put(1, 7, place(2) | TABLE);
	put(2, 8, UINT64_C(0x66543000) | 3 | AF | EL0 | UINT64_C(3) << 53);
	assert_int_equal(address_of(walk, false), 0x665439ab);
	assert_int_equal(address_of(walk, true), 0x665439ab);
	put(1, 7, UINT64_C(0x40200000) | 1 | AF); /* a block, for EL1 alone */
	assert_int_equal(address_of(walk, false), 0x402089ab);
	assert_int_equal(address_of(walk, true), UINT64_MAX);
	put(0, 6, UINT64_C(0x80000000) | 1 | AF | EL0);
	assert_int_equal(address_of(walk, true), 0x80e089ab);
	walk.tcr |= UINT64_C(1) << 55; /* E0PD0 */
	assert_int_equal(address_of(walk, true), UINT64_MAX);
	assert_int_equal(address_of(walk, false), 0x80e089ab);
	walk.tcr |= 1u << 7; /* EPD0 */
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	/* MMU off: flat. */
	walk.sctlr = 0;
	assert_true(walk_translate(&walk, true, &va));
	assert_int_equal(va, walk.va);
}

static void translation_faults(void **state)
{
	struct walk walk = low(25, 0x1000);

	(void)state;
	assert_int_equal(address_of(walk, false), UINT64_MAX); /* invalid at level 1 */
	put(0, 0, NOWHERE | TABLE);
	assert_int_equal(address_of(walk, false), UINT64_MAX); /* a table in no memory */
	put(0, 0, place(1) | TABLE);
	put(1, 0, place(2) | TABLE);
	put(2, 1, UINT64_C(0x5000) | 1 | AF); /* reserved at level 3 */
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	put(2, 1, UINT64_C(0x5000) | 3); /* no access flag */
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	walk.tcr |= UINT64_C(1) << 39; /* HA: hardware would set it */
	assert_int_equal(address_of(walk, false), 0x5000);
	/* Outside of the 39 bits; a tag only where TBI says so. */
	walk.va = UINT64_C(1) << 39 | 0x1000;
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	walk.va = UINT64_C(0x12) << 56 | 0x1000;
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	walk.tcr |= UINT64_C(1) << 37; /* TBI0 */
	assert_int_equal(address_of(walk, false), 0x5000);
	/* APTable takes EL0's access away, unless HPD0. */
	put(2, 1, UINT64_C(0x5000) | 3 | AF | EL0);
	put(0, 0, place(1) | TABLE | UINT64_C(1) << 61);
	assert_int_equal(address_of(walk, true), UINT64_MAX);
	assert_int_equal(address_of(walk, false), 0x5000);
	walk.tcr |= UINT64_C(1) << 41; /* HPD0 */
	assert_int_equal(address_of(walk, true), 0x5000);
}

/* Big-endian tables; the upper half; five levels (TCR.DS). */
static void other_shapes(void **state)
{
	struct walk walk = low(25, 0x40001234);

	(void)state;
	put(0, 1, __builtin_bswap64(UINT64_C(0xc0000000) | 1 | AF));
	walk.sctlr = 1u << 25;
	assert_int_equal(address_of(walk, false), 0xc0001234);
	walk = low(25u << 16 | 2u << 30 | 25, UINT64_C(0xffffff8040000010));
	walk.ttbr1 = place(3);
	put(3, 1, UINT64_C(0x40000000) | 1 | AF);
	assert_int_equal(address_of(walk, false), 0x40000010);
	walk.va = UINT64_C(0xfffffe8040000010);
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	walk = low(12, UINT64_C(1) << 48 | 0x123);
	assert_int_equal(address_of(walk, false), UINT64_MAX);
	walk.tcr |= UINT64_C(1) << 59;
	put(0, 1, place(4) | TABLE);
	put(4, 0, place(5) | TABLE);
	put(5, 0, UINT64_C(0x40000000) | 1 | AF);
	assert_int_equal(address_of(walk, false), 0x40000123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(translates, clear),
		cmocka_unit_test_setup(translation_faults, clear),
		cmocka_unit_test_setup(other_shapes, clear),
		cmocka_unit_test_setup(four_levels_of_4k, clear),
		cmocka_unit_test_setup(starts_where_the_size_says, clear),
		cmocka_unit_test_setup(large_granules, clear),
		cmocka_unit_test_setup(the_upper_half, clear),
		cmocka_unit_test_setup(tables_that_end, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
