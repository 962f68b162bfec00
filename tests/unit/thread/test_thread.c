/* SPDX-License-Identifier: Apache-2.0 */
/* core/thread: the state table, orphans of the core, work that is done later. */
#include "support/test.h"

#include <arch/time.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/sync.h>

#include "support/threads.h"

#define EACH(test) cmocka_unit_test_setup_teardown(test, threads_begin, threads_end)
#define MS(n)      NS((u64)(n)*1000000)

static ns_t in(ns_t ns)
{
	return NS(arch_time_now().v + ns.v);
}

/* --- States ----------------------------------------------------------------------------------- */

/* The rows of the table, as the design has them. */
static const char *const allowed[VCPU_STATES] = {
	[VCPU_UNKNOWN] = ".x....", [VCPU_RESET] = "x.x...",  [VCPU_READY] = ".x.xxx",
	[VCPU_RUNNING] = ".xx.xx", [VCPU_PAUSED] = ".xx...", [VCPU_HALTED] = ".x....",
};

static void only_the_table_s_edges_exist(void **state)
{
	static struct thread thread;
	u64 refused = 0;

	(void)state;
	for (u32 from = 0; from < VCPU_STATES; from++) {
		for (u32 to = 0; to < VCPU_STATES + 2; to++) {
			bool may = to < VCPU_STATES && allowed[from][to] == 'x';

			atomic_store(&thread.state, from);
			assert_int_equal(thread_set_state(&thread, to), may ? OK : ERR_STATE);
			assert_int_equal(thread.state, may ? to : from);
			refused += !may;
			assert_int_equal(thread.refused_edges, refused);
		}
	}
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(thread_state_name(VCPU_UNKNOWN), "unknown");
	assert_string_equal(thread_state_name(VCPU_RESET), "reset");
	assert_string_equal(thread_state_name(VCPU_READY), "ready");
	assert_string_equal(thread_state_name(VCPU_RUNNING), "running");
	assert_string_equal(thread_state_name(VCPU_PAUSED), "paused");
	assert_string_equal(thread_state_name(VCPU_HALTED), "halted");
	assert_string_equal(thread_state_name(VCPU_STATES), "invalid");
}

/* --- Orphans ---------------------------------------------------------------------------------- */

static void a_thread_can_run_again(void **state)
{
	struct thread *thread = spawn("again", say, "a", 10, 0);

	(void)state;
	assert_int_equal(thread_start(thread), ERR_STATE);
	run(0);
	assert_int_equal(thread_phase(thread), THREAD_STOPPED);
	assert_int_equal(thread_start(thread), OK);
	assert_int_equal(thread_phase(thread), THREAD_RUNNING);
	run(0);
	assert_string_equal(said, "aa");
	assert_string_equal(thread->name, "again");
}

static void what_cannot_be_made_leaves_nothing(void **state)
{
	static struct thread thread;
	char name[THREAD_NAME_MAX + 8];

	(void)state;
	assert_int_equal(thread_init(&thread, THREAD_CORE, "none", say, NULL, 1, SLICE_DEFAULT, 0),
			 ERR_INVALID);
	assert_int_equal(thread_init(&thread, THREAD_CORE, "none", say, NULL, 1, SLICE_DEFAULT,
				     BIT(THREADS_CPUS)),
			 ERR_INVALID);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(thread_init(&thread, THREAD_VCPU, name, say, NULL, 1, NS(0), BIT(2)), OK);
	assert_int_equal(strlen(thread.name), THREAD_NAME_MAX - 1);
	assert_int_equal(thread.cpu, 2);
	assert_int_equal(thread.home.slice.v, SLICE_DEFAULT.v);
	assert_int_equal(thread_phase(&thread), THREAD_CREATED);
	thread_destroy(&thread);
	assert_int_equal(thread.state, VCPU_UNKNOWN);
}

static void sleeps(void *data)
{
	u64 begin = arch_time_now().v;

	thread_sleep(NS(0));
	must(arch_time_now().v == begin);
	thread_sleep(MS(7));
	must(arch_time_now().v >= begin + MS(7).v);
	say(data);
}

static void a_sleep_lasts_its_time(void **state)
{
	struct thread *thread = spawn("sleeper", sleeps, "s", 10, 0);

	(void)state;
	run_until(in(MS(6)));
	assert_int_equal(thread_phase(thread), THREAD_SLEEPING);
	/* Woken too early, it sleeps on. */
	assert_true(sched_wake(thread));
	run_until(in(NS(900000)));
	assert_int_equal(thread_phase(thread), THREAD_SLEEPING);
	assert_string_equal(said, "");
	run_until(in(MS(1)));
	assert_string_equal(said, "s");
}

static void breathes(void *data)
{
	for (u32 i = 0; i < 3; i++) {
		say(data);
		(void)host_yield(HOST_BUSY);
		thread_breathe();
	}
}

static void long_work_lets_others_breathe(void **state)
{
	(void)state;
	(void)spawn("long", breathes, "l", 10, 0);
	(void)host_loop(0);
	(void)spawn("urgent", say, "u", 20, 0);
	run(0);
	assert_string_equal(said, "lull");
}

/* --- Work ------------------------------------------------------------------------------------- */

static struct workqueue *queue;
static struct semaphore go_on;

static int make_queue(void **state)
{
	if (threads_begin(state) != 0)
		return 1;
	if (queue == NULL)
		queue = workqueue_create("work", 20);
	assert_non_null(queue);
	run_until(in(MS(1)));
	semaphore_init(&go_on, 0);
	/* The queue stays, with its thread. */
	return threads_begin(state);
}

#define WITH_QUEUE(test) cmocka_unit_test_setup_teardown(test, make_queue, threads_end)

struct spoken {
	struct work work;
	char *text;
};

static void speak(struct work *work)
{
	say(container_of(work, struct spoken, work)->text);
}

static void speak_when_told(struct work *work)
{
	say("(");
	semaphore_down(&go_on);
	speak(work);
	say(")");
}

static struct spoken one, two, three;

static void init(struct spoken *spoken, void (*function)(struct work *work), char *text)
{
	work_init(&spoken->work, function);
	spoken->text = text;
}

static void flushes(void *data)
{
	work_flush(queue);
	say(data);
}

static void work_is_done_in_order(void **state)
{
	(void)state;
	init(&one, speak_when_told, "1");
	init(&two, speak, "2");
	init(&three, speak, "3");
	assert_true(work_submit(queue, &one.work));
	assert_true(work_submit(queue, &two.work));
	assert_false(work_submit(queue, &two.work));
	run_until(in(MS(1)));
	(void)spawn("flusher", flushes, "f", 30, 0);
	run_until(in(MS(1)));
	assert_true(work_submit(queue, &three.work));
	assert_string_equal(said, "(");
	/* It runs, so it is not pending: it can be submitted once more. */
	assert_true(work_submit(queue, &one.work));
	semaphore_up(&go_on);
	run_until(in(MS(1)));
	assert_string_equal(said, "(1)2f3(");
	semaphore_up(&go_on);
	run_until(in(MS(1)));
	assert_string_equal(said, "(1)2f3(1)");
}

static void cancels(void *data)
{
	say(work_cancel(data) ? "+" : "-");
}

static void cancelling_waits_for_what_runs(void **state)
{
	(void)state;
	init(&one, speak_when_told, "1");
	init(&two, speak, "2");
	assert_true(work_submit(queue, &one.work));
	assert_true(work_submit(queue, &two.work));
	run_until(in(MS(1)));
	(void)spawn("canceller", cancels, &two.work, 30, 0);
	(void)spawn("canceller", cancels, &one.work, 30, 0);
	run_until(in(MS(1)));
	assert_string_equal(said, "(+");
	semaphore_up(&go_on);
	run_until(in(MS(1)));
	assert_string_equal(said, "(+1)-");
}

static struct delayed_work delayed;
static u32 times;

static void repeat(struct work *work)
{
	struct delayed_work *self = container_of(work, struct delayed_work, work);

	say("d");
	if (++times < 3)
		delayed_work_submit(queue, self, in(MS(2)));
	/* Its own end is nothing that it can wait for. */
	must(!work_cancel(work));
}

static void delayed_work_comes_at_its_time(void **state)
{
	(void)state;
	times = 0;
	delayed_work_init(&delayed, repeat);
	delayed_work_submit(queue, &delayed, in(MS(50)));
	delayed_work_submit(queue, &delayed, in(MS(3)));
	run_until(in(MS(2)));
	assert_string_equal(said, "");
	run_until(in(MS(2)));
	assert_string_equal(said, "d");
	run_until(in(MS(10)));
	assert_string_equal(said, "ddd");
}

static void cancels_delayed(void *data)
{
	say(delayed_work_cancel(data) ? "+" : "-");
}

static void delayed_work_can_be_cancelled(void **state)
{
	(void)state;
	times = 0;
	delayed_work_init(&delayed, repeat);
	delayed_work_submit(queue, &delayed, in(MS(1)));
	run_until(in(MS(2)));
	(void)spawn("canceller", cancels_delayed, &delayed, 30, 0);
	(void)spawn("canceller", cancels_delayed, &delayed, 30, 0);
	run_until(in(MS(10)));
	assert_string_equal(said, "d+-");
	assert_false(timer_is_armed(&delayed.timer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_table_s_edges_exist),
		cmocka_unit_test(states_have_names),
		EACH(a_thread_can_run_again),
		EACH(what_cannot_be_made_leaves_nothing),
		EACH(a_sleep_lasts_its_time),
		EACH(long_work_lets_others_breathe),
		WITH_QUEUE(work_is_done_in_order),
		WITH_QUEUE(cancelling_waits_for_what_runs),
		WITH_QUEUE(delayed_work_comes_at_its_time),
		WITH_QUEUE(delayed_work_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
