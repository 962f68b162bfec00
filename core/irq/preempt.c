/* SPDX-License-Identifier: Apache-2.0 */
/* Long work of a thread lets pending interrupts and other threads in; see thread.h. */
#include <mullion/thread.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <mullion/sched.h>
#include <mullion/steps.h>

void thread_preempt_point(void)
{
	enum context context = sched_context();

	if (context != CONTEXT_NORMAL && context != CONTEXT_ORPHAN) {
		arch_cpu_relax();
		return;
	}
	steps_end();
	steps_begin(STEPS_PREEMPT);
	arch_irq_take();
	if (sched_needed())
		sched();
}
