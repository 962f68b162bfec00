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
	enum err (*init)(const struct host *host);	/* boot CPU, once */
	enum err (*init_cpu)(void);			/* every CPU, itself */
	u32 (*ack)(void);				/* INTID, 1020.. when spurious */
	void (*eoi)(u32 intid);				/* priority drop */
	void (*deactivate)(u32 intid);
	void (*enable)(u32 intid, bool level, u32 cpu);	/* route to @cpu and enable */
	void (*disable)(u32 intid);
	void (*send_sgi)(u32 cpu, u32 sgi);
	bool (*is_active)(u32 intid);
	void (*clear_active)(u32 intid);
	void (*set_pending)(u32 intid, bool pending);
};

extern const struct irqchip *irqchip; /* chosen at boot by irq_init() */

#define SGI_KICK 0 /* look at your requests */
#define SGI_STOP 1 /* panic elsewhere: stop */

enum err __must_check irq_init(const struct host *host);
/** irq_route() - host interrupt @host to @guest's interrupt; ERR_EXISTS if it has an owner. */
struct guest;
enum err __must_check irq_route(u32 host_intid, struct guest *guest, u32 guest_intid, bool level, u32 cpu);
void irq_unroute(u32 host_intid);
/** irq_handle() - take and dispatch every pending host interrupt of this CPU. Interrupts masked. */
void irq_handle(void);

#endif
