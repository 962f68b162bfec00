/* SPDX-License-Identifier: Apache-2.0 */
/* The fake machine's interrupts: tests raise lines, CPUs have a deadline each. */
#include <arch/irq.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/timer.h>

#include "arch/host/host.h"

static struct line {
	bool enabled, pending, active;
} lines[HOST_LINES];

static bool changed; /* since the last search that found no pending line */

static struct line *line_of(u32 line)
{
	ASSERT(line < HOST_LINES);
	return &lines[line];
}

static void line_enable(u32 line, bool level, u32 cpu)
{
	(void)level;
	ASSERT(cpu < cpu_count);
	line_of(line)->enabled = true;
	changed = true;
}

static void line_disable(u32 line)
{
	line_of(line)->enabled = false;
}

static void line_forget(u32 line)
{
	line_of(line)->active = false;
	line_of(line)->pending = false;
}

static const struct irqchip fake = {
	.name = "fake",
	.num_lines = HOST_LINES,
	.enable = line_enable,
	.disable = line_disable,
	.forget = line_forget,
};

enum err arch_irq_init(const struct host *host, const struct irqchip **chip)
{
	(void)host;
	*chip = &fake;
	return OK;
}

static bool take_deadline(void)
{
	struct arch_cpu *arch = &this_cpu()->arch;

	if (!arch->has_deadline || arch->deadline.v > arch_time_now().v)
		return false;
	arch->has_deadline = false;
	sched_interrupt_begin();
	timer_expire();
	sched_interrupt_end();
	return true;
}

static bool take_line(void)
{
	for (u32 line = 0; changed && line < HOST_LINES; line++) {
		if (!lines[line].enabled || !lines[line].pending || lines[line].active)
			continue;
		lines[line].pending = false;
		lines[line].active = true;
		sched_interrupt_begin();
		if (irq_serve(line))
			lines[line].active = false;
		sched_interrupt_end();
		return true;
	}
	changed = false;
	return false;
}

void arch_irq_take(void)
{
	/* Bounded, in case a line cannot be quieted. */
	for (u32 i = 0; i < HOST_LINES && (take_deadline() || take_line()); i++)
		continue;
}

void host_raise(u32 line)
{
	line_of(line)->pending = true;
	changed = true;
}

bool host_irq_enabled(u32 line)
{
	return line_of(line)->enabled;
}

bool host_irq_active(u32 line)
{
	return line_of(line)->active;
}
