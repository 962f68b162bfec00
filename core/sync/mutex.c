/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutexes. The owner runs with the highest priority of those that wait for what it holds, and so
 * does who holds what the owner waits for: without that, a thread of middling priority could keep
 * an urgent one waiting for as long as it likes.
 *
 * One lock guards who owns and who waits for what, since a chain leads through many mutexes.
 */
#include <mullion/sync.h>

#include <mullion/log.h>
#include <mullion/sched.h>

static struct spinlock chains = SPINLOCK_INIT(RANK_MUTEX);

void mutex_init(struct mutex *mutex)
{
	waitqueue_init(&mutex->queue);
	mutex->owner = NULL;
	mutex->held = (struct list_node){ NULL, NULL };
}

static void take(struct mutex *mutex, struct thread *thread)
{
	mutex->owner = thread;
	list_push_back(&thread->mutexes, &mutex->held);
}

/* The most urgent that waits, first come first among equals; NULL: nobody. The queue's lock. */
static struct thread *most_urgent(const struct mutex *mutex)
{
	struct thread *best = NULL;

	list_for_each (&mutex->queue.threads, node) {
		struct thread *thread = container_of(node, struct thread, waiter);

		if (best == NULL || thread->home.priority > best->home.priority)
			best = thread;
	}
	return best;
}

/* What @thread has to run with, by itself and by those that wait for what it holds. */
static u8 due_priority(const struct thread *thread)
{
	u8 priority = thread->home.base_priority;

	list_for_each (&thread->mutexes, node) {
		struct mutex *mutex = container_of(node, struct mutex, held);
		const struct thread *waiter;

		spin_lock(&mutex->queue.lock);
		waiter = most_urgent(mutex);
		if (waiter != NULL && waiter->home.priority > priority)
			priority = waiter->home.priority;
		spin_unlock(&mutex->queue.lock);
	}
	return priority;
}

/* One that waited for @mutex gave up: along the chain of owners, until nothing changes. */
static void lower_owners(const struct mutex *mutex)
{
	for (u32 i = 0; i < MUTEX_CHAIN_MAX && mutex != NULL && mutex->owner != NULL; i++) {
		struct thread *owner = mutex->owner;
		u8 priority = due_priority(owner);

		if (priority == owner->home.priority)
			return;
		sched_set_priority(owner, priority);
		mutex = owner->waits_for;
	}
}

/* One of @priority is about to wait for @mutex. */
static void raise_owners(const struct mutex *mutex, u8 priority)
{
	for (u32 i = 0; i < MUTEX_CHAIN_MAX && mutex != NULL; i++) {
		struct thread *owner = mutex->owner;

		if (owner == NULL || owner->home.priority >= priority)
			return;
		sched_set_priority(owner, priority);
		mutex = owner->waits_for;
	}
}

bool mutex_try(struct mutex *mutex)
{
	bool taken;

	spin_lock(&chains);
	taken = mutex->owner == NULL;
	if (taken)
		take(mutex, this_cpu()->thread);
	spin_unlock(&chains);
	return taken;
}

enum err mutex_lock_until(struct mutex *mutex, ns_t until)
{
	struct thread *self = this_cpu()->thread;
	enum err err = OK;

	spin_lock(&chains);
	ASSERT(mutex->owner != self);
	if (mutex->owner == NULL) {
		take(mutex, self);
	} else {
		self->waits_for = mutex;
		raise_owners(mutex, self->home.priority);
		err = waitqueue_sleep(&mutex->queue, &chains, until);
		/* Without an error mutex_unlock() has made it ours. */
		if (err) {
			self->waits_for = NULL;
			lower_owners(mutex);
		}
	}
	spin_unlock(&chains);
	return err;
}

void mutex_lock(struct mutex *mutex)
{
	enum err err = mutex_lock_until(mutex, NS_NEVER);

	ASSERT(err == OK);
}

void mutex_unlock(struct mutex *mutex)
{
	struct thread *self = this_cpu()->thread, *next;
	u8 priority;

	spin_lock(&chains);
	ASSERT(mutex->owner == self);
	list_remove(&mutex->held);
	mutex->owner = NULL;
	spin_lock(&mutex->queue.lock);
	next = most_urgent(mutex);
	if (next != NULL) {
		next->waits_for = NULL;
		take(mutex, next);
		waitqueue_wake_thread(next);
	}
	spin_unlock(&mutex->queue.lock);
	priority = due_priority(self);
	if (priority != self->home.priority)
		sched_set_priority(self, priority);
	spin_unlock(&chains);
}
