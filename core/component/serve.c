/* SPDX-License-Identifier: Apache-2.0 */
/* Inline service as the component's own thread sees it, and the return from it: serve.h. */
#include <mullion/serve.h>

#include "core/component/internal.h"

#include <mullion/sched.h>

void serve_wake(struct component *component)
{
	(void)sched_wake(&component->thread);
}

void serve_leave(struct vcpu *vcpu, enum user_trap trap, const struct component_exit *record)
{
	struct component *component = vcpu->served.component;
	struct thread *self = this_cpu()->thread;

	exit_left(component, vcpu, record);
	component->returned_trap = trap;
	serve_set(component, SERVE_INLINE, SERVE_RETURNED);
	(void)sched_wake_on(&component->thread, payer_account(component, &self->home));
	if (atomic_load(&component->word) != 0)
		payer_pull(component);
}

/* Block, unless a notification or a request is pending. */
static void serve_pause(struct component *component, struct thread *next)
{
	sched_prepare(PAUSE_WAIT);
	serve_set(component, SERVE_THREAD, SERVE_READY);
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

bool serve_sleep(struct component *component, struct thread *next)
{
	bool own;

	component->thread.between = true;
	serve_pause(component, next);
	while (!(own = serve_move(component, SERVE_READY, SERVE_THREAD)) &&
	       !serve_is(component, SERVE_RETURNED)) {
		/* serve_leave() and serve_wake() wake the thread. */
		sched_prepare(PAUSE_WAIT);
		if (!serve_is(component, SERVE_INLINE))
			sched_cancel();
		else
			sched_pause();
	}
	component->thread.between = false;
	return own;
}

enum user_trap serve_trap(struct component *component)
{
	if (!serve_is(component, SERVE_RETURNED))
		return arch_user_run(&component->user);
	serve_set(component, SERVE_RETURNED, SERVE_THREAD);
	return component->returned_trap;
}

void serve_reset(struct component *component)
{
	(void)serve_move(component, SERVE_RETURNED, SERVE_THREAD);
}
