/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that wait, and what is made of that: completions and semaphores, whose state the
 * waitqueue's own lock guards.
 */
#include <mullion/sync.h>

#include <mullion/log.h>
#include <mullion/sched.h>

void waitqueue_init(struct waitqueue *queue)
{
	spin_init(&queue->lock, RANK_WAIT);
	list_init(&queue->threads);
}

enum err waitqueue_sleep(struct waitqueue *queue, struct spinlock *lock, ns_t until)
{
	struct thread *self = this_cpu()->thread;
	bool timed = until.v != NS_NEVER.v, over = false;
	enum err err = OK;

	if (lock != &queue->lock)
		spin_lock(&queue->lock);
	atomic_store_explicit(&self->woken, false, memory_order_relaxed);
	list_push_back(&queue->threads, &self->waiter);
	spin_unlock(&queue->lock);
	if (lock != NULL && lock != &queue->lock)
		spin_unlock(lock);
	if (timed)
		timer_arm(&self->timer, until);
	while (!over) {
		sched_prepare(PAUSE_WAIT);
		over = atomic_load(&self->woken) || (timed && !timer_is_armed(&self->timer));
		if (over)
			sched_cancel();
		else
			sched_pause();
	}
	if (timed)
		(void)timer_stop(&self->timer);
	if (lock != NULL && lock != &queue->lock)
		spin_lock(lock);
	spin_lock(&queue->lock);
	if (!atomic_load_explicit(&self->woken, memory_order_relaxed)) {
		list_remove(&self->waiter);
		err = ERR_BUSY;
	}
	if (lock != &queue->lock)
		spin_unlock(&queue->lock);
	return err;
}

void waitqueue_wake_thread(struct thread *thread)
{
	list_remove(&thread->waiter);
	atomic_store(&thread->woken, true);
	(void)sched_wake(thread);
}

u32 waitqueue_wake_locked(struct waitqueue *queue, u32 count)
{
	u32 woken = 0;

	while (woken < count && !list_is_empty(&queue->threads)) {
		waitqueue_wake_thread(
			container_of(list_first(&queue->threads), struct thread, waiter));
		woken++;
	}
	return woken;
}

u32 waitqueue_wake(struct waitqueue *queue, u32 count)
{
	u32 woken;

	spin_lock(&queue->lock);
	woken = waitqueue_wake_locked(queue, count);
	spin_unlock(&queue->lock);
	return woken;
}

/* --- Completions ------------------------------------------------------------------------------ */

void completion_init(struct completion *completion)
{
	waitqueue_init(&completion->queue);
	completion->done = false;
}

void completion_reset(struct completion *completion)
{
	spin_lock(&completion->queue.lock);
	completion->done = false;
	spin_unlock(&completion->queue.lock);
}

void completion_complete(struct completion *completion)
{
	spin_lock(&completion->queue.lock);
	completion->done = true;
	(void)waitqueue_wake_locked(&completion->queue, UINT32_MAX);
	spin_unlock(&completion->queue.lock);
}

enum err completion_wait_until(struct completion *completion, ns_t until)
{
	struct waitqueue *queue = &completion->queue;
	enum err err = OK;

	spin_lock(&queue->lock);
	if (!completion->done)
		err = waitqueue_sleep(queue, &queue->lock, until);
	spin_unlock(&queue->lock);
	return err;
}

void completion_wait(struct completion *completion)
{
	enum err err = completion_wait_until(completion, NS_NEVER);

	ASSERT(err == OK);
}

/* --- Semaphores ------------------------------------------------------------------------------- */

void semaphore_init(struct semaphore *semaphore, u32 count)
{
	waitqueue_init(&semaphore->queue);
	semaphore->count = count;
}

void semaphore_up(struct semaphore *semaphore)
{
	spin_lock(&semaphore->queue.lock);
	/* Who waits is given it at once: nobody can take it first. */
	if (waitqueue_wake_locked(&semaphore->queue, 1) == 0)
		semaphore->count++;
	spin_unlock(&semaphore->queue.lock);
}

bool semaphore_try(struct semaphore *semaphore)
{
	bool taken;

	spin_lock(&semaphore->queue.lock);
	taken = semaphore->count > 0;
	if (taken)
		semaphore->count--;
	spin_unlock(&semaphore->queue.lock);
	return taken;
}

enum err semaphore_down_until(struct semaphore *semaphore, ns_t until)
{
	struct waitqueue *queue = &semaphore->queue;
	enum err err = OK;

	spin_lock(&queue->lock);
	if (semaphore->count > 0)
		semaphore->count--;
	else
		err = waitqueue_sleep(queue, &queue->lock, until);
	spin_unlock(&queue->lock);
	return err;
}

void semaphore_down(struct semaphore *semaphore)
{
	enum err err = semaphore_down_until(semaphore, NS_NEVER);

	ASSERT(err == OK);
}
