/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of a guest's access to a region that a component emulates: the component's thread
 * sleeps in a wait with nothing to tell, so the vCPU's own thread runs the component itself, within
 * the guest's exit and without the scheduler. It is what characters on a UART go through. If the
 * component does anything but answer and wait again, its own thread goes on from there, and the
 * access with it on the long way (core/component/exit.c).
 *
 * Inline, in two halves around the run, because nothing of it is worth a call. Its caller is the
 * architecture: between here_begin() and here_end() it runs the component, with the record in its
 * results.
 *
 * This file and core/component/here.c own component->lending. One table holds its edges:
 *
 *	NEVER -> READY   the thread sleeps in a wait          here_sleep()
 *	READY -> NEVER   the thread goes on                   here_sleep()
 *	READY -> TAKEN   a vCPU's thread runs the component   here_begin()
 *	TAKEN -> READY   it has answered                      here_end()
 *	TAKEN -> BACK    it did something else                here_leave()
 *	BACK  -> NEVER   the thread serves that               here_trap(), here_reset()
 */
#ifndef MULLION_HERE_H
#define MULLION_HERE_H

#include <mullion/component.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <stdatomic.h>

#define HERE_TO(state) (1u << (state))

static const u32 here_edges[LEND_STATES] = {
	[LEND_NEVER] = HERE_TO(LEND_READY),
	[LEND_READY] = HERE_TO(LEND_NEVER) | HERE_TO(LEND_TAKEN),
	[LEND_TAKEN] = HERE_TO(LEND_READY) | HERE_TO(LEND_BACK),
	[LEND_BACK] = HERE_TO(LEND_NEVER),
};

/** here_move() - along one edge of the table; both states are constants, so the check is the
 * compiler's. Return: false, and nothing changes, when it was not in @from. */
static inline bool here_move(struct component *component, enum lending from, enum lending to)
{
	u32 expected = from;

	ASSERT((here_edges[from] & HERE_TO(to)) != 0);
	return atomic_compare_exchange_strong_explicit(&component->lending, &expected, to,
						       memory_order_seq_cst, memory_order_relaxed);
}

/** here_set() - the same for the one that has it in @from, and alone can leave that. */
static inline void here_set(struct component *component, enum lending from, enum lending to)
{
	ASSERT((here_edges[from] & HERE_TO(to)) != 0);
	atomic_store(&component->lending, to);
}

/** here_is() - the state at this moment. Any context. */
static inline bool here_is(const struct component *component, enum lending state)
{
	return atomic_load_explicit(&component->lending, memory_order_acquire) == state;
}

/** here_wake() - the thread of a component that was just given back has to look. */
void here_wake(struct component *component);
/** here_leave() - the run ended with @trap, which the component's thread has to serve, on the
 * vCPU's account: give back, with the access as its exit. */
void here_leave(struct vcpu *vcpu, enum user_trap trap, const struct component_exit *record);

/* For the component's own thread, no locks. */

/** here_sleep() - sleep in a wait until there is something to be told; @next (NULL: none) gets the
 * CPU, on its own account. Return: false when the registers went on without the thread. */
bool here_sleep(struct component *component, struct thread *next);
/** here_trap() - run it until its next trap; or the trap that it came back from a vCPU with. */
enum user_trap here_trap(struct component *component);
/** here_reset() - it starts anew: whatever it came back with is void. */
void here_reset(struct component *component);

/** here_begin() - may this vCPU's thread run the component that it used last? Then nothing else
 * does until here_end() or here_leave(), and this exit's number is component->exits. The vCPU's own
 * thread; no locks. */
static inline bool here_begin(struct vcpu *vcpu)
{
	struct component *component = vcpu->served.component;
	u32 ready = LEND_READY;

	if (atomic_load_explicit(&component->word, memory_order_relaxed) != 0 ||
	    !atomic_compare_exchange_strong_explicit(&component->lending, &ready, LEND_TAKEN,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	component->exits++;
	if (__builtin_expect(component->config->watchdog.v != 0, 0))
		component_watch(component);
	return true;
}

/** here_answered() - the component made a system call: was that the answer, and nothing else? */
static inline bool here_answered(const struct vcpu *vcpu)
{
	const struct arch_user *user = &vcpu->served.component->user;

	return arch_user_number(user) == SYS_VCPU_RESUME &&
	       arch_user_argument(user, 0) == vcpu->index &&
	       arch_user_argument(user, 2) == RESUME_WAIT;
}

/** here_end() - it answered, and the answer was taken out of its arguments: it waits again, and may
 * be run again. Return: false when it was notified meanwhile, so that its thread must not sleep on:
 * here_wake(). */
static inline bool __must_check here_end(struct component *component)
{
	here_set(component, LEND_TAKEN, LEND_READY);
	return atomic_load(&component->word) == 0 && atomic_load(&component->requests) == 0;
}

#endif
