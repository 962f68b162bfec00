/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads wait for each other with, beside the spinlock. All of them sleep: normal and orphan
 * context, no spinlock held; elsewhere it is a bug that panics. The _until forms give up at a time.
 */
#ifndef MULLION_SYNC_H
#define MULLION_SYNC_H

#include <mullion/err.h>
#include <mullion/list.h>
#include <mullion/spinlock.h>
#include <mullion/timer.h>
#include <mullion/types.h>
#include <stdatomic.h>

struct thread;

/* Threads that wait for something, first come first. */
struct waitqueue {
	struct spinlock lock; /* RANK_WAIT */
	struct list threads;
};

void waitqueue_init(struct waitqueue *queue);
/** waitqueue_sleep() - unlock @lock (NULL: none; the queue's own will do), sleep until woken or
 * @until, lock it again.
 * Return: ERR_BUSY when the time was over first (NS_NEVER: never). */
enum err waitqueue_sleep(struct waitqueue *queue, struct spinlock *lock, ns_t until);
/** waitqueue_wake() - up to @count threads. Any context. Return: how many. _locked: the caller has
 * the queue's lock, which it may use for what it guards the queue with as well. */
u32 waitqueue_wake(struct waitqueue *queue, u32 count);
u32 waitqueue_wake_locked(struct waitqueue *queue, u32 count);
/** waitqueue_wake_thread() - @thread, which waits; the lock of the queue that it waits in. */
void waitqueue_wake_thread(struct thread *thread);

/* Done once, seen by all. */
struct completion {
	struct waitqueue queue;
	bool done;
};

void completion_init(struct completion *completion);
/** completion_reset() - not done again; nobody waits. */
void completion_reset(struct completion *completion);
/** completion_complete() - done: wake all. Any context. */
void completion_complete(struct completion *completion);
void completion_wait(struct completion *completion);
/** completion_wait_until() - ERR_BUSY when @until came first. */
enum err __must_check completion_wait_until(struct completion *completion, ns_t until);

struct semaphore {
	struct waitqueue queue;
	u32 count;
};

void semaphore_init(struct semaphore *semaphore, u32 count);
/** semaphore_up() - any context. */
void semaphore_up(struct semaphore *semaphore);
void semaphore_down(struct semaphore *semaphore);
/** semaphore_try() - without sleeping; any context. */
bool semaphore_try(struct semaphore *semaphore);
enum err __must_check semaphore_down_until(struct semaphore *semaphore, ns_t until);

/* One owner, which runs with the priority of the highest that waits (priority inheritance, along
 * chains of at most MUTEX_CHAIN_MAX owners). Not recursive. */
#define MUTEX_CHAIN_MAX 8
struct mutex {
	struct waitqueue queue;
	struct thread *owner;
	struct list_node held; /* in the owner's list of mutexes */
};

void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
bool mutex_try(struct mutex *mutex);
enum err __must_check mutex_lock_until(struct mutex *mutex, ns_t until);
/** mutex_unlock() - by its owner. */
void mutex_unlock(struct mutex *mutex);

/* Work that a thread of the core does later, in order of submission. */
struct work {
	struct list_node link;
	void (*function)(struct work *work);
	struct workqueue *_Atomic queue; /* where it is pending, or NULL */
	struct workqueue *last;          /* where it was taken from last, and may run still */
};
struct workqueue;

/** workqueue_create() - with one thread of @priority. NULL without memory. */
struct workqueue *workqueue_create(const char *name, u8 priority);
void work_init(struct work *work, void (*function)(struct work *work));
/** work_submit() - false: it is pending already. Any context. */
bool work_submit(struct workqueue *queue, struct work *work);
/** work_flush() - sleep until what was submitted before is done. */
void work_flush(struct workqueue *queue);
/** work_cancel() - not pending any more; if it runs, waits for its end. Return: it was pending. */
bool work_cancel(struct work *work);

/* Work that is submitted when its time has come. */
struct delayed_work {
	struct work work;
	struct workqueue *to;
	struct timer_event timer;
};

void delayed_work_init(struct delayed_work *work, void (*function)(struct work *work));
/** delayed_work_submit() - at @when; pending work is moved to that time. Any context. */
void delayed_work_submit(struct workqueue *queue, struct delayed_work *work, ns_t when);
/** delayed_work_cancel() - as work_cancel(), also before its time has come. */
bool delayed_work_cancel(struct delayed_work *work);

#endif
