/* SPDX-License-Identifier: Apache-2.0 */
/* The threads compute, wait, wake each other, sleep, change their priority, and stop. */
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
	struct thread *thread = &actor->thread;

	atomic_fetch_add(&actor->tokens, 1);
	perhaps_elsewhere();
	if (thread->state == VCPU_PAUSED && thread->pause_reason == PAUSE_WFI &&
	    thread->cpu != this_cpu()->id)
		sched_rouse(thread);
	else
		(void)sched_wake(thread);
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

/* At most world.limit threads are in. */
static void go_in(struct actor *self)
{
	spin_lock(&world.door);
	while (world.inside == world.limit)
		waitqueue_sleep(&world.outside, &world.door);
	world.inside++;
	spin_unlock(&world.door);
	compute(self, chance(US(20)), NULL);
	spin_lock(&world.door);
	MUST(world.inside <= world.limit, "%u threads are in, of %u", world.inside, world.limit);
	world.inside--;
	spin_unlock(&world.door);
	waitqueue_wake(&world.outside);
}

static void change_priority(struct actor *actor)
{
	struct thread *thread = &actor->thread;

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
	case 6:
	case 7: go_in(self); break;
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
		else if (world.scene == SCENE_DONATION && self->index < SERVERS)
			donate_serve(self);
		else if (world.scene == SCENE_DONATION)
			donate_ask(self);
		else if (self->index == SERVER)
			donate_serve(self);
		else
			compute_and_ask(self);
		if (sched_needed())
			sched();
	}
}
