/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: one ready queue for each CPU, ordered by a strategy (core/sched/, a file each).
 *
 * The order of calls with which no wake-up is lost:
 *	sched_prepare(reason);            RUNNING to PAUSED; from here on sched_wake() works
 *	if (the condition holds)
 *		sched_cancel();           back to RUNNING
 *	else
 *		sched_pause();            other threads run; returns RUNNING
 * A thread that pauses while no thread is READY idles its CPU on its own stack, without a switch.
 * sched_pause() may return early, so the caller checks the condition again. With PAUSE_WFI it
 * returns after every interrupt of the idle CPU.
 *
 * Lock: each queue has one (RANK_SCHED), which also guards the scheduler's state changes of the
 * threads whose `cpu` it is.
 */
#ifndef MULLION_SCHED_H
#define MULLION_SCHED_H

#include <mullion/cpu.h>
#include <mullion/thread.h>

struct sched_queue;

/* One strategy. All functions are called with the queue's lock held. */
struct sched_strategy {
	const char *name;
	/* Adds @account behind its equals, or before them (@front: it was preempted). */
	void (*add)(struct sched_queue *queue, struct account *account, bool front);
	void (*remove)(struct sched_queue *queue, struct account *account);
	/* Removes the account that should run at @now from the queue. Returns NULL if none may. */
	struct account *(*take)(struct sched_queue *queue, ns_t now);
	/* Returns true if @account should take the CPU from @current, by the time of the latest
	 * take(). */
	bool (*preempts)(const struct sched_queue *queue, const struct account *account,
			 const struct account *current);
	/* Returns the time of the next check of @current (NULL: idle), e.g. the end of its slice or
	 * window; NS_NEVER. */
	ns_t (*review)(const struct sched_queue *queue, const struct account *current);
};

extern const struct sched_strategy sched_round_robin;
#ifdef CONFIG_SCHED_PRIORITY
extern const struct sched_strategy sched_priority;
#endif
#ifdef CONFIG_SCHED_WINDOWS
extern const struct sched_strategy sched_windows;
#endif

/* A window of a CPU's cyclic table. From @offset on, for @length nanoseconds, only threads of
 * partition @window run. Unused time is for threads of a priority up to the table's background. */
struct sched_window {
	ns_t offset, length;
	u32 window;
};
struct sched_table {
	ns_t cycle; /* nanoseconds */
	u8 background;
	u32 num_windows;
	const struct sched_window *windows; /* sorted, no overlap; stays */
};

/** sched_init() - make the queue of every CPU, with the default strategy, before any thread is
 * started. Returns ERR_NO_MEMORY. Boot CPU, once. */
enum err __must_check sched_init(void);
/** sched_choose() - set the strategy of @cpu, and its table if the strategy needs one (else NULL).
 * Before any thread is started there. */
void sched_choose(u32 cpu, const struct sched_strategy *strategy, const struct sched_table *table);
/** sched_strategy_of() - return the strategy of @cpu. Any context. */
const struct sched_strategy *sched_strategy_of(u32 cpu);

/** sched_loop() - start scheduling on this CPU. The calling context becomes its idle thread. */
void sched_loop(void) __noreturn;
/** sched_begin() - the first function on every thread's stack. It runs the entry function at each
 * start of the thread, which is HALTED when that returns. For arch_thread_init(). */
void sched_begin(void) __noreturn;
/** sched_start() - make a RESET thread READY. Returns ERR_STATE. Any CPU. */
enum err __must_check sched_start(struct thread *thread);
/** sched_wake() - make a PAUSED thread READY; others stay as they are. If it should run here, a
 * guest that runs on this CPU exits at once, also out of a fast handler. Returns true if @thread
 * was PAUSED. Any CPU, any context. */
bool sched_wake(struct thread *thread);
/** sched_rouse() - have a PAUSED vCPU in WFI check its interrupts again. If its CPU idles for it,
 * an interrupt of that CPU is enough. The caller's change is ordered before. Another CPU, any
 * context.
 */
void sched_rouse(struct thread *thread);
/** sched_wake_on() - make a PAUSED thread READY on @account, from now on. @account exists, and the
 * thread may use its CPU. A READY orphan in the middle of another account's work gets help if
 * @account has a higher claim. It continues that work on @account for SCHED_HELP_NS at most.
 * Returns true if @thread was PAUSED. Any CPU, any context. */
#define SCHED_HELP_NS UINT64_C(20000)
bool sched_wake_on(struct thread *thread, struct account *account);
/* Donated threads of an account run before its owner until they have run for SCHED_AHEAD_NS. Then
 * the owner runs for that time divided by SCHED_OWNER_COUNTS. */
#define SCHED_AHEAD_NS     UINT64_C(1000000)
#define SCHED_OWNER_COUNTS 16u

/** sched_prepare(), sched_cancel(), sched_pause() - see above. The running thread, which is no idle
 * thread and holds no lock. They panic in interrupt context. */
void sched_prepare(enum pause_reason reason);
void sched_cancel(void);
void sched_pause(void);
/** sched_hand_over() - after sched_prepare(): sched_wake_on(@thread, @account) and sched_pause() in
 * one. That costs little if the caller runs on @account itself. */
void sched_hand_over(struct thread *thread, struct account *account);
/** sched_join() - the next work of the running orphan is for @account. Returns true if it does not
 * run on that. Then it is READY there, still has the CPU, and calls sched() next. Locks of a lower
 * rank than a queue's may be held. */
bool __must_check sched_join(struct account *account);
/** sched_offer() - the running orphan must yield in the middle of its work, and @account waits for
 * it. If @account has a higher claim, the orphan is READY there, helped. The caller calls sched()
 * next. */
void sched_offer(struct account *account);
/** sched_cpu_of() - return the CPU whose time @account claims. Any context. */
u32 sched_cpu_of(struct account *account);
/** sched_evict() - @account is destroyed: @thread does not run on it any more. Any CPU. */
void sched_evict(struct thread *thread, const struct account *account);
/** sched_settle() - return when every other CPU has passed through the scheduler, or idles. Work of
 * the core there for a thread before the call is complete then. Handlers of interrupts are not, see
 * irq_settle(). A thread without locks; waits for one exit of each CPU. */
void sched_settle(void);
/** sched_retire() - @account is destroyed: its owner has stopped, and all were evicted. Any CPU. */
void sched_retire(struct account *account);
/** sched_charged() - return the account of a guest that is charged for the present work here; NULL
 * if the work is not a guest's. Any context. */
struct account *sched_charged(void);
/** sched_leave() - the running thread has set itself RESET or HALTED, or was started again since.
 * Others run. Returns RUNNING when it was started again. No locks. */
void sched_leave(void);
/** sched_needed() - return true if another thread should have this CPU, or may. The caller calls
 * sched() then. */
static inline bool sched_needed(void)
{
	return atomic_load_explicit(&this_cpu()->resched, memory_order_relaxed);
}
/** sched() - yield to an account of higher claim, if there is one. The running thread; no locks. */
void sched(void);
/** sched_pass() - end the slice and yield to equals also. The running thread; no locks. */
void sched_pass(void);
/** sched_alone() - return true if no other thread is READY on this CPU. If one becomes so later,
 * the CPU is kicked. */
bool sched_alone(void);
/** sched_ends() - return true if the running thread's slice or window has an end. If not, READY
 * threads wait until it blocks. */
bool sched_ends(void);
/** sched_set_priority() - set the priority of @thread's own account. Any CPU. */
void sched_set_priority(struct thread *thread, u8 priority);
/** sched_run_ns() - return the run time of @thread in nanoseconds, the current run included. */
u64 sched_run_ns(const struct thread *thread);
/** sched_starved_s() - return the seconds for which @thread, a vCPU's, has been READY without
 * running. */
u32 sched_starved_s(const struct thread *thread);
/** sched_charged_ns() - return the time that was charged to @thread's own account, the current run
 * included: its own, and that of donated threads. */
u64 sched_charged_ns(const struct thread *thread);
/** sched_idle_ns() - return the idle time of @cpu in nanoseconds. */
u64 sched_idle_ns(u32 cpu);
/** sched_describe() - write the strategy, running thread, number of READY threads and idle time of
 * @cpu to @record. Any context. */
struct manage_cpu;
void sched_describe(u32 cpu, struct manage_cpu *record);

/* The context of a CPU, for checks: only normal and orphan context may block. */
enum context { CONTEXT_NORMAL, CONTEXT_ORPHAN, CONTEXT_INTERRUPT, CONTEXT_IDLE };
enum context sched_context(void);
/** sched_interrupt_begin(), sched_interrupt_end() - around the handlers of host interrupts. */
static inline void sched_interrupt_begin(void)
{
	this_cpu()->interrupts++;
}
static inline void sched_interrupt_end(void)
{
	this_cpu()->interrupts--;
}

#endif
