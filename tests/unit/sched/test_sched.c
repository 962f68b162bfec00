/* SPDX-License-Identifier: Apache-2.0 */
/* core/sched: threads on the fake machine's CPUs; order and time of their runs, and the charges. */
#include "support/test.h"

#include <sys/wait.h>
#include <unistd.h>

#include <mullion/sched.h>
#include <mullion/sync.h>

#include "support/threads.h"

#define EACH(test) cmocka_unit_test_setup_teardown(test, threads_begin, threads_end)

/* --- Order ------------------------------------------------------------------------------------ */

static void highest_priority_runs_first(void **state)
{
	struct thread *low, *high;

	(void)state;
	low = spawn("low", say, "l", 10, 0);
	high = spawn("high", say, "h", 255, 0);
	(void)spawn("idle", say, "i", 0, 0);
	run(0);
	assert_string_equal(said, "hli");
	assert_int_equal(thread_phase(low), THREAD_STOPPED);
	assert_int_equal(thread_phase(high), THREAD_STOPPED);
}

static void say_and_pass(void *data)
{
	for (u32 i = 0; i < 3; i++) {
		say(data);
		sched_pass();
	}
}

static void equals_take_turns(void **state)
{
	(void)state;
	(void)spawn("a", say_and_pass, "a", 10, 0);
	(void)spawn("b", say_and_pass, "b", 10, 0);
	(void)spawn("c", say_and_pass, "c", 10, 0);
	run(0);
	assert_string_equal(said, "abcabcabc");
}

static void say_and_compute(void *data)
{
	for (u32 i = 0; i < 4; i++) {
		say(data);
		busy(SLICE_DEFAULT.v);
	}
}

static void slices_end_by_the_clock(void **state)
{
	u64 begin = arch_time_now().v;
	struct thread *a, *b;

	(void)state;
	a = spawn("a", say_and_compute, "a", 10, 0);
	b = spawn("b", say_and_compute, "b", 10, 0);
	run_until(NS(begin + 4 * SLICE_DEFAULT.v));
	assert_string_equal(said, "ababa");
	assert_int_equal(sched_run_ns(a), 2 * SLICE_DEFAULT.v);
	assert_int_equal(sched_run_ns(b), 2 * SLICE_DEFAULT.v);
	run_until(NS(begin + 10 * SLICE_DEFAULT.v));
	assert_int_equal(sched_run_ns(a) + sched_run_ns(b), 8 * SLICE_DEFAULT.v);
}

static void one_alone_needs_no_timer(void **state)
{
	u64 begin = arch_time_now().v, fired, before;

	(void)state;
	(void)timer_count(0, &before);
	(void)spawn("a", say_and_compute, "a", 10, 0);
	(void)host_loop(0);
	assert_int_equal(timer_count(0, NULL), 0);
	run_until(NS(begin + 5 * SLICE_DEFAULT.v));
	(void)timer_count(0, &fired);
	assert_int_equal(fired, before);
}

static void wakes_the_urgent(void *data)
{
	say("<");
	must(sched_wake(data));
	must(!sched_wake(data));
	must(sched_needed());
	sched();
	say(">");
}

static void pauses(void *data)
{
	say("p");
	sched_prepare(PAUSE_WAIT);
	sched_pause();
	say(data);
}

static void the_urgent_preempts(void **state)
{
	struct thread *urgent;

	(void)state;
	urgent = spawn("urgent", pauses, "u", 20, 0);
	run(0);
	assert_int_equal(thread_phase(urgent), THREAD_SLEEPING);
	assert_int_equal(urgent->pause_reason, PAUSE_WAIT);
	(void)spawn("waker", wakes_the_urgent, urgent, 10, 0);
	run(0);
	assert_string_equal(said, "p<u>");
	assert_int_equal(urgent->pause_reason, PAUSE_NONE);
}

static void wakes_the_less_urgent(void *data)
{
	must(sched_wake(data));
	must(!sched_needed());
	sched(); /* no other thread is more urgent: no switch */
	say("w");
}

static void the_less_urgent_waits(void **state)
{
	struct thread *sleeper;

	(void)state;
	sleeper = spawn("sleeper", pauses, "s", 5, 0);
	run(0);
	(void)spawn("waker", wakes_the_less_urgent, sleeper, 10, 0);
	run(0);
	assert_string_equal(said, "pws");
}

static void raises(void *data)
{
	sched_set_priority(data, 30);
	must(sched_needed());
	sched();
	say("r");
	sched_set_priority(this_cpu()->thread, 1);
	must(sched_needed());
	sched();
	say("R");
}

static void priorities_can_change(void **state)
{
	struct thread *thread;

	(void)state;
	thread = spawn("low", say, "l", 10, 0);
	(void)spawn("middle", say, "m", 10, 0);
	(void)spawn("raiser", raises, thread, 20, 0);
	run(0);
	assert_string_equal(said, "lrmR");
}

/* --- Waiting ---------------------------------------------------------------------------------- */

static void cancels(void *data)
{
	sched_prepare(PAUSE_WAIT);
	sched_cancel();
	must(this_cpu()->thread->state == VCPU_RUNNING);
	/* Woken in between: it is in the queue, and comes out again. */
	sched_prepare(PAUSE_WAIT);
	must(sched_wake(this_cpu()->thread));
	must(!sched_alone());
	sched_cancel();
	must(sched_alone());
	sched_prepare(PAUSE_WAIT);
	must(sched_wake(this_cpu()->thread));
	sched_pause();
	say(data);
}

static void no_wakeup_is_lost(void **state)
{
	(void)state;
	(void)spawn("cancels", cancels, "c", 10, 0);
	run(0);
	assert_string_equal(said, "c");
}

static void answers(void *data)
{
	for (u32 i = 0; i < 2; i++) {
		this_cpu()->thread->between = true;
		sched_prepare(PAUSE_WAIT);
		sched_pause();
		say("s");
		must(sched_wake(*(struct thread **)data));
	}
}

static struct thread *server;

static void asks(void *data)
{
	for (u32 i = 0; i < 2; i++) {
		say(data);
		sched_prepare(PAUSE_IO);
		sched_hand_over(server, &this_cpu()->thread->home);
	}
	say(data);
}

static void the_cpu_is_handed_over(void **state)
{
	static struct thread *asker;

	(void)state;
	server = spawn("server", answers, &asker, 20, 0);
	run(0);
	asker = spawn("asker", asks, "a", 10, 0);
	(void)spawn("equal", say, "e", 10, 0);
	run(0);
	/* While its slice is not used up, the caller continues before its equal. */
	assert_string_equal(said, "asasae");
}

static struct thread *flooded, *floods[2];
static bool flood_ends;
static ns_t flood_until;

static bool flood_goes_on(void)
{
	return !flood_ends && arch_time_now().v < flood_until.v;
}

/* As a vmm and its console do: each wakes the other, on the account that caused the work. */
static void wakes_the_other(void *data)
{
	u32 self = *(const u32 *)data;

	while (flood_goes_on()) {
		this_cpu()->thread->between = true;
		sched_prepare(PAUSE_WAIT);
		if (flooded != NULL)
			(void)sched_wake_on(floods[1 - self], &flooded->home);
		sched_pause();
		this_cpu()->thread->between = false;
		busy(20000);
	}
	(void)sched_wake(floods[1 - self]);
}

/* As one does whose timer is always over. */
static void goes_on(void *data)
{
	(void)data;
	this_cpu()->thread->between = true;
	sched_prepare(PAUSE_WAIT);
	sched_pause();
	this_cpu()->thread->between = false;
	while (flood_goes_on())
		busy(20000);
}

static void causes_it(void *data)
{
	flooded = this_cpu()->thread;
	(void)sched_wake_on(data, &flooded->home);
	must(sched_needed());
	sched();
	busy(2 * SCHED_AHEAD_NS);
	if (flood_goes_on())
		say("o");
	flood_ends = true;
}

static u64 flood(void (*first)(void *data), void (*second)(void *data))
{
	static const u32 numbers[] = { 0, 1 };
	flood_until = NS(arch_time_now().v + 40 * SCHED_AHEAD_NS);
	flood_ends = false;
	flooded = NULL;
	floods[0] = spawn("first", first, (void *)&numbers[0], 30, 0);
	if (second != NULL)
		floods[1] = spawn("second", second, (void *)&numbers[1], 30, 0);
	run(0);
	(void)spawn("owner", causes_it, floods[0], 10, 0);
	run_until(NS(flood_until.v + 4 * SCHED_AHEAD_NS));
	assert_string_equal(said, "o");
	return sched_charged_ns(flooded);
}

static void an_owner_takes_turns_with_what_it_causes(void **state)
{
	u64 most = 2 * SCHED_AHEAD_NS * (1 + SCHED_OWNER_COUNTS) + 2 * SCHED_AHEAD_NS, ns;

	(void)state;
	ns = flood(wakes_the_other, wakes_the_other);
	assert_in_range(ns, 2 * SCHED_AHEAD_NS * SCHED_OWNER_COUNTS, most);
	said[0] = 0;
	ns = flood(goes_on, NULL);
	assert_in_range(ns, 2 * SCHED_AHEAD_NS * SCHED_OWNER_COUNTS, most);
}

static void others_wake_a_cpu_by_a_kick(void **state)
{
	struct thread *thread;
	u32 kicks;

	(void)state;
	thread = spawn("there", pauses, "t", 10, 1);
	run(1);
	host_cpu_select(0);
	kicks = cpu_get(1)->arch.kicks;
	assert_true(sched_wake(thread));
	assert_int_equal(cpu_get(1)->arch.kicks, kicks + 1);
	run(1);
	assert_string_equal(said, "pt");
}

static void an_orphan_comes_to_the_waker(void **state)
{
	struct thread *orphan;

	(void)state;
	orphan = spawn("orphan", pauses, "o", 10, THREADS_CPUS);
	run(0);
	/* CPU 0 sleeps on its stack: it cannot leave. */
	host_cpu_select(2);
	assert_true(sched_wake(orphan));
	assert_int_equal(orphan->cpu, 0);
	run(0);
	assert_string_equal(said, "po");

	orphan = spawn("orphan", pauses, "o", 20, THREADS_CPUS);
	(void)spawn("busy", say_and_compute, "b", 10, 0);
	(void)host_loop(0);
	assert_int_equal(this_cpu()->id, 0);
	host_cpu_select(2);
	assert_true(sched_wake(orphan));
	assert_int_equal(orphan->cpu, 2);
	run(2);
	assert_int_equal(thread_phase(orphan), THREAD_STOPPED);
	run_until(NS(arch_time_now().v + 4 * SLICE_DEFAULT.v));
}

static void leaves(void *data)
{
	must(thread_set_state(this_cpu()->thread, VCPU_RESET) == OK);
	sched_leave();
	say(data);
}

static void a_stack_is_free_after_leaving(void **state)
{
	struct thread *thread;

	(void)state;
	thread = spawn("leaves", leaves, "l", 10, 0);
	assert_false(thread_stopped(thread));
	run(0);
	assert_true(thread_stopped(thread));
	assert_false(thread->on_cpu);
	assert_int_equal(thread_phase(thread), THREAD_CREATED);
	assert_int_equal(sched_start(thread), OK);
	assert_int_equal(sched_start(thread), ERR_STATE);
	run(0);
	assert_string_equal(said, "l");
}

/* --- Budgets ---------------------------------------------------------------------------------- */

static void computes(void *data)
{
	busy(*(const u64 *)data);
}

/* More urgent, and never asleep: it gets its budget of each period, and not more of any. */
static void a_budget_bounds_the_urgent(void **state)
{
	static struct budget budget;
	const u64 ms = 1000000, lots = 40 * ms, begin = arch_time_now().v;
	struct thread *urgent, *low;

	(void)state;
	urgent = spawn("urgent", computes, (void *)&lots, 20, 1);
	low = spawn("low", computes, (void *)&lots, 10, 1);
	account_limit(urgent, &budget, NS(2 * ms), NS(10 * ms));
	for (u64 i = 1; i <= 5; i++) {
		run_until(NS(begin + i * 10 * ms));
		assert_in_range(sched_run_ns(urgent), i * 2 * ms, i * 2 * ms + ms / 10);
		assert_in_range(sched_run_ns(low), i * 8 * ms - ms / 10, i * 8 * ms);
	}
	assert_in_range(budget.exhausted, 4, 6);
	/* With the CPU for itself as well. */
	run_until(NS(begin + 150 * ms));
	assert_in_range(sched_run_ns(urgent), 30 * ms, 30 * ms + ms / 10);
	run_until(NS(begin + 210 * ms));
	assert_int_equal(thread_phase(urgent), THREAD_STOPPED);
}

static void uses_some(void *data)
{
	(void)data;
	for (u32 i = 0; i < 40; i++) {
		busy(300000);
		thread_sleep(NS(100000));
	}
}

/* In pieces, more than there are replenishments: never more than the budget in a period. */
static void a_budget_in_pieces(void **state)
{
	static struct budget budget;
	const u64 ms = 1000000, begin = arch_time_now().v;
	u64 had[64] = { 0 };
	struct thread *thread;

	(void)state;
	thread = spawn("pieces", uses_some, NULL, 20, 1);
	account_limit(thread, &budget, NS(3 * ms), NS(10 * ms));
	for (u64 i = 1; i < 64; i++) {
		run_until(NS(begin + i * ms));
		had[i] = sched_run_ns(thread);
		if (i >= 10)
			assert_true(had[i] - had[i - 10] <= 3 * ms + ms / 10);
	}
	run_until(NS(begin + 200 * ms));
	assert_int_equal(thread_phase(thread), THREAD_STOPPED);
}

/* --- Starvation ------------------------------------------------------------------------------- */

static void starvation_is_said(void **state)
{
	const u64 second = 1000000000, lots = 5 * second, little = 1000000;
	const char *said_once;
	struct thread *low;

	(void)state;
	host_console_clear();
	(void)spawn("urgent", computes, (void *)&lots, 20, 1);
	low = spawn("victim", computes, (void *)&little, 10, 1);
	low->kind = THREAD_VCPU;
	run_until(NS(arch_time_now().v + 2 * second));
	assert_null(strstr(host_console, "has been ready"));
	run_until(NS(arch_time_now().v + 5 * second / 2));
	assert_true(sched_starved_s(low) >= 3);
	said_once = strstr(host_console, "'victim' has been ready for 3 s and does not run: CPU 1 "
					 "runs 'urgent', priority 20 over 10");
	assert_non_null(said_once);
	assert_null(strstr(said_once + 1, "'victim' has been ready"));
	run_until(NS(arch_time_now().v + second));
	assert_int_equal(sched_starved_s(low), 0);
	low->kind = THREAD_CORE;
}

/* --- What is booked --------------------------------------------------------------------------- */

static void times_add_up(void **state)
{
	u64 begin = arch_time_now().v, idle = sched_idle_ns(0), switches;
	struct thread *a;

	(void)state;
	a = spawn("a", say_and_compute, "a", 10, 0);
	switches = a->switches;
	run_until(NS(begin + 3 * SLICE_DEFAULT.v));
	assert_int_equal(sched_run_ns(a), 3 * SLICE_DEFAULT.v);
	run_until(NS(begin + 10 * SLICE_DEFAULT.v));
	assert_int_equal(sched_run_ns(a), 4 * SLICE_DEFAULT.v);
	assert_int_equal(sched_idle_ns(0) - idle, 6 * SLICE_DEFAULT.v);
	assert_int_equal(a->switches - switches, 1);
}

/* --- What is forbidden ------------------------------------------------------------------------ */

static enum context seen;

static void looks(void *data)
{
	(void)data;
	seen = sched_context();
}

static void contexts_are_told(void **state)
{
	(void)state;
	(void)spawn("orphan", looks, NULL, 10, 0);
	run(0);
	assert_int_equal(seen, CONTEXT_ORPHAN);
	spawn("normal", looks, NULL, 10, 0)->kind = THREAD_VCPU;
	run(0);
	assert_int_equal(seen, CONTEXT_NORMAL);
	assert_int_equal(sched_context(), CONTEXT_IDLE);
	sched_interrupt_begin();
	assert_int_equal(sched_context(), CONTEXT_INTERRUPT);
	sched_interrupt_end();
}

static void sleeps_in_interrupt(void *data)
{
	(void)data;
	sched_interrupt_begin();
	thread_sleep(NS(1));
}

static void sleeps_with_a_lock(void *data) NO_LOCK_ANALYSIS
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_GUEST);

	(void)data;
	spin_lock(&lock);
	thread_sleep(NS(1));
}

static bool panics(void (*function)(void *data))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(0);
		(void)spawn("wrong", function, NULL, 10, 0);
		run(0);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void sleeping_where_it_is_wrong_panics(void **state)
{
	(void)state;
	assert_true(panics(sleeps_in_interrupt));
	assert_true(panics(sleeps_with_a_lock));
	assert_false(panics(looks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(highest_priority_runs_first),
		EACH(equals_take_turns),
		EACH(slices_end_by_the_clock),
		EACH(one_alone_needs_no_timer),
		EACH(the_urgent_preempts),
		EACH(the_less_urgent_waits),
		EACH(priorities_can_change),
		EACH(no_wakeup_is_lost),
		EACH(the_cpu_is_handed_over),
		EACH(an_owner_takes_turns_with_what_it_causes),
		EACH(others_wake_a_cpu_by_a_kick),
		EACH(an_orphan_comes_to_the_waker),
		EACH(a_stack_is_free_after_leaving),
		EACH(a_budget_bounds_the_urgent),
		EACH(a_budget_in_pieces),
		EACH(starvation_is_said),
		EACH(times_add_up),
		EACH(contexts_are_told),
		EACH(sleeping_where_it_is_wrong_panics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
