/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of the CPU. They are masked while the core runs: arch_irq_take() opens a window of one
 * instruction. The stub of trap_entry.S stores the vector of the interrupt that came, and closes
 * it.
 */
#include <arch/irq.h>

#include "arch/x86_64/irq.h"
#include "arch/x86_64/mcheck.h"
#include "drivers/irqchip/apic.h"
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/timer.h>

__boot enum err arch_irq_init(const struct host *host, const struct irqchip **chip)
{
	enum err err = apic_probe(host);

	if (err == OK)
		*chip = &apic;
	return err;
}

/* The vector of a pending interrupt; 0: there is none. */
static u32 next_vector(void)
{
	struct arch_cpu *cpu = &this_cpu()->arch;
	u32 vector;

	if (cpu->vector == 0)
		__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	vector = (u32)cpu->vector;
	cpu->vector = 0;
	return vector;
}

/* A line's interrupt is ended at once, also a guest's: until its end it would hold the lower
 * vectors of all owners back. */
static void serve(u32 vector)
{
	if (vector == VECTOR_KICK)
		log_news();
	else if (vector == VECTOR_TIMER)
		timer_expire();
	else if (apic_accept(vector - VECTOR_GSI))
		(void)irq_serve(vector - VECTOR_GSI);
}

void arch_irq_take(void)
{
	if (this_cpu()->arch.mchecks != 0)
		mcheck_report();
	/* One pass for each that can be pending, in case a line cannot be quieted. */
	for (u32 i = 0; i < VECTOR_COUNT; i++) {
		u32 vector = next_vector();

		if (vector == 0)
			return;
		/* Of a spurious one nothing is in service (Intel SDM vol. 3 §10.9). */
		if (vector == VECTOR_SPURIOUS)
			continue;
		sched_interrupt_begin();
		serve(vector);
		apic_end();
		sched_interrupt_end();
	}
}
