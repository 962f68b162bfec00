/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/debug.c: the parts of a guest's debug registers that reach the hardware. */
#include "arch/arm64/pure/debug.h"

#include "support/test.h"

#define LAST 5u /* breakpoints 0 to 5 in the hardware, the last one for contexts */

static struct debug_state debug;

static void put(enum debug_kind kind, u32 index, u64 value)
{
	assert_true(debug_access(&debug, kind, index, true, &value));
}

static u64 get(enum debug_kind kind, u32 index)
{
	u64 value = 0;

	assert_true(debug_access(&debug, kind, index, false, &value));
	return value;
}

static int reset(void **state)
{
	(void)state;
	memset(&debug, 0xff, sizeof(debug));
	debug_reset(&debug);
	return 0;
}

static void out_of_reset(void **state)
{
	(void)state;
	assert_true(debug.os_locked);
	assert_false(debug_live(&debug));
	assert_int_equal(debug_mdscr(&debug), 0);
	for (u32 i = 0; i < DEBUG_POINTS; i++) {
		assert_int_equal(get(DEBUG_BVR, i), 0);
		assert_int_equal(get(DEBUG_BCR, i), 0);
		assert_int_equal(get(DEBUG_WVR, i), 0);
		assert_int_equal(get(DEBUG_WCR, i), 0);
	}
}

static void only_what_is_there(void **state)
{
	u64 value = 1;

	(void)state;
	for (u32 kind = 0; kind < 8; kind++)
		for (u32 index = 0; index < 16; index++)
			assert_int_equal(
				debug_access(&debug, (enum debug_kind)kind, index, false, &value),
				kind >= 4 && index < DEBUG_POINTS);
	/* Reserved bits are dropped, the rest stays. */
	put(DEBUG_BCR, 0, UINT64_MAX);
	assert_int_equal(get(DEBUG_BCR, 0), 0xffe1e7);
	put(DEBUG_WCR, 1, UINT64_MAX);
	assert_int_equal(get(DEBUG_WCR, 1), 0x1f1fffff);
	put(DEBUG_WVR, 1, UINT64_MAX);
	assert_int_equal(get(DEBUG_WVR, 1), ~UINT64_C(3));
	put(DEBUG_BVR, 1, 0x1234);
	assert_int_equal(get(DEBUG_BVR, 1), 0x1234);
}

/* Live: not locked, MDE, and one that is enabled and of a type that a guest has. */
static void when_it_is_live(void **state)
{
	(void)state;
	put(DEBUG_WCR, 1, 1);
	debug.mdscr = MDSCR_MDE | MDSCR_KDE | MDSCR_SS | MDSCR_TDCC;
	assert_false(debug_live(&debug));
	assert_int_equal(debug_mdscr(&debug), MDSCR_TDCC);
	debug.os_locked = false;
	assert_true(debug_live(&debug));
	assert_int_equal(debug_mdscr(&debug), MDSCR_MDE | MDSCR_KDE | MDSCR_SS | MDSCR_TDCC);
	put(DEBUG_WCR, 1, 0x1e);
	assert_false(debug_live(&debug));
	assert_int_equal(debug_mdscr(&debug), MDSCR_KDE | MDSCR_SS | MDSCR_TDCC);
	put(DEBUG_BCR, 0, 1);
	assert_true(debug_live(&debug));
	debug.mdscr = 0;
	assert_false(debug_live(&debug));
	/* Bits for an external debugger stay clear. */
	debug.mdscr = UINT32_MAX;
	assert_int_equal(debug_mdscr(&debug), MDSCR_MDE | MDSCR_KDE | MDSCR_SS | MDSCR_TDCC);
}

static void types(void **state)
{
	(void)state;
	debug.os_locked = false;
	debug.mdscr = MDSCR_MDE;
	for (u32 type = 0; type < 16; type++) {
		u64 bcr = (u64)type << 20 | 1;

		put(DEBUG_BCR, 1, 0);
		put(DEBUG_BCR, 0, bcr);
		assert_int_equal(debug_live(&debug), type < 2);
		assert_int_equal(debug_bcr(&debug, 0, LAST), type < 2 ? bcr : 0);
		put(DEBUG_BCR, 0, 0);
		put(DEBUG_BCR, 1, bcr);
		assert_int_equal(debug_live(&debug), type < 4);
		assert_int_equal(debug_bcr(&debug, 1, LAST), type < 4 ? bcr : 0);
	}
}

/* The guest's breakpoint 1 is the hardware's last one: so are the links to it. */
static void links(void **state)
{
	(void)state;
	put(DEBUG_BCR, 0, 1u << 20 | 1u << 16 | 0x1e7);
	assert_int_equal(debug_bcr(&debug, 0, LAST), 1u << 20 | LAST << 16 | 0x1e7);
	assert_int_equal(debug_bcr(&debug, 0, 1), 1u << 20 | 1u << 16 | 0x1e7);
	put(DEBUG_WCR, 0, 1u << 20 | 1u << 16 | 0x1ff);
	assert_int_equal(debug_wcr(&debug, 0, LAST), 1u << 20 | LAST << 16 | 0x1ff);
	put(DEBUG_WCR, 0, 1u << 20 | 9u << 16 | 0x1ff); /* to one that it does not have */
	assert_int_equal(debug_wcr(&debug, 0, LAST), 1u << 20 | 0x1ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(out_of_reset, reset),
		cmocka_unit_test_setup(only_what_is_there, reset),
		cmocka_unit_test_setup(when_it_is_live, reset),
		cmocka_unit_test_setup(types, reset),
		cmocka_unit_test_setup(links, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
