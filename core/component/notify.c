/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: bits of a component's notification word, set by channels, interrupts, timers,
 * exits and state changes. Each bit has an account that pays for the work (payer.c).
 */
#include "core/component/internal.h"

#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/sched.h>

bool component_announce(struct component *component, u64 bits, struct account *payer)
{
	u64 new = bits & ~atomic_load(&component->word) & ~NOTIFY_EXIT, before;

	/* Of two simultaneous callers either pays. */
	for (; new != 0; new &= new - 1)
		atomic_store_explicit(&component->payers[__builtin_ctzll(new)], payer,
				      memory_order_relaxed);
	before = atomic_fetch_or(&component->word, bits);
	/* The thread that set the same bits before wakes the component. */
	if ((before & bits) == bits)
		return false;
	component->notifications++;
	return true;
}

void component_notify_for(struct component *component, u64 bits, struct account *payer)
{
	if (component_announce(component, bits, payer))
		(void)sched_wake_on(&component->thread, payer_account(component, payer));
}

void component_notify(struct component *component, u64 bits)
{
	component_notify_for(component, bits, sched_charged());
}

void component_interrupt(const struct irq_route *route)
{
	component_notify_for(route->owner, BIT(route->target), NULL);
}

void component_timer(struct timer_event *event)
{
	struct component *component = container_of(event, struct component, timer);

	component_notify_for(component, NOTIFY_TIMER, atomic_load(&component->timer_payer));
}
