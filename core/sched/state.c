/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine that vCPUs and orphans share.
 *
 * One table holds the allowed edges and one function changes a state, so that a forbidden change is
 * refused wherever it comes from.
 */
#include "core/sched/state.h"

static const char *const names[VCPU_STATES] = {
	[VCPU_UNKNOWN] = "unknown", [VCPU_RESET] = "reset",   [VCPU_READY] = "ready",
	[VCPU_RUNNING] = "running", [VCPU_PAUSED] = "paused", [VCPU_HALTED] = "halted",
};

const char *thread_state_name(enum vcpu_state state)
{
	return state < VCPU_STATES ? names[state] : "invalid";
}

enum err thread_set_state(struct thread *thread, enum vcpu_state to)
{
	u32 from = atomic_load(&thread->state);

	do {
		if (to >= VCPU_STATES || (thread_edges[from] & THREAD_TO(to)) == 0) {
			atomic_fetch_add(&thread->refused_edges, 1);
			return ERR_STATE;
		}
	} while (!atomic_compare_exchange_weak(&thread->state, &from, to));
	return OK;
}
