/* SPDX-License-Identifier: Apache-2.0 */
/* core/thread/waitqueue.c, on the fake machine. */
#include "support/test.h"

#include <mullion/sched.h>
#include <mullion/sync.h>

#include "support/threads.h"

#define EACH(test) cmocka_unit_test_setup_teardown(test, threads_begin, threads_end)

static struct waitqueue waitqueue;
static struct spinlock lock;
static u32 left; /* that may continue; under the lock */

static void waits(void *data)
{
	spin_lock(&lock);
	while (left == 0)
		waitqueue_sleep(&waitqueue, &lock);
	left--;
	spin_unlock(&lock);
	say(data);
}

static void let(u32 count)
{
	spin_lock(&lock);
	left = count;
	spin_unlock(&lock);
	waitqueue_wake(&waitqueue);
}

static void first_come_first_woken(void **state)
{
	struct thread *b;

	(void)state;
	waitqueue_init(&waitqueue);
	spin_init(&lock, RANK_WORK);
	left = 0;
	(void)spawn("a", waits, "a", 10, 0);
	run(0);
	b = spawn("b", waits, "b", 10, 0);
	run(0);
	(void)spawn("c", waits, "c", 10, 1);
	run(1);
	host_cpu_select(0);
	let(1);
	run(0);
	run(1);
	assert_string_equal(said, "a");
	/* Woken in vain, it waits again, behind none. */
	assert_int_equal(thread_phase(b), THREAD_SLEEPING);
	assert_true(sched_wake(b));
	run(0);
	assert_int_equal(thread_phase(b), THREAD_SLEEPING);
	host_cpu_select(0);
	let(2);
	waitqueue_wake(&waitqueue);
	run(0);
	run(1);
	assert_string_equal(said, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(first_come_first_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
