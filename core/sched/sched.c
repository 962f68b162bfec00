/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: who runs on a CPU, and the switch from one to the next.
 *
 * The queue's lock is taken once for each operation and let go before the switch itself. That is
 * safe because a thread whose stack is in use (`on_cpu`) is never moved to another CPU; whoever is
 * switched to gives the stack of the one before free.
 *
 * Queues order accounts. An account is in its CPU's queue when it has a READY thread and does not
 * run; of its threads the donated ones go first, within a bound (sched_take_turns()). donate.c
 * moves threads from account to account.
 */
#include "core/sched/ready.h"

#include "core/sched/state.h"
#include <arch/cpu.h>
#include <mullion/format.h>
#include <mullion/log.h>
#include <mullion/mem.h>

_Static_assert(sizeof(struct sched_queue) <= PAGE_SIZE, "a queue is a page");

#ifdef CONFIG_SCHED_PRIORITY
#define DEFAULT_STRATEGY sched_priority
#else
#define DEFAULT_STRATEGY sched_round_robin
#endif

/* The review's time: an interrupt of the queue's own CPU. */
static void review_now(struct timer_event *event)
{
	struct sched_queue *queue = container_of(event, struct sched_queue, review);

	spin_lock(&queue->lock);
	if (queue->review_at.v >= queue->look_at.v)
		starve_look(queue);
	queue->review_at = NS_NEVER;
	atomic_store_explicit(&queue->cpu->resched, true, memory_order_relaxed);
	spin_unlock(&queue->lock);
}

void account_init(struct account *account, u8 priority, ns_t slice)
{
	list_init(&account->donated);
	account->base_priority = account->priority = priority;
	account->slice = account->slice_left = slice.v != 0 ? slice : SLICE_DEFAULT;
}

__boot enum err sched_init(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		struct cpu *cpu = cpu_get(i);
		struct sched_queue *queue = page_alloc(1);

		if (queue == NULL)
			return ERR_NO_MEMORY;
		spin_init(&queue->lock, RANK_SCHED);
		list_init(&queue->accounts);
		timer_init(&queue->review, review_now);
		starve_init(queue);
		queue->review_at = NS_NEVER;
		queue->cpu = cpu;
		queue->strategy = &DEFAULT_STRATEGY;
		queue->idling = true;
		queue->since = arch_time_now();
		account_init(&queue->idle.home, 0, NS(0));
		queue->idle.account = &queue->idle.home;
		queue->idle.kind = THREAD_IDLE;
		queue->idle.cpu = i;
		queue->idle.affinity = BIT(i);
		(void)format(queue->idle.name, sizeof(queue->idle.name), "idle%u", i);
		atomic_store(&queue->idle.state, VCPU_RUNNING);
		cpu->queue = queue;
	}
	return OK;
}

__boot void sched_choose(u32 cpu, const struct sched_strategy *strategy,
			 const struct sched_table *table)
{
	struct sched_queue *queue = cpu_get(cpu)->queue;

	spin_lock(&queue->lock);
	ASSERT(num_ready(queue) == 0);
	queue->strategy = strategy;
	queue->table = table;
	queue->place = (struct sched_place){ .end = NS(0) };
	spin_unlock(&queue->lock);
}

/* Giving the CPU away is a bug in an interrupt, under a lock, or where sched_hold() forbids it. */
static void check_may_switch(const struct cpu *cpu)
{
	if (__builtin_expect((cpu->interrupts | cpu->holds | cpu->lock_ranks) != 0, 0))
		panic("sched: the CPU was given away in an interrupt (%u), held (%u), with locks "
		      "0x%x",
		      cpu->interrupts, cpu->holds, cpu->lock_ranks);
}

/* --- Under the queue's lock ------------------------------------------------------------------- */

static inline struct sched_queue *lock_queue_of(const struct thread *thread) NO_LOCK_ANALYSIS
{
	for (;;) {
		u32 cpu = atomic_load_explicit(&thread->cpu, memory_order_relaxed);
		struct sched_queue *queue = cpu_get(cpu)->queue;

		spin_lock(&queue->lock);
		if (atomic_load_explicit(&thread->cpu, memory_order_relaxed) == cpu)
			return queue;
		spin_unlock(&queue->lock);
	}
}

/* Must what runs (NULL: idle) be looked at before the time that is armed? What is armed and comes
 * earlier stays: it asks again, which costs less than moving the deadline at every switch. */
static bool review_comes_first(const struct sched_queue *queue, const struct account *current,
			       ns_t *when) REQUIRES(&queue->lock)
{
	*when = queue->strategy->review(queue, current);
	if (current != NULL && queue->cpu->thread->work_of != NULL)
		when->v = MIN(when->v, current->since.v + queue->cpu->thread->help_left.v);
	if (current != NULL && current->budget != NULL)
		when->v = MIN(when->v,
			      current->since.v + budget_left(current->budget, current->since));
	if (current != NULL && __builtin_expect(current->num_ready != 0, 0))
		when->v = MIN(when->v, sched_turn_end(queue, current).v);
	return when->v < queue->review_at.v;
}

/* This CPU. */
static void set_review(struct sched_queue *queue, const struct account *current)
	REQUIRES(&queue->lock)
{
	ns_t when;

	if (!review_comes_first(queue, current, &when))
		return;
	queue->review_at = when;
	timer_arm(&queue->review, when);
}

/* An account waits, and no slice or window ends. */
static inline bool needs_watch(const struct sched_queue *queue) REQUIRES(&queue->lock)
{
	return queue->review_at.v == NS_NEVER.v && num_ready(queue) != 0 && !queue->watched;
}

/* READY @thread, against what runs. */
static bool should_run(const struct sched_queue *queue, const struct thread *thread)
	REQUIRES(&queue->lock)
{
	const struct account *account = thread->account;

	if (queue->account == NULL)
		return true;
	if (__builtin_expect(account->budget != NULL, 0) && !list_has(&account->link) &&
	    account != queue->account) /* it has used that up */
		return false;
	if (account == queue->account) /* a donated one goes before the owner */
		return account != &thread->home && account == &queue->cpu->thread->home &&
		       !account->owner_first;
	return queue->strategy->preempts(queue, account, queue->account);
}

/* @thread has become READY, or more urgent: does its CPU have to look? Also when it was alone and
 * lets a guest sleep (@first), and when it has a time to arm, which it must do itself. */
static void announce(struct sched_queue *queue, const struct thread *thread, bool first)
	REQUIRES(&queue->lock)
{
	struct cpu *cpu = queue->cpu;
	bool here = cpu == this_cpu();
	bool look = should_run(queue, thread);
	ns_t when;

	/* A guest that had the CPU for itself may be in WFI: it must not wait there any more. */
	if (here && first && cpu->thread != NULL && cpu->thread->kind == THREAD_VCPU)
		look = true;
	if (!look && here) {
		set_review(queue, queue->account);
		if (needs_watch(queue))
			starve_watch(queue);
		return;
	}
	if (!look && !first && !review_comes_first(queue, queue->account, &when))
		return;
	atomic_store_explicit(&cpu->resched, true, memory_order_relaxed);
	if (!here)
		arch_cpu_kick(cpu->id);
}

/* Does @thread go before its equals? It had the CPU until it asked a component for something, and
 * what is left of its slice is still its own. */
static bool goes_first(const struct thread *thread)
{
	return thread->account->slice_left.v != 0 &&
	       atomic_load_explicit(&thread->pause_reason, memory_order_relaxed) == PAUSE_IO;
}

static inline void make_ready(struct sched_queue *queue, struct thread *thread)
	REQUIRES(&queue->lock)
{
	bool first = num_ready(queue) == 0;

	add(queue, thread, goes_first(thread));
	announce(queue, thread, first);
}

/* Book the stretch of @thread, which runs, that ends at @now. */
static inline void charge(struct sched_queue *queue, struct thread *thread, ns_t now)
	REQUIRES(&queue->lock)
{
	struct account *account = queue->account;
	u64 ran = now.v - account->since.v;

	thread->run_ns += ran;
	if (__builtin_expect(thread->work_of != NULL, 0))
		thread->help_left.v -= MIN(ran, thread->help_left.v);
	if (__builtin_expect(account->ahead_ns != 0 || account->owner_ready, 0))
		sched_take_turns(account, thread, ran);
	if (__builtin_expect(account->budget != NULL, 0))
		budget_use(account->budget, account->since, ran);
	account->run_ns += ran;
	account->since = now;
	account->slice_left.v -= MIN(ran, account->slice_left.v);
}

/* Nobody is READY: sleep, on whichever stack this is. */
static ns_t idle(struct sched_queue *queue, ns_t now) REQUIRES(&queue->lock)
{
	queue->idling = true;
	queue->account = NULL;
	queue->since = now;
	set_review(queue, NULL);
	spin_unlock(&queue->lock);
	arch_cpu_idle();
	spin_lock(&queue->lock);
	now = arch_time_now();
	queue->idle_ns += now.v - queue->since.v;
	queue->idling = false;
	return now;
}

/* May the CPU sleep on this thread's stack? Not when it has to be free: of a thread that has
 * stopped, and of one that runs next on the account, and so on the CPU, of whoever wakes it. */
static bool idles_in_place(const struct thread *thread)
{
	enum vcpu_state state = thread_state(thread);

	if (thread->kind == THREAD_COMPONENT || thread->account != &thread->home)
		return false;
	return thread->kind == THREAD_IDLE || state == VCPU_PAUSED || state == VCPU_READY;
}

static bool pauses_in_wfi(const struct thread *thread)
{
	return atomic_load_explicit(&thread->pause_reason, memory_order_relaxed) == PAUSE_WFI &&
	       thread_state(thread) == VCPU_PAUSED;
}

/* First thing on a stack that was switched to, perhaps on another CPU than it was left on. */
static void arrive(void)
{
	struct thread *left = this_cpu()->queue->left;

	if (__builtin_expect(atomic_exchange_explicit(&left->on_cpu, STACK_FREE,
						      memory_order_acq_rel) == STACK_MOVES,
			     0))
		sched_move_on(left);
}

/* @next, RUNNING and cpu->thread, gets the CPU from @self. Returns when @self has a
 * CPU again. */
static inline void switch_to(struct sched_queue *queue, struct thread *self, struct thread *next)
	RELEASES(&queue->lock)
{
	next->switches++;
	queue->switches++;
	atomic_store_explicit(&next->on_cpu, STACK_USED, memory_order_relaxed);
	queue->left = self;
	spin_unlock(&queue->lock);
	arch_thread_switch(self, next);
	arrive();
}

/* The account that should run at @now, out of the queue; NULL: none may. */
static inline struct account *take_account(struct sched_queue *queue, ns_t now)
	REQUIRES(&queue->lock)
{
	struct account *account;

	do {
		account = queue->strategy->pick(queue, now);
		if (account == NULL)
			return NULL;
		queue->strategy->remove(queue, account);
	} while (__builtin_expect(!has_ready(account), 0) && !sched_take_wanted(queue, account));
	return account;
}

/* No account runs: the one that should does, when there is one. Returns when the
 * calling thread has a CPU again. */
static void choose_next(struct cpu *cpu, struct sched_queue *queue, ns_t now) RELEASES(&queue->lock)
{
	struct thread *self = cpu->thread, *next;
	struct account *account;

	while ((account = take_account(queue, now)) == NULL && idles_in_place(self)) {
		now = idle(queue, now);
		/* Any interrupt may have been what a vCPU in WFI waits for: it looks. */
		if (pauses_in_wfi(self) && thread_move(self, VCPU_PAUSED, VCPU_READY))
			add(queue, self, false);
	}
	if (account != NULL) {
		next = take_first(queue, account);
	} else {
		next = &queue->idle;
		account = &next->home;
	}
	account->since = now;
	queue->account = account;
	cpu->thread = next;
	set_review(queue, account);
	if (__builtin_expect(needs_watch(queue), 0))
		starve_watch(queue);
	atomic_store_explicit(&cpu->resched, false, memory_order_relaxed);
	if (next != self)
		switch_to(queue, self, next);
	else
		spin_unlock(&queue->lock);
}

/* The running thread, charged, is READY on an account, or none of the queue's business. Let others
 * run until it is its turn again. */
static inline void give_way(struct cpu *cpu, struct sched_queue *queue, ns_t now)
	RELEASES(&queue->lock)
{
	struct account *account = queue->account;

	queue->account = NULL;
	if (keeps_place(account))
		enqueue(queue, account, account->slice_left.v != 0);
	choose_next(cpu, queue, now);
}

/* --- The running thread ----------------------------------------------------------------------- */

__cold void sched_loop(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;

	cpu->thread = &queue->idle;
	queue->idle.home.since = arch_time_now();
	atomic_store(&queue->idle.on_cpu, STACK_USED);
	arch_thread_adopt(&queue->idle);
	spin_lock(&queue->lock);
	queue->idle_ns += queue->idle.home.since.v - queue->since.v;
	queue->idling = false;
	queue->account = &queue->idle.home;
	spin_unlock(&queue->lock);
	for (;;) {
		ns_t now;

		spin_lock(&queue->lock);
		now = arch_time_now();
		charge(queue, &queue->idle, now);
		give_way(cpu, queue, now);
	}
}

void sched_begin(void)
{
	struct thread *self;

	arrive();
	self = this_cpu()->thread;
	for (;;) {
		self->entry(self->data);
		(void)thread_move(self, VCPU_RUNNING, VCPU_HALTED);
		sched_leave();
	}
}

void sched_prepare(enum pause_reason reason)
{
	struct cpu *cpu = this_cpu();
	struct thread *self = cpu->thread;
	bool moved;

	check_may_switch(cpu);
	atomic_store_explicit(&self->pause_reason, reason, memory_order_relaxed);
	moved = thread_move(self, VCPU_RUNNING, VCPU_PAUSED);
	ASSERT(moved && self->kind != THREAD_IDLE);
	/* The caller looks for its reason after this; who makes it wakes after that. */
	atomic_thread_fence(memory_order_seq_cst);
}

/* A vCPU in WFI has the CPU for itself: sleep here and now. The short way of give_way().
 * Return: nothing else wants to run; else no account runs. */
static bool doze(struct cpu *cpu, struct sched_queue *queue, ns_t *now) REQUIRES(&queue->lock)
{
	struct thread *self = cpu->thread;
	struct account *account = queue->account;

	*now = idle(queue, *now);
	if (!thread_move(self, VCPU_PAUSED, VCPU_READY))
		return false;
	/* Its account may have kept a place for a thread that was READY on it and was pulled away.
	 */
	if (num_ready(queue) != 0 || list_has(&account->link)) {
		add(queue, self, false);
		return false;
	}
	queue->account = account;
	account->since = *now;
	if (account->slice_left.v == 0)
		account->slice_left = account->slice;
	if (account->budget != NULL)
		set_review(queue, account);
	return thread_move(self, VCPU_READY, VCPU_RUNNING);
}

/* Another thread of the account that runs goes on: nothing is chosen, and nothing is armed anew. */
static bool stays_on_account(const struct cpu *cpu, const struct sched_queue *queue)
{
	return !atomic_load_explicit(&cpu->resched, memory_order_relaxed) &&
	       has_ready(queue->account);
}

static void next_of_account(struct cpu *cpu, struct sched_queue *queue, struct thread *self,
			    struct thread *next) RELEASES(&queue->lock)
{
	cpu->thread = next;
	if (next->work_of != NULL || queue->account->owner_first)
		set_review(queue, queue->account);
	if (next != self)
		switch_to(queue, self, next);
	else
		spin_unlock(&queue->lock);
}

void sched_pause(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;
	ns_t now;

	check_may_switch(cpu);
	spin_lock(&queue->lock);
	now = arch_time_now();
	charge(queue, self, now);
	if (num_ready(queue) == 0 && queue->table == NULL && pauses_in_wfi(self)) {
		if (doze(cpu, queue, &now))
			spin_unlock(&queue->lock);
		else
			choose_next(cpu, queue, now);
	} else if (stays_on_account(cpu, queue)) {
		next_of_account(cpu, queue, self, take_first(queue, queue->account));
	} else {
		give_way(cpu, queue, now);
	}
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
}

/* Returns true if @thread, PAUSED, can run next on the account that runs here. Then it is RUNNING.
 * The caller holds the queue's lock. */
static bool take_over(struct cpu *cpu, struct thread *thread, const struct account *account)
{
	return account == cpu->queue->account && (thread->between || thread->account == account) &&
	       !atomic_load_explicit(&cpu->resched, memory_order_relaxed) &&
	       atomic_load_explicit(&thread->cpu, memory_order_relaxed) == cpu->id &&
	       thread_state(cpu->thread) == VCPU_PAUSED &&
	       thread_move(thread, VCPU_PAUSED, VCPU_READY) &&
	       thread_move(thread, VCPU_READY, VCPU_RUNNING);
}

void sched_hand_over(struct thread *thread, struct account *account)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;

	check_may_switch(cpu);
	atomic_thread_fence(memory_order_seq_cst);
	spin_lock(&queue->lock);
	if (!take_over(cpu, thread, account)) {
		spin_unlock(&queue->lock);
		(void)sched_wake_on(thread, account);
		sched_pause();
		return;
	}
	charge(queue, self, arch_time_now());
	thread->account = account;
	next_of_account(cpu, queue, self, thread);
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
}

void sched_cancel(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;

	spin_lock(&queue->lock);
	if (!thread_move(self, VCPU_PAUSED, VCPU_READY)) {
		if (thread_state(self) != VCPU_READY) { /* it was reset meanwhile */
			spin_unlock(&queue->lock);
			sched_leave();
			return;
		}
		/* Woken on another account: it gets the CPU when that does. Or woken so and then
		 * evicted from that account: it is placed when its stack is free. */
		if (self->account != queue->account || !is_listed(self)) {
			charge(queue, self, arch_time_now());
			give_way(cpu, queue, queue->account->since);
			atomic_store_explicit(&self->pause_reason, PAUSE_NONE,
					      memory_order_relaxed);
			return;
		}
		take_out(queue, self);
	}
	(void)thread_move(self, VCPU_READY, VCPU_RUNNING);
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
	spin_unlock(&queue->lock);
}

void sched_leave(void)
{
	sched_pause();
}

static void step_back(bool spent)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;
	ns_t now;

	check_may_switch(cpu);
	spin_lock(&queue->lock);
	now = arch_time_now();
	charge(queue, self, now);
	if (spent)
		queue->account->slice_left = NS(0);
	if (thread_move(self, VCPU_RUNNING, VCPU_READY)) {
		if (__builtin_expect(self->work_of != NULL && self->help_left.v == 0, 0))
			sched_help_ends(queue, self);
		else
			mark_ready(queue, self, !spent);
	}
	give_way(cpu, queue, now);
}

void sched(void)
{
	step_back(false);
}

void sched_pass(void)
{
	step_back(true);
}

bool sched_alone(void)
{
	return atomic_load_explicit(&this_cpu()->queue->ready, memory_order_relaxed) == 0;
}

bool sched_ends(void)
{
	return this_cpu()->queue->review_at.v != NS_NEVER.v;
}

/* --- For the room's other files
 * ------------------------------------------------------------------------ */

__cold struct sched_queue *sched_lock_queue_of(const struct thread *thread) NO_LOCK_ANALYSIS
{
	return lock_queue_of(thread);
}

__cold void sched_make_ready(struct sched_queue *queue, struct thread *thread)
	REQUIRES(&queue->lock)
{
	make_ready(queue, thread);
}

__cold void sched_take_out(struct sched_queue *queue, struct thread *thread) REQUIRES(&queue->lock)
{
	take_out(queue, thread);
}

__cold void sched_replenish(struct account *account)
{
	struct thread *owner = sched_owner(account);
	struct sched_queue *queue = lock_queue_of(owner);

	spin_is_held(&queue->lock);
	if (keeps_place(account) && account != queue->account && !list_has(&account->link)) {
		enqueue(queue, account, false);
		announce(queue, owner, false);
	}
	spin_unlock(&queue->lock);
}

__cold void sched_announce(struct sched_queue *queue, const struct thread *thread)
	REQUIRES(&queue->lock)
{
	announce(queue, thread, false);
}

__cold void sched_charge(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	charge(queue, queue->cpu->thread, arch_time_now());
}

/* --- Anybody ---------------------------------------------------------------------------------- */

__cold enum err sched_start(struct thread *thread)
{
	struct sched_queue *queue = lock_queue_of(thread);
	enum err err = thread_set_state(thread, VCPU_READY);

	spin_is_held(&queue->lock);
	if (!err)
		make_ready(queue, thread);
	spin_unlock(&queue->lock);
	return err;
}

/* An orphan that left its stack can run on the waker's CPU, whose caches have what it works on. */
static bool can_come_here(const struct thread *thread, u32 here)
{
	return thread->kind != THREAD_VCPU && thread->account == &thread->home &&
	       (thread->affinity & BIT(here)) != 0 &&
	       atomic_load_explicit(&thread->on_cpu, memory_order_acquire) == STACK_FREE;
}

bool sched_wake(struct thread *thread)
{
	u32 here = this_cpu()->id;
	struct sched_queue *queue;
	bool paused;

	/* What the caller did for @thread to find comes before the look at its state. */
	atomic_thread_fence(memory_order_seq_cst);
	queue = lock_queue_of(thread);
	spin_is_held(&queue->lock);
	if (queue->cpu->id != here && thread_state(thread) == VCPU_PAUSED &&
	    can_come_here(thread, here)) {
		atomic_store_explicit(&thread->cpu, here, memory_order_relaxed);
		spin_unlock(&queue->lock);
		queue = lock_queue_of(thread);
		spin_is_held(&queue->lock);
	}
	paused = thread_move(thread, VCPU_PAUSED, VCPU_READY);
	if (paused)
		make_ready(queue, thread);
	spin_unlock(&queue->lock);
	return paused;
}
