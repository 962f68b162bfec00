/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranked spinlocks. A CPU takes locks in rising rank only; debug builds check it at every take.
 * Fair (ticket). Host interrupts are masked whenever the core runs, so there is no irqsave form.
 */
#ifndef MULLION_SPINLOCK_H
#define MULLION_SPINLOCK_H

#include <mullion/capability.h>
#include <mullion/types.h>
#include <stdatomic.h>

enum lock_rank {
	RANK_MANAGE = 1, /* the tables of guests and components */
	RANK_GUEST,      /* struct guest */
	RANK_COMPONENT,  /* struct component */
	RANK_VIRQ,       /* a guest's virtual interrupt controller */
	RANK_IRQ,        /* host interrupt routing */
	RANK_WORK,       /* the scrubber's request; the list of threads */
	RANK_WAIT,       /* a waitqueue: threads are woken under it */
	RANK_SCHED,      /* a CPU's ready queue */
	RANK_TIMER,      /* a CPU's timer events */
	RANK_MEMORY,     /* ram_*, page_* */
	RANK_MMU,        /* core's own page tables */
	RANK_IRQCHIP,    /* registers of an interrupt controller that go in pairs */
	RANK_LOG,        /* last: anything may log */
};

struct LOCKABLE spinlock {
	_Atomic u32 ticket;
	_Atomic u32 serving;
	u8 rank;
};

#define SPINLOCK_INIT(r)                               \
	{                                              \
		.ticket = 0, .serving = 0, .rank = (r) \
	}

/** spin_init() - make @lock free, of @rank. No other CPU knows it. */
void spin_init(struct spinlock *lock, enum lock_rank rank);
/** spin_lock() - wait for @lock and acquire it. Any context; the CPU holds locks of lower rank
 * only.
 */
void spin_lock(struct spinlock *lock) ACQUIRES(lock);
/** spin_unlock() - release @lock. The CPU that acquired it. */
void spin_unlock(struct spinlock *lock) RELEASES(lock);

/** spin_is_held() - state for the analysis that the caller holds @lock, where it was acquired by a
 * function that returns the lock's owner. No code. */
static inline void spin_is_held(const struct spinlock *lock) ASSUMES(lock)
{
	(void)lock;
}

#endif
