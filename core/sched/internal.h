/* SPDX-License-Identifier: Apache-2.0 */
/* The ready queue of a CPU, as the files of this room see it. */
#ifndef CORE_SCHED_INTERNAL_H
#define CORE_SCHED_INTERNAL_H

#include <mullion/sched.h>
#include <mullion/spinlock.h>

#define PRIORITIES (PRIORITY_MAX + 1)

/* The position of a CPU in its cyclic table. */
struct sched_place {
	ns_t end;   /* of the window, or of the gap between two */
	u32 window; /* the partition that owns the time; 0: none */
};

struct sched_queue {
	struct spinlock lock; /* RANK_SCHED; guards all of it but `ready`, which others may read */
	_Atomic u32 ready;    /* READY threads */
	struct cpu *cpu;
	const struct sched_strategy *strategy;
	bool idling;             /* the CPU idles, on its idle thread's stack or another's */
	ns_t since;              /* idling: since when */
	u64 idle_ns;             /* without that */
	struct account *account; /* it runs; NULL: the CPU idles, or switches */
	u64 switches;            /* from one thread to another */
	struct thread *left;     /* switched away from; its stack is released after the switch */
	struct thread *_Atomic alone; /* the vCPU in whose WFI the CPU idles; others may read it */
	ns_t review_at;               /* the time for which `review` is armed */
	struct timer_event review;
	ns_t look_at;             /* the next check for starvation (starve.c) */
	struct timer_event watch; /* for that, while an account waits and no review is armed */
	bool watched;
	struct thread idle;
	/* The strategies': */
	struct list accounts; /* in order of arrival */
	const struct sched_table *table;
	struct sched_place place;
	u32 summary;                         /* the words of `levels` that are not 0 */
	u64 levels[PRIORITIES / 64];         /* the priorities that have an account */
	struct list_node *first[PRIORITIES]; /* of each: a ring without a head */
};

/** sched_account() - the account of a node in the queue. */
static inline struct account *sched_account(struct list_node *node)
{
	return container_of(node, struct account, link);
}

/** sched_owner() - the thread for which @account was made. */
static inline struct thread *sched_owner(struct account *account)
{
	return container_of(account, struct thread, home);
}

/** sched_slice_end() - the time at which @account, which runs, has used its slice. */
static inline ns_t sched_slice_end(const struct account *account)
{
	return NS(account->since.v + account->slice_left.v);
}

/* core/sched/sched.c; under the queue's lock. */

/** sched_set_review() - arm the review of @queue's CPU, on which @current runs (NULL: idle), if
 * none is armed for an earlier time. Returns false if that is another CPU, which must do it. */
bool sched_set_review(struct sched_queue *queue, const struct account *current)
	REQUIRES(&queue->lock);
/** sched_charge() - charge the running account of @queue's CPU until now. Returns that time. */
ns_t sched_charge(struct sched_queue *queue) REQUIRES(&queue->lock);

/* core/sched/wake.c; under the queue's lock, but for the first and the last. */

/** sched_lock_queue_of() - acquire the lock of the queue of @thread's CPU. Returns the queue. */
struct sched_queue *sched_lock_queue_of(const struct thread *thread);
/** sched_make_ready() - add @thread, whose state is READY, to its account, one of @queue's CPU.
 * That CPU reschedules if it has to. */
void sched_make_ready(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock);
/** ready_remove() - the opposite of sched_make_ready(), for a thread on its account's list. */
void ready_remove(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock);
/** sched_force() - the CPU of @queue reschedules. */
void sched_force(struct sched_queue *queue) REQUIRES(&queue->lock);
/** sched_replenish() - the budget of @account is replenished. Interrupt context, no locks. */
void sched_replenish(struct account *account);

/** sched_list_add(), sched_list_remove() - core/sched/round_robin.c: a strategy's add() and
 * remove(), with `accounts` in order of arrival. */
void sched_list_add(struct sched_queue *queue, struct account *account, bool front);
void sched_list_remove(struct sched_queue *queue, struct account *account);

/* core/sched/starve.c. */

#define STARVED_S 3u /* seconds until the warning */
/** starve_init() - for a queue that is being made. */
void starve_init(struct sched_queue *queue);
/** starve_watch() - arm the check: an account waits, and no review will check. */
void starve_watch(struct sched_queue *queue) REQUIRES(&queue->lock);
/** starve_check() - a second has passed. */
void starve_check(struct sched_queue *queue) REQUIRES(&queue->lock);

/* core/sched/budget.c; under the lock of the account's CPU. */

/** budget_use() - use @ns nanoseconds from @since on. */
void budget_use(struct budget *budget, ns_t since, u64 ns);
/** budget_left() - nanoseconds that may be used from @now on. */
u64 budget_left(struct budget *budget, ns_t now);
/** budget_admits() - returns true if there are any. If not, sched_replenish() is called when there
 * are. */
bool budget_admits(struct budget *budget);

/* core/sched/donate.c. */

/** sched_share() - @thread has run for @ran nanoseconds on @account, whose owner is READY, or whose
 * donated threads are ahead. Settles the order of both. The caller holds the lock of the account's
 * queue. */
void sched_share(struct account *account, const struct thread *thread, u64 ran);
/** sched_share_end() - the time at which @account, which runs, changes between its donated threads
 * and its owner; NS_NEVER if only one of them is READY. */
ns_t sched_share_end(const struct sched_queue *queue, const struct account *account)
	REQUIRES(&queue->lock);
/** sched_help_ends() - the help of @self, which runs and is READY by its state. It continues on the
 * account of its work. */
void sched_help_ends(struct sched_queue *queue, struct thread *self) REQUIRES(&queue->lock);
/** sched_take_wanted() - @account is first, with no READY thread: help the thread that has work for
 * it. Returns true if that is READY on it now. */
bool sched_take_wanted(struct sched_queue *queue, struct account *account) REQUIRES(&queue->lock);
/** sched_move_on() - @thread, STACK_MOVES, has left its stack: move it to its account's CPU. No
 * locks. */
void sched_move_on(struct thread *thread);

#endif
