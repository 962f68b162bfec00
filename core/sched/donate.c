/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Donation: a component runs on the account of the vCPU that caused its work. docs/scheduling.md
 * has the rules.
 *
 * A thread changes its account while it is PAUSED (a wake names the account) or READY (it is
 * helped). It moves to its account's CPU at once if its stack is free. Otherwise the next thread on
 * its old CPU moves it (STACK_MOVES). Until then it is on no account's list, and only
 * sched_evict() changes it.
 */
#include "core/sched/ready.h"

#include <arch/cpu.h>
#include <mullion/log.h>

void ready_remove(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock)
{
	struct account *account = thread->account;

	if (account == &thread->home) {
		account->owner_ready = 0;
	} else {
		account->num_donated--;
		list_remove(&thread->link);
	}
	ready_count_add(queue, UINT32_MAX);
	if (!keeps_place(account) && list_has(&account->link))
		queue->strategy->remove(queue, account);
}

u32 sched_cpu_of(struct account *account)
{
	return atomic_load_explicit(&sched_owner(account)->cpu, memory_order_relaxed);
}

static bool leaves_later(struct thread *thread)
{
	u32 used = STACK_USED;

	return atomic_compare_exchange_strong(&thread->on_cpu, &used, STACK_MOVES) ||
	       used == STACK_MOVES;
}

/* Adds @thread, READY and on no list, to its account. @queue is that of its CPU. */
static void place(struct sched_queue *queue, struct thread *thread) RELEASES(&queue->lock)
{
	u32 to = sched_cpu_of(thread->account);

	if (to != queue->cpu->id) {
		if (leaves_later(thread)) {
			if (queue->idling)
				arch_cpu_kick(queue->cpu->id);
			spin_unlock(&queue->lock);
			return;
		}
		atomic_store_explicit(&thread->on_cpu, STACK_MOVES, memory_order_relaxed);
		atomic_store_explicit(&thread->cpu, to, memory_order_relaxed);
		spin_unlock(&queue->lock);
		queue = sched_lock_queue_of(thread);
		spin_is_held(&queue->lock);
		atomic_store_explicit(&thread->on_cpu, STACK_FREE, memory_order_relaxed);
	}
	sched_make_ready(queue, thread);
	spin_unlock(&queue->lock);
}

__cold void sched_move_on(struct thread *thread)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);

	spin_is_held(&queue->lock);
	place(queue, thread);
}

/* Returns true if the budget of @account is used. */
static bool is_spent(const struct account *account)
{
	return account->budget != NULL && timer_is_armed(&account->budget->timer);
}

/* Returns true if @account, which runs, has used its slice or budget. */
static bool is_over(const struct account *account)
{
	return account->slice_left.v == 0 ||
	       (account->budget != NULL && budget_left(account->budget, account->since) == 0);
}

/* Returns true if @account has a higher claim than @than, on which its server is READY. The
 * running account of this CPU has. */
static bool claims_more(const struct sched_queue *queue, struct account *account,
			const struct account *than) REQUIRES(&queue->lock)
{
	if (account == this_cpu()->queue->account || is_spent(than))
		return true;
	if (sched_cpu_of(account) != queue->cpu->id)
		return account->priority > than->priority;
	return queue->strategy->preempts(queue, account, than);
}

/* @thread continues its work for another account on @account, for a while. The caller holds the
 * lock of its queue. */
static void set_helped(struct thread *thread, struct account *account)
{
	struct thread *none = NULL;

	/* The account that it leaves keeps its place. Its own account does not: that moves to
	 * another CPU with it, and must not stay in the queue of this one. */
	if (thread->account != &thread->home)
		(void)atomic_compare_exchange_strong(&thread->account->wants, &none, thread);
	if (thread->work_of == NULL)
		thread->work_of = thread->account;
	else if (thread->work_of == account)
		thread->work_of = NULL;
	thread->account = account;
	thread->help_left = NS(SCHED_HELP_NS);
	thread->helps++;
}

/* Moves READY @thread from its account's list to @account, which helps it. */
static void take_to(struct sched_queue *queue, struct thread *thread, struct account *account)
	REQUIRES(&queue->lock)
{
	struct account *from = thread->account;

	set_helped(thread, account);
	/* Until it is removed: the list is its old account's. */
	thread->account = from;
	ready_remove(queue, thread);
	thread->account = account;
}

/* Donated threads may wake each other, or be woken by a timer, without end. The owner could stop
 * that, so it gets a part of the time. Its time counts more than theirs: work that takes little
 * more time than the owner's own code is never delayed. */
void sched_share(struct account *account, const struct thread *thread, u64 ran)
{
	if (thread == sched_owner(account)) {
		account->ahead_ns -= MIN(ran * SCHED_OWNER_COUNTS, account->ahead_ns);
		account->owner_first = account->owner_first && account->ahead_ns != 0;
	} else if (account->owner_ready) {
		account->ahead_ns = MIN(account->ahead_ns + ran, 2 * SCHED_AHEAD_NS);
		account->owner_first = account->owner_first || account->ahead_ns >= SCHED_AHEAD_NS;
	}
}

ns_t sched_share_end(const struct sched_queue *queue, const struct account *account)
	REQUIRES(&queue->lock)
{
	u64 left = 0;

	if (account == &queue->cpu->thread->home) {
		if (account->num_donated == 0 || !account->owner_first)
			return NS_NEVER;
		left = account->ahead_ns / SCHED_OWNER_COUNTS + 1;
	} else if (!account->owner_ready) {
		return NS_NEVER;
	} else if (!account->owner_first) {
		left = SCHED_AHEAD_NS - account->ahead_ns;
	}
	return NS(account->since.v + left);
}

__cold bool sched_take_wanted(struct sched_queue *queue, struct account *account)
	REQUIRES(&queue->lock)
{
	struct thread *thread = atomic_exchange(&account->wants, NULL);

	if (thread == NULL ||
	    atomic_load_explicit(&thread->cpu, memory_order_relaxed) != queue->cpu->id ||
	    thread_state(thread) != VCPU_READY || !is_listed(thread))
		return false;
	take_to(queue, thread, account);
	ready_mark(queue, thread, false);
	return true;
}

bool sched_wake_on(struct thread *thread, struct account *account)
{
	struct sched_queue *queue;

	if (account == &thread->home && thread->account == account)
		return sched_wake(thread);
	/* The caller's change comes before the check of the state. */
	atomic_thread_fence(memory_order_seq_cst);
	queue = sched_lock_queue_of(thread);
	spin_is_held(&queue->lock);
	if (may_move_to(thread, account) && thread_move(thread, VCPU_PAUSED, VCPU_READY)) {
		thread->account = account;
		place(queue, thread);
		return true;
	}
	if (thread_state(thread) == VCPU_READY && is_listed(thread) && thread->account != account &&
	    claims_more(queue, account, thread->account)) {
		take_to(queue, thread, account);
		place(queue, thread);
		return false;
	}
	if (account != &thread->home && thread->account != account &&
	    thread_state(thread) != VCPU_PAUSED)
		atomic_store(&account->wants, thread);
	spin_unlock(&queue->lock);
	return false;
}

/* Adds the running thread, READY by its state, to its account. */
static void put_self(struct sched_queue *queue, struct thread *self) REQUIRES(&queue->lock)
{
	if (sched_cpu_of(self->account) == queue->cpu->id)
		sched_make_ready(queue, self);
	else
		atomic_store(&self->on_cpu, STACK_MOVES);
}

__cold void sched_help_ends(struct sched_queue *queue, struct thread *self) REQUIRES(&queue->lock)
{
	self->account = self->work_of;
	self->help_ends++;
	put_self(queue, self);
	self->work_of = NULL;
}

bool sched_join(struct account *account)
{
	struct sched_queue *queue = this_cpu()->queue;
	struct thread *self = this_cpu()->thread;
	struct thread *wanted = self;
	bool moves = false;

	spin_lock(&queue->lock);
	if (self->account != account) {
		moves = thread_move(self, VCPU_RUNNING, VCPU_READY);
		ASSERT(moves);
		self->account = account;
		put_self(queue, self);
	}
	self->work_of = NULL;
	(void)atomic_compare_exchange_strong(&account->wants, &wanted, NULL);
	spin_unlock(&queue->lock);
	return moves;
}

void sched_offer(struct account *account)
{
	struct sched_queue *queue = this_cpu()->queue;
	struct thread *self = this_cpu()->thread;

	spin_lock(&queue->lock);
	(void)sched_charge(queue);
	if (account != self->account && thread_state(self) == VCPU_RUNNING &&
	    (claims_more(queue, account, self->account) ||
	     (is_over(queue->account) && account->priority >= self->account->priority))) {
		(void)thread_move(self, VCPU_RUNNING, VCPU_READY);
		set_helped(self, account);
		put_self(queue, self);
	}
	spin_unlock(&queue->lock);
}

/* Returns @thread, which is on @account or in the middle of its work, to its own account. */
static void send_home(struct sched_queue *queue, struct thread *thread,
		      const struct account *account) REQUIRES(&queue->lock)
{
	bool listed = thread_state(thread) == VCPU_READY && is_listed(thread);

	if (thread->work_of == account)
		thread->work_of = thread->account == &thread->home ? NULL : &thread->home;
	if (thread->account != account)
		return;
	if (thread == queue->cpu->thread && queue->account == account) {
		(void)sched_charge(queue);
		thread->home.since = account->since;
		thread->home.slice_left = thread->home.slice;
		queue->account = &thread->home;
		sched_force(queue);
	}
	if (listed)
		ready_remove(queue, thread);
	thread->account = &thread->home;
	if (thread->work_of == &thread->home)
		thread->work_of = NULL;
	if (listed)
		sched_make_ready(queue, thread);
}

__cold void sched_evict(struct thread *thread, const struct account *account)
{
	struct sched_queue *queue = sched_lock_queue_of(thread);

	spin_is_held(&queue->lock);
	send_home(queue, thread, account);
	spin_unlock(&queue->lock);
}

__cold void sched_settle(void)
{
	for (u32 id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_get(id);
		const volatile bool *idling = &cpu->queue->idling;

		if (cpu == this_cpu())
			continue;
		atomic_store(&cpu->resched, true);
		arch_cpu_kick(id);
		/* Another CPU may wait in the same loop for this one. */
		while (atomic_load(&cpu->resched) && !*idling) {
			if (sched_needed() && sched_context() == CONTEXT_ORPHAN)
				sched();
			arch_cpu_relax();
		}
	}
	atomic_thread_fence(memory_order_seq_cst);
}

__cold void sched_retire(struct account *account)
{
	struct sched_queue *queue;

	if (account->budget != NULL)
		(void)timer_stop(&account->budget->timer);
	queue = sched_lock_queue_of(sched_owner(account));
	spin_is_held(&queue->lock);
	/* A kept place. */
	if (list_has(&account->link))
		queue->strategy->remove(queue, account);
	spin_unlock(&queue->lock);
}

struct account *sched_charged(void)
{
	const struct sched_queue *queue = this_cpu()->queue;
	struct account *account = queue != NULL ? queue->account : NULL;

	return account != NULL && sched_owner(account)->kind == THREAD_VCPU ? account : NULL;
}
