/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/pl031.c: the time, setting it, the alarm, reset, restart. */
#include "vmm/fixture.h"

#define DR   0x00
#define MR   0x04
#define LR   0x08
#define CR   0x0c
#define IMSC 0x10
#define RIS  0x14
#define MIS  0x18
#define ICR  0x1c

#define SECOND UINT64_C(1000000000)
#define NEVER  UINT64_MAX

static u32 reg(u64 offset)
{
	return get(G_RTC, offset);
}

static void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
}

static void pass(u64 ns)
{
	host_core.now.v += ns;
	if (host_core.since_1970.v != 0)
		host_core.since_1970.v += ns;
}

static void test_identity(void **state)
{
	static const u32 ids[] = { 0x31, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(reg(0xfe0 + 4 * i), ids[i]);
	assert_int_equal(reg(CR), 1);
	assert_int_equal(reg(0x20), 0);
	assert_int_equal(reg(0xfffffff0), 0);
}

static void test_time(void **state)
{
	(void)state;
	host_core.now = NS(5 * SECOND + 1);
	assert_int_equal(reg(DR), 5);
	host_core.since_1970 = NS(1800000000 * SECOND);
	assert_int_equal(reg(DR), 1800000000);
	pass(3 * SECOND);
	assert_int_equal(reg(DR), 1800000003);
	put(DR, 9);
	assert_int_equal(reg(DR), 1800000003);
}

static void test_set_time(void **state)
{
	(void)state;
	host_core.now = NS(100 * SECOND);
	put(LR, 1000);
	assert_int_equal(reg(LR), 1000);
	assert_int_equal(reg(DR), 1000);
	pass(7 * SECOND);
	assert_int_equal(reg(DR), 1007);
	put(LR, 3);
	assert_int_equal(reg(DR), 3);
	/* A reset leaves the clock alone. */
	notify(NOTIFY_RESET);
	assert_int_equal(reg(DR), 3);
	assert_int_equal(reg(LR), 0);
}

static void test_alarm(void **state)
{
	(void)state;
	host_core.now = NS(SECOND / 4);
	host_core.since_1970 = NS(50 * SECOND + SECOND / 2);
	assert_int_equal(host_core.timer.v, NEVER);
	put(IMSC, 1);
	put(MR, 53);
	assert_int_equal(host_core.timer.v, SECOND / 4 + 2 * SECOND + SECOND / 2);
	pass(2 * SECOND);
	notify(NOTIFY_TIMER);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(host_core.timer.v, SECOND / 4 + 2 * SECOND + SECOND / 2);
	pass(SECOND / 2);
	notify(NOTIFY_TIMER);
	assert_int_equal(reg(RIS), 1);
	assert_int_equal(reg(MIS), 1);
	assert_true(host_core.level[G_RTC_LINE]);
	assert_false(host_core.level[G_UART_LINE]);
	assert_int_equal(host_core.timer.v, NEVER);
	put(ICR, 1);
	assert_false(host_core.level[G_RTC_LINE]);
	notify(NOTIFY_TIMER);
	assert_int_equal(reg(RIS), 0);
}

static void test_alarm_masked(void **state)
{
	(void)state;
	host_core.now = NS(SECOND);
	put(MR, 1);
	assert_int_equal(reg(RIS), 1);
	assert_int_equal(reg(MIS), 0);
	assert_false(host_core.level[G_RTC_LINE]);
	put(IMSC, 1);
	assert_true(host_core.level[G_RTC_LINE]);
}

/* Setting the clock moves the alarm: forward past it, or back. */
static void test_alarm_moves(void **state)
{
	(void)state;
	put(MR, 100);
	assert_int_equal(host_core.timer.v, 100 * SECOND);
	put(LR, 40);
	assert_int_equal(host_core.timer.v, 60 * SECOND);
	put(LR, 101);
	assert_int_equal(reg(RIS), 1);
	assert_int_equal(host_core.timer.v, NEVER);
}

static void test_reset(void **state)
{
	(void)state;
	put(IMSC, 1);
	put(MR, 0);
	assert_true(host_core.level[G_RTC_LINE]);
	put(MR, 9);
	notify(NOTIFY_RESET);
	assert_false(host_core.level[G_RTC_LINE]);
	assert_int_equal(host_core.timer.v, NEVER);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(reg(IMSC), 0);
	assert_int_equal(reg(MR), 0);
}

static void test_restart(void **state)
{
	(void)state;
	put(LR, 500);
	put(IMSC, 1);
	put(MR, 510);
	host_core.timer = NS(NEVER);
	info.starts = 1;
	start();
	assert_int_equal(host_core.timer.v, 10 * SECOND);
	assert_int_equal(reg(DR), 500);
	pass(11 * SECOND);
	memset(host_core.level, 0, sizeof(host_core.level));
	start();
	assert_true(host_core.level[G_RTC_LINE]);
	memset(host_core.level, 0, sizeof(host_core.level));
	start();
	assert_true(host_core.level[G_RTC_LINE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, fresh),
		cmocka_unit_test_setup(test_time, fresh),
		cmocka_unit_test_setup(test_set_time, fresh),
		cmocka_unit_test_setup(test_alarm, fresh),
		cmocka_unit_test_setup(test_alarm_masked, fresh),
		cmocka_unit_test_setup(test_alarm_moves, fresh),
		cmocka_unit_test_setup(test_reset, fresh),
		cmocka_unit_test_setup(test_restart, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
