/* SPDX-License-Identifier: Apache-2.0 */
/* The measurement of mullion/steps.h, and the exits' handlers with it around them (vectors.S). */
#include <mullion/steps.h>

#include "arch/arm64/guest.h"

#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/log.h>

#define TOLD_NS 4000u /* shorter stretches are not worth a line */

static struct steps {
	u64 since; /* 0: interrupts can be taken, or the CPU has not begun to schedule */
	u64 longest_ns;
	u64 cause;
} steps[CONFIG_MAX_CPUS];

void steps_begin(u64 cause)
{
	struct steps *own = &steps[this_cpu()->id];

	own->since = arch_time_now().v;
	own->cause = cause;
}

void steps_end(void)
{
	struct steps *own = &steps[this_cpu()->id];
	u64 ns = arch_time_now().v - own->since;

	if (own->since != 0 && ns > own->longest_ns && ns > TOLD_NS) {
		own->longest_ns = ns;
		log_info("steps: CPU %u: %lu ns masked after 0x%lx up to %p", this_cpu()->id, ns,
			 own->cause, __builtin_return_address(0));
	}
	own->since = 0;
}

/* As the handlers without the prefix. */
bool steps_exit_hvc(struct vcpu *vcpu, u64 esr);
bool steps_exit_sync(struct vcpu *vcpu, u64 esr);
u32 steps_exit_abort_quick(struct vcpu *vcpu, u64 esr);
bool steps_exit_irq(struct vcpu *vcpu);
bool steps_sysreg_quick(struct vcpu *vcpu, u64 esr);

bool steps_exit_hvc(struct vcpu *vcpu, u64 esr)
{
	bool stay;

	steps_begin(esr);
	stay = exit_hvc(vcpu, esr);
	if (stay)
		steps_end();
	return stay;
}

bool steps_exit_sync(struct vcpu *vcpu, u64 esr)
{
	bool stay;

	steps_begin(esr);
	stay = exit_sync(vcpu, esr);
	if (stay)
		steps_end();
	return stay;
}

u32 steps_exit_abort_quick(struct vcpu *vcpu, u64 esr)
{
	u32 quick;

	steps_begin(esr);
	quick = exit_abort_quick(vcpu, esr);
	if (quick == QUICK_DONE)
		steps_end();
	return quick;
}

bool steps_exit_irq(struct vcpu *vcpu)
{
	bool stay;

	steps_begin(STEPS_IRQ);
	stay = exit_irq(vcpu);
	if (stay)
		steps_end();
	return stay;
}

bool steps_sysreg_quick(struct vcpu *vcpu, u64 esr)
{
	bool stay;

	steps_begin(esr);
	stay = sysreg_quick(vcpu, esr);
	if (stay)
		steps_end();
	return stay;
}
