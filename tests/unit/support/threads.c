/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "support/threads.h"

#include <arch/time.h>
#include <mullion/irq.h>
#include <mullion/mem.h>
#include <mullion/sched.h>

#define MAX_SPAWNED 32
#define STEP_NS     1000000

char said[256];

static struct thread *spawned[MAX_SPAWNED];
static u32 num_spawned;
static bool started;
static u64 free_pages;

void say(void *data)
{
	strncat(said, data, sizeof(said) - strlen(said) - 1);
}

int threads_begin(void **state)
{
	(void)state;
	if (!started) {
		host_start(THREADS_CPUS, MIB(4), 256);
		assert_int_equal(sched_init(), OK);
		for (u32 i = 0; i < THREADS_CPUS; i++)
			run(i);
		host_cpu_select(0);
		started = true;
		return threads_end(state);
	}
	said[0] = '\0';
	free_pages = page_free_count();
	return 0;
}

int threads_end(void **state)
{
	(void)state;
	run_until(NS(arch_time_now().v + 2 * SLICE_DEFAULT.v));
	/* The look for what starves ends when nothing waits. */
	host_time_set(NS(arch_time_now().v + UINT64_C(2000000000)));
	run_until(arch_time_now());
	while (num_spawned > 0) {
		struct thread *thread = spawned[--num_spawned];

		assert_int_not_equal(thread_phase(thread), THREAD_SLEEPING);
		assert_true(thread_stopped(thread));
		thread_release(thread);
	}
	for (u32 i = 0; i < THREADS_CPUS; i++)
		assert_int_equal(timer_count(i, NULL), 0);
	if (free_pages != 0)
		assert_int_equal(page_free_count(), free_pages);
	said[0] = '\0';
	free_pages = page_free_count();
	return 0;
}

struct thread *spawn(const char *name, void (*function)(void *data), void *data, u8 priority,
		     u32 cpu)
{
	struct thread *thread = thread_create(name, function, data, priority, SLICE_DEFAULT);

	assert_non_null(thread);
	assert_true(num_spawned < MAX_SPAWNED);
	if (cpu < THREADS_CPUS) {
		thread->affinity = BIT(cpu);
		thread->cpu = cpu;
	}
	spawned[num_spawned++] = thread;
	assert_int_equal(thread_start(thread), OK);
	return thread;
}

void run(u32 cpu)
{
	for (u32 i = 0; i < 1000; i++)
		if (host_loop(cpu) == HOST_IDLE)
			return;
	fail_msg("CPU %u does not become idle", cpu);
}

void run_until(ns_t when)
{
	bool over = false;

	while (!over) {
		u64 now = arch_time_now().v, next = MIN(when.v, now + STEP_NS);

		over = now >= when.v;
		for (u32 i = 0; i < THREADS_CPUS; i++) {
			const struct arch_cpu *arch = &cpu_get(i)->arch;

			(void)host_loop(i);
			if (arch->has_deadline && arch->deadline.v < next)
				next = MAX(arch->deadline.v, now);
		}
		if (!over)
			host_time_set(NS(next));
	}
	host_cpu_select(0);
}

void thread_must_(bool condition, const char *file, int line, const char *text)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: in a thread: %s does not hold\n", file, line, text);
	abort();
}

void busy(u64 ns)
{
	struct thread *self = this_cpu()->thread;
	u64 had = sched_run_ns(self);

	while (sched_run_ns(self) - had < ns) {
		(void)host_yield(HOST_BUSY);
		thread_preempt_point();
	}
}
