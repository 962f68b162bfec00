/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: who runs on a CPU, and the switch from one to the next.
 *
 * The queue's lock is taken once for each operation and let go before the switch itself. That is
 * safe because a thread whose stack is in use (`on_cpu`) is never moved to another CPU; whoever is
 * switched to gives the stack of the one before free.
 */
#include "core/sched/internal.h"

#include "core/thread/state.h"
#include <abi/manage.h>
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

static u32 num_ready(const struct sched_queue *queue)
{
	return atomic_load_explicit(&queue->ready, memory_order_relaxed);
}

/* The review's time: an interrupt of the queue's own CPU. */
static void review_now(struct timer_event *event)
{
	struct sched_queue *queue = container_of(event, struct sched_queue, review);

	spin_lock(&queue->lock);
	queue->review_at = NS_NEVER;
	atomic_store_explicit(&queue->cpu->resched, true, memory_order_relaxed);
	spin_unlock(&queue->lock);
}

__boot enum err sched_init(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		struct cpu *cpu = cpu_get(i);
		struct sched_queue *queue = page_alloc(1);

		if (queue == NULL)
			return ERR_NO_MEMORY;
		spin_init(&queue->lock, RANK_SCHED);
		list_init(&queue->threads);
		timer_init(&queue->review, review_now);
		queue->review_at = NS_NEVER;
		queue->cpu = cpu;
		queue->strategy = &DEFAULT_STRATEGY;
		queue->idling = true;
		queue->since = arch_time_now();
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

const struct sched_strategy *sched_strategy_of(u32 cpu)
{
	return cpu_get(cpu)->queue->strategy;
}

enum context sched_context(void)
{
	const struct cpu *cpu = this_cpu();
	const struct thread *thread = cpu->thread;

	if (cpu->interrupts != 0)
		return CONTEXT_INTERRUPT;
	if (thread == NULL || thread->kind == THREAD_IDLE || cpu->queue->idling)
		return CONTEXT_IDLE;
	return thread->kind == THREAD_VCPU ? CONTEXT_NORMAL : CONTEXT_ORPHAN;
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

static struct sched_queue *lock_queue_of(const struct thread *thread)
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

static void add(struct sched_queue *queue, struct thread *thread, bool front)
{
	queue->strategy->add(queue, thread, front);
	atomic_store_explicit(&queue->ready, num_ready(queue) + 1, memory_order_relaxed);
}

static void take_out(struct sched_queue *queue, struct thread *thread)
{
	queue->strategy->remove(queue, thread);
	atomic_store_explicit(&queue->ready, num_ready(queue) - 1, memory_order_relaxed);
}

/* Must @current (NULL: idle) be looked at before the time that is armed? What is armed and comes
 * earlier stays: it asks again, which costs less than moving the deadline at every switch. */
static bool review_comes_first(const struct sched_queue *queue, const struct thread *current,
			       ns_t *when)
{
	*when = queue->strategy->review(queue, current);
	return when->v < queue->review_at.v;
}

/* This CPU. */
static void set_review(struct sched_queue *queue, const struct thread *current)
{
	ns_t when;

	if (!review_comes_first(queue, current, &when))
		return;
	queue->review_at = when;
	timer_arm(&queue->review, when);
}

/* @thread has become READY, or more urgent: does its CPU have to look? Also when it was alone and
 * lets a guest sleep (@first), and when it has a time to arm, which it must do itself. */
static void announce(struct sched_queue *queue, const struct thread *thread, bool first)
{
	struct cpu *cpu = queue->cpu;
	bool here = cpu == this_cpu();
	bool look = queue->idling || queue->strategy->preempts(queue, thread, cpu->thread);
	ns_t when;

	/* A guest that had the CPU for itself may be in WFI: it must not wait there any more. */
	if (here && first && cpu->thread != NULL && cpu->thread->kind == THREAD_VCPU)
		look = true;
	if (!look && here) {
		set_review(queue, cpu->thread);
		return;
	}
	if (!look && !first && !review_comes_first(queue, cpu->thread, &when))
		return;
	atomic_store_explicit(&cpu->resched, true, memory_order_relaxed);
	if (!here)
		arch_cpu_kick(cpu->id);
}

/* Does @thread go before its equals? It had the CPU until it asked a component for something, and
 * what is left of its slice is still its own. */
static bool goes_first(const struct thread *thread)
{
	return thread->slice_left.v != 0 &&
	       atomic_load_explicit(&thread->pause_reason, memory_order_relaxed) == PAUSE_IO;
}

/* A slice that was used up is followed by a new one, behind the equals. */
static void refill(struct thread *thread)
{
	if (thread->slice_left.v == 0)
		thread->slice_left = thread->slice;
}

static void make_ready(struct sched_queue *queue, struct thread *thread)
{
	bool first = num_ready(queue) == 0;

	add(queue, thread, goes_first(thread));
	refill(thread);
	announce(queue, thread, first);
}

/* Book the stretch that ends at @now. */
static void charge(struct thread *thread, ns_t now)
{
	u64 ran = now.v - thread->since.v;

	thread->run_ns += ran;
	thread->since = now;
	thread->slice_left.v -= MIN(ran, thread->slice_left.v);
}

/* Nobody is READY: sleep, on whichever stack this is. */
static ns_t idle(struct cpu *cpu, struct sched_queue *queue, ns_t now)
{
	queue->idling = true;
	queue->since = now;
	set_review(queue, NULL);
	spin_unlock(&queue->lock);
	arch_cpu_idle();
	spin_lock(&queue->lock);
	now = arch_time_now();
	queue->idle_ns += now.v - queue->since.v;
	queue->idling = false;
	cpu->thread->since = now;
	return now;
}

/* May the CPU sleep on this thread's stack? Not when somebody waits for it to be free. */
static bool idles_in_place(const struct thread *thread)
{
	enum vcpu_state state = thread_state(thread);

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

	atomic_store_explicit(&left->on_cpu, false, memory_order_release);
}

/* @next, RUNNING and out of the queue, gets the CPU from @self. Drops the lock; returns when @self
 * has a CPU again. */
static inline void switch_to(struct cpu *cpu, struct sched_queue *queue, struct thread *self,
			     struct thread *next)
{
	atomic_store_explicit(&cpu->resched, false, memory_order_relaxed);
	next->switches++;
	queue->switches++;
	atomic_store_explicit(&next->on_cpu, true, memory_order_relaxed);
	cpu->thread = next;
	queue->left = self;
	spin_unlock(&queue->lock);
	arch_thread_switch(self, next);
	arrive();
}

/* The running thread, charged, is READY in the queue, or none of the queue's business. Let others
 * run until it is its turn again. Drops the lock. */
static void give_way(struct cpu *cpu, struct sched_queue *queue, ns_t now)
{
	struct thread *self = cpu->thread, *next;

	while ((next = queue->strategy->pick(queue, now)) == NULL && idles_in_place(self)) {
		now = idle(cpu, queue, now);
		/* Any interrupt may have been what a vCPU in WFI waits for: it looks. */
		if (pauses_in_wfi(self) && thread_move(self, VCPU_PAUSED, VCPU_READY)) {
			add(queue, self, false);
			refill(self);
		}
	}
	if (next != NULL) {
		bool moved = thread_move(next, VCPU_READY, VCPU_RUNNING);

		ASSERT(moved);
		take_out(queue, next);
	} else {
		next = &queue->idle;
	}
	next->since = now;
	set_review(queue, next);
	if (next != self) {
		switch_to(cpu, queue, self, next);
		return;
	}
	atomic_store_explicit(&cpu->resched, false, memory_order_relaxed);
	spin_unlock(&queue->lock);
}

/* --- The running thread ----------------------------------------------------------------------- */

__cold void sched_loop(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;

	cpu->thread = &queue->idle;
	queue->idle.since = arch_time_now();
	atomic_store(&queue->idle.on_cpu, true);
	arch_thread_adopt(&queue->idle);
	spin_lock(&queue->lock);
	queue->idle_ns += queue->idle.since.v - queue->since.v;
	queue->idling = false;
	spin_unlock(&queue->lock);
	for (;;) {
		ns_t now;

		spin_lock(&queue->lock);
		now = arch_time_now();
		charge(&queue->idle, now);
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

/* A vCPU in WFI has the CPU for itself: sleep here and now. The short way of give_way(). Lock.
 * Return: nobody else wants to run. */
static bool doze(struct cpu *cpu, struct sched_queue *queue, ns_t *now)
{
	struct thread *self = cpu->thread;

	*now = idle(cpu, queue, *now);
	refill(self);
	if (thread_move(self, VCPU_PAUSED, VCPU_READY)) {
		if (num_ready(queue) == 0)
			return thread_move(self, VCPU_READY, VCPU_RUNNING);
		add(queue, self, false);
	}
	return false;
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
	charge(self, now);
	if (num_ready(queue) == 0 && queue->table == NULL && pauses_in_wfi(self) &&
	    doze(cpu, queue, &now))
		spin_unlock(&queue->lock);
	else
		give_way(cpu, queue, now);
	atomic_store_explicit(&self->pause_reason, PAUSE_NONE, memory_order_relaxed);
}

/* Is @thread, PAUSED and of this CPU, the one to run next once the running thread has paused? */
static bool comes_next(struct sched_queue *queue, struct thread *thread, ns_t now)
{
	const struct sched_strategy *strategy = queue->strategy;
	const struct thread *other;

	if (num_ready(queue) == 0 && queue->table == NULL)
		return true;
	other = strategy->pick(queue, now);
	if (other == NULL)
		other = &queue->idle;
	return strategy->preempts(queue, thread, other) ||
	       (goes_first(thread) && !strategy->preempts(queue, other, thread));
}

void sched_hand_over(struct thread *thread)
{
	struct cpu *cpu = this_cpu();
	struct sched_queue *queue = cpu->queue;
	struct thread *self = cpu->thread;
	ns_t now;

	check_may_switch(cpu);
	atomic_thread_fence(memory_order_seq_cst);
	spin_lock(&queue->lock);
	now = arch_time_now();
	if (atomic_load_explicit(&thread->cpu, memory_order_relaxed) != cpu->id ||
	    thread_state(self) != VCPU_PAUSED || !comes_next(queue, thread, now) ||
	    !thread_move(thread, VCPU_PAUSED, VCPU_READY) ||
	    !thread_move(thread, VCPU_READY, VCPU_RUNNING)) {
		spin_unlock(&queue->lock);
		(void)sched_wake(thread);
		sched_pause();
		return;
	}
	charge(self, now);
	refill(thread);
	thread->since = now;
	if (num_ready(queue) != 0 || queue->table != NULL)
		set_review(queue, thread);
	switch_to(cpu, queue, self, thread);
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
	charge(self, now);
	if (spent)
		self->slice_left = NS(0);
	if (thread_move(self, VCPU_RUNNING, VCPU_READY))
		add(queue, self, self->slice_left.v != 0);
	refill(self);
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

/* --- Anybody ---------------------------------------------------------------------------------- */

__cold enum err sched_start(struct thread *thread)
{
	struct sched_queue *queue = lock_queue_of(thread);
	enum err err = thread_set_state(thread, VCPU_READY);

	if (!err)
		make_ready(queue, thread);
	spin_unlock(&queue->lock);
	return err;
}

/* An orphan that left its stack can run on the waker's CPU, whose caches have what it works on. */
static bool can_come_here(const struct thread *thread, u32 here)
{
	return thread->kind != THREAD_VCPU && (thread->affinity & BIT(here)) != 0 &&
	       !atomic_load_explicit(&thread->on_cpu, memory_order_acquire);
}

bool sched_wake(struct thread *thread)
{
	u32 here = this_cpu()->id;
	struct sched_queue *queue;
	bool paused;

	/* What the caller did for @thread to find comes before the look at its state. */
	atomic_thread_fence(memory_order_seq_cst);
	queue = lock_queue_of(thread);
	if (queue->cpu->id != here && thread_state(thread) == VCPU_PAUSED &&
	    can_come_here(thread, here)) {
		atomic_store_explicit(&thread->cpu, here, memory_order_relaxed);
		spin_unlock(&queue->lock);
		queue = lock_queue_of(thread);
	}
	paused = thread_move(thread, VCPU_PAUSED, VCPU_READY);
	if (paused)
		make_ready(queue, thread);
	spin_unlock(&queue->lock);
	return paused;
}

__cold void sched_set_priority(struct thread *thread, u8 priority)
{
	struct sched_queue *queue = lock_queue_of(thread);
	const struct thread *current = queue->cpu->thread;

	if (list_has(&thread->link)) {
		queue->strategy->remove(queue, thread);
		thread->priority = priority;
		queue->strategy->add(queue, thread, false);
		announce(queue, thread, false);
	} else {
		/* In a window a higher priority can be the worse claim: above the background. */
		bool worse = priority < thread->priority || queue->table != NULL;

		thread->priority = priority;
		if (thread == current && worse) {
			atomic_store_explicit(&queue->cpu->resched, true, memory_order_relaxed);
			if (queue->cpu != this_cpu())
				arch_cpu_kick(queue->cpu->id);
		}
	}
	spin_unlock(&queue->lock);
}

u64 sched_run_ns(const struct thread *thread)
{
	struct sched_queue *queue = lock_queue_of(thread);
	u64 ns = thread->run_ns;

	if (queue->cpu->thread == thread && !queue->idling)
		ns += arch_time_now().v - thread->since.v;
	spin_unlock(&queue->lock);
	return ns;
}

__cold u64 sched_idle_ns(u32 cpu)
{
	struct sched_queue *queue = cpu_get(cpu)->queue;
	u64 ns;

	spin_lock(&queue->lock);
	ns = queue->idle_ns + queue->idle.run_ns;
	if (queue->idling)
		ns += arch_time_now().v - queue->since.v;
	else if (queue->cpu->thread == &queue->idle)
		ns += arch_time_now().v - queue->idle.since.v;
	spin_unlock(&queue->lock);
	return ns;
}

__cold void sched_describe(u32 cpu, struct manage_cpu *record)
{
	struct sched_queue *queue = cpu_get(cpu)->queue;
	const struct thread *thread;

	record->idle_ns = sched_idle_ns(cpu);
	spin_lock(&queue->lock);
	thread = queue->idling || queue->cpu->thread == NULL ? &queue->idle : queue->cpu->thread;
	(void)format(record->strategy, sizeof(record->strategy), "%s", queue->strategy->name);
	(void)format(record->running, sizeof(record->running), "%s", thread->name);
	record->ready = atomic_load(&queue->ready);
	record->switches = queue->switches;
	spin_unlock(&queue->lock);
}
