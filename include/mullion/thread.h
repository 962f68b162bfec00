/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, the scheduler's unit of execution. Every thread has a stack of its own in the core. A
 * guest's vCPU has one (a normal thread); an orphan belongs to no guest: a thread of the core, or a
 * component's.
 *
 * All of them share one state machine. One table holds the edges, thread_set_state() alone changes
 * a state, and any other edge is refused and counted.
 *
 * The core is not preempted: host interrupts are masked while it runs, and a thread yields by a
 * call (sched.h). Long work calls thread_preempt_point() in between.
 */
#ifndef MULLION_THREAD_H
#define MULLION_THREAD_H

#include <arch/thread.h>
#include <mullion/err.h>
#include <mullion/list.h>
#include <mullion/timer.h>
#include <mullion/types.h>
#include <stdatomic.h>

enum vcpu_state {
	VCPU_UNKNOWN,
	VCPU_RESET, /* created or reset, not started; a vCPU is powered off */
	VCPU_READY,
	VCPU_RUNNING,
	VCPU_PAUSED,
	VCPU_HALTED, /* stopped by a fault, or an orphan whose function has returned */
	VCPU_STATES
};

enum pause_reason {
	PAUSE_NONE,
	PAUSE_WFI,   /* a vCPU waits for a virtual interrupt */
	PAUSE_IO,    /* a vCPU waits for a component's answer */
	PAUSE_ASKED, /* the manager paused it */
	PAUSE_WAIT,  /* an orphan waits: for a notification, a lock, a time */
	PAUSE_REASONS
};

/* A stack in use is run nowhere else, and not freed. */
enum stack_use {
	STACK_FREE,
	STACK_USED,
	STACK_MOVES, /* of a READY thread on its way to its account's CPU, once the stack is free */
};

enum thread_kind {
	THREAD_IDLE,      /* a CPU's own: runs when no other thread is READY; in no queue */
	THREAD_VCPU,      /* normal: loads and runs a guest's vCPU */
	THREAD_CORE,      /* orphan: a function of the core */
	THREAD_COMPONENT, /* orphan: a component */
};

/* Priorities: higher runs first. */
#define PRIORITY_IDLE      0u /* only when nothing else is READY: scrubbing */
#define PRIORITY_GUEST     200u
#define PRIORITY_COMPONENT 210u
#define PRIORITY_MAX       255u

#define THREAD_NAME_MAX 32 /* bytes with NUL */
#define SLICE_DEFAULT   NS(10000000)

/* A bound of an account's time: `amount_ns` in any span of `period_ns`. It is a sporadic server,
 * which replenishes used time a period later (core/sched/budget.c). */
#define BUDGET_REFILLS 8u
struct budget {
	u64 amount_ns, period_ns;
	struct refill {
		ns_t at;
		u64 ns;
	} refills[BUDGET_REFILLS]; /* the first `num`, in order of time: `amount_ns` in all */
	u32 num;
	u64 exhausted; /* times that the account had none left */
	struct account *account;
	struct timer_event timer; /* the first refill, while the account is out of the queue */
};

/* A claim to a CPU's time. The scheduler orders and charges accounts. Every thread has one of its
 * own, and runs on that or on another (struct thread: account). All under the CPU's lock. */
struct account {
	struct list_node link; /* the ready queue: it has a READY thread, and does not run */
	struct list donated;   /* READY threads on it but its owner; in order */
	union {
		struct {
			u16 num_donated; /* of those */
			u16 owner_ready; /* 1: its owner is READY on it */
		};
		u32 num_ready; /* 0: neither */
	};
	struct thread *_Atomic wants; /* has work for the account, and runs on another: the place
					 in the queue is kept, and helps that thread */
	u8 base_priority;             /* of the description */
	u8 priority;                  /* in force: sched_set_priority() */
	bool owner_first;    /* it goes before `donated`, until `ahead_ns` is 0; else behind */
	_Atomic bool closed; /* its owner is destroyed: no further work is charged to it */
	u64 ahead_ns; /* time of donated threads while the owner was READY, less the owner's */
	u32 window;   /* time-triggered: the partition it belongs to */
	ns_t slice;   /* time slice among equals */
	ns_t slice_left;
	ns_t since;            /* the time of its last switch or charge */
	u64 run_ns;            /* time charged to it, without the current run */
	struct budget *budget; /* NULL: none */
	u64 seen_run_ns;       /* `run_ns` at the last check for starvation */
	u32 starved_s;         /* checks in succession that found it not run since */
};

struct thread {
	struct arch_thread arch; /* first: assembly knows its offsets */
	char name[THREAD_NAME_MAX];
	u32 id; /* no other thread has or had it; of an idle thread 0 */
	enum thread_kind kind;
	_Atomic u32 state;         /* enum vcpu_state; only through thread_set_state() */
	_Atomic u32 pause_reason;  /* enum pause_reason */
	_Atomic u32 cpu;           /* the CPU of its queue, or on which it runs or was last */
	u64 affinity;              /* CPUs that may run it, a bit each; an orphan is woken on the
				      waker's if that is one of them */
	_Atomic u32 on_cpu;        /* enum stack_use */
	struct account *account;   /* it runs on that; under the CPU's lock */
	struct account *work_of;   /* helped: the payer of its unfinished work; else NULL */
	ns_t help_left;            /* of the time that `account` gives for that */
	u64 helps, help_ends;      /* times that it was helped, and that the help has ended */
	bool between;              /* PAUSED between two pieces of work: a wake may change its
				      account. Changed while RUNNING only */
	struct account home;       /* its own */
	u64 run_ns;                /* its run time, without the current run */
	u64 switches;              /* times it was switched to */
	_Atomic u64 refused_edges; /* refused changes of state */
	struct list_node link;     /* account->donated; under the CPU's lock */
	struct list_node waiter;   /* of a waitqueue; under its lock */
	_Atomic bool woken;        /* by waitqueue_wake() */
	_Atomic bool stopping;     /* thread_stop() */
	struct timer_event timer;  /* ends a sleep */
	struct list_node all;      /* every thread that there is; under the list's lock */
	void (*entry)(void *data);
	void *data;
};

struct vcpu;
struct guest;

/** thread_state_name() - return the state in lower case; "invalid" for none. Any context. */
const char *thread_state_name(enum vcpu_state state);
/** thread_set_state() - change the state of @thread. Only core/sched changes from or to READY,
 * RUNNING and PAUSED, but for the end of a running thread. Returns ERR_STATE for an edge that the
 * table does not have: it is counted, and nothing changes. Any context. */
enum err __must_check thread_set_state(struct thread *thread, enum vcpu_state to);

/** thread_init() - make @thread of @kind, state RESET, its stack from the heap, to begin in @entry
 * with @data. @affinity: CPUs, at least one that is online; the lowest is where it starts. @slice:
 * nanoseconds. Returns ERR_INVALID for an affinity without a CPU, ERR_NO_MEMORY. Any context that
 * may allocate. */
enum err __must_check thread_init(struct thread *thread, enum thread_kind kind, const char *name,
				  void (*entry)(void *data), void *data, u8 priority, ns_t slice,
				  u64 affinity);
/** account_init() - make an account, which is all zeroes, with nothing READY on it. @slice:
 * nanoseconds; 0: the default. */
void account_init(struct account *account, u8 priority, ns_t slice);
/** account_limit() - limit @thread's account, which has not run yet, to @amount of each @period.
 * @budget stays as long as the thread. */
void account_limit(struct thread *thread, struct budget *budget, ns_t amount, ns_t period);
/** thread_destroy() - release the stack of @thread, which becomes UNKNOWN. It is in no queue and on
 * no CPU (thread_stopped()). */
void thread_destroy(struct thread *thread);
/** thread_stop() - ask thread number @id, of the core, to return from its function: its waits end,
 * and thread_stopping() holds. Returns ERR_NOT_FOUND, ERR_DENIED for a thread of another kind. Any
 * context, no lock of the rank of work or above. */
enum err __must_check thread_stop(u32 id);
/** thread_stopping() - Returns true if the running thread should return from its function. */
bool thread_stopping(void);
/** thread_stopped() - return true if @thread is RESET or HALTED, and its stack not in use. Any
 * context. */
bool thread_stopped(const struct thread *thread);

/** thread_view() - call @view with thread number @index of all that there are, oldest first, while
 * it cannot be destroyed. @view takes no lock but a queue's. Any context, no lock of the rank of
 * work or above. Returns false if there are not so many. */
bool thread_view(u32 index, void (*view)(const struct thread *thread, void *data), void *data);

/** thread_sleep() - block for at least @ns nanoseconds. Orphan context. */
void thread_sleep(ns_t ns);
/** thread_preempt_point() - in long work: take pending interrupts and let others that should run do
 * so. Orphan context, or a vCPU's that has not stopped; at boot it does nothing. No locks held. */
void thread_preempt_point(void);

#endif
