/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads do: compute, wait, wake each other, sleep, lock, change priority, stop. */
#include "tests/sim/sim.h"

#include <arch/time.h>

static struct actor *other(void)
{
	return &world.actors[chance(world.num_actors)];
}

static void perhaps_elsewhere(void)
{
	if (chance(3) == 0)
		(void)host_yield(HOST_BUSY);
}

void give_token(struct actor *actor)
{
	atomic_fetch_add(&actor->tokens, 1);
	perhaps_elsewhere();
	(void)sched_wake(&actor->thread);
}

static bool has_token(const struct actor *self)
{
	return atomic_load(&self->tokens) != 0 || world.finishing;
}

/* As a guest's vCPU: only an interrupt makes it leave and look. */
void compute(struct actor *self, u64 ns, void (*stop)(struct actor *self))
{
	u64 had = sched_run_ns(&self->thread);

	while (sched_run_ns(&self->thread) - had < ns && !world.finishing) {
		u32 cpu;

		if (sched_needed()) {
			if (stop != NULL)
				stop(self);
			sched();
		}
		cpu = this_cpu()->id;
		if (sched_needed())
			continue;
		world.cpus[cpu].alone = sched_alone();
		world.cpus[cpu].in_guest = true;
		(void)host_yield(HOST_BUSY);
		MUST(this_cpu()->id == cpu, "a running thread has moved");
		world.cpus[cpu].in_guest = false;
		take_interrupts();
	}
}

void wait_for_token(struct actor *self, struct actor *next)
{
	bool vcpu = self->thread.kind == THREAD_VCPU;
	enum pause_reason reason = next != NULL ? PAUSE_IO : vcpu ? PAUSE_WFI : PAUSE_WAIT;
	bool fair = world.scene == SCENE_FAIR;

	for (;;) {
		sched_prepare(reason);
		perhaps_elsewhere();
		if (has_token(self))
			break;
		if (next != NULL && next != self) {
			if (!fair)
				atomic_fetch_add(&next->tokens, 1);
			sched_hand_over(&next->thread,
					fair ? &self->thread.home : &next->thread.home);
			next = NULL;
		} else {
			perhaps_elsewhere();
			sched_pause();
		}
	}
	sched_cancel();
	if (atomic_load(&self->tokens) != 0)
		atomic_fetch_sub(&self->tokens, 1);
}

static void hold_mutex(struct actor *self, u32 index)
{
	struct mutex *mutex = &world.mutexes[index];

	switch (chance(3)) {
	case 0:
		if (!mutex_try(mutex))
			return;
		break;
	case 1:
		if (mutex_lock_until(mutex, NS(arch_time_now().v + chance(US(50)))) != OK)
			return;
		break;
	default: mutex_lock(mutex);
	}
	MUST(world.holders[index] == NULL, "mutex %u has two owners", index);
	world.holders[index] = self;
	compute(self, chance(US(20)), NULL);
	/* Always in the same order, so that no deadlock is made here. */
	for (u32 i = index + 1; i < MUTEXES; i++) {
		if (world.holders[i] == self || chance(2) != 0)
			continue;
		mutex_lock(&world.mutexes[i]);
		MUST(world.holders[i] == NULL, "mutex %u has two owners", i);
		world.holders[i] = self;
		compute(self, chance(US(10)), NULL);
		world.holders[i] = NULL;
		mutex_unlock(&world.mutexes[i]);
	}
	world.holders[index] = NULL;
	mutex_unlock(mutex);
}

static void use_semaphore(struct actor *self)
{
	ns_t until = chance(2) == 0 ? NS_NEVER : NS(arch_time_now().v + chance(US(40)));

	if (semaphore_down_until(&world.semaphore, until) != OK)
		return;
	world.inside++;
	MUST(world.inside <= world.limit, "%u threads are in, of %u", world.inside, world.limit);
	compute(self, chance(US(20)), NULL);
	world.inside--;
	semaphore_up(&world.semaphore);
}

/* Not of one that has to do with mutexes: what it runs with is not its own then. */
static void change_priority(struct actor *actor)
{
	struct thread *thread = &actor->thread;

	if (thread->waits_for != NULL || !list_is_empty(&thread->mutexes))
		return;
	thread->home.base_priority = (u8)(1 + chance(6));
	sched_set_priority(thread, thread->home.base_priority);
}

static void stop_and_wait(struct actor *self)
{
	enum err err = thread_set_state(&self->thread, VCPU_RESET);

	MUST(err == OK, "RUNNING to RESET is refused");
	perhaps_elsewhere();
	if (!world.finishing)
		sched_leave();
	else if (sched_start(&self->thread) == OK)
		sched_leave();
}

static void do_something(struct actor *self)
{
	switch (chance(12)) {
	case 0: wait_for_token(self, NULL); break;
	case 1: wait_for_token(self, other()); break;
	case 2:
	case 3: give_token(other()); break;
	case 4: thread_sleep(NS(chance(US(80)))); break;
	case 5:
	case 6: hold_mutex(self, (u32)chance(MUTEXES)); break;
	case 7: use_semaphore(self); break;
	case 8: sched_pass(); break;
	case 9: change_priority(other()); break;
	case 10: stop_and_wait(self); break;
	default: compute(self, chance(US(60)), NULL);
	}
}

/* As a guest's vCPU: compute, and now and then ask the server. */
static void compute_and_ask(struct actor *self)
{
	compute(self, US(100) + chance(US(400)), NULL);
	if (self->index % 2 == 0)
		return;
	atomic_fetch_or(&world.actors[SERVER].wanted, (u32)BIT(self->index));
	wait_for_token(self, &world.actors[SERVER]);
}

void actor_main(void *data)
{
	struct actor *self = data;

	while (self->left > 0 && !world.finishing) {
		self->left--;
		if (world.scene == SCENE_RANDOM)
			do_something(self);
		else if (world.scene == SCENE_LEND && self->index < SERVERS)
			lend_serve(self);
		else if (world.scene == SCENE_LEND)
			lend_ask(self);
		else if (self->index == SERVER)
			lend_serve(self);
		else
			compute_and_ask(self);
		if (sched_needed())
			sched();
	}
}
