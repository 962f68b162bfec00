/* SPDX-License-Identifier: Apache-2.0 */
/* core/sync: what threads wait for each other with, on the fake machine. */
#include "support/test.h"

#include <arch/time.h>
#include <mullion/sched.h>
#include <mullion/sync.h>

#include "support/threads.h"

#define EACH(test) cmocka_unit_test_setup_teardown(test, threads_begin, threads_end)
#define MS(n)      NS((u64)(n)*1000000)

static ns_t in(ns_t ns)
{
	return NS(arch_time_now().v + ns.v);
}

/* --- Waitqueues ------------------------------------------------------------------------------- */

static struct waitqueue waitqueue;

static void waits(void *data)
{
	must(waitqueue_sleep(&waitqueue, NULL, NS_NEVER) == OK);
	say(data);
}

static void first_come_first_woken(void **state)
{
	(void)state;
	waitqueue_init(&waitqueue);
	(void)spawn("a", waits, "a", 10, 0);
	run(0);
	(void)spawn("b", waits, "b", 20, 0);
	run(0);
	(void)spawn("c", waits, "c", 10, 1);
	run(1);
	host_cpu_select(0);
	assert_int_equal(waitqueue_wake(&waitqueue, 1), 1);
	run(0);
	assert_string_equal(said, "a");
	assert_int_equal(waitqueue_wake(&waitqueue, UINT32_MAX), 2);
	assert_int_equal(waitqueue_wake(&waitqueue, UINT32_MAX), 0);
	run(0);
	run(1);
	assert_string_equal(said, "abc");
}

static void waits_a_while(void *data)
{
	ns_t begin = arch_time_now();
	enum err err = waitqueue_sleep(&waitqueue, NULL, in(MS(5)));

	say(data);
	say(err == OK ? "+" : "-");
	must(err == OK || arch_time_now().v >= begin.v + MS(5).v);
	must(!timer_is_armed(&this_cpu()->thread->timer));
	must(!list_has(&this_cpu()->thread->waiter));
}

static void times_end_a_wait(void **state)
{
	(void)state;
	waitqueue_init(&waitqueue);
	(void)spawn("a", waits_a_while, "a", 10, 0);
	(void)spawn("b", waits_a_while, "b", 10, 1);
	run_until(in(MS(3)));
	assert_string_equal(said, "");
	assert_int_equal(waitqueue_wake(&waitqueue, 1), 1);
	run_until(in(MS(4)));
	assert_string_equal(said, "a+b-");
	assert_int_equal(waitqueue_wake(&waitqueue, 1), 0);
}

/* --- Completions and semaphores --------------------------------------------------------------- */

static struct completion completion;

static void awaits(void *data)
{
	completion_wait(&completion);
	say(data);
}

static void awaits_a_while(void *data)
{
	say(data);
	say(completion_wait_until(&completion, in(MS(2))) == OK ? "+" : "-");
}

static void all_see_a_completion(void **state)
{
	(void)state;
	completion_init(&completion);
	(void)spawn("a", awaits, "a", 10, 0);
	(void)spawn("b", awaits, "b", 10, 0);
	(void)spawn("c", awaits_a_while, "c", 10, 0);
	run_until(in(MS(3)));
	assert_string_equal(said, "c-");
	completion_complete(&completion);
	(void)spawn("d", awaits_a_while, "d", 10, 0);
	run(0);
	assert_string_equal(said, "c-abd+");
	completion_reset(&completion);
	(void)spawn("e", awaits, "e", 10, 0);
	run(0);
	assert_string_equal(said, "c-abd+");
	completion_complete(&completion);
	run(0);
	assert_string_equal(said, "c-abd+e");
}

static struct semaphore semaphore;

static void downs(void *data)
{
	semaphore_down(&semaphore);
	say(data);
}

static void downs_a_while(void *data)
{
	say(data);
	say(semaphore_down_until(&semaphore, in(MS(2))) == OK ? "+" : "-");
}

static void semaphores_count(void **state)
{
	(void)state;
	semaphore_init(&semaphore, 2);
	(void)spawn("a", downs, "a", 10, 0);
	(void)spawn("b", downs, "b", 10, 0);
	(void)spawn("c", downs, "c", 10, 0);
	run(0);
	assert_string_equal(said, "ab");
	assert_false(semaphore_try(&semaphore));
	semaphore_up(&semaphore);
	/* It is the waiter's already: nobody gets in between. */
	assert_false(semaphore_try(&semaphore));
	run(0);
	assert_string_equal(said, "abc");
	(void)spawn("d", downs_a_while, "d", 10, 0);
	run_until(in(MS(3)));
	assert_string_equal(said, "abcd-");
	semaphore_up(&semaphore);
	assert_true(semaphore_try(&semaphore));
	assert_false(semaphore_try(&semaphore));
}

/* --- Mutexes ---------------------------------------------------------------------------------- */

static struct mutex mutexes[3];
static struct semaphore go_on;

static void begin_mutexes(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(mutexes); i++)
		mutex_init(&mutexes[i]);
	semaphore_init(&go_on, 0);
}

/* Lock in the order of the digits, wait for leave, unlock in the opposite order. */
static void locks(void *data)
{
	const char *digits = data;
	size_t count = strlen(digits);

	for (size_t i = 0; i < count; i++)
		mutex_lock(&mutexes[digits[i] - '0']);
	say(data);
	semaphore_down(&go_on);
	while (count-- > 0)
		mutex_unlock(&mutexes[digits[count] - '0']);
}

static void an_owner_inherits(void **state)
{
	struct thread *low, *high, *middle;

	(void)state;
	begin_mutexes();
	low = spawn("low", locks, "0", 10, 0);
	run(0);
	high = spawn("high", locks, "0", 30, 0);
	run(0);
	assert_int_equal(thread_phase(high), THREAD_SLEEPING);
	assert_int_equal(low->home.priority, 30);
	assert_int_equal(low->home.base_priority, 10);
	middle = spawn("middle", say, "m", 20, 0);
	semaphore_up(&go_on);
	/* The owner goes before the middle one, and so does the urgent one after it. */
	run(0);
	assert_string_equal(said, "00m");
	assert_int_equal(low->home.priority, 10);
	assert_int_equal(thread_phase(middle), THREAD_STOPPED);
	assert_false(mutex_try(&mutexes[0]));
	semaphore_up(&go_on);
	run(0);
	assert_int_equal(thread_phase(high), THREAD_STOPPED);
}

static void a_chain_of_owners_inherits(void **state)
{
	struct thread *first, *second, *third;

	(void)state;
	begin_mutexes();
	first = spawn("first", locks, "0", 10, 0);
	run(0);
	second = spawn("second", locks, "10", 12, 1);
	run(1);
	third = spawn("third", locks, "21", 14, 2);
	run(2);
	assert_int_equal(first->home.priority, 14);
	(void)spawn("fourth", locks, "2", 40, 3);
	run(3);
	assert_int_equal(first->home.priority, 40);
	assert_int_equal(second->home.priority, 40);
	assert_int_equal(third->home.priority, 40);
	for (u32 i = 0; i < 4; i++) {
		host_cpu_select(0);
		semaphore_up(&go_on);
		for (u32 cpu = 0; cpu < 4; cpu++)
			run(cpu);
	}
	assert_string_equal(said, "010212");
	assert_int_equal(first->home.priority, 10);
	assert_int_equal(second->home.priority, 12);
	assert_int_equal(third->home.priority, 14);
}

static void locks_a_while(void *data)
{
	say(data);
	say(mutex_lock_until(&mutexes[0], in(MS(2))) == OK ? "+" : "-");
}

static void who_gives_up_takes_its_priority_back(void **state)
{
	struct thread *low;

	(void)state;
	begin_mutexes();
	low = spawn("low", locks, "0", 10, 0);
	run(0);
	(void)spawn("high", locks_a_while, "h", 30, 0);
	run(0);
	assert_int_equal(low->home.priority, 30);
	run_until(in(MS(3)));
	assert_string_equal(said, "0h-");
	assert_int_equal(low->home.priority, 10);
	semaphore_up(&go_on);
	run(0);
}

static void the_most_urgent_is_next(void **state)
{
	(void)state;
	begin_mutexes();
	(void)spawn("owner", locks, "0", 10, 0);
	run(0);
	(void)spawn("low", locks, "0", 11, 1);
	run(1);
	(void)spawn("high", locks, "01", 12, 2);
	run(2);
	for (u32 i = 0; i < 3; i++) {
		host_cpu_select(0);
		semaphore_up(&go_on);
		for (u32 cpu = 0; cpu < 3; cpu++)
			run(cpu);
	}
	assert_string_equal(said, "0010");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(first_come_first_woken),
		EACH(times_end_a_wait),
		EACH(all_see_a_completion),
		EACH(semaphores_count),
		EACH(an_owner_inherits),
		EACH(a_chain_of_owners_inherits),
		EACH(who_gives_up_takes_its_priority_back),
		EACH(the_most_urgent_is_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
