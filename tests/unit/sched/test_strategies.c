/* SPDX-License-Identifier: Apache-2.0 */
/* The strategies by themselves, against flat models that look through all accounts each time. */
#include "support/random.h"
#include "support/test.h"

#include "core/sched/internal.h"

#define THREADS 24
#define STEPS   20000

static struct sched_queue queue;
static struct account accounts[THREADS];
static u64 order[THREADS]; /* the model: the least goes first; 0: not in the queue */
static u64 first, last;

static int set_up(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	memset(accounts, 0, sizeof(accounts));
	memset(order, 0, sizeof(order));
	list_init(&queue.accounts);
	first = last = UINT64_C(1) << 40;
	return 0;
}

static void add(const struct sched_strategy *strategy, u32 i)
{
	bool front = random_below(4) == 0;

	order[i] = front ? --first : ++last;
	strategy->add(&queue, &accounts[i], front);
}

static void take_out(const struct sched_strategy *strategy, u32 i)
{
	order[i] = 0;
	strategy->remove(&queue, &accounts[i]);
}

/* Returns the account that take() removes, and adds it again, before all others. */
static struct account *next_account(const struct sched_strategy *strategy, u64 now)
{
	struct account *account = strategy->take(&queue, NS(now));

	if (account != NULL) {
		assert_false(list_has(&account->link));
		order[account - accounts] = --first;
		strategy->add(&queue, account, true);
	}
	return account;
}

/* Returns the account to run: the one of highest @claim (0: may not run), then the first in order.
 */
static struct account *expected(u32 (*claim)(const struct account *account, u64 now), u64 now)
{
	struct account *best = NULL;

	for (u32 i = 0; i < THREADS; i++) {
		u32 its = order[i] != 0 ? claim(&accounts[i], now) : 0;

		if (its == 0)
			continue;
		if (best == NULL || its > claim(best, now) ||
		    (its == claim(best, now) && order[i] < order[best - accounts]))
			best = &accounts[i];
	}
	return best;
}

static void follow_model(const struct sched_strategy *strategy,
			 u32 (*claim)(const struct account *account, u64 now))
{
	u64 now = 0;

	for (u32 step = 0; step < STEPS; step++) {
		const struct account *best;
		u32 i = (u32)random_below(THREADS);

		if (order[i] != 0) {
			take_out(strategy, i);
			assert_false(list_has(&accounts[i].link));
		} else {
			accounts[i].priority =
				(u8)(random_below(2) == 0 ? random_below(256) : random_below(4));
			accounts[i].base_priority = accounts[i].priority;
			accounts[i].window = random_below(4);
			add(strategy, i);
		}
		now += random_below(40);
		best = expected(claim, now);
		assert_ptr_equal(next_account(strategy, now), best);
	}
	for (u32 i = 0; i < THREADS; i++)
		if (order[i] != 0)
			take_out(strategy, i);
	assert_null(next_account(strategy, now));
}

static u32 all_the_same(const struct account *account, u64 now)
{
	(void)account, (void)now;
	return 1;
}

static void round_robin_goes_by_order(void **state)
{
	(void)state;
	follow_model(&sched_round_robin, all_the_same);
	assert_false(sched_round_robin.preempts(&queue, &accounts[0], &accounts[1]));
}

static u32 by_priority(const struct account *account, u64 now)
{
	(void)now;
	return 1u + account->priority;
}

static void priorities_go_before_order(void **state)
{
	(void)state;
	follow_model(&sched_priority, by_priority);
	assert_int_equal(queue.summary, 0);
	for (u32 i = 0; i < PRIORITIES / 64; i++)
		assert_int_equal(queue.levels[i], 0);
	accounts[0].priority = 9;
	accounts[1].priority = 8;
	assert_true(sched_priority.preempts(&queue, &accounts[0], &accounts[1]));
	assert_false(sched_priority.preempts(&queue, &accounts[1], &accounts[0]));
	assert_false(sched_priority.preempts(&queue, &accounts[1], &accounts[1]));
}

/* Two windows, a gap before, between and after: 0 ..10 gap, 10..40 one, 40..50 gap, 50..70 two,
 * 70..100 gap. */
static const struct sched_window windows[] = {
	{ { 10 }, { 30 }, 1 },
	{ { 50 }, { 20 }, 2 },
};
static const struct sched_table table = {
	.cycle = { 100 },
	.background = 2,
	.num_windows = 2,
	.windows = windows,
};

static u32 by_window(const struct account *account, u64 now)
{
	u64 at = now % 100;
	u32 window = at >= 10 && at < 40 ? 1 : at >= 50 && at < 70 ? 2 : 0;

	if (window != 0 && account->window == window)
		return 1000u + account->priority;
	return account->priority <= 2 ? 1u + account->priority : 0;
}

static void windows_go_before_priorities(void **state)
{
	(void)state;
	queue.table = &table;
	follow_model(&sched_windows, by_window);
}

static void slices_are_for_equals_alone(void **state)
{
	struct account *current = &accounts[0];

	(void)state;
	current->priority = 5;
	current->since = NS(1000);
	current->slice_left = NS(70);
	assert_int_equal(sched_priority.review(&queue, current).v, NS_NEVER.v);
	accounts[1].priority = 4;
	sched_priority.add(&queue, &accounts[1], false);
	assert_int_equal(sched_priority.review(&queue, current).v, NS_NEVER.v);
	accounts[2].priority = 5;
	sched_priority.add(&queue, &accounts[2], false);
	assert_int_equal(sched_priority.review(&queue, current).v, 1070);
	assert_int_equal(sched_priority.review(&queue, NULL).v, NS_NEVER.v);

	assert_int_equal(sched_round_robin.review(&queue, current).v, NS_NEVER.v);
	sched_round_robin.add(&queue, &accounts[3], false);
	assert_int_equal(sched_round_robin.review(&queue, current).v, 1070);
	assert_int_equal(sched_round_robin.review(&queue, NULL).v, NS_NEVER.v);
}

static void windows_end_by_the_clock(void **state)
{
	struct account *current = &accounts[0];

	(void)state;
	queue.table = &table;
	current->window = 1;
	current->priority = current->base_priority = 5;
	current->since = NS(215);
	current->slice_left = NS(10);
	assert_null(next_account(&sched_windows, 215));
	assert_int_equal(sched_windows.review(&queue, current).v, 240);
	assert_int_equal(sched_windows.review(&queue, NULL).v, NS_NEVER.v);
	/* An account whose window opens later: the idle CPU has to check again. */
	accounts[1].window = 2;
	accounts[1].priority = accounts[1].base_priority = 9;
	sched_windows.add(&queue, &accounts[1], false);
	assert_int_equal(sched_windows.review(&queue, NULL).v, 240);
	assert_false(sched_windows.preempts(&queue, &accounts[1], current));
	/* An equal in the same window: slices. */
	accounts[2].window = 1;
	accounts[2].priority = accounts[2].base_priority = 5;
	sched_windows.add(&queue, &accounts[2], false);
	assert_int_equal(sched_windows.review(&queue, current).v, 225);
	/* The second window's beginning, and the last gap's end: the cycle's. */
	assert_ptr_equal(next_account(&sched_windows, 250), &accounts[1]);
	assert_true(sched_windows.preempts(&queue, &accounts[1], current));
	assert_null(next_account(&sched_windows, 299));
	assert_int_equal(sched_windows.review(&queue, NULL).v, 300);
	assert_null(next_account(&sched_windows, 300));
	assert_int_equal(sched_windows.review(&queue, NULL).v, 310);
}

static void inherited_priority_keeps_background_time(void **state)
{
	(void)state;
	queue.table = &table;
	accounts[0].base_priority = 2;
	accounts[0].priority = 200;
	accounts[1].base_priority = accounts[1].priority = 2;
	sched_windows.add(&queue, &accounts[1], false);
	sched_windows.add(&queue, &accounts[0], false);
	assert_ptr_equal(next_account(&sched_windows, 0), &accounts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(round_robin_goes_by_order, set_up),
		cmocka_unit_test_setup(priorities_go_before_order, set_up),
		cmocka_unit_test_setup(windows_go_before_priorities, set_up),
		cmocka_unit_test_setup(slices_are_for_equals_alone, set_up),
		cmocka_unit_test_setup(windows_end_by_the_clock, set_up),
		cmocka_unit_test_setup(inherited_priority_keeps_background_time, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
