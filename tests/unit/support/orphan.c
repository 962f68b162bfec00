/* SPDX-License-Identifier: Apache-2.0 */
#include "support/orphan.h"

#include <stdlib.h>

#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/sched.h>

enum thread_phase thread_phase(const struct thread *thread)
{
	switch (atomic_load(&thread->state)) {
	case VCPU_READY:
	case VCPU_RUNNING: return THREAD_RUNNING;
	case VCPU_PAUSED: return THREAD_SLEEPING;
	case VCPU_HALTED: return THREAD_STOPPED;
	default: return THREAD_CREATED;
	}
}

struct thread *thread_create(const char *name, void (*function)(void *data), void *data,
			     u8 priority, ns_t slice)
{
	struct thread *thread = malloc(sizeof(*thread));

	if (thread != NULL && thread_init(thread, THREAD_CORE, name, function, data, priority,
					  slice, MASK(cpu_count - 1, 0)) != OK) {
		free(thread);
		return NULL;
	}
	return thread;
}

enum err thread_start(struct thread *thread)
{
	if (thread_phase(thread) == THREAD_STOPPED) {
		enum err err = thread_set_state(thread, VCPU_RESET);

		if (err)
			return err;
	}
	return sched_start(thread);
}

void thread_release(struct thread *thread)
{
	ASSERT(thread_phase(thread) == THREAD_STOPPED || thread_phase(thread) == THREAD_CREATED);
	thread_destroy(thread);
	free(thread);
}
