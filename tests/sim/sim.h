/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deterministic simulator: the real scheduler, timers and sleeping locks on the fake machine's
 * CPUs, in virtual time. All that is random comes from a seed. Whenever a CPU lets go of its last
 * lock, and wherever an actor says so, another may go on, as if they ran at the same time; after
 * every such step the whole world is checked (check.c).
 *
 *	sim.c     seeds, reports
 *	world.c   the CPUs take turns, time passes, interrupts come
 *	actor.c   what the threads do
 *	check.c   what must hold
 *	guests.c  guests and a manager instead
 *	served.c  components for these guests
 *	donate.c    servers that work on others' accounts
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <mullion/config.h>
#include <mullion/cpu.h>
#include <mullion/sched.h>
#include <mullion/sync.h>

#include "arch/host/host.h"

#define SIM_CPUS   4
#define MAX_ACTORS 10
#define PARTITIONS 3
#define SEED_NS    UINT64_C(10000000000) /* no seed takes that long */
#define US(n)      ((u64)(n)*1000)
#define MS(n)      ((u64)(n)*1000000)

struct actor {
	struct thread thread;
	u32 index;
	_Atomic u32 tokens; /* it waits until it has one */
	u32 left;           /* things to do before it ends */
	/* A server's: */
	_Atomic u32 wanted; /* by which actors' accounts, a bit each */
	u32 payer;          /* the actor whose work it does, itself included; MAX_ACTORS: none's */
	u64 for_others;     /* time that others' accounts gave for that, */
	u64 noted;          /* up to this run time of its thread */
	/* One that is served: */
	_Atomic u32 answers; /* pieces of its work that are done */
	bool floods;         /* each piece of work for it causes the next */
	u64 had_turn_ns;     /* what its account had paid for when it ran, or was not READY */
};

/* Anything goes; or equals that compute, and the first actor, which is more urgent, serves some on
 * their accounts; or the first SERVERS actors serve the others, and each other on their behalf. */
enum scene { SCENE_RANDOM, SCENE_FAIR, SCENE_DONATE };
#define SERVERS 3
#define SERVER  0

struct world {
	enum scene scene;
	u32 num_cpus, num_actors;
	struct actor actors[MAX_ACTORS];
	struct spinlock door; /* to a place for `limit` threads; the others wait */
	struct waitqueue outside;
	u32 inside, limit;
	bool finishing;
	u64 begin;          /* when the world began */
	u64 idle[SIM_CPUS]; /* how idle the CPUs had been until then */
	struct {
		enum host_pause pause;
		bool in_guest; /* it would run a guest: only interrupts make it look */
		bool alone;    /* in the guest: nobody else was READY, so that it may sleep */
		bool poked;    /* a device's interrupt is pending */
		u32 kicks;     /* that it has seen */
		u64 strays;    /* since when a thread without a claim has run; 0: none does */
		struct sched_table table;
		struct sched_window windows[PARTITIONS];
	} cpus[SIM_CPUS];
};

extern struct world world;

/* sim.c */
u64 chance(u64 below); /* 0 to below - 1 */
void complain(const char *fmt, ...) __printf(1, 2) __noreturn;
#define MUST(condition, ...)                   \
	do {                                   \
		if (!(condition))              \
			complain(__VA_ARGS__); \
	} while (0)

/* world.c */
void world_begin(u64 seed);
/** pass_time() - less than @most, and not beyond the earliest deadline, but for some lateness. */
void pass_time(u64 most);
void world_run(void);
void world_end(void);
/** interrupted() - an interrupt of @cpu is pending. */
bool interrupted(u32 cpu);
/** take_interrupts() - this CPU does. */
void take_interrupts(void);

/* actor.c */
void actor_main(void *data);
/** compute() - for @ns of its own run time; @stop: called when the CPU is to be given away. */
void compute(struct actor *self, u64 ns, void (*stop)(struct actor *self));
/** wait_for_token() - pause until there is one; @next (NULL: none) gets the CPU, and one. */
void wait_for_token(struct actor *self, struct actor *next);
/** give_token() - to @actor, and wake it. */
void give_token(struct actor *actor);

/* served.c */
#define SERVED_GUESTS 3
/** served_begin() - components for @guests, SERVED_GUESTS of them, which become theirs. */
void served_begin(struct config_guest *guests);
/** served_interrupt() - something happens to one of them. Interrupt context, no locks. */
void served_interrupt(void);
/** served_check() - after each step. */
void served_check(void);
/** served_stop() - all are to stop. served_stopped() - all have. served_end() - then they go. */
void served_stop(void);
bool served_stopped(void);
void served_end(void);

/* guests.c */
/** guests_run() - a whole seed of its own, from @seed_ns on. */
void guests_run(u64 seed_ns);

/* check.c */
void check_step(void);
/** check_rest() - every CPU is idle or in a guest, and no interrupt is pending. */
void check_rest(void);
void check_times(void);
void check_fair(void);

/* donate.c */
/** donate_serve(), donate_ask() - one round of a server, and of one that is served. */
void donate_serve(struct actor *self);
void donate_ask(struct actor *self);
/** donate_interrupt() - it causes work of a server's, of its own if @payer is one. No locks. */
void donate_interrupt(u32 payer);
/** donate_check_turn() - of one that is served, in a step: its account does not run for long
 * without it while it is READY. */
void donate_check_turn(struct actor *actor);
/** donate_check() - of a server's thread, in a step. */
void donate_check(const struct actor *actor);
/** donate_idle() - nothing is wanted of it. */
bool donate_idle(const struct actor *actor);

#endif
