/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: unprivileged programs with an address space, one thread, a notification word and the
 * grants of the description. No action of a component, and no fault, reaches an object that was
 * not granted.
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
	COMPONENT_FAULTED, /* the restart policy forbids another start */
};

/* Requests to a component's thread, served at the component's next trap. */
#define COMPONENT_REQ_START    BIT(0)
#define COMPONENT_REQ_STOP     BIT(1)
#define COMPONENT_REQ_KILL     BIT(2)
#define COMPONENT_REQ_WATCHDOG BIT(3)
#define COMPONENT_REQ_RESTART  BIT(4) /* a stop, then a start; COMPONENT_REQ_STOP overrides it */

/* The state of a vCPU's exit that a component serves. */
enum slot_state {
	SLOT_FREE,
	SLOT_QUEUED, /* the component has not taken it yet */
	SLOT_TAKEN,
	SLOT_ANSWERED, /* the vCPU has not resumed yet */
};

struct exit_slot {
	struct list_node link; /* QUEUED: in the queue, under the component's lock */
	_Atomic u32 state;     /* enum slot_state */
	u32 flags;             /* of the answer: RESUME_* */
	struct thread *thread; /* the vCPU's, unless FREE */
	struct component_exit access;
	u64 answer;
	void *insn; /* of an access with EXIT_IS_INSN: the vCPU's state */
	u32 insn_bytes;
};

/* A grant as the core sees it; struct grant_info is the component's view. */
struct component_grant {
	u8 kind; /* enum grant_kind */
	u8 bit;  /* of the notification word */
	u16 end; /* GRANT_CHANNEL: which end of it this is */
	union {
		u32 channel;    /* GRANT_CHANNEL: its number */
		u32 host_line;  /* GRANT_INTERRUPT */
		u32 guest_line; /* GRANT_LINE */
	};
};

/* The owner of a component's registers: its own thread, or a vCPU's (serve.h has the edges). */
enum serve_state {
	SERVE_THREAD,   /* the component's thread runs, or is about to */
	SERVE_READY,    /* the thread sleeps in a wait: a vCPU may run the component */
	SERVE_INLINE,   /* a vCPU's thread runs the component to serve its exit */
	SERVE_RETURNED, /* the component's thread must serve the trap in returned_trap */
	SERVE_STATES
};

/* The state of a reset that the start or the end of the served guest waits for. */
enum reset {
	RESET_NONE,
	RESET_ASKED, /* NOTIFY_RESET is set */
	RESET_TAKEN, /* the component has taken NOTIFY_RESET, and has not waited since */
	RESET_DONE,  /* the component's thread starts the guest, on the core's behalf */
};

#define COMPONENT_NOTHING 0xffu /* no grant, no bit */

struct component {
	struct arch_user user; /* first: alignment */
	const struct config_component *config;
	u32 id;
	_Atomic u32 state;    /* enum component_state */
	_Atomic u32 requests; /* COMPONENT_REQ_* */
	_Atomic u64 word;     /* notification bits */
	struct spinlock lock; /* RANK_COMPONENT: guest, reset, slots, queue, payers */
	struct thread thread;
	struct space space;
	hpa_t memory; /* zeroed at each start, and behind it what is kept */
	u64 fresh_bytes, memory_bytes;
	hpa_t info;                              /* struct component_info */
	const struct config_guest *serves;       /* or NULL */
	struct guest *guest;                     /* the served guest while it exists, or NULL */
	_Atomic u32 reset;                       /* enum reset; changes under the lock */
	void (*reset_done)(struct guest *guest); /* under the lock; NULL: nothing */
	struct list queue;                       /* exits to be taken: by priority, then by age */
	_Atomic u32 serving;                     /* enum serve_state: serve.h and serve.c alone */
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
	bool gave_up; /* the restart limit was reached; until the next start */
	u64 syscalls; /* served by the component's own thread */
	u64 notifications;
	u64 exits; /* taken; the latest exit's number */
	/* The account that pays for each bit of the word; NULL: the component's own (payer.c). */
	struct account *_Atomic payers[64];
	struct account *_Atomic timer_payer;
	u32 last_bit;         /* chosen among equal accounts */
	struct log_line line; /* of the log, not complete yet */
	u64 object_pages;     /* heap pages of this structure */
	u32 num_vcpus;        /* of the served guest */
	struct exit_slot slots[];
};

/* --- Creation, start and end (core/component/create.c, component.c, run.c, finish.c) ---------- */

/** component_shared() - the memory of channel @channel, one of /shared. After component_setup();
 * any context. */
hpa_t component_shared(u32 channel);
/** component_setup() - keep @system, which must stay, and make its channels. Boot CPU, once, after
 * the heap and before any component. Returns ERR_NO_MEMORY. */
enum err __must_check component_setup(const struct system *system);

extern u32 component_count;
/** component_get() - Returns number @id of the description, or NULL. Any context. */
struct component *component_get(u32 id);
/** component_find() - Returns the component of that name, or NULL. Any context. */
struct component *component_find(const char *name);

/** component_create() - make the address space, grants and thread for @config, which is one of the
 * system's. A failure leaves nothing. Boot CPU, in the description's order. Returns ERR_NO_MEMORY,
 * ERR_TOO_BIG with too many grants, ERR_RANGE, ERR_EXISTS for an interrupt that has an owner. */
enum err __must_check component_create(const struct config_component *config,
				       struct component **out);
/** component_destroy() - release all that component_create() took, for a component that never
 * started or was not created whole. Boot CPU. */
void component_destroy(struct component *component);
/** component_start() - start the thread, which loads the program from the bundle and zeroes the
 * rest of the memory. Returns ERR_STATE if the component runs. Any context. */
enum err __must_check component_start(struct component *component);
/** component_stop() - end the component at its next trap. vCPUs that wait for its answers stay
 * blocked. Any context. */
void component_stop(struct component *component);
/** component_restart() - component_stop(), then a start. Returns ERR_STATE if the component does
 * not run. Any context. */
enum err __must_check component_restart(struct component *component);
/** component_kill() - end the component as after a fault. Returns ERR_STATE if it does not run. Any
 * context. */
enum err __must_check component_kill(struct component *component);
/** component_describe() - fill all of @record but names, id and policy. Any context. */
void component_describe(const struct component *component, struct manage_component *record);
/** component_watch() - the component returns from a wait: its watchdog period begins again. The
 * thread that runs it. */
void component_watch(struct component *component);

/** component_finish() - the machine is about to be switched off by @end, which does not return.
 * Components get NOTIFY_END. @end is called once all of them wait, or after a second: in interrupt
 * context, or at once if no component runs. A second call before that has no effect. Any context,
 * no locks. */
void component_finish(void (*end)(void));

/** component_copy_in() - copy @bytes from address @va of the component's own memory; a guest's RAM
 * and devices are excluded. Returns ERR_FAULT, with a part copied. Any context, no copy window in
 * use. */
enum err __must_check component_copy_in(const struct component *component, void *to, u64 va,
					u64 bytes);
/** component_copy_out() - as component_copy_in(), to the component's memory. */
enum err __must_check component_copy_out(const struct component *component, u64 va,
					 const void *from, u64 bytes);

/* --- Notifications (core/component/notify.c, payer.c, news.c) --------------------------------- */

/** component_notify() - set @bits of the notification word and wake the component. The account that
 * runs on this CPU (sched_charged()) pays for the work. Any context. */
void component_notify(struct component *component, u64 bits);
/** component_notify_for() - as component_notify(); @payer pays, NULL: the component itself. */
void component_notify_for(struct component *component, u64 bits, struct account *payer);
/** component_forget_payer() - components that work on @account, or know it, continue on their own
 * accounts. A component that runs at this moment may still charge work to it: see guest.c. Any
 * context, no locks above a guest's. */
void component_forget_payer(struct account *account);

/** component_is_manager() - Returns true if the description grants control of guests. */
static inline bool component_is_manager(const struct config_component *config)
{
	return config->manages_all || config->manages != 0;
}
/** component_watch_states() - from now on component_changed() has an effect. The core leaves the
 * UART at @registers to a component that runs and has it. Boot CPU, once. */
void component_watch_states(hpa_t registers);
/** component_changed() - a guest or component has changed its state: notify the managers, and find
 * the owner of the core's UART. Any context; no locks but those of lower rank than
 * RANK_COMPONENT. */
void component_changed(void);
/** component_notify_log() - notify the readers of the log. As component_changed(). */
void component_notify_log(void);

/** manage_function - serves SYS_GUEST_CTL: manage_call(). */
typedef s64 manage_function(struct component *component, u64 operation, u64 id, u64 buffer_va,
			    u64 bytes, u64 argument, u64 *second);
/** component_set_manager() - @call serves SYS_GUEST_CTL from now on; before, it is refused with
 * ERR_DENIED. Boot CPU, once. */
void component_set_manager(manage_function *call);

/* --- The served guest (core/component/exit.c, reset.c) ---------------------------------------- */

/** component_serve_exit() - hand an access of @vcpu to @region to the component that serves it, and
 * block until the answer (PAUSED(io)). The access is then completed, or a fault injected. *@power:
 * RESUME_RESET or RESUME_OFF if the guest is to be reset or switched off, else 0. A doorbell only
 * notifies. EXIT_INSN has no region, and the guest's vmm executes the instruction. Returns false if
 * no component serves that. The vCPU's own thread, no locks. */
bool component_serve_exit(struct vcpu *vcpu, const struct region *region,
			  const struct vcpu_exit *exit, u32 *power);
/** component_guest_attach() - @guest was created: map its RAM for the component that serves it.
 * Returns the errors of the mapping. The context of guest_create(). */
enum err __must_check component_guest_attach(struct guest *guest);
/** component_guest_leave() - @guest is about to be destroyed: have its devices reset, and wait
 * until the component has done so; at most 100 ms. No vCPU runs. Orphan context, no locks. */
void component_guest_leave(struct guest *guest);
/** component_guest_detach() - unmap the RAM of @guest, behind component_guest_leave(). */
void component_guest_detach(struct guest *guest);
/** component_guest_reset() - have the devices of @guest reset before its RAM is written. No vCPU of
 * it runs. Returns true if they are reset; false if the component's thread will call @done. Any
 * context, no locks above a guest's. */
bool __must_check component_guest_reset(struct guest *guest, void (*done)(struct guest *guest));
/** component_guest_resets() - Returns true if the component has not reset the devices of @guest
 * since component_guest_attach(). Any context while the guest exists. */
bool component_guest_resets(const struct guest *guest);
/** component_guest_forget() - @guest must not start any more: withdraw a pending reset. Returns
 * true if its function would have been called. As component_guest_reset(). */
bool component_guest_forget(struct guest *guest);
/** component_guest_start() - @guest is about to run: start the component that serves it, if it was
 * never started. For a guest that is created after boot. Returns the errors of
 * component_start(). */
enum err __must_check component_guest_start(const struct guest *guest);

#endif
