/* SPDX-License-Identifier: Apache-2.0 */
/* Work that is done later by a thread of its own, in order; delayed work is submitted by a timer.
 */
#include <mullion/sync.h>

#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/pool.h>
#include <mullion/thread.h>

#define MAX_WORKQUEUES 8

struct workqueue {
	struct spinlock lock; /* RANK_WORK */
	struct list pending;
	const struct work *running; /* never looked into: the work may free itself */
	struct thread *thread;
	struct waitqueue submitted; /* the thread waits here */
	struct waitqueue finished;  /* who wants to know that a work has ended */
};

static struct pool pool = {
	.lock = SPINLOCK_INIT(RANK_MEMORY),
	.size = (u32)ALIGN_UP(sizeof(struct workqueue), 16),
	.limit = MAX_WORKQUEUES,
};

static void work_loop(void *data)
{
	struct workqueue *queue = data;

	spin_lock(&queue->lock);
	for (;;) {
		struct list_node *node = list_first(&queue->pending);
		struct work *work;

		if (node == NULL) {
			(void)waitqueue_sleep(&queue->submitted, &queue->lock, NS_NEVER);
			continue;
		}
		work = container_of(node, struct work, link);
		list_remove(node);
		queue->running = work;
		work->last = queue;
		atomic_store(&work->queue, NULL);
		spin_unlock(&queue->lock);
		work->function(work);
		spin_lock(&queue->lock);
		queue->running = NULL;
		(void)waitqueue_wake(&queue->finished, UINT32_MAX);
		spin_unlock(&queue->lock);
		thread_breathe();
		spin_lock(&queue->lock);
	}
}

struct workqueue *workqueue_create(const char *name, u8 priority)
{
	struct workqueue *queue = pool_alloc(&pool);
	enum err err;

	if (queue == NULL)
		return NULL;
	spin_init(&queue->lock, RANK_WORK);
	list_init(&queue->pending);
	waitqueue_init(&queue->submitted);
	waitqueue_init(&queue->finished);
	queue->thread = thread_create(name, work_loop, queue, priority, SLICE_DEFAULT);
	if (queue->thread == NULL) {
		pool_free(&pool, queue);
		return NULL;
	}
	err = thread_start(queue->thread);
	ASSERT(err == OK);
	return queue;
}

void work_init(struct work *work, void (*function)(struct work *work))
{
	work->link = (struct list_node){ NULL, NULL };
	work->function = function;
	atomic_init(&work->queue, NULL);
	work->last = NULL;
}

bool work_submit(struct workqueue *queue, struct work *work)
{
	struct workqueue *none = NULL;
	bool submitted;

	spin_lock(&queue->lock);
	submitted = atomic_compare_exchange_strong(&work->queue, &none, queue);
	if (submitted) {
		list_push_back(&queue->pending, &work->link);
		(void)waitqueue_wake(&queue->submitted, 1);
	}
	spin_unlock(&queue->lock);
	return submitted;
}

/* Take it back where it is pending. */
static bool withdraw(struct work *work)
{
	struct workqueue *queue = atomic_load(&work->queue);
	bool pending;

	if (queue == NULL)
		return false;
	spin_lock(&queue->lock);
	pending = atomic_load(&work->queue) == queue;
	if (pending) {
		list_remove(&work->link);
		atomic_store(&work->queue, NULL);
	}
	spin_unlock(&queue->lock);
	return pending;
}

bool work_cancel(struct work *work)
{
	bool pending = withdraw(work);
	struct workqueue *queue = work->last;

	if (queue == NULL || queue->thread == this_cpu()->thread)
		return pending;
	spin_lock(&queue->lock);
	while (queue->running == work)
		(void)waitqueue_sleep(&queue->finished, &queue->lock, NS_NEVER);
	spin_unlock(&queue->lock);
	return pending;
}

struct marker {
	struct work work;
	struct completion reached;
};

static void reach_marker(struct work *work)
{
	completion_complete(&container_of(work, struct marker, work)->reached);
}

void work_flush(struct workqueue *queue)
{
	struct marker marker;
	bool submitted;

	completion_init(&marker.reached);
	work_init(&marker.work, reach_marker);
	submitted = work_submit(queue, &marker.work);
	ASSERT(submitted);
	completion_wait(&marker.reached);
}

/* --- Delayed work ----------------------------------------------------------------------------- */

static void time_has_come(struct timer_event *timer)
{
	struct delayed_work *work = container_of(timer, struct delayed_work, timer);

	(void)work_submit(work->to, &work->work);
}

void delayed_work_init(struct delayed_work *work, void (*function)(struct work *work))
{
	work_init(&work->work, function);
	work->to = NULL;
	timer_init(&work->timer, time_has_come);
}

void delayed_work_submit(struct workqueue *queue, struct delayed_work *work, ns_t when)
{
	(void)timer_stop(&work->timer);
	(void)withdraw(&work->work);
	work->to = queue;
	timer_arm(&work->timer, when);
}

bool delayed_work_cancel(struct delayed_work *work)
{
	bool pending = false;

	/* The work itself may have submitted it again before it ended. */
	do {
		pending |= timer_stop(&work->timer);
		pending |= work_cancel(&work->work);
	} while (timer_is_armed(&work->timer) || atomic_load(&work->work.queue) != NULL);
	return pending;
}
