/* SPDX-License-Identifier: Apache-2.0 */
/* core/thread: the state table, orphans of the core. */
#include "support/test.h"

#include <arch/time.h>
#include <mullion/mem.h>
#include <mullion/sched.h>

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

static void works_and_yields(void *data)
{
	for (u32 i = 0; i < 3; i++) {
		say(data);
		(void)host_yield(HOST_BUSY);
		thread_preempt_point();
	}
}

static void long_work_yields(void **state)
{
	(void)state;
	(void)spawn("long", works_and_yields, "l", 10, 0);
	(void)host_loop(0);
	(void)spawn("urgent", say, "u", 20, 0);
	run(0);
	assert_string_equal(said, "lull");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_table_s_edges_exist),
		cmocka_unit_test(states_have_names),
		EACH(a_thread_can_run_again),
		EACH(what_cannot_be_made_leaves_nothing),
		EACH(a_sleep_lasts_its_time),
		EACH(long_work_yields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
