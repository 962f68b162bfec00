/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations inside the component room. */
#ifndef COMPONENT_INTERNAL_H
#define COMPONENT_INTERNAL_H

#include <mullion/component.h>

/* Two components and a notification bit of each, perhaps with shared memory. */
struct channel {
	struct component *ends[2]; /* NULL: not created */
	u8 bits[2];
	u64 size; /* of the memory, bytes; 0: none */
	hpa_t memory;
};

extern const struct system *component_system;
extern struct channel *component_channels; /* as many as the description has */
extern struct component *components[CONFIG_MAX_COMPONENTS];

/** component_main() - the entry of a component's thread; @data: the component. */
void component_main(void *data);
/** component_interrupt() - deliver() of a route to a component. */
struct irq_route;
void component_interrupt(const struct irq_route *route);
/** component_timer() - the time of SYS_TIMER_SET has come. Interrupt context. */
void component_timer(struct timer_event *event);
/** component_watchdog() - a watchdog period is over. Interrupt context. */
void component_watchdog(struct timer_event *event);
/** component_serving() - Returns the component that serves @guest and sees its RAM, or NULL. Any
 * context while the guest exists. */
struct component *component_serving(const struct guest *guest);
/** component_waits() - Returns true if the component's thread blocks in a wait, or starts its guest
 * within one. Any context. */
bool component_waits(struct component *component);

/** syscall_serve() - serve the system call that the component's run ended with. Returns false for
 * SYS_EXIT. The component's own thread, no locks. */
bool syscall_serve(struct component *component);

/** space_load() - load the program and zero the rest of the memory. The component's own thread,
 * while the component does not run. */
void space_load(struct component *component);

/** exit_left() - enter @vcpu's access @record as an exit that the component has taken. The vCPU's
 * own thread, within serve_leave(). */
void exit_left(struct component *component, const struct vcpu *vcpu,
	       const struct component_exit *record);
/** exit_take() - put the first queued exit's record into the result registers, and set NOTIFY_EXIT
 * again if there are more. Returns false if no exit of the account that the component works on is
 * left. The component's own thread; takes the component's lock. */
bool exit_take(struct component *component);
/** exit_state() - copy the state of vCPU @index, whose exit was taken and has EXIT_IS_INSN, to the
 * component's address @va. Returns ERR_RANGE, ERR_STATE, ERR_FAULT. Takes the component's lock. */
enum err __must_check exit_state(struct component *component, u64 index, u64 va);
/** exit_answer() - answer the exit of vCPU @index by @value and @flags, and wake the vCPU. With
 * @next a thread of this CPU is not woken but stored there: the caller must wake it before it
 * yields the CPU. Returns ERR_RANGE, ERR_STATE if the vCPU waits for no such answer, ERR_FAULT if
 * the state that RESUME_STATE gives cannot be read. Takes the component's lock. */
enum err __must_check exit_answer(struct component *component, u64 index, u64 value, u32 flags,
				  struct thread **next);
/** exit_again() - after a restart: queue the exits that were taken once more. The component's own
 * thread; takes the component's lock. */
void exit_again(struct component *component);
/** exit_drop_all() - drop every exit; no vCPU of the guest runs. */
void exit_drop_all(struct component *component) REQUIRES(&component->lock);

/** reset_taken() - the component has taken NOTIFY_RESET. Its own thread, no locks. */
void reset_taken(struct component *component);
/** reset_done() - the component waits again or has ended: a pending reset is complete. Its own
 * thread, no locks. */
void reset_done(struct component *component);
/** reset_again() - the component has restarted: a pending reset begins again. Its own thread, no
 * locks. */
void reset_again(struct component *component);

/** component_announce() - as component_notify_for(), without the wake. NOTIFY_EXIT's payer is the
 * queue's. Returns true if the caller must wake the thread. Any context. */
bool __must_check component_announce(struct component *component, u64 bits, struct account *payer);

/** payer_account() - Returns the account that @component works on for @payer (NULL: none). It is
 * @payer if its CPU is one of the component's, else the component's own. Any context. */
struct account *payer_account(struct component *component, struct account *payer);
/** payer_choose() - choose one payer among the set bits and join its account. The bits stay set. If
 * another account takes precedence, the thread yields, and works on that account afterwards. @next:
 * a thread to be woken before that; NULL then. Returns the payer's bits, or 0: call again. The
 * component's own thread, no locks. */
u64 payer_choose(struct component *component, struct thread **next);
/** payer_offer() - the component must yield in the middle of its work: continue it, if another
 * account waits for the component, on that account. Its own thread, no locks. */
void payer_offer(struct component *component);
/** payer_pull() - as payer_offer(), for a component that is READY. Any context. */
void payer_pull(struct component *component);
/** payer_home() - the component works on its own account from now on. Its own thread, no locks. */
void payer_home(struct component *component);

/** channel_make_all() - take the memory of @system's channels. Returns ERR_NO_MEMORY. Boot CPU. */
enum err __must_check channel_make_all(const struct system *system);
/** channel_announce() - the component has started: notify it and its peers of every channel. Its
 * own thread. */
void channel_announce(struct component *component);
/** channel_notify_all() - notify the other end of each of the component's channels. Any context. */
void channel_notify_all(struct component *component);
/** channel_notify() - notify the other end of @grant's channel. Any context. */
void channel_notify(const struct component_grant *grant);

#endif
