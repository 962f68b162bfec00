/* SPDX-License-Identifier: Apache-2.0 */
/* What is READY: threads on their accounts, and accounts in a CPU's queue. All but num_ready()
 * under the queue's lock. */
#ifndef CORE_SCHED_READY_H
#define CORE_SCHED_READY_H

#include "core/sched/internal.h"

#include "core/sched/state.h"
#include <mullion/log.h>

static inline u32 num_ready(const struct sched_queue *queue)
{
	return atomic_load_explicit(&queue->ready, memory_order_relaxed);
}

static inline void count_ready(struct sched_queue *queue, u32 more) REQUIRES(&queue->lock)
{
	atomic_store_explicit(&queue->ready, num_ready(queue) + more, memory_order_relaxed);
}

/* A slice that was used up is followed by a new one, behind the equals. */
static inline void enqueue(struct sched_queue *queue, struct account *account, bool front)
	REQUIRES(&queue->lock)
{
	if (__builtin_expect(account->budget != NULL, 0) && !budget_admits(account->budget))
		return;
	queue->strategy->add(queue, account, front);
	if (account->slice_left.v == 0)
		account->slice_left = account->slice;
}

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

/* Has it a place in the queue? */
static inline bool keeps_place(const struct account *account)
{
	return has_ready(account) ||
	       atomic_load_explicit(&account->wants, memory_order_relaxed) != NULL;
}

/* @thread is READY on its account. @front: it had the CPU, and has a claim to have it back first.
 */
static inline void mark_ready(struct sched_queue *queue, struct thread *thread, bool front)
	REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	count_ready(queue, 1);
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

static inline void add(struct sched_queue *queue, struct thread *thread, bool front)
	REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	mark_ready(queue, thread, front);
	if (account != queue->account && !list_has(&account->link))
		enqueue(queue, account, front);
}

static inline void take_out(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	if (account == &thread->home) {
		account->owner_ready = 0;
	} else {
		account->num_donated--;
		list_remove(&thread->link);
	}
	count_ready(queue, UINT32_MAX);
	if (!keeps_place(account) && list_has(&account->link))
		queue->strategy->remove(queue, account);
}

/* Of an account that has one: the READY thread that goes first is RUNNING. */
static inline struct thread *take_first(struct sched_queue *queue, struct account *account)
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
	count_ready(queue, UINT32_MAX);
	moved = thread_move(thread, VCPU_READY, VCPU_RUNNING);
	ASSERT(moved);
	return thread;
}

#endif
