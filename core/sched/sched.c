/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: the running thread of each CPU, and the switch to the next. wake.c makes threads
 * READY, donate.c moves them from account to account.
 *
 * Each operation acquires the queue's lock once, and releases it before the switch itself. A thread
 * whose stack is in use (`on_cpu`) is never moved to another CPU, so that is safe. The next thread
 * releases the stack of the thread before it.
 *
 * A queue orders accounts. An account is in its CPU's queue when it has a READY thread and does not
 * run. Its donated threads run before its owner, within a bound (sched_share()).
 */
#include "core/sched/ready.h"

#include <arch/cpu.h>
#include <mullion/format.h>
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
		starve_check(queue);
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
	ASSERT(ready_count(queue) == 0);
	queue->strategy = strategy;
	queue->table = table;
	queue->place = (struct sched_place){ .end = NS(0) };
	spin_unlock(&queue->lock);
}

/* --- Under the queue's lock ------------------------------------------------------------------- */

/* The time of the next check of @current (NULL: idle). */
static inline ns_t review_time(const struct sched_queue *queue, const struct account *current)
	REQUIRES(&queue->lock)
{
	ns_t when = queue->strategy->review(queue, current);

	if (current == NULL)
		return when;
	if (queue->cpu->thread->work_of != NULL)
		when.v = MIN(when.v, current->since.v + queue->cpu->thread->help_left.v);
	if (current->budget != NULL)
		when.v = MIN(when.v,
			     current->since.v + budget_left(current->budget, current->since));
	if (__builtin_expect(has_ready(current), 0))
		when.v = MIN(when.v, sched_share_end(queue, current).v);
	return when;
}

/* An earlier time stays armed: its review checks again, which costs less than a change of the
 * deadline at every switch. */
bool sched_set_review(struct sched_queue *queue, const struct account *current)
	REQUIRES(&queue->lock)
{
	ns_t when = review_time(queue, current);

	if (when.v >= queue->review_at.v)
		return true;
	if (queue->cpu != this_cpu())
		return false;
	queue->review_at = when;
	timer_arm(&queue->review, when);
	return true;
}

ns_t sched_charge(struct sched_queue *queue) REQUIRES(&queue->lock)
{
	struct thread *thread = queue->cpu->thread;
	struct account *account = queue->account;
	ns_t now = arch_time_now();
	u64 ran = now.v - account->since.v;

	thread->run_ns += ran;
	if (__builtin_expect(thread->work_of != NULL, 0))
		thread->help_left.v -= MIN(ran, thread->help_left.v);
	if (__builtin_expect(account->ahead_ns != 0 || account->owner_ready, 0))
		sched_share(account, thread, ran);
	if (__builtin_expect(account->budget != NULL, 0))
		budget_use(account->budget, account->since, ran);
	account->run_ns += ran;
	account->since = now;
	account->slice_left.v -= MIN(ran, account->slice_left.v);
	return now;
}

/* No thread is READY: idle, on the present stack. Returns the time of the wake. */
static __attribute__((noinline)) ns_t idle(struct sched_queue *queue, ns_t now)
	REQUIRES(&queue->lock)
{
	queue->idling = true;
	queue->account = NULL;
	queue->since = now;
	(void)sched_set_review(queue, NULL);
	spin_unlock(&queue->lock);
	arch_cpu_idle();
	spin_lock(&queue->lock);
	now = arch_time_now();
	queue->idle_ns += now.v - queue->since.v;
	queue->idling = false;
	return now;
}

/* Returns true if the CPU may idle on the stack of @thread. The stack must be free of a thread that
 * has stopped. So must that of a thread whose wake may move it to another account and CPU. */
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

/* The first step on a stack after a switch, perhaps on another CPU than before. */
static void arrive(void)
{
	struct thread *left = this_cpu()->queue->left;

	if (__builtin_expect(atomic_exchange_explicit(&left->on_cpu, STACK_FREE,
						      memory_order_acq_rel) == STACK_MOVES,
			     0))
		sched_move_on(left);
}

/* @next, RUNNING and cpu->thread, gets the CPU from @self. Returns when @self has a CPU again. */
static inline void switch_to(struct sched_queue *queue, struct thread *self, struct thread *next)
	RELEASES(&queue->lock)
{
	if (next == self) {
		spin_unlock(&queue->lock);
		return;
	}
	next->switches++;
	queue->switches++;
	atomic_store_explicit(&next->on_cpu, STACK_USED, memory_order_relaxed);
	queue->left = self;
	spin_unlock(&queue->lock);
	arch_thread_switch(self, next);
	arrive();
}

/* Removes the account that should run at @now from the queue. Returns NULL if none may run. */
static inline struct account *take_account(struct sched_queue *queue, ns_t now)
	REQUIRES(&queue->lock)
{
	struct account *account;

	do
		account = queue->strategy->take(queue, now);
	while (account != NULL && __builtin_expect(!has_ready(account), 0) &&
	       !sched_take_wanted(queue, account));
	return account;
}

/* The running thread, charged, is READY on an account or has left them all. The account of highest
 * claim runs next. Returns when the thread has a CPU again. */
static void choose_next(struct cpu *cpu, struct sched_queue *queue, ns_t now) RELEASES(&queue->lock)
{
	struct thread *self = cpu->thread, *next;
	struct account *account = queue->account;

	queue->account = NULL;
	if (account != NULL && keeps_place(account))
		ready_enqueue(queue, account, account->slice_left.v != 0);
	while ((account = take_account(queue, now)) == NULL && idles_in_place(self)) {
		now = idle(queue, now);
		/* A vCPU in WFI may wait for any interrupt of the CPU, so it checks. */
		if (pauses_in_wfi(self) && thread_move(self, VCPU_PAUSED, VCPU_READY))
			ready_add(queue, self, false);
	}
	if (account != NULL) {
		next = ready_take_first(queue, account);
	} else {
		next = &queue->idle;
		account = &next->home;
	}
	account->since = now;
	queue->account = account;
	cpu->thread = next;
	(void)sched_set_review(queue, account);
	if (__builtin_expect(needs_watch(queue), 0))
		starve_watch(queue);
	atomic_store_explicit(&cpu->resched, false, memory_order_relaxed);
	switch_to(queue, self, next);
}

/* --- The running thread ----------------------------------------------------------------------- */

/* A switch is a fault in an interrupt and under a lock. */
static void check_may_switch(const struct cpu *cpu)
{
	if (__builtin_expect((cpu->interrupts | cpu->lock_ranks) != 0, 0))
		panic("sched: the CPU was given away in an interrupt (%u), or with locks 0x%x",
		      cpu->interrupts, cpu->lock_ranks);
}

/* The way into every switch but a hand-over: acquire the lock, and charge the running thread until
 * now. */
static inline ns_t end_run(const struct cpu *cpu, struct sched_queue *queue) ACQUIRES(&queue->lock)
{
	check_may_switch(cpu);
	spin_lock(&queue->lock);
	return sched_charge(queue);
}

/* A vCPU in WFI has the CPU for itself: idle without the queue. Returns true if the vCPU runs on;
 * else no account runs. Its condition is checked after `alone` was cleared (sched_rouse()). */
static __attribute__((noinline)) bool idle_alone(struct sched_queue *queue, struct thread *self,
						 ns_t *now) REQUIRES(&queue->lock)
{
	struct account *account = queue->account;

	atomic_store(&queue->alone, self);
	*now = idle(queue, *now);
	atomic_store(&queue->alone, NULL);
	if (!thread_move(self, VCPU_PAUSED, VCPU_READY))
		return false;
	/* A place is kept for a thread that was READY on the account and was helped elsewhere. */
	if (ready_count(queue) != 0 || list_has(&account->link)) {
		ready_add(queue, self, false);
		return false;
	}
	queue->account = account;
	account->since = *now;
	if (account->slice_left.v == 0)
		account->slice_left = account->slice;
	if (account->budget != NULL)
		(void)sched_set_review(queue, account);
	return thread_move(self, VCPU_READY, VCPU_RUNNING);
}

/* Another thread of the running account runs next: no account is chosen. */
static void run_same_account(struct cpu *cpu, struct sched_queue *queue, struct thread *next)
	RELEASES(&queue->lock)
{
	struct thread *self = cpu->thread;

	cpu->thread = next;
	if (next->work_of != NULL || queue->account->owner_first)
		(void)sched_set_review(queue, queue->account);
	switch_to(queue, self, next);
}

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
	for (;;)
		choose_next(cpu, queue, end_run(cpu, queue));
}

void sched_begin(void)
{
	struct thread *self;

	arrive();
	self = this_cpu()->thread;
	for (;;) {
		self->entry(self->data);
		(void)thread_move(self, VCPU_RUNNING, VCPU_HALTED);
		sched_pause();
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
	/* The caller checks its condition after this, and a waker wakes after its change. */
	atomic_thread_fence(memory_order_seq_cst);
}

void sched_pause(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;
	ns_t now = end_run(cpu, queue);

	if (ready_count(queue) == 0 && queue->table == NULL && pauses_in_wfi(self)) {
		if (idle_alone(queue, self, &now))
			spin_unlock(&queue->lock);
		else
			choose_next(cpu, queue, now);
	} else if (has_ready(queue->account) && !sched_needed()) {
		run_same_account(cpu, queue, ready_take_first(queue, queue->account));
	} else {
		choose_next(cpu, queue, now);
	}
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
}

/* Returns true if @thread, PAUSED, can run next on the account that runs here. Then it is RUNNING.
 * The caller holds the queue's lock. */
static bool take_over(const struct cpu *cpu, struct thread *thread, const struct account *account)
{
	return account == cpu->queue->account && !sched_needed() &&
	       atomic_load_explicit(&thread->cpu, memory_order_relaxed) == cpu->id &&
	       thread_state(cpu->thread) == VCPU_PAUSED && may_move_to(thread, account) &&
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
	(void)sched_charge(queue);
	thread->account = account;
	run_same_account(cpu, queue, thread);
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
}

void sched_cancel(void)
{
	struct sched_queue *queue = this_cpu()->queue;
	struct thread *self = this_cpu()->thread;
	bool runs;

	spin_lock(&queue->lock);
	runs = thread_move(self, VCPU_PAUSED, VCPU_READY);
	if (!runs && thread_state(self) == VCPU_READY && self->account == queue->account &&
	    is_listed(self)) {
		ready_remove(queue, self);
		runs = true;
	}
	if (runs) {
		(void)thread_move(self, VCPU_READY, VCPU_RUNNING);
		atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
	}
	spin_unlock(&queue->lock);
	/* The thread was reset meanwhile. Or it was woken on another account, perhaps evicted from
	 * that: it runs when that does, or when its stack has moved. */
	if (!runs)
		sched_pause();
}

void sched_leave(void)
{
	sched_pause();
}

static void yield(bool spent)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;
	ns_t now = end_run(cpu, queue);

	if (spent)
		queue->account->slice_left = NS(0);
	if (thread_move(self, VCPU_RUNNING, VCPU_READY)) {
		if (__builtin_expect(self->work_of != NULL && self->help_left.v == 0, 0))
			sched_help_ends(queue, self);
		else
			ready_mark(queue, self, !spent);
	}
	choose_next(cpu, queue, now);
}

void sched(void)
{
	yield(false);
}

void sched_pass(void)
{
	yield(true);
}

bool sched_alone(void)
{
	return ready_count(this_cpu()->queue) == 0;
}

bool sched_ends(void)
{
	return this_cpu()->queue->review_at.v != NS_NEVER.v;
}
