/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host interrupts: who gets which. Private ones (SGIs, PPIs) are the core's own and go to a
 * handler; shared ones belong to the guest or component that the description gave them to.
 *
 * A route is filled before its interrupt is enabled and its slot is reused only after it was
 * disabled, so the interrupt's path reads without a lock.
 */
#include <mullion/irq.h>

#include <arch/virq.h>
#include <mullion/component.h>
#include <mullion/config.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/timer.h>

#define IRQ_PRIVATE    32
#define IRQ_MAX_INTID  1020
#define IRQ_MAX_ROUTES CONFIG_MAX_ROUTES

struct private_irq {
	void (*handler)(u32 intid);
	bool linked; /* stays active: a guest's EOI deactivates it */
};

#define NS_PER_SECOND 1000000000u

const struct irqchip *irqchip;

_Static_assert(IRQ_MAX_ROUTES < UINT8_MAX, "route_of holds a slot and 1");

static struct private_irq private_irqs[IRQ_PRIVATE];
/* How often a route's interrupt may come: the time that is due for the next moves on by the
 * interval with each. Too far ahead of now, the interrupt is off until a burst fits again. */
struct limit {
	struct timer_event timer;
	u64 due_ns;          /* of the CPU that takes it */
	u32 interval_ns;     /* at most a second; 0: no limit; route's life */
	bool off;            /* lock */
	_Atomic bool wanted; /* to be enabled then: not masked by its component */
};

static struct irq_route routes[IRQ_MAX_ROUTES];
static struct limit limits[IRQ_MAX_ROUTES];
static _Atomic u64 counts[IRQ_MAX_ROUTES]; /* interrupts that took the route */
static _Atomic u8 route_of[IRQ_MAX_INTID]; /* slot + 1, 0: nobody's */
static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ);
static _Atomic u64 unexpected; /* interrupts that nobody asked for */

static void kicked(u32 intid)
{
	(void)intid; /* that it ended the guest's run or idle is all that most want */
	arch_virq_kicked();
	log_news();
}

static void stopped(u32 intid)
{
	(void)intid;
	arch_cpu_park();
}

__boot enum err irq_init(const struct host *host)
{
	enum err err;

	err = irqchip_probe(host, &irqchip);
	if (err) {
		log_error("interrupt controller: set-up failed: %s", err_name(err));
		return err;
	}
	err = irq_register(SGI_KICK, kicked);
	if (!err)
		err = irq_register(SGI_STOP, stopped);
	if (!err)
		err = arch_virq_init(host);
	if (!err)
		log_info("%s, %u interrupts, %u list registers", irqchip->name, irqchip->max_intid,
			 irqchip->num_lrs);
	return err;
}

enum err irq_init_cpu(void)
{
	enum err err = irqchip->init_cpu();

	if (err) {
		log_error("%s: set-up of CPU %u failed: %s", irqchip->name, this_cpu()->id,
			  err_name(err));
		return err;
	}
	for (u32 i = 0; i < IRQ_PRIVATE; i++)
		if (private_irqs[i].handler)
			irqchip->enable(i, true, this_cpu()->id);
	return OK;
}

__boot static enum err private_register(u32 intid, void (*handler)(u32 intid), bool linked)
{
	if (intid >= IRQ_PRIVATE)
		return ERR_RANGE;
	if (private_irqs[intid].handler)
		return ERR_EXISTS;
	private_irqs[intid] = (struct private_irq){ handler, linked };
	irqchip->enable(intid, true, this_cpu()->id);
	return OK;
}

__boot enum err irq_register(u32 intid, void (*handler)(u32 intid))
{
	return private_register(intid, handler, false);
}

__boot enum err irq_register_linked(u32 intid, void (*handler)(u32 intid))
{
	return private_register(intid, handler, true);
}

const struct irq_route *irq_lookup(u32 host_intid)
{
	u32 slot;

	if (host_intid >= IRQ_MAX_INTID)
		return NULL;
	slot = atomic_load_explicit(&route_of[host_intid], memory_order_acquire);
	return slot ? &routes[slot - 1] : NULL;
}

static enum err route_add(u32 host_intid, const struct irq_route *route) REQUIRES(&lock)
{
	if (route_of[host_intid])
		return ERR_EXISTS;
	for (u32 slot = 0; slot < IRQ_MAX_ROUTES; slot++) {
		if (routes[slot].guest || routes[slot].component)
			continue;
		routes[slot] = *route;
		routes[slot].host = (u16)host_intid;
		atomic_store(&counts[slot], 0);
		atomic_store_explicit(&route_of[host_intid], (u8)(slot + 1), memory_order_release);
		return OK;
	}
	return ERR_NO_MEMORY;
}

/* An interrupt that a limit has switched off stays so until the limit's timer. */
static void route_enable(const struct irq_route *to) REQUIRES(&lock)
{
	struct limit *limit = &limits[to - routes];

	limit->wanted = true;
	if (!limit->off)
		irqchip->enable(to->host, to->level, to->cpu);
}

static __cold void limit_over(struct timer_event *event)
{
	struct limit *limit = container_of(event, struct limit, timer);
	const struct irq_route *to = &routes[limit - limits];

	spin_lock(&lock);
	limit->off = false;
	if (limit->wanted && route_of[to->host] == to - routes + 1)
		route_enable(to);
	spin_unlock(&lock);
}

__cold void irq_limit(u32 host_intid, u32 per_second)
{
	const struct irq_route *to;

	spin_lock(&lock);
	to = irq_lookup(host_intid);
	if (to != NULL && per_second != 0) {
		struct limit *limit = &limits[to - routes];

		/* One that an earlier route armed may still be to come: it does no harm. */
		if (limit->timer.handler == NULL)
			timer_init(&limit->timer, limit_over);
		limit->due_ns = 0;
		limit->interval_ns = NS_PER_SECOND / per_second;
	}
	spin_unlock(&lock);
}

/* One more came. */
static __cold void limit_count(const struct irq_route *to)
{
	struct limit *limit = &limits[to - routes];
	u64 now = arch_time_now().v, burst = IRQ_LIMIT_BURST * (u64)limit->interval_ns;

	limit->due_ns = MAX(limit->due_ns, now) + limit->interval_ns;
	if (limit->due_ns < now + burst)
		return;
	spin_lock(&lock);
	limit->off = true;
	irqchip->disable(to->host);
	spin_unlock(&lock);
	timer_arm(&limit->timer, NS(limit->due_ns - burst + limit->interval_ns));
}

static enum err route(u32 host_intid, const struct irq_route *route, bool masked)
{
	const struct irq_route *to;
	enum err err;

	if (host_intid < IRQ_PRIVATE || host_intid >= irqchip->max_intid ||
	    route->cpu >= cpu_count || route->target >= IRQ_MAX_INTID)
		return ERR_RANGE;
	spin_lock(&lock);
	err = route_add(host_intid, route);
	to = irq_lookup(host_intid);
	if (!err && !masked && to != NULL)
		route_enable(to);
	spin_unlock(&lock);
	return err;
}

enum err irq_route(u32 host_intid, struct guest *guest, u32 guest_intid, bool level, u32 cpu)
{
	u32 intid = MIN(guest_intid, UINT16_MAX), on = MIN(cpu, UINT8_MAX);
	const struct irq_route to = {
		.guest = guest, .target = (u16)intid, .level = level, .cpu = (u8)on
	};

	return route(host_intid, &to, false);
}

__boot enum err irq_route_component(u32 host_intid, struct component *component, u32 bit,
				    bool level, u32 cpu)
{
	u32 own = MIN(bit, UINT16_MAX), on = MIN(cpu, UINT8_MAX);
	const struct irq_route to = {
		.component = component, .target = (u16)own, .level = level, .cpu = (u8)on
	};

	return route(host_intid, &to, true);
}

void irq_unmask(u32 host_intid)
{
	const struct irq_route *to;

	spin_lock(&lock);
	to = irq_lookup(host_intid);
	if (to != NULL)
		route_enable(to);
	spin_unlock(&lock);
}

void irq_unroute(u32 host_intid)
{
	u32 slot;

	if (host_intid < IRQ_PRIVATE || host_intid >= irqchip->max_intid)
		return;
	spin_lock(&lock);
	slot = route_of[host_intid];
	if (slot) {
		irqchip->disable(host_intid);
		limits[slot - 1].interval_ns = 0;
		limits[slot - 1].off = false;
		limits[slot - 1].wanted = false;
		irqchip->set_active(host_intid, false);
		irqchip->set_pending(host_intid, false);
		route_of[host_intid] = 0;
		routes[slot - 1].guest = NULL;
		routes[slot - 1].component = NULL;
	}
	spin_unlock(&lock);
}

void irq_move(u32 host_intid, u32 cpu)
{
	u32 slot;

	if (host_intid < IRQ_PRIVATE || host_intid >= irqchip->max_intid || cpu >= cpu_count)
		return;
	spin_lock(&lock);
	slot = route_of[host_intid];
	if (slot) {
		routes[slot - 1].cpu = (u8)cpu;
		if (limits[slot - 1].wanted)
			route_enable(&routes[slot - 1]);
	}
	spin_unlock(&lock);
}

__cold void irq_move_all(const struct guest *guest, u32 from, u32 cpu)
{
	for (u32 slot = 0; slot < IRQ_MAX_ROUTES; slot++) {
		const struct irq_route *route = &routes[slot];

		if (route->guest == guest && (from == IRQ_ANY_CPU || route->cpu == from))
			irq_move(route->host, cpu);
	}
}

/* Nobody's: say it once in a while, and never again listen to it if that can be switched off. */
static void surprise(u32 intid)
{
	u64 count = atomic_fetch_add_explicit(&unexpected, 1, memory_order_relaxed) + 1;

	if (intid >= IRQ_PRIVATE)
		irqchip->disable(intid);
	if ((count & (count - 1)) == 0)
		log_warn("interrupt %u has no owner (%lu such)", intid, (unsigned long)count);
}

/* Interrupts per second; 0: no limit. */
static u32 rate_of(const struct limit *limit)
{
	return limit->interval_ns == 0 ? 0 : (u32)(NS_PER_SECOND / limit->interval_ns);
}

bool irq_describe(u32 index, struct manage_irq *record)
{
	bool found = false;

	spin_lock(&lock);
	for (u32 intid = IRQ_PRIVATE; intid < IRQ_MAX_INTID && !found; intid++) {
		const struct irq_route *route = irq_lookup(intid);

		if (route == NULL || index-- != 0)
			continue;
		found = true;
		record->host = intid;
		record->guest_intid = route->target;
		record->cpu = route->cpu;
		record->level = route->level;
		record->count = atomic_load(&counts[route - routes]);
		record->max_per_second = rate_of(&limits[route - routes]);
		(void)format(record->owner, sizeof(record->owner), "%s",
			     route->guest != NULL ? route->guest->config->name
						  : route->component->config->name);
	}
	spin_unlock(&lock);
	return found;
}

static void serve_shared(u32 intid)
{
	const struct irq_route *route;
	struct guest *guest;

	/* Either irq_settle() sees that an interrupt is being handled, or the route is not seen
	 * here any more. */
	atomic_thread_fence(memory_order_seq_cst);
	route = irq_lookup(intid);
	guest = route ? route->guest : NULL;
	if (route)
		atomic_fetch_add_explicit(&counts[route - routes], 1, memory_order_relaxed);
	if (route && limits[route - routes].interval_ns != 0)
		limit_count(route);
	if (guest) {
		arch_virq_host(guest, route->target, intid);
	} else {
		if (route)
			limits[route - routes].wanted = false;
		if (!component_irq(intid))
			surprise(intid);
		irqchip->deactivate(intid);
	}
	atomic_thread_fence(memory_order_release);
}

void irq_settle(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (u32 id = 0; id < cpu_count; id++) {
		const struct cpu *cpu = cpu_get(id);

		while (cpu != this_cpu() && *(const volatile u32 *)&cpu->interrupts != 0)
			arch_cpu_relax();
	}
	atomic_thread_fence(memory_order_seq_cst);
}

static void serve(u32 intid)
{
	const struct private_irq *irq;

	if (intid >= IRQ_PRIVATE) {
		serve_shared(intid);
		return;
	}
	irq = &private_irqs[intid];
	if (!irq->handler)
		surprise(intid);
	else
		irq->handler(intid);
	if (!irq->linked)
		irqchip->deactivate(intid);
}

void irq_dispatch(u32 intid)
{
	irqchip->eoi(intid);
	sched_interrupt_begin();
	serve(intid);
	sched_interrupt_end();
}

void irq_handle(void)
{
	/* One pass for each that can be pending, in case a line cannot be quieted. */
	for (u32 i = 0; i < IRQ_MAX_INTID; i++) {
		u32 intid = irqchip->ack();

		if (intid >= IRQ_MAX_INTID)
			return;
		irq_dispatch(intid);
	}
}
