/* SPDX-License-Identifier: Apache-2.0 */
/* Round robin: accounts run in order, a slice each, without regard to priority. */
#include "core/sched/internal.h"

void sched_list_add(struct sched_queue *queue, struct account *account, bool front)
{
	if (front)
		list_push_front(&queue->accounts, &account->link);
	else
		list_push_back(&queue->accounts, &account->link);
}

void sched_list_remove(struct sched_queue *queue, struct account *account)
{
	(void)queue;
	list_remove(&account->link);
}

static struct account *round_robin_take(struct sched_queue *queue, ns_t now)
{
	struct list_node *node = list_first(&queue->accounts);

	(void)now;
	if (node == NULL)
		return NULL;
	list_remove(node);
	return sched_account(node);
}

static bool round_robin_preempts(const struct sched_queue *queue, const struct account *account,
				 const struct account *current)
{
	(void)queue, (void)account, (void)current;
	return false;
}

static ns_t round_robin_review(const struct sched_queue *queue, const struct account *current)
{
	if (current == NULL || list_is_empty(&queue->accounts))
		return NS_NEVER;
	return sched_slice_end(current);
}

const struct sched_strategy sched_round_robin = {
	.name = "round-robin",
	.add = sched_list_add,
	.remove = sched_list_remove,
	.take = round_robin_take,
	.preempts = round_robin_preempts,
	.review = round_robin_review,
};
