/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks: fair, so that no guest's CPU can starve another's, and a page of text. With
 * CONFIG_LOCK_RANKS each take is checked against the ranks that this CPU holds already.
 */
#include <mullion/spinlock.h>

#include <mullion/cpu.h>
#include <mullion/log.h>

#ifdef CONFIG_LOCK_RANKS
static void rank_take(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (cpu == NULL)
		return;
	/* Not ASSERT for the log's own lock: panic() would take it again; its rank is the last. */
	if (cpu->lock_ranks >= BIT(lock->rank) && lock->rank != RANK_LOG)
		panic("lock of rank %u taken while 0x%x are held", lock->rank, cpu->lock_ranks);
	cpu->lock_ranks |= (u32)BIT(lock->rank);
}

static void rank_drop(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (cpu != NULL)
		cpu->lock_ranks &= ~(u32)BIT(lock->rank);
}
#else
static inline void rank_take(struct spinlock *lock)
{
	(void)lock;
}

static inline void rank_drop(struct spinlock *lock)
{
	(void)lock;
}
#endif

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	atomic_init(&lock->ticket, 0);
	atomic_init(&lock->serving, 0);
	lock->rank = (u8)rank;
}

void spin_lock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	u32 mine;

	rank_take(lock);
	mine = atomic_fetch_add_explicit(&lock->ticket, 1, memory_order_relaxed);
	while (atomic_load_explicit(&lock->serving, memory_order_acquire) != mine)
		arch_cpu_relax();
}

void spin_unlock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	u32 next = atomic_load_explicit(&lock->serving, memory_order_relaxed) + 1;

	/* Last: the next owner of the lock may free the memory that it lies in. */
	rank_drop(lock);
	atomic_store_explicit(&lock->serving, next, memory_order_release);
}
