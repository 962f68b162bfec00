/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU's ready queue, as the scheduler and its strategies see it. */
#ifndef CORE_SCHED_INTERNAL_H
#define CORE_SCHED_INTERNAL_H

#include <mullion/sched.h>
#include <mullion/spinlock.h>

#define PRIORITIES (PRIORITY_MAX + 1)

/* Where a CPU is in its cyclic table. */
struct sched_place {
	ns_t end;   /* of the window, or of the gap between two */
	u32 window; /* the partition whose time it is; 0: nobody's */
};

struct sched_queue {
	struct spinlock lock; /* RANK_SCHED; guards all of it but `ready`, which others may read */
	_Atomic u32 ready;    /* READY threads */
	struct cpu *cpu;
	const struct sched_strategy *strategy;
	bool idling;             /* the CPU sleeps, on its idle thread's stack or another's */
	ns_t since;              /* idling: since when */
	u64 idle_ns;             /* without that */
	struct account *account; /* what runs; NULL: the CPU sleeps, or is given away */
	u64 switches;            /* from one thread to another */
	struct thread *left;     /* switched away from; its stack is given free after the switch */
	ns_t review_at;          /* what `review` is armed for */
	struct timer_event review;
	ns_t look_at;             /* the next look for what starves (starve.c) */
	struct timer_event watch; /* for that, while something waits and no review is armed */
	bool watched;
	struct thread idle;
	/* The strategies': */
	struct list accounts; /* in order of arrival */
	const struct sched_table *table;
	struct sched_place place;
	u32 summary;                         /* which words of `levels` are not 0 */
	u64 levels[PRIORITIES / 64];         /* which priorities have an account */
	struct list_node *first[PRIORITIES]; /* of each: a ring without a head */
};

static inline struct account *sched_account(struct list_node *node)
{
	return container_of(node, struct account, link);
}

/** sched_owner() - the thread whose own account that is. */
static inline struct thread *sched_owner(struct account *account)
{
	return container_of(account, struct thread, home);
}

/** sched_slice_end() - when @account, which runs, has used up its slice. */
static inline ns_t sched_slice_end(const struct account *account)
{
	return NS(account->since.v + account->slice_left.v);
}

/* What sched.c has for donate.c and query.c. All but the first under the lock of the thread's
 * queue.
 */

/** sched_lock_queue_of() - lock the queue of @thread's CPU. */
struct sched_queue *sched_lock_queue_of(const struct thread *thread);
/** sched_make_ready() - @thread, whose state is READY, is put on its account, which is one of
 * @queue's; its CPU looks, if it has to. */
void sched_make_ready(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock);
/** sched_take_out() - the opposite of a READY thread that is on its account. */
void sched_take_out(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock);
/** sched_announce() - READY @thread has become more urgent: does its CPU have to look? */
void sched_announce(struct sched_queue *queue, const struct thread *thread) REQUIRES(&queue->lock);
/** sched_charge() - book what the thread that runs in @queue's CPU has run so far. */
void sched_charge(struct sched_queue *queue) REQUIRES(&queue->lock);

/** sched_replenish() - @account's budget has come back. Interrupt context, no locks. */
void sched_replenish(struct account *account);

/* core/sched/starve.c. */

#define STARVED_S 3u /* it is said after so many seconds */
/** starve_init() - of a queue that is being made. */
void starve_init(struct sched_queue *queue);
/** starve_watch() - something READY has to wait, and no review will look. */
void starve_watch(struct sched_queue *queue) REQUIRES(&queue->lock);
/** starve_look() - a second has passed. */
void starve_look(struct sched_queue *queue) REQUIRES(&queue->lock);

/* core/sched/budget.c; under the lock of the account's CPU. */

/** budget_use() - a stretch of @ns that began at @since. */
void budget_use(struct budget *budget, ns_t since, u64 ns);
/** budget_left() - nanoseconds that may be used from @now on. */
u64 budget_left(struct budget *budget, ns_t now);
/** budget_admits() - is there any? If not, sched_replenish() is called when there is. */
bool budget_admits(struct budget *budget);

/* What donate.c has for sched.c. */

/** sched_take_turns() - @thread has run for @ran nanoseconds on @account, whose owner is READY,
 * or whose donated threads are ahead: settle which goes first from now on. The caller holds the
 * lock of the account's queue. */
void sched_take_turns(struct account *account, const struct thread *thread, u64 ran);
/** sched_turn_end() - when @account, which runs, has to be looked at because the turn of its
 * donated threads, or of its owner, ends and the other is READY; NS_NEVER. */
ns_t sched_turn_end(const struct sched_queue *queue, const struct account *account)
	REQUIRES(&queue->lock);

/** sched_help_ends() - of @self, running, and READY by its state: back to the account whose work it
 * is in the middle of. */
void sched_help_ends(struct sched_queue *queue, struct thread *self) REQUIRES(&queue->lock);
/** sched_take_wanted() - @account's turn has come, with nothing READY on it: help the thread that
 * has work for it. Return: that is READY on it now. */
bool sched_take_wanted(struct sched_queue *queue, struct account *account) REQUIRES(&queue->lock);
/** sched_move_on() - @thread, STACK_MOVES, has left its stack: to its account's CPU. No locks. */
void sched_move_on(struct thread *thread);

#endif
