/* SPDX-License-Identifier: Apache-2.0 */
/* READY threads on their accounts, and accounts in the queue of a CPU. All but ready_count() under
 * the queue's lock. */
#ifndef CORE_SCHED_READY_H
#define CORE_SCHED_READY_H

#include "core/sched/internal.h"

#include "core/sched/state.h"
#include <mullion/log.h>

/* Threads that are READY on this CPU. */
static inline u32 ready_count(const struct sched_queue *queue)
{
	return atomic_load_explicit(&queue->ready, memory_order_relaxed);
}

/* Returns true if an account waits, and neither a review nor a watch will check for starvation. */
static inline bool needs_watch(const struct sched_queue *queue) REQUIRES(&queue->lock)
{
	return queue->review_at.v == NS_NEVER.v && ready_count(queue) != 0 && !queue->watched;
}

/* @more READY threads than before; UINT32_MAX: one less. */
static inline void ready_count_add(struct sched_queue *queue, u32 more) REQUIRES(&queue->lock)
{
	atomic_store_explicit(&queue->ready, ready_count(queue) + more, memory_order_relaxed);
}

/* A used slice is followed by a new one, behind the equals. */
static inline void ready_enqueue(struct sched_queue *queue, struct account *account, bool front)
	REQUIRES(&queue->lock)
{
	if (__builtin_expect(account->budget != NULL, 0) && !budget_admits(account->budget))
		return;
	queue->strategy->add(queue, account, front);
	if (account->slice_left.v == 0)
		account->slice_left = account->slice;
}

/* Returns true if @account has a READY thread. */
static inline bool has_ready(const struct account *account)
{
	return account->num_ready != 0;
}

/* Returns true if READY @thread is on its account's list, and not on its way to another CPU. The
 * caller holds the lock. */
static inline bool is_listed(const struct thread *thread)
{
	return list_has(&thread->link) || thread->home.owner_ready;
}

/* Returns true if @thread is PAUSED, and a wake may put it on @account. `between` counts while the
 * thread is PAUSED: before, it may be that of an earlier pause. */
static inline bool may_move_to(const struct thread *thread, const struct account *account)
{
	return atomic_load_explicit(&thread->state, memory_order_acquire) == VCPU_PAUSED &&
	       (thread->between || thread->account == account);
}

/* Returns true if @account has a place in the queue. */
static inline bool keeps_place(const struct account *account)
{
	return has_ready(account) ||
	       atomic_load_explicit(&account->wants, memory_order_relaxed) != NULL;
}

/* @thread is READY on its account. @front: before the others, as it was preempted. */
static inline void ready_mark(struct sched_queue *queue, struct thread *thread, bool front)
	REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	ready_count_add(queue, 1);
	if (__builtin_expect(account == &thread->home, 1)) {
		account->owner_ready = 1;
		return;
	}
	account->num_donated++;
	if (front)
		list_push_front(&account->donated, &thread->link);
	else
		list_push_back(&account->donated, &thread->link);
}

/* The same, and its account in the queue. */
static inline void ready_add(struct sched_queue *queue, struct thread *thread, bool front)
	REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	ready_mark(queue, thread, front);
	if (account != queue->account && !list_has(&account->link))
		ready_enqueue(queue, account, front);
}

/* Makes the first READY thread of @account, which has one, RUNNING. */
static inline struct thread *ready_take_first(struct sched_queue *queue, struct account *account)
	REQUIRES(&queue->lock)
{
	struct thread *thread = sched_owner(account);
	bool moved;

	if (__builtin_expect(account->num_donated == 0, 1) ||
	    (account->owner_first && account->owner_ready)) {
		account->owner_ready = 0;
	} else {
		struct list_node *node = list_first(&account->donated);

		ASSERT(node != NULL); /* it has as many as num_donated */
		thread = container_of(node, struct thread, link);
		account->num_donated--;
		list_remove(node);
	}
	ready_count_add(queue, UINT32_MAX);
	moved = thread_move(thread, VCPU_READY, VCPU_RUNNING);
	ASSERT(moved);
	return thread;
}

#endif
