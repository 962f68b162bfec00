/* SPDX-License-Identifier: Apache-2.0 */
/* An account is destroyed while a thread of another is on the way to it. */
#include "support/test.h"

#include <arch/time.h>
#include <mullion/sched.h>

#include "core/sched/internal.h"
#include "support/threads.h"

#define EACH(test) cmocka_unit_test_setup_teardown(test, threads_begin, threads_end)

static void wait_in_vain(void *data)
{
	struct account *account = data;
	struct thread *self = this_cpu()->thread;

	self->between = true;
	sched_prepare(PAUSE_WAIT);
	must(sched_wake_on(self, account)); /* on another CPU: it is on its way there */
	sched_evict(self, account);
	sched_cancel();
	must(self->account == &self->home && self->state == VCPU_RUNNING);
	must(self->on_cpu == STACK_USED && sched_alone());
	self->between = false;
}

static void account_goes_before_the_way_to_it(void **state)
{
	struct thread *owner = spawn("owner", say, "o", 10, 1), *worker;

	(void)state;
	run(1);
	host_cpu_select(0);
	worker = spawn("worker", wait_in_vain, &owner->home, 10, 0);
	worker->affinity = BIT(0) | BIT(1);
	worker->kind = THREAD_COMPONENT; /* no CPU sleeps on its stack */
	run_until(NS(arch_time_now().v + 1000000));
	assert_true(thread_stopped(worker));
	assert_int_equal(worker->cpu, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(account_goes_before_the_way_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
