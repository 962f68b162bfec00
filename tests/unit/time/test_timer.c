/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/time/timer.c: against a flat model that searches all events each time. The number of writes
 * to the hardware is bounded. A stop waits for a handler on another CPU; host threads act as CPUs.
 */
#include "support/random.h"
#include "support/test.h"

#include <pthread.h>
#include <sched.h>

#include <mullion/cpu.h>
#include <mullion/timer.h>

#include "arch/host/host.h"

#define CPUS   3
#define EVENTS 40
#define STEPS  40000

static struct timer_event events[EVENTS];

/* The model: on which CPU each is armed (CPUS: none), and for when. */
static struct {
	u32 cpu;
	u64 when;
} model[EVENTS];

static u64 now;
static u32 fired;
static u64 latest; /* when the handler ran last was due */

static void model_arm(u32 i, u64 when)
{
	model[i].cpu = this_cpu()->id;
	model[i].when = when;
	timer_arm(&events[i], NS(when));
}

static void on_time(struct timer_event *event)
{
	u32 i = (u32)(event - events);

	assert_int_equal(model[i].cpu, this_cpu()->id);
	assert_true(model[i].when <= now);
	assert_true(model[i].when >= latest);
	assert_false(timer_is_armed(event));
	latest = model[i].when;
	model[i].cpu = CPUS;
	fired++;
	if (random_below(4) == 0) /* periodic use, now and then for a time that is past */
		model_arm(i, now + random_below(100));
}

static u64 model_next(u32 cpu)
{
	u64 next = UINT64_MAX;

	for (u32 i = 0; i < EVENTS; i++)
		if (model[i].cpu == cpu && model[i].when < next)
			next = model[i].when;
	return next;
}

static u32 model_count(u32 cpu)
{
	u32 count = 0;

	for (u32 i = 0; i < EVENTS; i++)
		count += model[i].cpu == cpu;
	return count;
}

static void check(void)
{
	u32 here = this_cpu()->id;
	const struct arch_cpu *arch = &this_cpu()->arch;

	/* Another CPU may have taken the earliest away: then the deadline comes too early. */
	if (model_next(here) != UINT64_MAX) {
		assert_true(arch->has_deadline);
		assert_true(arch->deadline.v <= model_next(here));
	}
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(timer_count(i, NULL), model_count(i));
	for (u32 i = 0; i < EVENTS; i++)
		assert_int_equal(timer_is_armed(&events[i]), model[i].cpu != CPUS);
}

static void expire(void)
{
	u32 due = 0;

	for (u32 i = 0; i < EVENTS; i++)
		due += model[i].cpu == this_cpu()->id && model[i].when <= now;
	fired = 0;
	latest = 0;
	timer_expire();
	/* As many as there were, even if a handler arms for the past; more come at the next. */
	assert_true(fired >= due);
}

static void a_model_agrees(void **state)
{
	(void)state;
	for (u32 i = 0; i < EVENTS; i++) {
		timer_init(&events[i], on_time);
		model[i].cpu = CPUS;
	}
	for (u32 step = 0; step < STEPS; step++) {
		u32 i = (u32)random_below(EVENTS);

		host_cpu_select((u32)random_below(CPUS));
		switch (random_below(4)) {
		case 0:
			now += random_below(60);
			host_time_set(NS(now));
			expire();
			break;
		case 1:
			assert_int_equal(timer_stop(&events[i]), model[i].cpu != CPUS);
			model[i].cpu = CPUS;
			break;
		default: model_arm(i, now + random_below(400));
		}
		check();
	}
	for (u32 i = 0; i < EVENTS; i++)
		(void)timer_stop(&events[i]);
	host_cpu_select(0);
}

static void nothing(struct timer_event *event)
{
	(void)event;
}

static void hardware_is_set_for_the_earliest_alone(void **state)
{
	static struct timer_event early, late;
	const u32 *deadlines = &this_cpu()->arch.deadlines;
	u32 before;

	(void)state;
	timer_init(&early, nothing);
	timer_init(&late, nothing);
	timer_expire();
	before = *deadlines;
	timer_arm(&early, NS(now + 100));
	assert_int_equal(*deadlines, before + 1);
	timer_arm(&late, NS(now + 200));
	timer_arm(&late, NS(now + 300));
	(void)timer_stop(&late);
	timer_arm(&early, NS(now + 100));
	assert_int_equal(*deadlines, before + 1);
	(void)timer_stop(&early);
	assert_int_equal(*deadlines, before + 2);
	assert_false(this_cpu()->arch.has_deadline);
}

static void always_due(struct timer_event *event)
{
	fired++;
	timer_arm(event, NS(now));
}

static void one_that_is_always_due_does_not_hold_the_cpu(void **state)
{
	static struct timer_event event;
	u64 before, after;

	(void)state;
	timer_init(&event, always_due);
	(void)timer_count(0, &before);
	fired = 0;
	timer_arm(&event, NS(now));
	timer_expire();
	assert_int_equal(fired, 1);
	(void)timer_count(0, &after);
	assert_int_equal(after, before + 1);
	assert_true(this_cpu()->arch.has_deadline);
	assert_true(timer_stop(&event));
}

/* --- Two CPUs at once ------------------------------------------------------------------------- */

static _Atomic bool entered, leave, stopped;

static void slow(struct timer_event *event)
{
	atomic_store(&entered, true);
	while (!atomic_load(&leave))
		sched_yield();
	timer_arm(event, NS(now + 10));
}

static void *expire_elsewhere(void *data)
{
	struct timer_event *event = data;

	host_cpu_select(1);
	timer_arm(event, NS(now));
	timer_expire();
	return NULL;
}

static void *stop_here(void *data)
{
	host_cpu_select(0);
	(void)timer_stop(data);
	atomic_store(&stopped, true);
	return NULL;
}

static void stop_waits_for_a_handler_elsewhere(void **state)
{
	static struct timer_event event;
	pthread_t handler, stopper;

	(void)state;
	timer_init(&event, slow);
	assert_int_equal(pthread_create(&handler, NULL, expire_elsewhere, &event), 0);
	while (!atomic_load(&entered))
		sched_yield();
	assert_int_equal(pthread_create(&stopper, NULL, stop_here, &event), 0);
	for (u32 i = 0; i < 1000; i++) {
		sched_yield();
		assert_false(atomic_load(&stopped));
	}
	atomic_store(&leave, true);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	/* The handler had armed it again before it ended. */
	assert_false(timer_is_armed(&event));
	assert_int_equal(pthread_join(handler, NULL), 0);
	assert_int_equal(timer_count(1, NULL), 0);
}

static void stops_itself(struct timer_event *event)
{
	timer_arm(event, NS(now + 10));
	assert_true(timer_stop(event));
	fired++;
}

static void a_handler_can_stop_its_own_event(void **state)
{
	static struct timer_event event;

	(void)state;
	timer_init(&event, stops_itself);
	fired = 0;
	timer_arm(&event, NS(now));
	timer_expire();
	assert_int_equal(fired, 1);
	assert_false(timer_is_armed(&event));
}

static int start(void **state)
{
	(void)state;
	host_start(CPUS, MIB(2), 64);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_agrees),
		cmocka_unit_test(hardware_is_set_for_the_earliest_alone),
		cmocka_unit_test(one_that_is_always_due_does_not_hold_the_cpu),
		cmocka_unit_test(stop_waits_for_a_handler_elsewhere),
		cmocka_unit_test(a_handler_can_stop_its_own_event),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
