/* SPDX-License-Identifier: Apache-2.0 */
/* core/sched: threads on the fake machine's CPUs; who runs, when, and what is booked for it. */
#include "support/test.h"

#include <mullion/mem.h>
#include <mullion/sched.h>

#include "support/threads.h"

static void highest_priority_runs_first(void **state)
{
	struct thread *low, *high;

	(void)state;
	low = spawn("low", say, "l", 10, 0);
	high = spawn("high", say, "h", 20, 0);
	run(0);
	assert_string_equal(said, "hl");
	assert_int_equal(thread_phase(low), THREAD_STOPPED);
	assert_int_equal(thread_phase(high), THREAD_STOPPED);
}

static void say_and_yield(void *data)
{
	for (u32 i = 0; i < 3; i++) {
		say(data);
		sched_pass();
	}
}

static void equals_take_turns(void **state)
{
	(void)state;
	(void)spawn("a", say_and_yield, "a", 10, 0);
	(void)spawn("b", say_and_yield, "b", 10, 0);
	(void)spawn("c", say_and_yield, "c", 10, 0);
	run(0);
	assert_string_equal(said, "abcabcabc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(highest_priority_runs_first, threads_begin,
						threads_end),
		cmocka_unit_test_setup_teardown(equals_take_turns, threads_begin, threads_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
