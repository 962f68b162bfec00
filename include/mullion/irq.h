/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's interrupt lines, and their routes to guests and components.
 *
 * A line is an input of the machine's interrupt controller. The architecture numbers the lines; 0
 * is no line. Interrupts between CPUs and interrupts of a CPU's own timer are no lines: the
 * architecture serves them.
 *
 * The architecture's way through an interrupt: acknowledge it, sched_interrupt_begin(),
 * irq_serve(), end it if irq_serve() returns true, sched_interrupt_end().
 */
#ifndef MULLION_IRQ_H
#define MULLION_IRQ_H

#include <mullion/err.h>
#include <mullion/host.h>
#include <mullion/timer.h>
#include <mullion/types.h>

/* The controller, as the core needs it. Any CPU; the routes' lock orders calls for one line. */
struct irqchip {
	const char *name; /* for messages */
	u32 num_lines;    /* one more than the highest line */
	/* The line interrupts @cpu from now on. */
	void (*enable)(u32 line, bool level, u32 cpu);
	/* Mask it: no CPU gets it. An interrupt that a CPU serves already stays with that CPU. */
	void (*disable)(u32 line);
	/* Of a masked line: end its interrupt, if one is being served, and drop a pending edge. */
	void (*forget)(u32 line);
};

extern const struct irqchip *irqchip; /* chosen at boot by arch_irq_init() */

struct irq_route {
	/* deliver() - the line has signalled: notify the owner. Interrupt context. */
	void (*deliver)(const struct irq_route *route);
	void *owner;            /* a guest or a component */
	const char *owner_name; /* for messages */
	u32 line;               /* the machine's */
	u32 target;             /* the guest's line, or the bit of the notification word */
	u32 cpu;                /* the host CPU that takes it */
	u32 max_per_second;     /* 0: no limit; IRQ_LIMIT_BURST may come close together */
	bool level;
	/* Masked from the start and again by each interrupt, until irq_unmask(). Otherwise the
	 * owner's end of interrupt permits the next one. */
	bool masks;
};

#define IRQ_LIMIT_BURST 8

/* A route and its state. core/irq alone uses it; the budget knows its size. */
struct irq_slot {
	struct irq_route route;
	bool used; /* lock */
	/* Rate limit. @due_ns is the time from which the next interrupt is within the rate. If it
	 * is more than a burst ahead of now, the line is off until a burst fits again. */
	struct timer_event limit;
	u64 due_ns;          /* of the CPU that takes it */
	u32 interval_ns;     /* at most a second; 0: no limit; set with the route */
	bool off;            /* lock */
	_Atomic bool wanted; /* to be enabled when the limit permits it */
	_Atomic u64 count;   /* interrupts that took the route */
};

/** irq_table_bytes() - the heap's share of @routes routes of lines below @lines. */
static inline u64 irq_table_bytes(u32 routes, u32 lines)
{
	return routes == 0 ? 0 : routes * sizeof(struct irq_slot) + lines * sizeof(void *);
}

/** irq_init() - bring up the controller of @host and this CPU's part. Boot CPU, once, before any
 * other CPU is started. Returns arch_irq_init()'s errors. */
enum err __must_check irq_init(const struct host *host);
/** irq_allocate() - make room for @routes routes of lines below @lines. Boot CPU, once, after the
 * heap and before the first route. Returns ERR_NO_MEMORY. */
enum err __must_check irq_allocate(u32 routes, u32 lines);

/** irq_serve() - @line has signalled on this CPU. It is counted, held to its limit and delivered.
 * Returns true if the architecture ends the interrupt now; false if the owner's end of interrupt
 * does. A line without a route is masked. Interrupt context; takes no lock unless a limit is
 * exceeded. */
bool irq_serve(u32 line);

/** irq_route() - deliver a line as @route says, from now on. @route is copied. Takes the routes'
 * lock. Returns ERR_EXISTS if the line has an owner, ERR_RANGE if the machine has no such line or
 * CPU, ERR_NO_MEMORY if irq_allocate() made too little room. */
enum err __must_check irq_route(const struct irq_route *route);
/** irq_unroute() - take the route of @line away if it is @owner's. No handler knows the route when
 * this returns. As irq_settle(); takes the routes' lock. */
void irq_unroute(u32 line, const void *owner);
/** irq_lookup() - Returns the route of @line, or NULL. Any context, no lock: a route stays until it
 * is taken away. */
const struct irq_route *irq_lookup(u32 line);
/** irq_unmask() - a line that was masked may signal again. Any context; takes the routes' lock. */
void irq_unmask(u32 line);
/** irq_move() - @line interrupts host CPU @cpu from now on. Any context; takes the routes' lock. */
void irq_move(u32 line, u32 cpu);
/** irq_move_all() - irq_move() for each line of @owner that interrupts CPU @from; IRQ_ANY_CPU: for
 * all of @owner's. */
#define IRQ_ANY_CPU UINT32_MAX
void irq_move_all(const void *owner, u32 from, u32 cpu);
/** irq_settle() - wait until every interrupt handler that began before this call has ended. Any
 * context but an interrupt's. */
void irq_settle(void);
/** irq_describe() - route number @index, by rising line, into zeroed @record. Returns false if
 * there are not so many. Any context; takes the routes' lock. */
struct manage_irq;
bool irq_describe(u32 index, struct manage_irq *record);

#endif
