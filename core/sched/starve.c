/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about starvation: a vCPU that has been READY for seconds without running, and the thread
 * that runs instead. While an account waits, the CPU's queue is checked each second. A vCPU of high
 * priority without a budget is a fault of the description, and a silent guest is its only sign.
 */
#include "core/sched/ready.h"

#include <arch/time.h>
#include <mullion/log.h>

#define CHECK_NS UINT64_C(1000000000)

static __cold void check_account(struct sched_queue *queue, struct account *account)
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

__cold void starve_check(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	queue->look_at = NS(arch_time_now().v + CHECK_NS);
	list_for_each (&queue->accounts, node)
		check_account(queue, sched_account(node));
	for (u32 i = 0; i < PRIORITIES; i++) {
		struct list_node *first = queue->first[i], *node = first;

		while (node != NULL) {
			check_account(queue, sched_account(node));
			node = node->next != first ? node->next : NULL;
		}
	}
}

static __cold void starve_timer(struct timer_event *event)
{
	struct sched_queue *queue = container_of(event, struct sched_queue, watch);

	spin_lock(&queue->lock);
	queue->watched = false;
	starve_check(queue);
	if (ready_count(queue) != 0)
		starve_watch(queue);
	spin_unlock(&queue->lock);
}

__boot void starve_init(struct sched_queue *queue)
{
	timer_init(&queue->watch, starve_timer);
}

__cold void starve_watch(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	queue->watched = true;
	timer_arm(&queue->watch, NS(arch_time_now().v + CHECK_NS));
}
