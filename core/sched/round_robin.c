/* SPDX-License-Identifier: Apache-2.0 */
/* Round-robin: everybody in turn, a slice each; priorities do not count. */
#include "core/sched/internal.h"

static void add(struct sched_queue *queue, struct thread *thread, bool front)
{
	if (front)
		list_push_front(&queue->threads, &thread->link);
	else
		list_push_back(&queue->threads, &thread->link);
}

static void take_out(struct sched_queue *queue, struct thread *thread)
{
	(void)queue;
	list_remove(&thread->link);
}

static struct thread *pick(struct sched_queue *queue, ns_t now)
{
	struct list_node *node = list_first(&queue->threads);

	(void)now;
	return node != NULL ? sched_thread(node) : NULL;
}

static bool preempts(const struct sched_queue *queue, const struct thread *thread,
		     const struct thread *current)
{
	(void)queue, (void)thread, (void)current;
	return false;
}

static ns_t review(const struct sched_queue *queue, const struct thread *current)
{
	if (current == NULL || list_is_empty(&queue->threads))
		return NS_NEVER;
	return sched_slice_end(current);
}

const struct sched_strategy sched_round_robin = {
	.name = "round-robin",
	.add = add,
	.remove = take_out,
	.pick = pick,
	.preempts = preempts,
	.review = review,
};
