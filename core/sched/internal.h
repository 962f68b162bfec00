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
	_Atomic u32 ready;    /* threads in it */
	struct cpu *cpu;
	const struct sched_strategy *strategy;
	bool idling;         /* the CPU sleeps, on its idle thread's stack or another's */
	ns_t since;          /* idling: since when */
	u64 idle_ns;         /* without that */
	u64 switches;        /* from one thread to another */
	struct thread *left; /* switched away from; its stack is given free after the switch */
	ns_t review_at;      /* what `review` is armed for */
	struct timer_event review;
	struct thread idle;
	/* The strategies': */
	struct list threads; /* in order of arrival */
	const struct sched_table *table;
	struct sched_place place;
	u32 summary;                         /* which words of `levels` are not 0 */
	u64 levels[PRIORITIES / 64];         /* which priorities have a thread */
	struct list_node *first[PRIORITIES]; /* of each: a ring without a head */
};

static inline struct thread *sched_thread(struct list_node *node)
{
	return container_of(node, struct thread, link);
}

/** sched_slice_end() - when @thread, which runs, has used up its slice. */
static inline ns_t sched_slice_end(const struct thread *thread)
{
	return NS(thread->since.v + thread->slice_left.v);
}

#endif
