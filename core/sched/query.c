/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler's state for other rooms, and the setting of priorities. */
#include "core/sched/ready.h"

#include <abi/manage.h>
#include <arch/cpu.h>
#include <mullion/format.h>

const struct sched_strategy *sched_strategy_of(u32 cpu)
{
	return cpu_get(cpu)->queue->strategy;
}

enum context sched_context(void)
{
	const struct cpu *cpu = this_cpu();
	const struct thread *thread = cpu->thread;

	if (cpu->interrupts != 0)
		return CONTEXT_INTERRUPT;
	if (thread == NULL || thread->kind == THREAD_IDLE || cpu->queue->idling)
		return CONTEXT_IDLE;
	return thread->kind == THREAD_VCPU ? CONTEXT_NORMAL : CONTEXT_ORPHAN;
}

__cold void sched_force(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	atomic_store_explicit(&queue->cpu->resched, true, memory_order_relaxed);
	if (queue->cpu != this_cpu())
		arch_cpu_kick(queue->cpu->id);
}

__cold void sched_set_priority(struct thread *thread, u8 priority)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);
	struct account *account = &thread->home;

	spin_is_held(&queue->lock);
	if (list_has(&account->link)) {
		queue->strategy->remove(queue, account);
		account->priority = priority;
		queue->strategy->add(queue, account, false);
		sched_force(queue);
	} else {
		/* In a window a higher priority, above the background, can be the lower claim. */
		bool worse = priority < account->priority || queue->table != NULL;

		account->priority = priority;
		if (account == queue->account && worse)
			sched_force(queue);
	}
	spin_unlock(&queue->lock);
}

u64 sched_run_ns(const struct thread *thread)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);
	u64 ns = thread->run_ns;

	spin_is_held(&queue->lock);
	if (queue->cpu->thread == thread && queue->account != NULL)
		ns += arch_time_now().v - queue->account->since.v;
	spin_unlock(&queue->lock);
	return ns;
}

__cold u32 sched_starved_s(const struct thread *thread)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);
	const struct account *account = &thread->home;
	u32 seconds = list_has(&account->link) && account->run_ns == account->seen_run_ns
			      ? account->starved_s
			      : 0;

	spin_is_held(&queue->lock);
	spin_unlock(&queue->lock);
	return seconds;
}

__cold u64 sched_charged_ns(const struct thread *thread)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);
	u64 ns = thread->home.run_ns;

	spin_is_held(&queue->lock);
	if (queue->account == &thread->home)
		ns += arch_time_now().v - thread->home.since.v;
	spin_unlock(&queue->lock);
	return ns;
}

__cold u64 sched_idle_ns(u32 cpu)
{
	struct sched_queue *queue = cpu_get(cpu)->queue;
	u64 ns;

	spin_lock(&queue->lock);
	ns = queue->idle_ns + queue->idle.run_ns;
	if (queue->idling)
		ns += arch_time_now().v - queue->since.v;
	else if (queue->cpu->thread == &queue->idle)
		ns += arch_time_now().v - queue->idle.home.since.v;
	spin_unlock(&queue->lock);
	return ns;
}

__cold void sched_describe(u32 cpu, struct manage_cpu *record)
{
	struct sched_queue *queue = cpu_get(cpu)->queue;
	const struct thread *thread;

	record->idle_ns = sched_idle_ns(cpu);
	spin_lock(&queue->lock);
	thread = queue->idling || queue->cpu->thread == NULL ? &queue->idle : queue->cpu->thread;
	(void)format(record->strategy, sizeof(record->strategy), "%s", queue->strategy->name);
	(void)format(record->running, sizeof(record->running), "%s", thread->name);
	record->ready = atomic_load(&queue->ready);
	record->switches = queue->switches;
	spin_unlock(&queue->lock);
}
