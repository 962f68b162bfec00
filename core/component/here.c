/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of a guest's access to a region that a component emulates: within the exit, on the
 * vCPU's own stack. It is what characters on a UART go through; the long way is exit.c.
 */
#include "core/component/internal.h"

#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/sched.h>

/* May this vCPU's thread run the component? Then nobody else does, until it is given back. */
static inline bool borrow(struct component *component)
{
	u32 ready = LEND_READY;

	return atomic_load_explicit(&component->word, memory_order_relaxed) == 0 &&
	       atomic_compare_exchange_strong_explicit(&component->lending, &ready, LEND_TAKEN,
						       memory_order_acquire, memory_order_relaxed);
}

static void __attribute__((noinline)) wake(struct component *component)
{
	(void)sched_wake(&component->thread);
}

/* Its own thread may sleep on, unless somebody has told it something meanwhile. */
static inline void give_back(struct component *component, enum lending lending)
{
	atomic_store(&component->lending, lending);
	if (lending == LEND_BACK || atomic_load(&component->word) != 0 ||
	    atomic_load(&component->requests) != 0)
		wake(component);
}

/*
 * The component's thread sleeps in a wait with nothing to tell, so this vCPU's thread runs the
 * component itself, without the scheduler and within the guest's exit. If the component does
 * anything but answer and wait again, its own thread goes on from there.
 */
enum served component_serve_here(struct vcpu *vcpu, gpa_t gpa, u32 width, bool write, u64 *value)
{
	const struct served_region *region = &vcpu->served;
	struct component *component = region->component;
	u64 offset = gpa.v - region->base, where;
	struct arch_user *user;
	struct exit_slot *slot;
	enum user_trap trap;

	if (offset >= region->size || width > region->size - offset || !borrow(component))
		return SERVED_NOT;
	user = &component->user;
	slot = &component->slots[vcpu->index];
	where = region->where | (u64)width << 32 | (write ? EXIT_IS_WRITE : 0);
	slot->thread = this_cpu()->thread;
	slot->access.where = where;
	slot->access.offset = offset;
	slot->access.value = *value;
	atomic_store_explicit(&slot->state, SLOT_TAKEN, memory_order_relaxed);
	arch_user_set_result(user, 0, NOTIFY_EXIT);
	arch_user_set_result(user, 1, where);
	arch_user_set_result(user, 2, offset);
	arch_user_set_result(user, 3, *value);
	component->exits++;
	if (component->config->watchdog.v != 0)
		component_watch(component);
	trap = arch_user_run(user);
	if (trap != USER_SYSCALL || arch_user_number(user) != SYS_VCPU_RESUME ||
	    arch_user_argument(user, 0) != vcpu->index ||
	    arch_user_argument(user, 2) != RESUME_WAIT) {
		component->lent_trap = trap;
		give_back(component, LEND_BACK);
		return SERVED_LATER;
	}
	*value = arch_user_argument(user, 1);
	atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_relaxed);
	atomic_store_explicit(&component->waiting, true, memory_order_relaxed);
	give_back(component, LEND_READY);
	return SERVED;
}
