/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starvation is said: a vCPU that has been READY for seconds without running, and what runs
 * instead. While something waits, the CPU's queue is looked at each second. A vCPU without a budget
 * above it, or with too high a priority for what it does, is the description's mistake, and nothing
 * but a silent guest shows it otherwise.
 */
#include "core/sched/ready.h"

#include <arch/time.h>
#include <mullion/log.h>

#define LOOK_NS UINT64_C(1000000000)

static __cold void look_at(struct sched_queue *queue, struct account *account)
{
	const struct thread *owner = sched_owner(account);

	if (owner->kind != THREAD_VCPU)
		return;
	account->starved_s = account->run_ns == account->seen_run_ns ? account->starved_s + 1 : 0;
	account->seen_run_ns = account->run_ns;
	if (account->starved_s == STARVED_S)
		log_warn("'%s' has been ready for %u s and does not run: CPU %u runs '%s', "
			 "priority %u over %u",
			 owner->name, STARVED_S, queue->cpu->id, queue->cpu->thread->name,
			 queue->account != NULL ? queue->account->priority : 0, account->priority);
}

__cold void starve_look(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	queue->look_at = NS(arch_time_now().v + LOOK_NS);
	list_for_each (&queue->accounts, node)
		look_at(queue, sched_account(node));
	for (u32 i = 0; i < PRIORITIES; i++) {
		struct list_node *first = queue->first[i], *node = first;

		while (node != NULL) {
			look_at(queue, sched_account(node));
			node = node->next != first ? node->next : NULL;
		}
	}
}

static __cold void look(struct timer_event *event)
{
	struct sched_queue *queue = container_of(event, struct sched_queue, watch);

	spin_lock(&queue->lock);
	queue->watched = false;
	starve_look(queue);
	if (num_ready(queue) != 0)
		starve_watch(queue);
	spin_unlock(&queue->lock);
}

__boot void starve_init(struct sched_queue *queue)
{
	timer_init(&queue->watch, look);
}

__cold void starve_watch(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	queue->watched = true;
	timer_arm(&queue->watch, NS(arch_time_now().v + LOOK_NS));
}
