/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: sim COUNT [SEED]
 * Run COUNT seeds, or that one, and report in TAP. The report of a failed seed has the command that
 * runs it again, and the last events.
 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sched/internal.h"

#include <sanitizer/common_interface_defs.h>

#define SEEDS_PER_RESULT 100

static u64 random_state, seed;
static u32 results;

/* splitmix64 */
u64 chance(u64 below)
{
	u64 x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return below == 0 ? 0 : x % below;
}

static void report_failure(void)
{
	printf("not ok %u - seed %lu\n"
	       "# to run it again: make ARCH=host sim SEED=%lu\n",
	       results + 1, (unsigned long)seed, (unsigned long)seed);
	fflush(stdout);
}

static const char *owner_name(struct account *account)
{
	return account != NULL ? sched_owner(account)->name : "-";
}

void complain(const char *fmt, ...)
{
	va_list list;

	report_failure();
	printf("# ");
	va_start(list, fmt);
	vprintf(fmt, list);
	va_end(list);
	printf("\n# at %lu ns of its time, scene %d\n",
	       (unsigned long)(arch_time_now().v - world.begin), world.scene);
	for (u32 i = 0; i < world.num_actors; i++) {
		const struct thread *thread = &world.actors[i].thread;

		printf("# thread %u: %s on CPU %u, priority %u of %u, window %u, %u tokens\n", i,
		       thread_state_name(thread->state), thread->cpu, thread->home.priority,
		       thread->home.base_priority, thread->home.window, world.actors[i].tokens);
		printf("#   stack %u, on '%s', work of '%s'; its account %s, has %u and %u READY, "
		       "wants '%s'\n",
		       thread->on_cpu, owner_name(thread->account), owner_name(thread->work_of),
		       list_has(&thread->home.link) ? "queued" : "not queued",
		       thread->home.num_donated, thread->home.owner_ready,
		       thread->home.wants != NULL ? thread->home.wants->name : "-");
	}
	for (u32 i = 0; i < world.num_cpus; i++)
		printf("# CPU %u: %s%s, runs '%s' on '%s'\n", i, sched_strategy_of(i)->name,
		       world.cpus[i].pause == HOST_IDLE ? ", asleep" : "", cpu_get(i)->thread->name,
		       owner_name(cpu_get(i)->queue->account));
	fflush(stdout);
	_exit(1);
}

/* A panic of the core aborts, and is to end in report_failure() as well. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_abort=1";
}

static void run_seed(void)
{
	random_state = seed;
	if (chance(5) == 0) {
		guests_run(seed * SEED_NS);
		return;
	}
	world_begin(seed);
	world_run();
	world_end();
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
	u64 first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	if (argc > 2)
		count = 1;
	__sanitizer_set_death_callback(report_failure);
	host_start(SIM_CPUS, MIB(8), 1024);
	if (sched_init() != OK)
		return 1;
	for (u32 i = 0; i < SIM_CPUS; i++)
		while (host_loop(i) != HOST_IDLE)
			;
	for (seed = first; seed < first + count; seed++) {
		run_seed();
		if ((seed - first + 1) % SEEDS_PER_RESULT == 0 || seed == first + count - 1)
			printf("ok %u - seeds up to %lu\n", ++results, (unsigned long)seed);
	}
	printf("1..%u\n", results);
	return 0;
}
