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
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>

#define IRQ_PRIVATE    32
#define IRQ_MAX_INTID  1020
#define IRQ_MAX_ROUTES 64

struct private_irq {
	void (*handler)(u32 intid);
	bool linked; /* stays active: a guest's EOI deactivates it */
};

const struct irqchip *irqchip;

static struct private_irq private_irqs[IRQ_PRIVATE];
static struct irq_route routes[IRQ_MAX_ROUTES];
static _Atomic u8 route_of[IRQ_MAX_INTID]; /* slot + 1, 0: nobody's */
static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ);
static _Atomic u64 unexpected; /* interrupts that nobody asked for */

static void kicked(u32 intid)
{
	(void)intid; /* that it ended the guest's run or idle is mostly all that was wanted */
	arch_virq_kicked();
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

/* Lock. */
static enum err route_add(u32 host_intid, const struct irq_route *route)
{
	if (route_of[host_intid])
		return ERR_EXISTS;
	for (u32 slot = 0; slot < IRQ_MAX_ROUTES; slot++) {
		if (routes[slot].guest || routes[slot].component)
			continue;
		routes[slot] = *route;
		atomic_store_explicit(&route_of[host_intid], (u8)(slot + 1), memory_order_release);
		return OK;
	}
	return ERR_NO_MEMORY;
}

static enum err route(u32 host_intid, const struct irq_route *route, bool masked)
{
	enum err err;

	if (host_intid < IRQ_PRIVATE || host_intid >= irqchip->max_intid ||
	    route->cpu >= cpu_count || route->guest_intid >= IRQ_MAX_INTID)
		return ERR_RANGE;
	spin_lock(&lock);
	err = route_add(host_intid, route);
	if (!err && !masked)
		irqchip->enable(host_intid, route->level, route->cpu);
	spin_unlock(&lock);
	return err;
}

enum err irq_route(u32 host_intid, struct guest *guest, u32 guest_intid, bool level, u32 cpu)
{
	const struct irq_route to = { .guest = guest,
				      .guest_intid = (u16)MIN(guest_intid, UINT16_MAX),
				      .level = level,
				      .cpu = (u8)MIN(cpu, UINT8_MAX) };

	return route(host_intid, &to, false);
}

enum err irq_route_component(u32 host_intid, struct component *component, u32 bit, bool level,
			     u32 cpu)
{
	const struct irq_route to = { .component = component,
				      .guest_intid = (u16)MIN(bit, UINT16_MAX),
				      .level = level,
				      .cpu = (u8)MIN(cpu, UINT8_MAX) };

	return route(host_intid, &to, true);
}

void irq_unmask(u32 host_intid)
{
	const struct irq_route *to;

	spin_lock(&lock);
	to = irq_lookup(host_intid);
	if (to != NULL)
		irqchip->enable(host_intid, to->level, to->cpu);
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
		irqchip->enable(host_intid, routes[slot - 1].level, cpu);
	}
	spin_unlock(&lock);
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

static void serve(u32 intid)
{
	const struct irq_route *route;

	if (intid < IRQ_PRIVATE) {
		const struct private_irq *irq = &private_irqs[intid];

		if (!irq->handler)
			surprise(intid);
		else
			irq->handler(intid);
		if (!irq->linked)
			irqchip->deactivate(intid);
		return;
	}
	route = irq_lookup(intid);
	if (route && route->guest) {
		arch_virq_host(route->guest, route->guest_intid, intid);
		return;
	}
	if (!component_irq(intid))
		surprise(intid);
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
