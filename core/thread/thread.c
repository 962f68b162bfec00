/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of every kind: their making, their end, their sleep. */
#include <mullion/thread.h>

#include "core/sched/state.h"
#include <arch/cpu.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

static struct spinlock all_lock = SPINLOCK_INIT(RANK_WORK);
static struct list all GUARDED_BY(all_lock) = { { &all.head, &all.head } };
static u32 last_id GUARDED_BY(all_lock);

/* The end of thread_sleep() and of every wait that has one. */
static void time_is_over(struct timer_event *event)
{
	(void)sched_wake(container_of(event, struct thread, timer));
}

enum err thread_init(struct thread *thread, enum thread_kind kind, const char *name,
		     void (*entry)(void *data), void *data, u8 priority, ns_t slice, u64 affinity)
{
	u32 cpu = 0;
	enum err err;

	while (cpu < cpu_count && (affinity & BIT(cpu)) == 0)
		cpu++;
	if (cpu == cpu_count)
		return ERR_INVALID;
	memset(thread, 0, sizeof(*thread));
	err = arch_thread_init(thread, sched_begin);
	if (err)
		return err;
	for (size_t i = 0; i < THREAD_NAME_MAX - 1 && name[i] != '\0'; i++)
		thread->name[i] = name[i];
	thread->kind = kind;
	thread->cpu = cpu;
	thread->affinity = affinity;
	account_init(&thread->home, priority, slice);
	thread->account = &thread->home;
	thread->entry = entry;
	thread->data = data;
	timer_init(&thread->timer, time_is_over);
	spin_lock(&all_lock);
	thread->id = ++last_id;
	list_push_back(&all, &thread->all);
	spin_unlock(&all_lock);
	return thread_set_state(thread, VCPU_RESET);
}

void thread_destroy(struct thread *thread)
{
	enum err err = OK;

	ASSERT(thread_stopped(thread) && !list_has(&thread->link));
	sched_retire(&thread->home);
	if (thread_state(thread) == VCPU_HALTED)
		err = thread_set_state(thread, VCPU_RESET);
	if (err == OK)
		err = thread_set_state(thread, VCPU_UNKNOWN);
	ASSERT(err == OK);
	spin_lock(&all_lock);
	list_remove(&thread->all);
	spin_unlock(&all_lock);
	arch_thread_destroy(thread);
}

bool thread_view(u32 index, void (*view)(const struct thread *thread, void *data), void *data)
{
	bool found = false;

	spin_lock(&all_lock);
	list_for_each (&all, node) {
		if (index-- == 0) {
			view(container_of(node, struct thread, all), data);
			found = true;
			break;
		}
	}
	spin_unlock(&all_lock);
	return found;
}

__cold enum err thread_stop(u32 id)
{
	enum err err = ERR_NOT_FOUND;

	spin_lock(&all_lock);
	list_for_each (&all, node) {
		struct thread *thread = container_of(node, struct thread, all);

		if (thread->id != id)
			continue;
		err = thread->kind == THREAD_CORE ? OK : ERR_DENIED;
		if (err != OK)
			break;
		atomic_store(&thread->stopping, true);
		(void)sched_wake(thread);
		break;
	}
	spin_unlock(&all_lock);
	return err;
}

bool thread_stopping(void)
{
	return atomic_load_explicit(&this_cpu()->thread->stopping, memory_order_relaxed);
}

bool thread_stopped(const struct thread *thread)
{
	enum vcpu_state state = thread_state(thread);

	return (state == VCPU_RESET || state == VCPU_HALTED) &&
	       !atomic_load_explicit(&thread->on_cpu, memory_order_acquire);
}

void thread_sleep(ns_t ns)
{
	struct thread *self = this_cpu()->thread;
	u64 now = arch_time_now().v, span = MIN(ns.v, NS_NEVER.v - now);
	ns_t until = NS(now + span);

	timer_arm(&self->timer, until);
	while (arch_time_now().v < until.v && !thread_stopping()) {
		sched_prepare(PAUSE_WAIT);
		if (timer_is_armed(&self->timer) && !atomic_load(&self->stopping))
			sched_pause();
		else
			sched_cancel();
	}
	(void)timer_stop(&self->timer);
}
