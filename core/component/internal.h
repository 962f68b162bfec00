/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the component room. */
#ifndef COMPONENT_INTERNAL_H
#define COMPONENT_INTERNAL_H

#include <mullion/component.h>

#define COMPONENT_WINDOW   MIB(2) /* most that a copy window maps */
#define COMPONENT_DOORBELL 0x50u  /* of a region: QueueNotify (virtio 1.2 §4.2.2) */

/* Two components and a notification bit of each; perhaps memory that both see. */
struct channel {
	struct component *ends[2]; /* NULL: not created */
	u8 bits[2];
	u64 size; /* of the memory, bytes; 0: none */
	hpa_t memory;
};

extern const struct system *component_system;
extern struct channel *component_channels; /* as many as the description has */
extern struct component *components[CONFIG_MAX_COMPONENTS];

/** component_main() - the thread of a component; @data: the component. */
void component_main(void *data);
/** component_timer() - its SYS_TIMER_SET time has come. Interrupt context. */
void component_timer(struct timer_event *event);
/** component_watchdog() - a watchdog period is over. Interrupt context. */
void component_watchdog(struct timer_event *event);

/** syscall_serve() - serve the system call that its run ended with. Return: false when it wants to
 * end. Its own thread, no locks. */
bool syscall_serve(struct component *component);

/** space_load() - its memory as at a program's start. It does not run; its own thread. */
void space_load(struct component *component);
/** space_put() - copy to RAM that is not mapped in the core. No copy window in use. */
void space_put(hpa_t to, const void *from, u64 bytes);

/** exit_left() - @vcpu's access goes on on the long way, as an exit that was taken. */
void exit_left(struct component *component, const struct vcpu *vcpu,
	       const struct component_exit *record);
/** exit_take() - the first queued exit's record into the result registers; NOTIFY_EXIT is set again
 * for more. Return: false when none is left of the
 * payer that it runs for. Takes the component's lock. */
bool exit_take(struct component *component);
/** exit_answer() - of vCPU @index's exit, which is woken; with @next, one of this CPU is put there
 * in place of that, for the caller to wake before the CPU is given away. ERR_RANGE, ERR_STATE when
 * it waits for none. Takes the component's lock. */
enum err __must_check exit_answer(struct component *component, u64 index, u64 value, bool fault,
				  struct thread **next);
/** exit_again() - the component was restarted: present what it had taken once more. Takes the
 * component's lock. */
void exit_again(struct component *component);

/** reset_taken() - it takes NOTIFY_RESET. reset_done() - it waits again, or is not there any more:
 * what has waited for that goes on. reset_again() - it starts anew, and must be told once more. Its
 * own thread, no locks. */
void reset_taken(struct component *component);
void reset_done(struct component *component);
void reset_again(struct component *component);

/** component_waits() - its registers can be lent, for it sleeps in a wait; or it is in a wait that
 * does the core's work. Any context. */
bool component_waits(struct component *component);

/** component_announce() - as component_notify_for(), but leaves it to the caller to wake the
 * thread. NOTIFY_EXIT's payer is the queue's. Return: that has to be done. */
bool __must_check component_announce(struct component *component, u64 bits, struct account *payer);

/** payer_account() - what @component runs on when it works for @payer (NULL: for none): that
 * account if its CPU is one of the component's; else its own. */
struct account *payer_account(struct component *component, struct account *payer);
/** payer_choose() - of the bits of its word, those of one payer, on whose account it runs now; they
 * are still set. When another's turn comes first it gives its CPU away, and runs there when this
 * returns. @next: a thread to be woken before that, which is NULL then. Return: 0: look again. Its
 * own thread, no locks. */
u64 payer_choose(struct component *component, struct thread **next);
/** payer_offer() - it has to give its CPU away in the middle of its work: go on, helped, on the
 * account of another that waits for it. Its own thread, no locks. */
void payer_offer(struct component *component);
/** payer_pull() - the same for one that is READY; those that wait asked when it was not. */
void payer_pull(struct component *component);
/** payer_home() - it runs on its own account from now on. Its own thread, no locks. */
void payer_home(struct component *component);

/** channel_greet() - the component was (re)started: it and its peers look at their channels. */
void channel_greet(struct component *component);
/** channel_notify_all() - the component has ended: its peers look at what it left. */
void channel_notify_all(struct component *component);
/** channel_notify() - ring the other end of @grant's channel. */
void channel_notify(const struct component_grant *grant);

#endif
