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

/* As the handlers without the prefix. A run of the guest follows if the result is @stays. */
#define AROUND(type, handler, cause, stays, arguments, ...) \
	type steps_##handler(__VA_ARGS__);                  \
	type steps_##handler(__VA_ARGS__)                   \
	{                                                   \
		type result;                                \
                                                            \
		steps_begin(cause);                         \
		result = handler arguments;                 \
		if (result == (stays))                      \
			steps_end();                        \
		return result;                              \
	}

AROUND(bool, exit_hvc, esr, true, (vcpu, esr), struct vcpu *vcpu, u64 esr)
AROUND(bool, exit_sync, esr, true, (vcpu, esr), struct vcpu *vcpu, u64 esr)
AROUND(u32, exit_abort_quick, esr, QUICK_DONE, (vcpu, esr), struct vcpu *vcpu, u64 esr)
AROUND(bool, exit_irq, STEPS_IRQ, true, (vcpu), struct vcpu *vcpu)
AROUND(bool, sysreg_quick, esr, true, (vcpu, esr), struct vcpu *vcpu, u64 esr)
