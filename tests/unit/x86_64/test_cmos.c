/* SPDX-License-Identifier: Apache-2.0 */
/* The time in the registers of a PC's clock, in each of its forms. */
#include "support/test.h"

#include <string.h>

#include "arch/x86_64/pure/cmos.h"

#define LEAP UINT64_C(1709210096) /* 2024-02-29 12:34:56 */

static void test_forms(void **state)
{
	const u8 digits[] = { 0x56, 0, 0x34, 0, 0x12, 0, 5, 0x29, 0x02, 0x24, 0x26, 0x02 };
	const u8 binary[] = { 56, 0, 34, 0, 12, 0, 5, 29, 2, 24, 0x26, 0x06 };
	const u8 noon[] = { 0x56, 0, 0x34, 0, 0x92, 0, 5, 0x29, 0x02, 0x24, 0x26, 0x00 };
	const u8 night[] = { 56, 0, 34, 0, 12, 0, 5, 29, 2, 24, 0x26, 0x04 };
	const u8 evening[] = { 56, 0, 34, 0, 0x8b, 0, 5, 29, 2, 24, 0x26, 0x04 };

	(void)state;
	assert_int_equal(cmos_seconds(digits), LEAP);
	assert_int_equal(cmos_seconds(binary), LEAP);
	assert_int_equal(cmos_seconds(noon), LEAP);
	assert_int_equal(cmos_seconds(night), LEAP - 12 * 3600);
	assert_int_equal(cmos_seconds(evening), LEAP + 11 * 3600);
}

/* Each field, one at a time, has a value that it cannot have. */
static void test_no_time(void **state)
{
	const u8 good[] = { 0x56, 0, 0x34, 0, 0x12, 0, 5, 0x29, 0x02, 0x24, 0x26, 0x02 };
	const struct {
		u8 index, value;
	} bad[] = { { 0, 0x60 }, { 0, 0x5a }, { 2, 0x60 }, { 4, 0x24 }, { 7, 0x00 },
		    { 7, 0x32 }, { 8, 0x00 }, { 8, 0x13 }, { 9, 0xa0 }, { 9, 0x0f } };
	u8 registers[CMOS_REGISTERS];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(registers, good, sizeof(registers));
		registers[bad[i].index] = bad[i].value;
		assert_int_equal(cmos_seconds(registers), 0);
	}
	memcpy(registers, good, sizeof(registers));
	registers[11] = 0; /* 12 hours */
	registers[4] = 0x13;
	assert_int_equal(cmos_seconds(registers), 0);
	memset(registers, 0xff, sizeof(registers));
	assert_int_equal(cmos_seconds(registers), 0);
	memset(registers, 0, sizeof(registers));
	assert_int_equal(cmos_seconds(registers), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
