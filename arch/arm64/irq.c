/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of the CPU, from the acknowledge to the end. */
#include "arch/arm64/irq.h"

#include <arch/irq.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/sched.h>

#include "arch/arm64/boot.h"
#include "arch/arm64/virq.h"
#include "drivers/irqchip/gic.h"

static struct {
	void (*handler)(u32 intid);
	bool linked; /* stays active: a guest's end of interrupt deactivates it */
} private_irqs[GIC_PRIVATE];

static void kicked(u32 intid)
{
	(void)intid; /* most kicks only have to end the guest's run, or idle */
	virq_kicked();
	log_news();
}

static void stopped(u32 intid)
{
	(void)intid;
	cpu_park();
}

__boot enum err irq_register(u32 intid, void (*handler)(u32 intid), bool linked)
{
	if (intid >= GIC_PRIVATE)
		return ERR_RANGE;
	if (private_irqs[intid].handler != NULL)
		return ERR_EXISTS;
	private_irqs[intid].handler = handler;
	private_irqs[intid].linked = linked;
	gic->enable_private(intid);
	return OK;
}

__boot enum err arch_irq_init(const struct host *host, const struct irqchip **chip)
{
	enum err err = gic_probe(host);

	if (err == OK)
		err = irq_register(SGI_KICK, kicked, false);
	if (err == OK)
		err = irq_register(SGI_STOP, stopped, false);
	if (err == OK)
		err = virq_init(host);
	if (err != OK)
		return err;
	*chip = &gic->chip;
	log_info("%s: %u list registers", gic->chip.name, gic->num_lrs);
	return OK;
}

enum err irq_init_cpu(void)
{
	enum err err = gic->init_cpu();

	if (err != OK) {
		log_error("%s: set-up of CPU %u failed: %s", gic->chip.name, this_cpu()->id,
			  err_name(err));
		return err;
	}
	for (u32 i = 0; i < GIC_PRIVATE; i++)
		if (private_irqs[i].handler != NULL)
			gic->enable_private(i);
	return OK;
}

/* Returns true if the interrupt is to be deactivated now. */
static bool serve(u32 intid)
{
	if (intid >= GIC_PRIVATE || private_irqs[intid].handler == NULL)
		return irq_serve(intid);
	private_irqs[intid].handler(intid);
	return !private_irqs[intid].linked;
}

void irq_dispatch(u32 intid)
{
	gic->eoi(intid);
	sched_interrupt_begin();
	if (serve(intid))
		gic->deactivate(intid);
	sched_interrupt_end();
}

void arch_irq_take(void)
{
	/* One pass for each that can be pending, in case a line cannot be quieted. */
	for (u32 i = 0; i < GIC_SPURIOUS; i++) {
		u32 intid = gic->ack();

		if (intid >= GIC_SPURIOUS)
			return;
		irq_dispatch(intid);
	}
}
