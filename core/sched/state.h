/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of the thread state machine, for state.c and the scheduler. */
#ifndef CORE_SCHED_STATE_H
#define CORE_SCHED_STATE_H

#include <mullion/log.h>
#include <mullion/thread.h>

#define THREAD_TO(state) (1u << (state))

static const u32 thread_edges[VCPU_STATES] = {
	[VCPU_UNKNOWN] = THREAD_TO(VCPU_RESET),
	[VCPU_RESET] = THREAD_TO(VCPU_READY) | THREAD_TO(VCPU_UNKNOWN),
	[VCPU_READY] = THREAD_TO(VCPU_RUNNING) | THREAD_TO(VCPU_PAUSED) | THREAD_TO(VCPU_HALTED) |
		       THREAD_TO(VCPU_RESET),
	[VCPU_RUNNING] = THREAD_TO(VCPU_READY) | THREAD_TO(VCPU_PAUSED) | THREAD_TO(VCPU_HALTED) |
			 THREAD_TO(VCPU_RESET),
	[VCPU_PAUSED] = THREAD_TO(VCPU_READY) | THREAD_TO(VCPU_RESET),
	[VCPU_HALTED] = THREAD_TO(VCPU_RESET),
};

/** thread_move() - along one edge of the table, in a few instructions: both states are constants,
 * so the check is the compiler's. False: @thread was not in @from, nothing changes. Any context. */
static inline bool thread_move(struct thread *thread, enum vcpu_state from, enum vcpu_state to)
{
	u32 expected = from;

	ASSERT((thread_edges[from] & THREAD_TO(to)) != 0);
	return atomic_compare_exchange_strong(&thread->state, &expected, to);
}

/** thread_state() - the state of @thread now; another CPU may change it. */
static inline enum vcpu_state thread_state(const struct thread *thread)
{
	return (enum vcpu_state)atomic_load_explicit(&thread->state, memory_order_relaxed);
}

#endif
