/* SPDX-License-Identifier: Apache-2.0 */
/* What sets bits of a component's notification word: others' channels, its interrupts, its timer.
 */
#include "core/component/internal.h"

#include <mullion/irq.h>
#include <mullion/sched.h>

struct channel *component_channels;

bool component_irq(u32 intid)
{
	const struct irq_route *route = irq_lookup(intid);

	if (route == NULL || route->component == NULL)
		return false;
	irqchip->disable(intid);
	component_notify_for(route->component, BIT(route->guest_intid), NULL);
	return true;
}

void component_timer(struct timer_event *event)
{
	struct component *component = container_of(event, struct component, timer);

	component_notify_for(component, NOTIFY_TIMER, atomic_load(&component->timer_payer));
}

void channel_notify(const struct component_grant *grant)
{
	const struct channel *channel = &component_channels[grant->value];
	u32 other = grant->end ^ 1u;

	if (channel->ends[other] != NULL)
		component_notify(channel->ends[other], BIT(channel->bits[other]));
}

void channel_greet(struct component *component)
{
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_CHANNEL)
			component_notify(component, BIT(component->grants[i].bit));
	channel_notify_all(component);
}

void channel_notify_all(struct component *component)
{
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_CHANNEL)
			channel_notify(&component->grants[i]);
}
