/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deterministic simulator: the real scheduler, timers and sleeping locks on the fake machine's
 * CPUs, in virtual time. All random decisions come from a seed. Another CPU may continue wherever
 * a CPU releases its last lock, and wherever an actor permits it. After every such step check.c
 * examines the whole world.
 *
 *	sim.c     seeds, reports
 *	world.c   alternation of the CPUs, time, interrupts
 *	actor.c   behaviour of the threads
 *	check.c   invariants
 *	guests.c  guests and a manager instead of plain threads
 *	served.c  components for these guests
 *	donate.c  servers that run on donated accounts
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
	_Atomic u32 wanted; /* one bit for each actor with work for this server */
	u32 payer;          /* the actor of its present work, or itself; MAX_ACTORS: none */
	u64 for_others;     /* time that other accounts gave for that work, */
	u64 noted;          /* up to this run time of its thread */
	/* An actor that is served: */
	_Atomic u32 answers; /* completed pieces of its work */
	bool floods;         /* each piece of work for it causes the next */
	u64 ran_ns;          /* charge of its account when it last ran or was not READY */
};

/*
 * SCENE_RANDOM: any thread does anything.
 * SCENE_FAIR: equal threads compute. The first actor is more urgent and serves some of them on
 * their accounts.
 * SCENE_DONATION: the first SERVERS actors serve the others, and each other for them.
 */
enum scene { SCENE_RANDOM, SCENE_FAIR, SCENE_DONATION };
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
		bool in_guest; /* it would run a guest: only interrupts cause a check */
		bool alone;    /* in the guest: no other thread was READY, so it may sleep */
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
/** compute() - for @ns of its own run time; @stop: called when the CPU has to yield. */
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
/** donate_serve() - run one round of a server. */
void donate_serve(struct actor *self);
/** donate_ask() - run one round of an actor that is served. */
void donate_ask(struct actor *self);
/** donate_interrupt() - cause work for a server, on its own account if @payer is a server. The
 * caller holds no lock. */
void donate_interrupt(u32 payer);
/** donate_check_asker() - check that a READY actor's account does not run others for long. */
void donate_check_asker(struct actor *actor);
/** donate_check_server() - check the account and the help of a server's present work. */
void donate_check_server(const struct actor *actor);
/** donate_is_idle() - returns true unless a blocked server has wanted work. */
bool donate_is_idle(const struct actor *actor);

#endif
