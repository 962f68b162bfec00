/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/string_io.c: address sizes, limits, direction, and counts. */
#include "arch/x86_64/pure/string_io.h"

#include "support/test.h"

static struct string_io io;

static int setup(void **state)
{
	(void)state;
	io = (struct string_io){ .repeat = true,
				 .width = 4,
				 .address_bytes = 4,
				 .segment = STRING_IO_DS,
				 .base = 0x1000,
				 .limit = 0xffff };
	return 0;
}

static void overrides(void **state)
{
	static const u8 codes[][4] = {
		{ 0x6e },       { 0x26, 0x6e }, { 0xf3, 0x2e, 0x6e }, { 0x36, 0x6f },
		{ 0x3e, 0x6e }, { 0x64, 0x6e }, { 0x65, 0x48, 0x6f }, { 0x36, 0x64, 0x67, 0x6f }
	};
	static const u8 expected[] = { 3, 0, 1, 2, 3, 4, 5, 4 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_int_equal(string_io_segment(codes[i], 4), expected[i]);
	assert_int_equal(string_io_segment(codes[1], 0), STRING_IO_DS);
}

static void limits(void **state)
{
	u64 linear;

	(void)state;
	assert_true(string_io_address(&io, 0xfffc, &linear));
	assert_int_equal(linear, 0x10ffc);
	assert_false(string_io_address(&io, 0xfffd, &linear));
	io.limit = UINT32_MAX;
	assert_false(string_io_address(&io, UINT32_MAX - 2, &linear));
	assert_true(string_io_address(&io, UINT64_C(0x100000000), &linear));
	assert_int_equal(linear, 0x1000);
	io.base = 0xfffff000;
	assert_true(string_io_address(&io, 0x2000, &linear)); /* wraps */
	assert_int_equal(linear, 0x1000);
	io.expands_down = true;
	io.limit = 0xfff;
	assert_false(string_io_address(&io, 0xfff, &linear));
	assert_true(string_io_address(&io, 0x1000, &linear));
	assert_false(string_io_address(&io, 0xfffd, &linear));
	io.large = true;
	assert_true(string_io_address(&io, 0xfffd, &linear));
}

static void long_mode(void **state)
{
	u64 linear;

	(void)state;
	io.code64 = true;
	io.address_bytes = 8;
	io.limit = 0;
	assert_true(string_io_address(&io, UINT64_C(0xffff800000000000), &linear));
	assert_int_equal(linear, UINT64_C(0xffff800000000000)); /* DS has no base there */
	assert_false(string_io_address(&io, UINT64_C(0x800000000000), &linear));
	assert_false(string_io_address(&io, UINT64_C(0x7ffffffffffd), &linear));
	io.segment = STRING_IO_FS;
	assert_true(string_io_address(&io, 0x10, &linear));
	assert_int_equal(linear, 0x1010);
	io.address_bytes = 4;
	assert_true(string_io_address(&io, UINT64_C(0x700000010), &linear));
	assert_int_equal(linear, 0x1010);
}

static void registers(void **state)
{
	u64 index = UINT64_C(0x5555555500000002), rcx = UINT64_C(0x7777777700000001);

	(void)state;
	assert_int_equal(string_io_left(&io, rcx), 1);
	string_io_step(&io, true, &index, &rcx);
	assert_int_equal(index, 0xfffffffe);
	assert_int_equal(rcx, 0);
	io.address_bytes = 2;
	index = 0x1234ffff;
	rcx = 0x99990000;
	assert_int_equal(string_io_left(&io, rcx), 0);
	rcx = 0x99990003;
	string_io_step(&io, false, &index, &rcx);
	assert_int_equal(index, 0x12340003);
	assert_int_equal(rcx, 0x99990002);
	io.repeat = false;
	assert_int_equal(string_io_left(&io, 0), 1);
	string_io_step(&io, false, &index, &rcx);
	assert_int_equal(rcx, 0x99990002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(overrides, setup),
		cmocka_unit_test_setup(limits, setup),
		cmocka_unit_test_setup(long_mode, setup),
		cmocka_unit_test_setup(registers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
