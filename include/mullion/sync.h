/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting of threads, beside the spinlock: waitqueues. A thread sleeps in normal or orphan context
 * and holds no spinlock then; a sleep elsewhere is a bug that panics.
 */
#ifndef MULLION_SYNC_H
#define MULLION_SYNC_H

#include <mullion/err.h>
#include <mullion/list.h>
#include <mullion/spinlock.h>
#include <mullion/thread.h>
#include <mullion/types.h>

/* Threads that wait for a condition, in order of arrival. */
struct waitqueue {
	struct spinlock lock; /* RANK_WAIT */
	struct list threads;
};

/** waitqueue_init() - make @queue empty. No other CPU knows it. */
void waitqueue_init(struct waitqueue *queue);
/** waitqueue_sleep() - release @lock, which guards the condition, sleep until a wake, acquire @lock
 * again. The condition may have changed once more. The caller holds @lock, of a rank below
 * RANK_WAIT, and no other. */
void waitqueue_sleep(struct waitqueue *queue, struct spinlock *lock) REQUIRES(lock);
/** waitqueue_wake() - wake all threads of @queue. Any context; takes the queue's lock. */
void waitqueue_wake(struct waitqueue *queue);

#endif
