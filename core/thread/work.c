/* SPDX-License-Identifier: Apache-2.0 */
/* Work that a thread of the core does later, in order of submission; see sync.h. */
#include <mullion/sync.h>

#include <mullion/sched.h>

static void work_loop(void *data)
{
	struct workqueue *queue = data;

	for (;;) {
		struct work *work;

		spin_lock(&queue->lock);
		while (list_is_empty(&queue->pending))
			waitqueue_sleep(&queue->submitted, &queue->lock);
		work = container_of(list_first(&queue->pending), struct work, link);
		list_remove(&work->link);
		spin_unlock(&queue->lock);
		work->function(work);
		if (sched_needed())
			sched();
	}
}

enum err workqueue_start(struct workqueue *queue, const char *name, u8 priority)
{
	enum err err = thread_init(&queue->thread, THREAD_CORE, name, work_loop, queue, priority,
				   SLICE_DEFAULT, MASK(cpu_count - 1, 0));

	if (err)
		return err;
	spin_init(&queue->lock, RANK_WORK);
	list_init(&queue->pending);
	waitqueue_init(&queue->submitted);
	return sched_start(&queue->thread);
}

void work_init(struct work *work, void (*function)(struct work *work))
{
	work->link = (struct list_node){ NULL, NULL };
	work->function = function;
}

void work_submit(struct workqueue *queue, struct work *work)
{
	bool pending;

	spin_lock(&queue->lock);
	pending = list_has(&work->link);
	if (!pending)
		list_push_back(&queue->pending, &work->link);
	spin_unlock(&queue->lock);
	if (!pending)
		waitqueue_wake(&queue->submitted);
}
