/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account that a component works on. Each bit of its notification word has a payer. A wait
 * returns the bits of one payer alone, so the work between two waits belongs to one account
 * (docs/scheduling.md).
 */
#include "core/component/internal.h"

#include <mullion/sched.h>

static struct account *payer_of(const struct component *component, u64 bits)
{
	return atomic_load_explicit(&component->payers[__builtin_ctzll(bits)],
				    memory_order_relaxed);
}

struct account *payer_account(struct component *component, struct account *payer)
{
	if (payer == NULL || (component->thread.affinity & BIT(sched_cpu_of(payer))) == 0 ||
	    atomic_load_explicit(&payer->closed, memory_order_relaxed))
		return &component->thread.home;
	return payer;
}

/* Does @account claim more than @best? Of equals @than does. */
static bool is_better(const struct account *account, const struct account *best,
		      const struct account *than)
{
	if (account->priority == best->priority)
		return account == than;
	return account->priority > best->priority;
}

/* Of the set bits, one whose account claims most; @than, if it claims no less than others. Equals
 * in turn. A reset precedes the rest: the guest of a component that did not run has not waited for
 * it. Its exits are for the devices after the reset. */
static struct account *best_of(struct component *component, u64 bits, struct account *than)
	REQUIRES(&component->lock)
{
	u32 turn = component->last_bit + 1;
	u64 rest = (bits >> turn % 64) | (turn % 64 != 0 ? bits << (64 - turn % 64) : 0);
	struct account *best = NULL;

	if ((bits & NOTIFY_RESET) != 0)
		return payer_account(component, payer_of(component, NOTIFY_RESET));
	for (; rest != 0; rest &= rest - 1) {
		u32 bit = (u32)(turn + (u32)__builtin_ctzll(rest)) % 64;
		struct account *account = payer_account(component, payer_of(component, BIT(bit)));

		if (best == NULL || is_better(account, best, than)) {
			best = account;
			component->last_bit = bit;
		}
	}
	return best;
}

static __attribute__((noinline)) u64 choose_other(struct component *component, u64 bits,
						  struct thread **next)
{
	struct account *now, *best;
	u64 its = 0;
	bool moves;

	spin_lock(&component->lock);
	now = component->thread.account; /* the lock keeps it from being evicted */
	/* Of equals the one whose turn it is; payer_offer() sees to it when that is over. */
	best = best_of(component, bits, now);
	/* The work that was helped is done: the help ends. */
	if (best == NULL)
		best = now;
	for (u64 rest = bits; rest != 0; rest &= rest - 1)
		if (payer_account(component, payer_of(component, rest)) == best)
			its |= rest & -rest;
	/* The program serves the end of the old run first. */
	if ((its & NOTIFY_RESET) != 0)
		its |= bits & NOTIFY_GONE;
	/* Under the lock: the account must not go before it is known to run on it. */
	moves = sched_join(best);
	spin_unlock(&component->lock);
	if (!moves)
		return its;
	if (*next != NULL)
		(void)sched_wake(*next);
	*next = NULL;
	sched();
	return 0;
}

u64 payer_choose(struct component *component, struct thread **next)
{
	u64 bits = atomic_load(&component->word);
	struct thread *self = &component->thread;
	struct account *payer = self->account == &self->home ? NULL : self->account;

	if (__builtin_expect(self->work_of != NULL, 0))
		return choose_other(component, bits, next);
	for (u64 rest = bits; rest != 0; rest &= rest - 1)
		if (payer_of(component, rest) != payer)
			return choose_other(component, bits, next);
	return bits;
}

void payer_offer(struct component *component)
{
	u64 bits = atomic_load(&component->word);
	struct account *best = NULL;

	if (bits == 0)
		return;
	spin_lock(&component->lock);
	best = best_of(component, bits, NULL);
	sched_offer(best);
	spin_unlock(&component->lock);
}

void payer_pull(struct component *component)
{
	u64 bits;

	spin_lock(&component->lock);
	bits = atomic_load(&component->word);
	if (bits != 0)
		(void)sched_wake_on(&component->thread, best_of(component, bits, NULL));
	spin_unlock(&component->lock);
}

void payer_home(struct component *component)
{
	if (sched_join(&component->thread.home))
		sched();
}

__cold void component_forget_payer(struct account *account)
{
	for (u32 i = 0; i < component_count; i++) {
		struct component *component = components[i];

		spin_lock(&component->lock);
		for (u32 bit = 0; bit < ARRAY_SIZE(component->payers); bit++)
			if (atomic_load(&component->payers[bit]) == account)
				atomic_store(&component->payers[bit], NULL);
		if (atomic_load(&component->timer_payer) == account)
			atomic_store(&component->timer_payer, NULL);
		sched_evict(&component->thread, account);
		spin_unlock(&component->lock);
	}
}
