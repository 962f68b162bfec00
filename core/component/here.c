/* SPDX-License-Identifier: Apache-2.0 */
/* The component's own thread on the short way of an exit, and the way back from it: here.h. */
#include <mullion/here.h>

#include "core/component/internal.h"

#include <mullion/sched.h>

void here_wake(struct component *component)
{
	(void)sched_wake(&component->thread);
}

void here_leave(struct vcpu *vcpu, enum user_trap trap, const struct component_exit *record)
{
	struct component *component = vcpu->served.component;
	struct thread *self = this_cpu()->thread;

	exit_left(component, vcpu, record);
	component->lent_trap = trap;
	here_set(component, LEND_TAKEN, LEND_BACK);
	(void)sched_wake_on(&component->thread, payer_account(component, &self->home));
	if (atomic_load(&component->word) != 0)
		payer_pull(component);
}

/* Pause, unless there is something to do. */
static void pause(struct component *component, struct thread *next)
{
	sched_prepare(PAUSE_WAIT);
	here_set(component, LEND_NEVER, LEND_READY);
	if (atomic_load(&component->word) != 0 || atomic_load(&component->requests) != 0) {
		sched_cancel();
		if (next != NULL)
			(void)sched_wake(next);
	} else if (next != NULL) {
		sched_hand_over(next, &next->home);
	} else {
		sched_pause();
	}
}

bool here_sleep(struct component *component, struct thread *next)
{
	bool own;

	component->thread.between = true;
	pause(component, next);
	while (!(own = here_move(component, LEND_READY, LEND_NEVER)) &&
	       !here_is(component, LEND_BACK)) {
		/* Whatever has it wakes the thread when done. */
		sched_prepare(PAUSE_WAIT);
		if (!here_is(component, LEND_TAKEN))
			sched_cancel();
		else
			sched_pause();
	}
	component->thread.between = false;
	return own;
}

enum user_trap here_trap(struct component *component)
{
	if (!here_is(component, LEND_BACK))
		return arch_user_run(&component->user);
	here_set(component, LEND_BACK, LEND_NEVER);
	return component->lent_trap;
}

void here_reset(struct component *component)
{
	(void)here_move(component, LEND_BACK, LEND_NEVER);
}
