/* SPDX-License-Identifier: Apache-2.0 */
/* Round robin: accounts run in order, a slice each, without regard to priority. */
#include "core/sched/internal.h"

static void add(struct sched_queue *queue, struct account *account, bool front)
{
	if (front)
		list_push_front(&queue->accounts, &account->link);
	else
		list_push_back(&queue->accounts, &account->link);
}

static void take_out(struct sched_queue *queue, struct account *account)
{
	(void)queue;
	list_remove(&account->link);
}

static struct account *pick(struct sched_queue *queue, ns_t now)
{
	struct list_node *node = list_first(&queue->accounts);

	(void)now;
	return node != NULL ? sched_account(node) : NULL;
}

static bool preempts(const struct sched_queue *queue, const struct account *account,
		     const struct account *current)
{
	(void)queue, (void)account, (void)current;
	return false;
}

static ns_t review(const struct sched_queue *queue, const struct account *current)
{
	if (current == NULL || list_is_empty(&queue->accounts))
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
