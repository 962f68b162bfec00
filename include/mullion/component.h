/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: unprivileged programs with an address space, a thread, a notification word and the
 * grants that the description gives them. What one does, a fault included, reaches nothing that it
 * was not granted.
 */
#ifndef MULLION_COMPONENT_H
#define MULLION_COMPONENT_H

#include <abi/component.h>
#include <arch/user.h>
#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/list.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/spinlock.h>
#include <mullion/thread.h>
#include <mullion/timer.h>

struct guest;
struct manage_component;
struct region;
struct vcpu;
struct vcpu_exit;

/* Stage 2 of component n has this VMID plus n; guests' are below. All fit in 8 bits, which is what
 * every core has. */
#define COMPONENT_TAG 128u

enum component_state {
	COMPONENT_CREATED,
	COMPONENT_RUNNING,
	COMPONENT_STOPPED, /* by the manager, or SYS_EXIT with policy never */
	COMPONENT_FAULTED, /* for good: its restart policy is used up */
};

/* Requests to a component's thread; it acts at the component's next trap. */
#define COMPONENT_REQ_START    BIT(0)
#define COMPONENT_REQ_STOP     BIT(1)
#define COMPONENT_REQ_KILL     BIT(2)
#define COMPONENT_REQ_WATCHDOG BIT(3)

/* An exit of one vCPU on its way through the component that serves it. */
enum slot_state {
	SLOT_FREE,
	SLOT_QUEUED, /* the component has yet to take it */
	SLOT_TAKEN,
	SLOT_ANSWERED, /* the vCPU has yet to go on */
};

struct exit_slot {
	struct list_node link; /* QUEUED: first come first; under the component's lock */
	_Atomic u32 state;     /* enum slot_state */
	bool fault;            /* the answer: nothing is there */
	struct thread *thread; /* the vCPU's; while it is not FREE */
	struct component_exit access;
	u64 answer;
};

/* What the core itself must know of a grant; struct grant_info has what the component is told. */
struct component_grant {
	u8 kind;   /* enum grant_kind */
	u8 bit;    /* of the notification word */
	u16 end;   /* channel: which end of it this is */
	u32 value; /* channel: its number; interrupt: host INTID; line: the guest's INTID */
};

/* The owner of a component's registers: its own thread, or a vCPU's (serve.h has the edges). */
enum serve_state {
	SERVE_THREAD,   /* the component's thread runs, or is about to */
	SERVE_READY,    /* the thread sleeps in a wait: a vCPU may run the component */
	SERVE_INLINE,   /* a vCPU's thread runs the component to serve its exit */
	SERVE_RETURNED, /* the component's thread must serve the trap in returned_trap */
	SERVE_STATES
};

/* Where it is with a reset that its guest's new start waits for. */
enum reset {
	RESET_NONE,
	RESET_ASKED, /* NOTIFY_RESET is set */
	RESET_TAKEN, /* it was told, and has yet to wait again */
	RESET_DONE,  /* its thread starts the guest, on the core's account */
};

#define COMPONENT_NOTHING 0xffu /* no grant, no bit */

struct component {
	struct arch_user user; /* first: alignment */
	const struct config_component *config;
	u32 id;
	_Atomic u32 state;    /* enum component_state */
	_Atomic u32 requests; /* COMPONENT_REQ_* */
	_Atomic u64 word;     /* notification bits */
	struct spinlock lock; /* RANK_COMPONENT: guest, slots, queue, payers */
	struct thread thread;
	struct space space;
	hpa_t memory; /* zeroed at each start, and behind it what is kept */
	u64 fresh_bytes, memory_bytes;
	hpa_t info;                        /* struct component_info */
	const struct config_guest *serves; /* or NULL */
	struct guest *guest;               /* the served guest while it exists, or NULL */
	_Atomic u32 reset;                 /* enum reset; changes under the lock */
	struct list queue;   /* exits to be taken: the higher priority, the older first */
	_Atomic u32 serving; /* enum serve_state: serve.h and serve.c alone */
	enum user_trap returned_trap;
	struct timer_event timer;
	u32 num_grants;
	struct component_grant grants[GRANTS_MAX];
	u8 virtual_grant[CONFIG_MAX_REGIONS]; /* by index of the served guest's region */
	u8 doorbell[CONFIG_MAX_REGIONS];      /* the bit of that region's doorbell */
	/* Watchdog (component.c). */
	struct timer_event watchdog;
	_Atomic u32 waits;
	_Atomic bool guarded;
	u32 seen_waits;
	u64 seen_run_ns;
	/* Restart policy. */
	u32 starts, period_restarts;
	ns_t period_start;
	/* Counts, for the manager. */
	u32 restarts, faults;
	bool gave_up; /* it ended more often than its restart limit allows; until it is started */
	u64 syscalls; /* that its own thread served */
	u64 notifications;
	u64 exits; /* taken, once each: the latest one's number. Whoever runs it counts */
	/* The account that caused each bit of the word; NULL: none of a guest's (payer.c). */
	struct account *_Atomic payers[64];
	struct account *_Atomic timer_payer;
	u32 last_bit;         /* that was chosen before others of the same claim */
	struct log_line line; /* of the log, not complete yet */
	u64 object_pages;     /* heap pages of this structure */
	u32 num_vcpus;        /* of the served guest */
	struct exit_slot slots[];
};

/** component_setup() - keep @system, which must stay, and make its channels. Boot CPU, once, after
 * the heap and before any component. ERR_NO_MEMORY. */
enum err __must_check component_setup(const struct system *system);

extern u32 component_count;
/** component_get() - number @id of the description, or NULL. component_find() - the one of that
 * name, or NULL. Any context. */
struct component *component_get(u32 id);
struct component *component_find(const char *name);

/** component_create() - address space, grants, thread for @config, which is one of the system's;
 * a failure leaves nothing. Boot CPU, in the description's order. ERR_NO_MEMORY, ERR_TOO_BIG with
 * too many grants, ERR_RANGE, ERR_EXISTS for an interrupt that has an owner. */
enum err __must_check component_create(const struct config_component *config,
				       struct component **out);
/** component_start() - it is loaded from the bundle, the rest of its memory zeroed, and runs; its
 * own thread does that. Any context. ERR_STATE when it is running. */
enum err __must_check component_start(struct component *component);
/** component_stop() - its thread ends at its next trap; vCPUs that wait for it go on waiting. Any
 * context. */
void component_stop(struct component *component);
/** component_restart() - the same, and it starts again. component_kill() - as if it had faulted.
 * Any context. ERR_STATE when it is not running. */
enum err __must_check component_restart(struct component *component);
enum err __must_check component_kill(struct component *component);
/** component_destroy() - give back all that component_create() took, for one that never started or
 * was not created whole. Boot CPU. */
void component_destroy(struct component *component);
/** component_describe() - what a manager may know beside the description: fills all of @record but
 * names, id and policy. Any context. */
void component_describe(const struct component *component, struct manage_component *record);

/** component_finish() - the machine is about to be switched off by @end, which does not return:
 * components get NOTIFY_END, and @end is called when all of them wait, or after a second. At once
 * when none is running; else in interrupt context. A second call before that does nothing. Any
 * context, no locks. */
void component_finish(void (*end)(void));

/** component_copy_in(), component_copy_out() - copy between core memory and what @component may
 * read (write) of its own memory; never a guest's RAM or a device. Any context, no copy window in
 * use. ERR_FAULT, with a part copied. */
enum err __must_check component_copy_in(const struct component *component, void *to, u64 va,
					u64 bytes);
enum err __must_check component_copy_out(const struct component *component, u64 va,
					 const void *from, u64 bytes);

/** component_notify() - set @bits of its notification word and wake it; the account that runs here
 * (sched_charged()) pays for the work. component_notify_for() - @payer does; NULL: the component
 * itself. Any context. */
void component_notify(struct component *component, u64 bits);
void component_notify_for(struct component *component, u64 bits, struct account *payer);
/** component_forget_payer() - components that work on @account, or know it, go on on their own. A
 * component that runs at this moment may still charge work to it: see guest.c. Any context, no
 * locks above a guest's. */
void component_forget_payer(struct account *account);
/** component_irq() - granted host interrupt @intid came in: it is masked and the component told.
 * Interrupt context. Return: false when it is none of a component's. */
bool component_irq(u32 intid);

/** component_serve_exit() - hand an access of @vcpu to @region to the component that serves it, and
 * wait for the answer (PAUSED(io)); it is then completed or a fault injected. A doorbell is rung
 * without a wait. The vCPU's own thread, no locks. Return: false when no component serves that
 * region. */
bool component_serve_exit(struct vcpu *vcpu, const struct region *region,
			  const struct vcpu_exit *exit);

/** component_watch() - it goes on after a wait: its watchdog begins anew. Who runs it. */
void component_watch(struct component *component);
/** component_guest_attach(), component_guest_detach() - @guest was created with its memory, or is
 * about to be destroyed: the component that serves it sees its RAM, or no longer. */
enum err __must_check component_guest_attach(struct guest *guest);
void component_guest_detach(struct guest *guest);
/** component_guest_reset() - @guest is to start anew: its devices must, before its RAM is written.
 * No vCPU of it runs. Return: true when that is so; false when its component's thread calls
 * guest_devices_reset() as soon as it is. */
bool __must_check component_guest_reset(struct guest *guest);
/** component_guest_forget() - @guest is not to start any more. Return: guest_devices_reset() would
 * have been called, and will not be. */
bool component_guest_forget(struct guest *guest);
/** component_guest_start() - @guest is about to run: the component that serves it is started, if it
 * never was. Not at boot, but for a guest that is created later. Return: component_start()'s. */
enum err __must_check component_guest_start(const struct guest *guest);

#endif
