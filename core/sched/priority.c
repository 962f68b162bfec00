/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority round-robin: the highest priority runs, equals in turn. A ring of accounts for each
 * priority and bits for those that are not empty: all in constant time.
 */
#include "core/sched/internal.h"

static void priority_add(struct sched_queue *queue, struct account *account, bool front)
{
	u32 priority = account->priority, word = priority / 64;
	struct list_node **first = &queue->first[priority];
	struct list_node *node = &account->link;

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

static inline void unlink_node(struct sched_queue *queue, struct list_node *node, u32 priority)
{
	u32 word = priority / 64;
	struct list_node **first = &queue->first[priority];

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

static void priority_remove(struct sched_queue *queue, struct account *account)
{
	unlink_node(queue, &account->link, account->priority);
}

static struct account *priority_take(struct sched_queue *queue, ns_t now)
{
	struct list_node *node;
	u32 word, priority;

	(void)now;
	if (queue->summary == 0)
		return NULL;
	word = 31 - (u32)__builtin_clz(queue->summary);
	priority = word * 64 + 63 - (u32)__builtin_clzll(queue->levels[word]);
	node = queue->first[priority];
	unlink_node(queue, node, priority);
	return sched_account(node);
}

static bool priority_preempts(const struct sched_queue *queue, const struct account *account,
			      const struct account *current)
{
	(void)queue;
	return account->priority > current->priority;
}

static ns_t priority_review(const struct sched_queue *queue, const struct account *current)
{
	if (current == NULL || queue->first[current->priority] == NULL)
		return NS_NEVER;
	return sched_slice_end(current);
}

const struct sched_strategy sched_priority = {
	.name = "priority",
	.add = priority_add,
	.remove = priority_remove,
	.take = priority_take,
	.preempts = priority_preempts,
	.review = priority_review,
};
