/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline service of an exit. The component's thread is blocked in a wait, with an empty
 * notification word. The vCPU's own thread then runs the component, within the guest's exit and
 * without the scheduler. Characters on a UART take this path. The component may make another system
 * call than the answer. Then its own thread continues, and the exit is queued
 * (core/component/exit.c).
 *
 * The two halves around the run are inline functions, because a call would cost more than the work.
 * The caller is the architecture. It runs the component between serve_begin() and serve_end(), with
 * the record in the result registers.
 *
 * This file and core/component/serve.c own component->serving. One table holds its edges:
 *
 *	THREAD   -> READY     the thread blocks in a wait                 serve_sleep()
 *	READY    -> THREAD    the thread is awake again                   serve_sleep()
 *	READY    -> INLINE    a vCPU's thread runs the component          serve_begin()
 *	INLINE   -> READY     the component has answered and waits        serve_end()
 *	INLINE   -> RETURNED  the run ended with another trap             serve_leave()
 *	RETURNED -> THREAD    the component's thread serves that trap     serve_trap(),
 *serve_reset()
 */
#ifndef MULLION_SERVE_H
#define MULLION_SERVE_H

#include <mullion/component.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <stdatomic.h>

#define SERVE_TO(state) (1u << (state))

static const u32 serve_edges[SERVE_STATES] = {
	[SERVE_THREAD] = SERVE_TO(SERVE_READY),
	[SERVE_READY] = SERVE_TO(SERVE_THREAD) | SERVE_TO(SERVE_INLINE),
	[SERVE_INLINE] = SERVE_TO(SERVE_READY) | SERVE_TO(SERVE_RETURNED),
	[SERVE_RETURNED] = SERVE_TO(SERVE_THREAD),
};

/** serve_move() - follow one edge of the table. Both states are constants, so the compiler resolves
 * the check. Returns false if the state was not @from; nothing changes then. Any context. */
static inline bool serve_move(struct component *component, enum serve_state from,
			      enum serve_state to)
{
	u32 expected = from;

	ASSERT((serve_edges[from] & SERVE_TO(to)) != 0);
	return atomic_compare_exchange_strong_explicit(&component->serving, &expected, to,
						       memory_order_seq_cst, memory_order_relaxed);
}

/** serve_set() - follow one edge without a check of the present state. The caller is in @from, and
 * no other thread can leave that state. */
static inline void serve_set(struct component *component, enum serve_state from,
			     enum serve_state to)
{
	ASSERT((serve_edges[from] & SERVE_TO(to)) != 0);
	atomic_store(&component->serving, to);
}

/** serve_is() - Returns true if the state is @state at this moment. Any context. */
static inline bool serve_is(const struct component *component, enum serve_state state)
{
	return atomic_load_explicit(&component->serving, memory_order_acquire) == state;
}

/** serve_wake() - wake the thread of a component for which serve_end() returned false. The vCPU's
 * own thread; no locks. */
void serve_wake(struct component *component);
/** serve_leave() - the inline run ended with @trap, which the component's thread must serve on the
 * vCPU's account. The access @record becomes an exit that was taken. The vCPU's own thread; no
 * locks. */
void serve_leave(struct vcpu *vcpu, enum user_trap trap, const struct component_exit *record);

/** serve_sleep() - block in a wait until there is a notification or a request. @next (NULL: none)
 * gets the CPU, on its own account. Returns false if the registers continued without the thread.
 * The component's own thread; no locks. */
bool serve_sleep(struct component *component, struct thread *next);
/** serve_trap() - run the component until its next trap, or return the trap of an inline run. The
 * component's own thread; no locks. */
enum user_trap serve_trap(struct component *component);
/** serve_reset() - the component has restarted: drop the trap of an inline run. The component's own
 * thread; no locks. */
void serve_reset(struct component *component);

/** serve_record() - the record of an access of @vcpu's to the region that it used last: 1 << @scale
 * bytes wide, at @offset bytes. @number is the exit's, 0: not yet taken. The caller adds the value
 * that a write stores. Any context. */
static inline struct component_exit serve_record(const struct vcpu *vcpu, u64 offset, u32 scale,
						 bool write, u64 number)
{
	return (struct component_exit){
		.where = vcpu->served.where | BIT(EXIT_WIDTH_SHIFT + scale) |
			 (write ? EXIT_IS_WRITE : 0),
		.offset = offset,
		.number = number,
	};
}

/** serve_present() - put @record into the result registers behind the first. The caller runs the
 * component, or is its thread. */
static inline void serve_present(struct arch_user *user, const struct component_exit *record)
{
	arch_user_set_result(user, 1, record->where);
	arch_user_set_result(user, 2, record->offset);
	arch_user_set_result(user, 3, record->value);
	arch_user_set_result(user, 4, record->number);
}

/** serve_begin() - Returns true if this vCPU's thread may run the component that it used last. It
 * alone does so then until serve_end() or serve_leave(), and the exit's number is
 * component->exits. The vCPU's own thread; no locks. */
static inline bool serve_begin(struct vcpu *vcpu)
{
	struct component *component = vcpu->served.component;
	u32 ready = SERVE_READY;

	if (atomic_load_explicit(&component->word, memory_order_relaxed) != 0 ||
	    !atomic_compare_exchange_strong_explicit(&component->serving, &ready, SERVE_INLINE,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	component->exits++;
	if (__builtin_expect(component->config->watchdog.v != 0, 0))
		component_watch(component);
	return true;
}

/** serve_answered() - Returns true if the component's system call answers @vcpu's exit and waits.
 * The vCPU's own thread, after an inline run that ended with a system call. */
static inline bool serve_answered(const struct vcpu *vcpu)
{
	const struct arch_user *user = &vcpu->served.component->user;

	return arch_user_number(user) == SYS_VCPU_RESUME &&
	       arch_user_argument(user, 0) == vcpu->index &&
	       arch_user_argument(user, 2) == RESUME_WAIT;
}

/** serve_end() - the component has answered, and the answer was read from its arguments. It waits
 * again and may be run again. Returns false if a notification or a request came meanwhile: the
 * caller must call serve_wake(). The vCPU's own thread; no locks. */
static inline bool __must_check serve_end(struct component *component)
{
	serve_set(component, SERVE_INLINE, SERVE_READY);
	return atomic_load(&component->word) == 0 && atomic_load(&component->requests) == 0;
}

#endif
