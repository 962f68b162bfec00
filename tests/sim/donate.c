/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that run on donated accounts, as components do (payer.c). The model keeps its own record
 * beside the core's: the payer of a server's present work, and the time that other accounts gave.
 */
#include "tests/sim/sim.h"

#include <arch/time.h>

#include "core/sched/internal.h"

#define LATE_BOUND US(100) /* interrupts are late, and stay pending in the core */
#define HELP_BOUND US(23)  /* SCHED_HELP_NS and an interrupt's lateness */

static struct account *account_of(struct actor *server, u32 payer)
{
	struct account *account = &world.actors[payer].thread.home;

	/* Work without a guest as its cause runs on the server's own account. */
	if (payer < SERVERS && world.scene == SCENE_DONATION)
		return &server->thread.home;
	return (server->thread.affinity & BIT(sched_cpu_of(account))) != 0 ? account
									   : &server->thread.home;
}

/* Adds a piece of work for @server, on @payer's account. */
static void cause(struct actor *server, u32 payer)
{
	atomic_fetch_or(&server->wanted, (u32)BIT(payer));
	(void)sched_wake_on(&server->thread, account_of(server, payer));
}

/* Returns the most urgent payer, or MAX_ACTORS if no work is wanted. */
static u32 best_payer(struct actor *self, bool stays)
{
	u32 wanted = atomic_load(&self->wanted), best = MAX_ACTORS;

	for (u32 i = 0; i < world.num_actors; i++) {
		const struct account *account = account_of(self, i);
		const struct account *than = account_of(self, best != MAX_ACTORS ? best : i);

		if ((wanted & BIT(i)) == 0)
			continue;
		if (best == MAX_ACTORS || account->priority > than->priority ||
		    (stays && account == self->thread.account &&
		     account->priority == than->priority))
			best = i;
	}
	return best;
}

/* Called before @self can move: all its time since the last call was on its present account. */
static void note_time(struct actor *self)
{
	u64 run = sched_run_ns(&self->thread);

	if (self->thread.account != account_of(self, self->payer))
		self->for_others += run - self->noted;
	self->noted = run;
}

static void stop(struct actor *self)
{
	u32 best = best_payer(self, false);

	note_time(self);

	if (best != MAX_ACTORS)
		sched_offer(account_of(self, best));
}

static void work(struct actor *self)
{
	self->noted = sched_run_ns(&self->thread);
	compute(self, chance(4) == 0 ? chance(US(60)) : chance(US(10)), stop);
	note_time(self);
	/* A pause in the middle of the work: other accounts' wakes must not move the server. */
	if (chance(6) == 0)
		thread_sleep(NS(chance(US(20))));
	note_time(self);
	if (world.actors[self->payer].floods && !world.finishing)
		cause(&world.actors[chance(SERVERS)], self->payer);
	if (chance(3) == 0 && self->index + 1 < SERVERS)
		cause(&world.actors[self->index + 1], self->payer);
}

void donate_interrupt(u32 payer)
{
	struct actor *server = &world.actors[chance(SERVERS)];

	cause(server, payer < SERVERS ? server->index : payer);
}

static void sleep(struct actor *self)
{
	self->thread.between = true;
	sched_prepare(PAUSE_WAIT);
	if (atomic_load(&self->wanted) != 0 || world.finishing)
		sched_cancel();
	else
		sched_pause();
	self->thread.between = false;
}

void donate_serve(struct actor *self)
{
	u32 payer = best_payer(self, true);

	if (payer == MAX_ACTORS) {
		/* The work for which it got help may be complete already. */
		MUST(!sched_join(self->thread.account), "server %u leaves its account",
		     self->index);
		sleep(self);
		return;
	}
	if (sched_join(account_of(self, payer))) {
		sched();
		return;
	}
	atomic_fetch_and(&self->wanted, ~(u32)BIT(payer));
	self->payer = payer;
	if (world.scene == SCENE_FAIR) {
		compute(self, US(5), stop);
		give_token(&world.actors[payer]);
	} else {
		work(self);
		atomic_fetch_add(&world.actors[payer].answers, 1);
		(void)sched_wake(&world.actors[payer].thread);
	}
	self->payer = MAX_ACTORS;
}

/* As an exit does: the vCPU waits for the answer. */
static void ask(struct actor *self, struct actor *server)
{
	u32 had = atomic_load(&self->answers);
	bool asked = false;

	atomic_fetch_or(&server->wanted, (u32)BIT(self->index));
	for (;;) {
		sched_prepare(PAUSE_IO);
		if (atomic_load(&self->answers) != had || world.finishing)
			break;
		if (asked)
			sched_pause();
		else
			sched_hand_over(&server->thread, account_of(server, self->index));
		asked = true;
	}
	sched_cancel();
	if (!asked)
		cause(server, self->index);
}

void donate_ask(struct actor *self)
{
	struct actor *server = &world.actors[chance(SERVERS)];

	compute(self, chance(US(60)), NULL);
	switch (chance(5)) {
	case 0: thread_sleep(NS(chance(US(100)))); break;
	case 1: wait_for_token(self, NULL); break;
	case 2: ask(self, server); break;
	default: cause(server, self->index);
	}
}

void donate_check_server(const struct actor *actor)
{
	struct actor *server = &world.actors[actor->index];
	const struct thread *thread = &actor->thread;
	const struct account *its;

	if (actor->payer == MAX_ACTORS)
		return;
	its = account_of(server, actor->payer);
	MUST((thread->work_of != NULL ? thread->work_of : thread->account) == its,
	     "server %u works for %u on another account", actor->index, actor->payer);
	MUST(actor->for_others <= (thread->helps + 1) * HELP_BOUND,
	     "server %u was helped %lu times with %lu ns", actor->index,
	     (unsigned long)thread->helps, (unsigned long)actor->for_others);
}

void donate_check_asker(struct actor *actor)
{
	const struct thread *thread = &actor->thread;
	u64 charged = sched_charged_ns(thread);

	if (thread->state != VCPU_READY)
		actor->ran_ns = charged;
	MUST(charged - actor->ran_ns <= SCHED_AHEAD_NS + LATE_BOUND,
	     "thread %u is READY, but its account ran others for %lu ns", actor->index,
	     (unsigned long)(charged - actor->ran_ns));
}

bool donate_is_idle(const struct actor *actor)
{
	return atomic_load(&actor->wanted) == 0 || actor->thread.state != VCPU_PAUSED ||
	       actor->payer != MAX_ACTORS;
}
