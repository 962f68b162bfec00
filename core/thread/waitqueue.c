/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that wait for a condition; see sync.h. */
#include <mullion/sync.h>

#include <mullion/sched.h>

void waitqueue_init(struct waitqueue *queue)
{
	spin_init(&queue->lock, RANK_WAIT);
	list_init(&queue->threads);
}

void waitqueue_sleep(struct waitqueue *queue, struct spinlock *lock) REQUIRES(lock)
{
	struct thread *self = this_cpu()->thread;

	spin_lock(&queue->lock);
	atomic_store_explicit(&self->woken, false, memory_order_relaxed);
	list_push_back(&queue->threads, &self->waiter);
	spin_unlock(&queue->lock);
	spin_unlock(lock);
	for (;;) {
		sched_prepare(PAUSE_WAIT);
		if (atomic_load(&self->woken) || atomic_load(&self->stopping))
			break;
		sched_pause();
	}
	sched_cancel();
	spin_lock(&queue->lock);
	if (list_has(&self->waiter))
		list_remove(&self->waiter);
	spin_unlock(&queue->lock);
	spin_lock(lock);
}

void waitqueue_wake(struct waitqueue *queue)
{
	spin_lock(&queue->lock);
	while (!list_is_empty(&queue->threads)) {
		struct thread *thread =
			container_of(list_first(&queue->threads), struct thread, waiter);

		list_remove(&thread->waiter);
		atomic_store(&thread->woken, true);
		(void)sched_wake(thread);
	}
	spin_unlock(&queue->lock);
}
