/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes of the machine's interrupt lines: each line has one owner, by the description. This file
 * masks lines, holds them to their rate and moves them between CPUs; the route's deliver() knows
 * the owner.
 *
 * A route is complete before its line is enabled, and its slot is used again only after the line
 * was masked. Hence an interrupt's path reads without a lock.
 */
#include <mullion/irq.h>

#include <arch/irq.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/spinlock.h>

const struct irqchip *irqchip;

static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ);
static struct irq_slot *slots;
static u32 num_slots;
static struct irq_slot *_Atomic *slot_of; /* by line */
static u32 num_lines;
static _Atomic u64 unexpected; /* interrupts without a route */

__boot enum err irq_init(const struct host *host)
{
	enum err err = arch_irq_init(host, &irqchip);

	if (err != OK)
		log_error("interrupt controller: set-up failed: %s", err_name(err));
	else
		log_info("%s, interrupt lines below %u", irqchip->name, irqchip->num_lines);
	return err;
}

__boot enum err irq_allocate(u32 routes, u32 lines)
{
	u64 bytes = ALIGN_UP(irq_table_bytes(routes, lines), PAGE_SIZE);

	if (bytes == 0)
		return OK;
	slots = page_alloc(bytes / PAGE_SIZE);
	if (slots == NULL)
		return ERR_NO_MEMORY;
	slot_of = (struct irq_slot * _Atomic *)(void *)(slots + routes);
	num_slots = routes;
	num_lines = lines;
	return OK;
}

static struct irq_slot *route_lookup(u32 line)
{
	return line < num_lines ? atomic_load_explicit(&slot_of[line], memory_order_acquire) : NULL;
}

const struct irq_route *irq_lookup(u32 line)
{
	const struct irq_slot *slot = route_lookup(line);

	return slot != NULL ? &slot->route : NULL;
}

/* --- Rate limit --------------------------------------------------------------------------------
 */

/* A line that its limit has masked stays so until the limit's timer. */
static void route_enable(struct irq_slot *slot) REQUIRES(&lock)
{
	slot->wanted = true;
	if (!slot->off)
		irqchip->enable(slot->route.line, slot->route.level, slot->route.cpu);
}

static __cold void limit_over(struct timer_event *event)
{
	struct irq_slot *slot = container_of(event, struct irq_slot, limit);

	spin_lock(&lock);
	slot->off = false;
	if (slot->wanted && route_lookup(slot->route.line) == slot)
		route_enable(slot);
	spin_unlock(&lock);
}

static __cold void limit_count(struct irq_slot *slot)
{
	u64 now = arch_time_now().v, burst = IRQ_LIMIT_BURST * (u64)slot->interval_ns;

	slot->due_ns = MAX(slot->due_ns, now) + slot->interval_ns;
	if (slot->due_ns < now + burst)
		return;
	spin_lock(&lock);
	slot->off = true;
	irqchip->disable(slot->route.line);
	spin_unlock(&lock);
	timer_arm(&slot->limit, NS(slot->due_ns - burst + slot->interval_ns));
}

/* --- Routes ------------------------------------------------------------------------------------
 */

static enum err route_fill(struct irq_slot *slot, const struct irq_route *route) REQUIRES(&lock)
{
	slot->route = *route;
	slot->used = true;
	atomic_store(&slot->count, 0);
	/* A timer that an earlier route armed may still expire: it finds nothing to do. */
	if (slot->limit.handler == NULL)
		timer_init(&slot->limit, limit_over);
	slot->due_ns = 0;
	slot->off = false;
	slot->wanted = false;
	slot->interval_ns = route->max_per_second ? (u32)(NS_PER_S / route->max_per_second) : 0;
	atomic_store_explicit(&slot_of[route->line], slot, memory_order_release);
	if (!route->masks)
		route_enable(slot);
	return OK;
}

static enum err route_add(const struct irq_route *route) REQUIRES(&lock)
{
	if (route_lookup(route->line) != NULL)
		return ERR_EXISTS;
	for (u32 i = 0; i < num_slots; i++)
		if (!slots[i].used)
			return route_fill(&slots[i], route);
	return ERR_NO_MEMORY;
}

enum err irq_route(const struct irq_route *route)
{
	enum err err;

	if (route->line == 0 || route->line >= MIN(num_lines, irqchip->num_lines) ||
	    route->cpu >= cpu_count)
		return ERR_RANGE;
	spin_lock(&lock);
	err = route_add(route);
	spin_unlock(&lock);
	return err;
}

void irq_unmask(u32 line)
{
	struct irq_slot *slot;

	spin_lock(&lock);
	slot = route_lookup(line);
	if (slot != NULL)
		route_enable(slot);
	spin_unlock(&lock);
}

void irq_unroute(u32 line, const void *owner)
{
	struct irq_slot *slot;

	spin_lock(&lock);
	slot = route_lookup(line);
	if (slot != NULL && slot->route.owner != owner)
		slot = NULL;
	if (slot != NULL) {
		irqchip->disable(line);
		irqchip->forget(line);
		atomic_store(&slot_of[line], NULL);
		slot->wanted = false;
	}
	spin_unlock(&lock);
	if (slot == NULL)
		return;
	irq_settle();
	spin_lock(&lock);
	slot->used = false;
	spin_unlock(&lock);
}

static void route_move(struct irq_slot *slot, u32 cpu) REQUIRES(&lock)
{
	slot->route.cpu = cpu;
	if (slot->wanted)
		route_enable(slot);
}

void irq_move(u32 line, u32 cpu)
{
	struct irq_slot *slot;

	if (cpu >= cpu_count)
		return;
	spin_lock(&lock);
	slot = route_lookup(line);
	if (slot != NULL)
		route_move(slot, cpu);
	spin_unlock(&lock);
}

__cold void irq_move_all(const void *owner, u32 from, u32 cpu)
{
	for (u32 i = 0; i < num_slots && cpu < cpu_count; i++) {
		struct irq_slot *slot = &slots[i];

		spin_lock(&lock);
		if (slot->used && slot->route.owner == owner &&
		    (from == IRQ_ANY_CPU || slot->route.cpu == from))
			route_move(slot, cpu);
		spin_unlock(&lock);
	}
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

bool irq_describe(u32 index, struct manage_irq *record)
{
	bool found = false;

	spin_lock(&lock);
	for (u32 line = 0; line < num_lines && !found; line++) {
		struct irq_slot *slot = route_lookup(line);

		if (slot == NULL || index-- != 0)
			continue;
		found = true;
		record->host = line;
		record->target = slot->route.target;
		record->cpu = slot->route.cpu;
		record->level = slot->route.level;
		record->count = atomic_load(&slot->count);
		record->max_per_second = slot->route.max_per_second;
		(void)format(record->owner, sizeof(record->owner), "%s", slot->route.owner_name);
	}
	spin_unlock(&lock);
	return found;
}

/* --- Interrupts --------------------------------------------------------------------------------
 */

/* A line without a route is masked permanently, and the log reports some of them. */
static __cold void surprise(u32 line)
{
	u64 count = atomic_fetch_add_explicit(&unexpected, 1, memory_order_relaxed) + 1;

	irqchip->disable(line);
	if ((count & (count - 1)) == 0)
		log_warn("interrupt %u has no owner (%lu such)", line, count);
}

bool irq_serve(u32 line)
{
	struct irq_slot *slot;
	bool ends = true;

	/* Either irq_settle() sees that this CPU serves an interrupt, or route_lookup() here does
	 * not see the route any more. */
	atomic_thread_fence(memory_order_seq_cst);
	slot = route_lookup(line);
	if (slot == NULL) {
		surprise(line);
	} else {
		ends = slot->route.masks;
		atomic_fetch_add_explicit(&slot->count, 1, memory_order_relaxed);
		if (slot->interval_ns != 0)
			limit_count(slot);
		if (ends) {
			slot->wanted = false;
			irqchip->disable(line);
		}
		slot->route.deliver(&slot->route);
	}
	atomic_thread_fence(memory_order_release);
	return ends;
}
