/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: an account without budget leaves the queue until its replenishment. An account is a
 * sporadic server with a bounded number of replenishments, as in seL4's MCS scheduler. Reference:
 * Stanovich et al., "Defects of the POSIX sporadic server and how to correct them". The time that a
 * run used is replenished one period after the run began. Without room for another replenishment it
 * is added to the last one. That is later, so no span of a period has more.
 */
#include "core/sched/internal.h"

#include <arch/time.h>

static void drop_first(struct budget *budget)
{
	budget->num--;
	for (u32 i = 0; i < budget->num; i++)
		budget->refills[i] = budget->refills[i + 1];
}

/* All replenishments until @now become one. */
static void merge(struct budget *budget, ns_t now)
{
	while (budget->num > 1 && budget->refills[1].at.v <= now.v) {
		budget->refills[1].ns += budget->refills[0].ns;
		drop_first(budget);
	}
}

static void add_refill(struct budget *budget, ns_t at, u64 ns)
{
	struct refill *last = &budget->refills[budget->num != 0 ? budget->num - 1 : 0];

	if (budget->num == 0 || (budget->num < BUDGET_REFILLS && last->at.v < at.v)) {
		budget->refills[budget->num++] = (struct refill){ at, ns };
		return;
	}
	last->at.v = MAX(last->at.v, at.v);
	last->ns += ns;
}

void budget_use(struct budget *budget, ns_t since, u64 ns)
{
	u64 used = 0;

	merge(budget, since);
	/* An interrupt's lateness is paid for by the next. */
	while (ns != 0 && budget->num != 0) {
		u64 n = MIN(ns, budget->refills[0].ns);

		used += n;
		ns -= n;
		budget->refills[0].ns -= n;
		if (budget->refills[0].ns == 0)
			drop_first(budget);
	}
	if (used != 0)
		add_refill(budget, NS(since.v + budget->period_ns), used);
}

u64 budget_left(struct budget *budget, ns_t now)
{
	merge(budget, now);
	return budget->refills[0].at.v <= now.v ? budget->refills[0].ns : 0;
}

static void come_back(struct timer_event *event)
{
	struct budget *budget = container_of(event, struct budget, timer);

	sched_replenish(budget->account);
}

bool budget_admits(struct budget *budget)
{
	if (budget_left(budget, arch_time_now()) != 0)
		return true;
	if (!timer_is_armed(&budget->timer)) {
		budget->exhausted++;
		timer_arm(&budget->timer, budget->refills[0].at);
	}
	return false;
}

void account_limit(struct thread *thread, struct budget *budget, ns_t amount, ns_t period)
{
	budget->amount_ns = amount.v;
	budget->period_ns = period.v;
	budget->refills[0] = (struct refill){ NS(0), amount.v };
	budget->num = 1;
	budget->account = &thread->home;
	timer_init(&budget->timer, come_back);
	thread->home.budget = budget;
}
