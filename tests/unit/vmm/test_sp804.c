/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/arm64/sp804.c: both counters, interrupts, missed ticks by each policy, restart. */
#include "vmm/fixture.h"

#define LOAD_REG 0x00
#define VALUE    0x04
#define CONTROL  0x08
#define INT_CLR  0x0c
#define RIS      0x10
#define MIS      0x14
#define BG_LOAD  0x18
#define SECOND_1 0x20 /* the second timer */

#define ONE_SHOT 0x01u
#define WIDE     0x02u
#define BY_16    0x04u
#define BY_256   0x08u
#define INT_MASK 0x20u
#define PERIODIC 0x40u
#define ENABLE   0x80u
#define TICKING  (ENABLE | PERIODIC | INT_MASK | WIDE)

#define MS    UINT64_C(1000000)
#define NEVER UINT64_MAX

/* The clock's place is the timer's here. */
static int timer_only(void **state)
{
	(void)fresh(state);
	memset(state_page, 0, sizeof(state_page));
	grant(G_RTC, GRANT_VIRTUAL, "timer", "sp804", NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "timer", "", NULL, 0);
	start();
	return 0;
}

static u32 reg(u64 offset)
{
	return get(G_RTC, offset);
}

static void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
}

static bool level(void)
{
	return host_core.level[G_RTC_LINE];
}

/* The guest serves each interrupt. Returns their number. */
static u32 serve(void)
{
	u32 count = 0;

	for (; level(); count++)
		put(INT_CLR, 1);
	return count;
}

/* Let time pass, with each timer notification at its time. Returns the number of interrupts that
 * the guest served, if it @serves. */
static u32 pass(u64 ns, bool serves)
{
	u64 end = host_core.now.v + ns;
	u32 count = serves ? serve() : 0;

	while (host_core.timer.v <= end) {
		host_core.now.v = MAX(host_core.now.v, host_core.timer.v);
		notify(NOTIFY_TIMER);
		count += serves ? serve() : 0;
	}
	host_core.now.v = end;
	return count;
}

static void identity_and_reset(void **state)
{
	static const u32 ids[] = { 0x04, 0x18, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(reg(0xfe0 + 4 * i), ids[i]);
	for (u32 timer = 0; timer <= SECOND_1; timer += SECOND_1) {
		assert_int_equal(reg(timer + LOAD_REG), 0);
		assert_int_equal(reg(timer + VALUE), 0xffff);
		assert_int_equal(reg(timer + CONTROL), INT_MASK);
		assert_int_equal(reg(timer + RIS), 0);
	}
	assert_int_equal(reg(0x40), 0);
	put(0x40, 1);
	assert_int_equal(host_core.timer.v, NEVER);
}

/* 24 cycles in a microsecond, by each divisor. */
static void counters_count_down(void **state)
{
	static const struct {
		u32 bits, us;
	} rates[] = { { 0, 1 }, { BY_16, 16 }, { BY_256, 256 }, { BY_16 | BY_256, 256 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rates); i++) {
		put(SECOND_1 + CONTROL, ENABLE | WIDE | rates[i].bits);
		put(SECOND_1 + LOAD_REG, 24000);
		(void)pass(10000 * (u64)rates[i].us, true);
		assert_in_range(reg(SECOND_1 + VALUE), 24000 - 241, 24000 - 239);
		/* The other one is stopped. */
		assert_int_equal(reg(VALUE), 0xffff);
	}
	/* A stopped counter keeps its value, and continues from there. */
	put(SECOND_1 + CONTROL, WIDE);
	(void)pass(MS, true);
	assert_in_range(reg(SECOND_1 + VALUE), 24000 - 241, 24000 - 239);
	put(SECOND_1 + CONTROL, ENABLE | WIDE);
	(void)pass(10000, true);
	assert_in_range(reg(SECOND_1 + VALUE), 24000 - 482, 24000 - 478);
}

static void widths(void **state)
{
	(void)state;
	put(LOAD_REG, 0x12345678);
	assert_int_equal(reg(VALUE), 0x5678);
	put(CONTROL, WIDE);
	assert_int_equal(reg(VALUE), 0x12345678);
	assert_int_equal(reg(LOAD_REG), 0x12345678);
	/* A counter that is not periodic continues from its widest value. */
	put(CONTROL, ENABLE | INT_MASK);
	put(LOAD_REG, 24);
	(void)pass(1000, false);
	assert_true(level());
	(void)pass(1000, false);
	assert_in_range(reg(VALUE), 0x10000 - 25, 0x10000 - 23);
}

static void periodic(void **state)
{
	(void)state;
	put(LOAD_REG, 24000);
	put(CONTROL, TICKING);
	assert_int_equal(pass(MS - 1, true), 0);
	assert_int_equal(pass(1, true), 1);
	assert_int_equal(pass(99 * MS, true), 99);
	/* Masked: the flag alone. */
	put(CONTROL, TICKING & ~INT_MASK);
	(void)pass(MS, true);
	assert_false(level());
	assert_int_equal(reg(RIS), 1);
	assert_int_equal(reg(MIS), 0);
	put(CONTROL, TICKING);
	assert_true(level());
	assert_int_equal(reg(MIS), 1);
}

static void the_next_period(void **state)
{
	(void)state;
	put(LOAD_REG, 24000);
	put(CONTROL, TICKING);
	(void)pass(MS / 4, true);
	put(BG_LOAD, 48000);
	assert_int_equal(reg(LOAD_REG), 48000);
	assert_in_range(reg(VALUE), 17990, 18000);
	assert_int_equal(pass(MS * 3 / 4 + 100, true), 1);
	assert_int_equal(pass(MS * 2 - 1000, true), 0);
	assert_int_equal(pass(1000, true), 1);
}

static void once(void **state)
{
	(void)state;
	put(CONTROL, ENABLE | ONE_SHOT | INT_MASK | WIDE);
	put(LOAD_REG, 24000);
	assert_int_equal(pass(MS, true), 1);
	assert_int_equal(host_core.timer.v, NEVER);
	(void)pass(10 * MS, true);
	assert_int_equal(reg(VALUE), 0);
	/* An interrupt that was not cleared does not come twice. */
	put(LOAD_REG, 24000);
	(void)pass(MS, false);
	put(LOAD_REG, 24000);
	(void)pass(MS, false);
	put(INT_CLR, 1);
	(void)pass(MS, false);
	assert_false(level());
}

/* Off for 20 ticks: returns how many come within the next ten periods, and *@first in the first. */
static u32 missed(const char *arguments, u32 *first)
{
	strcpy(info.arguments, arguments);
	start();
	put(LOAD_REG, 24000);
	put(CONTROL, TICKING);
	(void)pass(20 * MS, false);
	assert_true(level());
	*first = pass(MS - 1, true);
	return *first + pass(9 * MS, true);
}

static void missed_ticks(void **state)
{
	u32 first;

	(void)state;
	assert_int_equal(missed("", &first), 20 + 9);
	assert_in_range(first, 4, 5);
	assert_int_equal(missed("missed-ticks=slew", &first), 20 + 9);
	assert_in_range(first, 4, 5);
	assert_int_equal(missed("missed-ticks=burst", &first), 20 + 9);
	assert_int_equal(first, 20);
	/* The one that was pending, one for all others, and the regular ones. */
	assert_int_equal(missed("missed-ticks=drop", &first), 1 + 1 + 9);
	assert_int_equal(first, 2);
	host_core.log[0] = '\0';
	assert_int_equal(missed("missed-ticks=later", &first), 20 + 9);
	assert_non_null(strstr(host_core.log, "missed-ticks=later is not drop, slew or burst"));
}

static void the_backlog_survives_a_new_period(void **state)
{
	(void)state;
	put(LOAD_REG, 24000);
	put(CONTROL, TICKING);
	(void)pass(20 * MS, false);
	put(BG_LOAD, 48000);
	/* At 1 ms, and at each 2 ms from there. */
	assert_int_equal(pass(20 * MS, true), 20 + 10);
}

static void restart(void **state)
{
	(void)state;
	put(LOAD_REG, 24000);
	put(CONTROL, TICKING);
	(void)pass(5 * MS, false);
	memset(host_core.level, 0, sizeof(host_core.level));
	start();
	assert_true(level());
	assert_int_equal(pass(5 * MS - 1, true), 5 + 4);
	notify(NOTIFY_RESET);
	assert_int_equal(reg(CONTROL), INT_MASK);
	assert_int_equal(host_core.timer.v, NEVER);
	assert_false(level());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity_and_reset, timer_only),
		cmocka_unit_test_setup(counters_count_down, timer_only),
		cmocka_unit_test_setup(widths, timer_only),
		cmocka_unit_test_setup(periodic, timer_only),
		cmocka_unit_test_setup(the_next_period, timer_only),
		cmocka_unit_test_setup(once, timer_only),
		cmocka_unit_test_setup(missed_ticks, timer_only),
		cmocka_unit_test_setup(the_backlog_survives_a_new_period, timer_only),
		cmocka_unit_test_setup(restart, timer_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
