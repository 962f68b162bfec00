/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between local APICs, and from an IOAPIC to them. SDM vol. 3, 10.6. */
#include "arch/x86_64/pure/lapic_internal.h"

#define ICR_LOGICAL    BIT(11)
#define ICR_ASSERT     BIT(14)
#define ICR_LEVEL      BIT(15)
#define DFR_FLAT       0xfu
#define BROADCAST      UINT32_MAX
#define SIPI_SHIFT     8
#define NOT_RUNNING    (LAPIC_WAITING | LAPIC_EVENT_INIT)
#define SHORTHAND_SELF 1u
#define SHORTHAND_ALL  2u

/* Set @bits of @lapic's events. Returns true if one of them was not set. */
static bool add_events(struct lapic *lapic, u32 bits)
{
	return (atomic_fetch_or(&lapic->events, bits) & bits) != bits;
}

/* IRR is the other CPU's own: it may take the vector, or fold it in, at the same time. */
static bool is_pending(struct lapic *lapic, u32 vector)
{
	return (__atomic_load_n(&lapic->irr[vector / 32], __ATOMIC_RELAXED) >> vector % 32 & 1) !=
	       0;
}

static bool accept_vector(struct lapic *lapic, u32 vector, bool level, struct lapic_effect *effect)
{
	u32 bit = 1u << vector % 32;

	if (!lapic_is_on(lapic) || (LOAD(lapic->svr) & SVR_ENABLED) == 0)
		return false;
	if (vector < 16) {
		atomic_fetch_or(&lapic->errors, ESR_RECEIVE);
		if (add_events(lapic, LAPIC_EVENT_ERROR))
			effect->kicks |= BIT(lapic->index);
		return true;
	}
	if (level)
		atomic_fetch_or(&lapic->levels[vector / 32], bit);
	else
		atomic_fetch_and(&lapic->levels[vector / 32], ~bit);
	if ((atomic_fetch_or(&lapic->posted[vector / 32], bit) & bit) != 0 ||
	    is_pending(lapic, vector))
		effect->merged = true;
	if (add_events(lapic, LAPIC_EVENT_IRQ))
		effect->kicks |= BIT(lapic->index);
	return true;
}

/* The events that follow from a message of @delivery that meets @events. */
static u32 next_events(u32 events, u32 delivery, u32 vector)
{
	u32 keep = events & LAPIC_WAITING;

	switch (delivery) {
	case LAPIC_NMI: /* dropped by a processor that waits for a SIPI */
		return (events & NOT_RUNNING) != 0 ? events : events | LAPIC_EVENT_NMI;
	case LAPIC_INIT: /* what has not been taken is lost; a SIPI after it counts */
		return keep != 0 ? keep : LAPIC_EVENT_INIT;
	case LAPIC_SIPI:
		if ((events & NOT_RUNNING) == 0 || (events & LAPIC_EVENT_SIPI) != 0)
			return events;
		return events | LAPIC_EVENT_SIPI | vector << SIPI_SHIFT;
	case LAPIC_EXTINT: return events | LAPIC_EVENT_EXTINT;
	default: return events;
	}
}

static bool accept_event(struct lapic *lapic, const struct lapic_message *message,
			 struct lapic_effect *effect)
{
	u32 events = LOAD(lapic->events), next;

	do {
		next = next_events(events, message->delivery, message->vector);
		if (next == events)
			return false;
	} while (!atomic_compare_exchange_weak(&lapic->events, &events, next));
	if ((next & LAPIC_WAITING) == 0)
		effect->kicks |= BIT(lapic->index);
	else if ((next & LAPIC_EVENT_SIPI) != 0)
		effect->starts |= BIT(lapic->index);
	return true;
}

static bool deliver(struct lapic *lapic, const struct lapic_message *message,
		    struct lapic_effect *effect)
{
	if (message->delivery != LAPIC_FIXED && message->delivery != LAPIC_LOWEST)
		return accept_event(lapic, message, effect);
	return accept_vector(lapic, message->vector, message->level, effect);
}

/* Logical destinations: 10.6.2.2 (flat and cluster model), 10.12.10.2 (x2APIC). */
static bool matches_logical(const struct lapic *lapic, u32 destination, bool wide)
{
	u32 ldr, cluster;

	if (lapic_is_x2(lapic)) {
		if (wide && destination == BROADCAST)
			return true;
		return destination >> 16 == lapic->index >> 4 &&
		       (destination & 0xffff & 1u << (lapic->index & 15)) != 0;
	}
	if (wide && destination == BROADCAST)
		destination = 0xff;
	if (destination > 0xff)
		return false;
	ldr = LOAD(lapic->ldr) >> 24;
	if (LOAD(lapic->dfr) >> 28 == DFR_FLAT)
		return (destination & ldr) != 0;
	cluster = destination >> 4;
	return (cluster == 0xf || cluster == ldr >> 4) && (destination & ldr & 0xf) != 0;
}

static bool matches(const struct lapic *lapic, const struct lapic_message *message)
{
	if (message->logical)
		return matches_logical(lapic, message->destination, message->wide);
	return message->destination == lapic->index ||
	       message->destination == (message->wide ? BROADCAST : 0xffu);
}

/* The lowest-priority processor of @targets; equals are chosen in rotation. */
static u64 choose_lowest(struct lapic_bus *bus, u64 targets)
{
	u32 first = atomic_fetch_add_explicit(&bus->turn, 1, memory_order_relaxed), best = 256;
	u64 chosen = 0;

	for (u32 i = 0; i < bus->count; i++) {
		const struct lapic *lapic = bus->cpus[(first + i) % bus->count];
		u32 priority = LOAD(lapic->tpr) >> 4;

		if ((targets & BIT(lapic->index)) == 0 || priority >= best)
			continue;
		if (!lapic_is_on(lapic) || (LOAD(lapic->svr) & SVR_ENABLED) == 0)
			continue;
		best = priority;
		chosen = BIT(lapic->index);
	}
	return chosen;
}

static bool deliver_to(struct lapic_bus *bus, u64 targets, const struct lapic_message *message,
		       struct lapic_effect *effect)
{
	bool accepted = false;

	if (message->delivery == LAPIC_LOWEST)
		targets = choose_lowest(bus, targets);
	for (; targets != 0; targets &= targets - 1)
		accepted |= deliver(bus->cpus[__builtin_ctzll(targets)], message, effect);
	return accepted;
}

bool lapic_send(struct lapic_bus *bus, const struct lapic_message *message,
		struct lapic_effect *effect)
{
	u64 targets = 0;

	/* One processor, by its id: the usual case. */
	if (!message->logical && message->destination < bus->count)
		return deliver_to(bus, BIT(message->destination), message, effect);
	for (u32 i = 0; i < bus->count; i++)
		if (matches(bus->cpus[i], message))
			targets |= BIT(i);
	return deliver_to(bus, targets, message, effect);
}

/* A vector that a LAPIC sends to itself needs no other CPU's way to IRR. */
static void receive_own(struct lapic *lapic, u32 vector)
{
	if (lapic_is_on(lapic) && (LOAD(lapic->svr) & SVR_ENABLED) != 0)
		lapic_receive(lapic, vector);
}

bool lapic_ipi(struct lapic_bus *bus, struct lapic *lapic, u64 icr, struct lapic_effect *effect)
{
	struct lapic_message message = {
		.destination = (u32)(lapic_is_x2(lapic) ? icr >> 32 : icr >> 56),
		.vector = (u8)icr,
		.delivery = (u8)FIELD(icr, 10, 8),
		.logical = (icr & ICR_LOGICAL) != 0,
		.wide = lapic_is_x2(lapic),
	};
	u32 shorthand = (u32)FIELD(icr, 19, 18);
	u64 all = bus->count == LAPIC_MAX_VCPUS ? UINT64_MAX : BIT(bus->count) - 1;

	/* INIT with a level that is not asserted only synchronises arbitration, on old buses. */
	if (message.delivery == LAPIC_INIT && (icr & ICR_LEVEL) != 0 && (icr & ICR_ASSERT) == 0)
		return true;
	if (message.delivery == LAPIC_EXTINT || message.delivery == LAPIC_RESERVED ||
	    message.delivery == LAPIC_SMI)
		return true;
	if (message.delivery <= LAPIC_LOWEST && message.vector < 16)
		return false;
	if (shorthand == 0)
		(void)lapic_send(bus, &message, effect);
	else if (shorthand == SHORTHAND_SELF && message.delivery == LAPIC_FIXED)
		receive_own(lapic, message.vector);
	else if (shorthand == SHORTHAND_SELF)
		(void)deliver_to(bus, BIT(lapic->index), &message, effect);
	else
		(void)deliver_to(bus, shorthand == SHORTHAND_ALL ? all : all & ~BIT(lapic->index),
				 &message, effect);
	return true;
}

/* --- The owner's side ------------------------------------------------------------------------- */

bool lapic_take_nmi(struct lapic *lapic)
{
	if ((LOAD(lapic->events) & LAPIC_EVENT_NMI) == 0)
		return false;
	return (atomic_fetch_and(&lapic->events, ~LAPIC_EVENT_NMI) & LAPIC_EVENT_NMI) != 0;
}

bool lapic_take_init(struct lapic *lapic)
{
	u32 events = LOAD(lapic->events), next;
	bool boot = (LOAD(lapic->base) & APIC_BASE_BSP) != 0;

	if ((events & LAPIC_EVENT_INIT) == 0)
		return false;
	lapic_init(lapic);
	do
		next = (events & (LAPIC_EVENT_SIPI | 0xffu << SIPI_SHIFT)) |
		       (boot ? 0 : LAPIC_WAITING);
	while (!atomic_compare_exchange_weak(&lapic->events, &events, boot ? 0 : next));
	return true;
}

bool lapic_take_sipi(struct lapic *lapic, u32 *vector)
{
	u32 events = LOAD(lapic->events);

	if ((events & (LAPIC_WAITING | LAPIC_EVENT_SIPI)) != (LAPIC_WAITING | LAPIC_EVENT_SIPI))
		return false;
	events = atomic_exchange(&lapic->events, 0);
	*vector = events >> SIPI_SHIFT & 0xff;
	return true;
}

void lapic_wait_again(struct lapic *lapic, u32 vector, bool keep)
{
	u32 sipi = keep ? LAPIC_EVENT_SIPI | vector << SIPI_SHIFT : 0;

	atomic_fetch_or(&lapic->events, LAPIC_WAITING | sipi);
}
