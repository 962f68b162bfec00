/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority round-robin: the highest priority runs, equals in turn. A ring of threads for each
 * priority and bits for those that are not empty: all in constant time.
 */
#include "core/sched/internal.h"

static void add(struct sched_queue *queue, struct thread *thread, bool front)
{
	u32 priority = thread->priority, word = priority / 64;
	struct list_node **first = &queue->first[priority];
	struct list_node *node = &thread->link;

	if (*first == NULL) {
		node->next = node->prev = node;
		*first = node;
		queue->levels[word] |= BIT(priority % 64);
		queue->summary |= 1u << word;
		return;
	}
	list_insert_before(*first, node);
	if (front)
		*first = node;
}

static void take_out(struct sched_queue *queue, struct thread *thread)
{
	u32 priority = thread->priority, word = priority / 64;
	struct list_node **first = &queue->first[priority];
	struct list_node *node = &thread->link;

	if (node->next == node) {
		*first = NULL;
		queue->levels[word] &= ~BIT(priority % 64);
		if (queue->levels[word] == 0)
			queue->summary &= ~(1u << word);
	} else if (*first == node) {
		*first = node->next;
	}
	list_remove(node);
}

static struct thread *pick(struct sched_queue *queue, ns_t now)
{
	u32 word;

	(void)now;
	if (queue->summary == 0)
		return NULL;
	word = 31 - (u32)__builtin_clz(queue->summary);
	return sched_thread(
		queue->first[word * 64 + 63 - (u32)__builtin_clzll(queue->levels[word])]);
}

static bool preempts(const struct sched_queue *queue, const struct thread *thread,
		     const struct thread *current)
{
	(void)queue;
	return thread->priority > current->priority;
}

static ns_t review(const struct sched_queue *queue, const struct thread *current)
{
	if (current == NULL || queue->first[current->priority] == NULL)
		return NS_NEVER;
	return sched_slice_end(current);
}

const struct sched_strategy sched_priority = {
	.name = "priority",
	.add = add,
	.remove = take_out,
	.pick = pick,
	.preempts = preempts,
	.review = review,
};
