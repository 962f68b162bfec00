/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads become READY: by a start, a wake, or the replenishment of a budget. The CPU of the thread
 * reschedules if the thread, or a time that it causes, requires that.
 */
#include "core/sched/ready.h"

#include <arch/cpu.h>

static inline struct sched_queue *lock_queue_of(const struct thread *thread) NO_LOCK_ANALYSIS
{
	for (;;) {
		u32 cpu = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
		struct sched_queue *queue = cpu_get(cpu)->queue;

		spin_lock(&queue->lock);
		if (atomic_load_explicit(&thread->cpu, memory_order_relaxed) == cpu)
			return queue;
		spin_unlock(&queue->lock);
	}
}

__cold struct sched_queue *sched_lock_queue_of(const struct thread *thread) NO_LOCK_ANALYSIS
{
	return lock_queue_of(thread);
}

/* Returns true if READY @thread should take the CPU from the running one. */
static inline bool should_run(const struct sched_queue *queue, const struct thread *thread)
	REQUIRES(&queue->lock)
{
	const struct account *account = thread->account;

	if (queue->account == NULL)
		return true;
	/* Its budget may be used. */
	if (__builtin_expect(account->budget != NULL, 0) && !list_has(&account->link) &&
	    account != queue->account)
		return false;
	/* A donated thread runs before the owner. */
	if (account == queue->account)
		return account != &thread->home && account == &queue->cpu->thread->home &&
		       !account->owner_first;
	return queue->strategy->preempts(queue, account, queue->account);
}

/* The CPU also reschedules if it may be alone in a guest that sleeps (@first), and if another CPU
 * must arm its review. */
static inline void announce(struct sched_queue *queue, const struct thread *thread, bool first)
	REQUIRES(&queue->lock)
{
	struct cpu *cpu = queue->cpu, *here = this_cpu();

	if (!should_run(queue, thread) &&
	    (!first ||
	     (cpu == here && (cpu->thread == NULL || cpu->thread->kind != THREAD_VCPU))) &&
	    sched_set_review(queue, queue->account)) {
		if (needs_watch(queue) && cpu == here)
			starve_watch(queue);
		return;
	}
	atomic_store_explicit(&cpu->resched, true, memory_order_relaxed);
	if (cpu != here)
		arch_cpu_kick(cpu->id);
}

/* Returns true if @thread goes before its equals: its vCPU had the CPU until an exit, and keeps the
 * rest of its slice. */
static bool goes_first(const struct thread *thread)
{
	return thread->account->slice_left.v != 0 &&
	       atomic_load_explicit(&thread->pause_reason, memory_order_relaxed) == PAUSE_IO;
}

void sched_make_ready(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock)
{
	bool first = ready_count(queue) == 0;

	ready_add(queue, thread, goes_first(thread));
	announce(queue, thread, first);
}

__cold void sched_replenish(struct account *account)
{
	struct sched_queue *queue = lock_queue_of(sched_owner(account));

	spin_is_held(&queue->lock);
	if (keeps_place(account) && account != queue->account && !list_has(&account->link)) {
		ready_enqueue(queue, account, false);
		sched_force(queue);
	}
	spin_unlock(&queue->lock);
}

__cold enum err sched_start(struct thread *thread)
{
	struct sched_queue *queue = lock_queue_of(thread);
	enum err err = thread_set_state(thread, VCPU_READY);

	spin_is_held(&queue->lock);
	if (!err)
		sched_make_ready(queue, thread);
	spin_unlock(&queue->lock);
	return err;
}

/* Returns true if @thread can run on CPU @here, the waker's, whose caches have its data. */
static bool can_come_here(const struct thread *thread, u32 here)
{
	return thread->kind != THREAD_VCPU && thread->account == &thread->home &&
	       (thread->affinity & BIT(here)) != 0 &&
	       atomic_load_explicit(&thread->on_cpu, memory_order_acquire) == STACK_FREE;
}

/* The waker may be a fast handler, which returns to the guest of the running vCPU without a check
 * of sched_needed(). The kick makes that guest exit at once. */
static inline void leave_guest(void)
{
	const struct cpu *cpu = this_cpu();

	if (sched_needed() && cpu->interrupts == 0 && cpu->thread != NULL &&
	    cpu->thread->kind == THREAD_VCPU)
		arch_cpu_kick(cpu->id);
}

bool sched_wake(struct thread *thread)
{
	u32 here = this_cpu()->id;
	struct sched_queue *queue;
	bool paused;

	/* The caller's change comes before the check of the state. */
	atomic_thread_fence(memory_order_seq_cst);
	queue = lock_queue_of(thread);
	spin_is_held(&queue->lock);
	if (queue->cpu->id != here && thread_state(thread) == VCPU_PAUSED &&
	    can_come_here(thread, here)) {
		atomic_store_explicit(&thread->cpu, here, memory_order_relaxed);
		spin_unlock(&queue->lock);
		queue = lock_queue_of(thread);
		spin_is_held(&queue->lock);
	}
	paused = thread_move(thread, VCPU_PAUSED, VCPU_READY);
	if (paused)
		sched_make_ready(queue, thread);
	spin_unlock(&queue->lock);
	if (paused)
		leave_guest();
	return paused;
}

void sched_rouse(struct thread *thread)
{
	u32 cpu = atomic_load_explicit(&thread->cpu, memory_order_relaxed);

	if (atomic_load(&cpu_get(cpu)->queue->alone) == thread)
		arch_cpu_kick(cpu);
	else
		(void)sched_wake(thread);
}
