/* SPDX-License-Identifier: Apache-2.0 */
/* components/blk/gpt.c, partitions.c and share.c. */
#include "support/test.h"

#include "blk/disk.h"

#include "components/blk/blk.h"

static struct table table;

static int fresh(void **state)
{
	(void)state;
	make_disk();
	return 0;
}

static void partitions_are_found(void **state)
{
	u64 first = 0, sectors = 0;

	(void)state;
	assert_true(read_table(&table));
	assert_int_equal(table_find(&table, "root", &first, &sectors), 1);
	assert_int_equal(first, 34);
	assert_int_equal(sectors, 40);
	assert_int_equal(table_find(&table, "home", &first, &sectors), 1);
	assert_int_equal(first, 100);
	assert_int_equal(table_find(&table, "hom", &first, &sectors), 0);
	assert_int_equal(table_find(&table, "homes", &first, &sectors), 0);
	put_entry(7, 80, 80, "root");
	seal_both();
	assert_true(read_table(&table));
	assert_int_equal(table_find(&table, "root", &first, &sectors), 2);
}

static void one_copy_is_enough(void **state)
{
	u64 first, sectors;

	(void)state;
	image[1][30] ^= 1;
	assert_true(read_table(&table));
	assert_false(table.has_primary);
	assert_int_equal(table_find(&table, "home", &first, &sectors), 1);
	make_disk();
	image[2][5] ^= 1;
	assert_true(read_table(&table));
	assert_false(table.has_primary);
	make_disk();
	image[SECTORS - 33][5] ^= 1;
	assert_true(read_table(&table));
	assert_false(table.has_backup);
	image[2][5] ^= 1;
	assert_false(read_table(&table));
}

static void copies_that_differ_are_refused(void **state)
{
	(void)state;
	put64(image[2] + 128 * 5 + 32, 101);
	seal(1, 2);
	assert_false(read_table(&table));
}

/* Each byte of a header counts, for its checksum. */
static void a_header_is_checked(void **state)
{
	struct gpt gpt;

	(void)state;
	for (u32 i = 0; i < 92; i++) {
		image[1][i] ^= 0x10;
		assert_false(gpt_read_header(&gpt, image[1], 1, SECTORS));
		image[1][i] ^= 0x10;
	}
	assert_true(gpt_read_header(&gpt, image[1], 1, SECTORS));
}

/* With a right checksum, a field is still wrong. */
static void fields_are_checked(void **state)
{
	static const struct {
		u32 at;
		u64 value;
	} wrong[] = {
		{ 24, 2 },       { 32, 1 },    { 32, SECTORS },      { 40, 0 },
		{ 40, SECTORS }, { 40, 33 },   { 48, 33 },           { 48, SECTORS },
		{ 72, 0 },       { 72, 1 },    { 72, SECTORS - 31 }, { 72, UINT64_MAX },
		{ 72, 34 },      { 80, 0 },    { 80, 129 },          { 84, 64 },
		{ 84, 192 },     { 84, 1024 },
	};
	struct gpt gpt;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		u32 at = wrong[i].at;

		make_disk();
		if (at >= 80)
			put32(image[1] + at, (u32)wrong[i].value);
		else
			put64(image[1] + at, wrong[i].value);
		seal(1, 2);
		if (gpt_read_header(&gpt, image[1], 1, SECTORS))
			fail_msg("%u = 0x%llx is taken", at, (unsigned long long)wrong[i].value);
	}
	make_disk();
	assert_false(gpt_read_header(&gpt, image[1], 1, SECTORS - 1));
}

static void entries_are_checked(void **state)
{
	static const u64 ranges[][2] = { { 33, 40 },  { 80, 79 },   { 73, 80 },   { 20, 210 },
					 { 80, 100 }, { 150, 150 }, { 199, 300 }, { 220, 223 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
		make_disk();
		put_entry(3, ranges[i][0], ranges[i][1], "x");
		seal_both();
		if (read_table(&table))
			fail_msg("%llu to %llu is taken", (unsigned long long)ranges[i][0],
				 (unsigned long long)ranges[i][1]);
	}
	make_disk();
	put_entry(3, 74, 99, "x");
	seal_both();
	assert_true(read_table(&table));
}

static void places(void **state)
{
	static const char *const wrong[] = { "",
					     " ",
					     ",ro",
					     "5+",
					     "all,r",
					     "all,weight=0",
					     "all,weight=101",
					     "all,weight=x",
					     "x,ro,",
					     "1+0,ro ,",
					     "a-name-of-more-than-thirty-six-letters-is-too-long" };
	struct place place;

	(void)state;
	assert_true(place_parse(&place, "all next=1"));
	assert_int_equal(place.sectors, 0);
	assert_string_equal(place.partition, "");
	assert_int_equal(place.weight, 1);
	assert_true(place_parse(&place, "2048+100,weight=7,ro"));
	assert_int_equal(place.first, 2048);
	assert_int_equal(place.sectors, 100);
	assert_int_equal(place.weight, 7);
	assert_true(place.read_only);
	assert_true(place_parse(&place, "root,ro"));
	assert_string_equal(place.partition, "root");
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		bool taken = place_parse(&place, wrong[i]);

		if (taken && (i < 3 || place.partition[0] == '\0'))
			fail_msg("'%s' is taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(partitions_are_found, fresh),
		cmocka_unit_test_setup(one_copy_is_enough, fresh),
		cmocka_unit_test_setup(copies_that_differ_are_refused, fresh),
		cmocka_unit_test_setup(a_header_is_checked, fresh),
		cmocka_unit_test_setup(fields_are_checked, fresh),
		cmocka_unit_test_setup(entries_are_checked, fresh),
		cmocka_unit_test_setup(places, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
