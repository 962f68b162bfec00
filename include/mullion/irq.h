/* SPDX-License-Identifier: Apache-2.0 */
/* Host interrupts: one controller behind struct irqchip; routing of device interrupts to guests. */
#ifndef MULLION_IRQ_H
#define MULLION_IRQ_H

#include <mullion/err.h>
#include <mullion/host.h>
#include <mullion/types.h>

struct irqchip {
	const char *name;
	u32 max_intid; /* first INTID past the last that the machine has */
	u32 num_lrs;
	enum err (*init_cpu)(void); /* every CPU, itself */
	u32 (*ack)(void);           /* INTID, 1020.. when spurious */
	void (*eoi)(u32 intid);     /* priority drop */
	void (*deactivate)(u32 intid);
	void (*enable)(u32 intid, bool level, u32 cpu); /* route to @cpu and enable */
	void (*disable)(u32 intid);
	void (*send_sgi)(u32 cpu, u32 sgi);
	bool (*is_pending)(u32 intid); /* a level: its line is high, also while it is active */
	void (*set_active)(u32 intid, bool active); /* private: of this CPU */
	void (*set_pending)(u32 intid, bool pending);
};

extern const struct irqchip *irqchip; /* chosen at boot by irq_init() */

/** irqchip_probe() - bring up the distributor of the controller that @host has, and this CPU's
 * interface. From drivers/irqchip (arch/host: its own). Boot CPU, once. ERR_UNSUPPORTED without a
 * known one; ERR_NOT_FOUND without a CPU's redistributor; ERR_HARDWARE, ERR_NO_MEMORY. */
enum err __must_check irqchip_probe(const struct host *host, const struct irqchip **chip);

#define SGI_KICK 0 /* check requests */
#define SGI_STOP 1 /* panic elsewhere: stop */

/** irq_init() - choose the controller by @host, bring it up for this CPU, register what the arch
 * needs. Boot CPU, once, before any other CPU is started. ERR_NOT_FOUND without a known
 * controller. */
enum err __must_check irq_init(const struct host *host);
/** irq_init_cpu() - this (secondary) CPU's interface, and every private interrupt registered so
 * far. */
enum err __must_check irq_init_cpu(void);
/** irq_register() - @handler serves the core's own private interrupt @intid (SGI or PPI, 0 to 31)
 * on every CPU, interrupts masked; it must quiet the source. Enabled on this CPU now, on others by
 * irq_init_cpu(), so call it before they start. ERR_RANGE, or ERR_EXISTS if it has a handler. */
enum err __must_check irq_register(u32 intid, void (*handler)(u32 intid));
/** irq_register_linked() - the same, but it stays active: a guest's end-of-interrupt deactivates
 * it. */
enum err __must_check irq_register_linked(u32 intid, void (*handler)(u32 intid));
struct component;
struct guest;
struct irq_route {
	struct guest *guest; /* whose it is: one of the two, the other is NULL */
	struct component *component;
	u16 target; /* a component's: the bit of its notification word */
	bool level;
	u8 cpu; /* host CPU that takes it */
	u16 host;
};
/** irq_lookup() - the route of shared interrupt @host_intid, or NULL. Any CPU, no lock: routes live
 * until unrouted. */
const struct irq_route *irq_lookup(u32 host_intid);
/** irq_route() - host interrupt @host to @guest's interrupt; ERR_EXISTS if it has an owner. */
enum err __must_check irq_route(u32 host_intid, struct guest *guest, u32 guest_intid, bool level,
				u32 cpu);
/** irq_route_component() - the same to bit @bit of @component's notification word. It is masked
 * when it comes, and now: until irq_unmask(). Takes the routes' lock. */
enum err __must_check irq_route_component(u32 host_intid, struct component *component, u32 bit,
					  bool level, u32 cpu);
/** irq_limit() - the routed @host_intid comes at most @per_second times in a second from now on,
 * with IRQ_LIMIT_BURST close together; 0: no limit. Before it may come. Takes the routes' lock. */
#define IRQ_LIMIT_BURST 8
void irq_limit(u32 host_intid, u32 per_second);
/** irq_unmask() - a routed interrupt that was masked may come again. Any context. */
void irq_unmask(u32 host_intid);
void irq_unroute(u32 host_intid);
/** irq_settle() - no handler that began before this call still knows a route that was taken away
 * before it. Any context but an interrupt's. */
void irq_settle(void);
/** irq_describe() - the routed interrupt number @index, by rising INTID, into zeroed @record.
 * False: there are not so many. Any context, no lock of the rank of interrupts or above. */
struct manage_irq;
bool irq_describe(u32 index, struct manage_irq *record);
/** irq_move() - from now on host CPU @cpu takes the routed @host_intid. Any CPU. */
void irq_move(u32 host_intid, u32 cpu);
/** irq_move_all() - the same for those of @guest's that come to CPU @from, or all of them with
 * IRQ_ANY_CPU. */
#define IRQ_ANY_CPU UINT32_MAX
void irq_move_all(const struct guest *guest, u32 from, u32 cpu);
/** irq_handle() - take and dispatch every pending host interrupt of this CPU. Interrupts masked. */
void irq_handle(void);
/** irq_dispatch() - serve one interrupt that was acknowledged by the caller: drop, dispatch,
 * deactivate. */
void irq_dispatch(u32 intid);

#endif
