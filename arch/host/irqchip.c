/* SPDX-License-Identifier: Apache-2.0 */
/* The fake machine's interrupt controller: tests raise lines, core/irq takes them. */
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/timer.h>

#include "arch/host/host.h"

#define SPURIOUS 1023
#define TIMER    26 /* each CPU's own, when its deadline has passed */

static struct line {
	bool enabled, pending, active;
} lines[HOST_INTIDS];

static bool changed; /* a line did, since ack() last found nothing to take */

static struct line *line(u32 intid)
{
	ASSERT(intid < HOST_INTIDS);
	return &lines[intid];
}

static enum err init(const struct host *host)
{
	(void)host;
	return OK;
}

static void deadline_passed(u32 intid)
{
	(void)intid;
	timer_expire();
}

void host_timer_init(void)
{
	enum err err = irq_register(TIMER, deadline_passed);

	ASSERT(err == OK);
}

static enum err init_cpu(void)
{
	return OK;
}

static u32 ack(void)
{
	struct arch_cpu *arch = &this_cpu()->arch;

	if (arch->has_deadline && arch->deadline.v <= arch_time_now().v) {
		arch->has_deadline = false;
		lines[TIMER].active = true;
		return TIMER;
	}
	if (!changed)
		return SPURIOUS;
	for (u32 intid = 0; intid < HOST_INTIDS; intid++) {
		if (lines[intid].enabled && lines[intid].pending && !lines[intid].active) {
			lines[intid].pending = false;
			lines[intid].active = true;
			return intid;
		}
	}
	changed = false;
	return SPURIOUS;
}

static void eoi(u32 intid)
{
	ASSERT(line(intid)->active);
}

static void deactivate(u32 intid)
{
	line(intid)->active = false;
	changed = true; /* it may be pending again */
}

static void enable(u32 intid, bool level, u32 cpu)
{
	(void)level;
	ASSERT(cpu < cpu_count);
	line(intid)->enabled = true;
	changed = true;
}

static void disable(u32 intid)
{
	line(intid)->enabled = false;
}

static void send_sgi(u32 cpu, u32 sgi)
{
	ASSERT(cpu < cpu_count);
	host_raise(sgi);
}

static bool is_pending(u32 intid)
{
	return line(intid)->pending;
}

static void set_active(u32 intid, bool active)
{
	line(intid)->active = active;
	changed = true;
}

static void set_pending(u32 intid, bool pending)
{
	line(intid)->pending = pending;
	changed = true;
}

static const struct irqchip chip = {
	.name = "fake",
	.max_intid = HOST_INTIDS - 4, /* 1020 on are special, as in a GIC */
	.num_lrs = 4,
	.init_cpu = init_cpu,
	.ack = ack,
	.eoi = eoi,
	.deactivate = deactivate,
	.enable = enable,
	.disable = disable,
	.send_sgi = send_sgi,
	.is_pending = is_pending,
	.set_active = set_active,
	.set_pending = set_pending,
};

enum err irqchip_probe(const struct host *host, const struct irqchip **out)
{
	*out = &chip;
	return init(host);
}

void host_raise(u32 intid)
{
	line(intid)->pending = true;
	changed = true;
}

bool host_irq_enabled(u32 intid)
{
	return line(intid)->enabled;
}

bool host_irq_active(u32 intid)
{
	return line(intid)->active;
}
