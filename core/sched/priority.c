/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority round-robin: the highest priority runs, equals in turn. A ring of accounts for each
 * priority and bits for those that are not empty: all in constant time.
 */
#include "core/sched/internal.h"

static void add(struct sched_queue *queue, struct account *account, bool front)
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

static void take_out(struct sched_queue *queue, struct account *account)
{
	u32 priority = account->priority, word = priority / 64;
	struct list_node **first = &queue->first[priority];
	struct list_node *node = &account->link;

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

static struct account *pick(struct sched_queue *queue, ns_t now)
{
	u32 word;

	(void)now;
	if (queue->summary == 0)
		return NULL;
	word = 31 - (u32)__builtin_clz(queue->summary);
	return sched_account(
		queue->first[word * 64 + 63 - (u32)__builtin_clzll(queue->levels[word])]);
}

static bool preempts(const struct sched_queue *queue, const struct account *account,
		     const struct account *current)
{
	(void)queue;
	return account->priority > current->priority;
}

static ns_t review(const struct sched_queue *queue, const struct account *current)
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
