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
 */
#ifndef MULLION_HERE_H
#define MULLION_HERE_H

#include <mullion/component.h>
#include <mullion/guest.h>
#include <stdatomic.h>

/** here_wake() - the thread of a component that was just given back has to look around. */
void here_wake(struct component *component);
/** here_leave() - the run ended with @trap, which the component's thread has to serve: give back,
 * with the access as its exit. */
void here_leave(struct vcpu *vcpu, enum user_trap trap, const struct component_exit *record);

/** here_begin() - may this vCPU's thread run the component that it used last? Then nobody else
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
 * be run again. Return: false when somebody has told it something meanwhile, so that its thread
 * must not sleep on: here_wake(). */
static inline bool __must_check here_end(struct component *component)
{
	atomic_store(&component->lending, LEND_READY);
	return atomic_load(&component->word) == 0 && atomic_load(&component->requests) == 0;
}

#endif
