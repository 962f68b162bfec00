/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed registers of ACPI (ACPI 6.5 §4.8.3): PM1 event and control, and the PM timer. */
#include "components/lib/ticks.h"
#include "components/vmm/x86/devices.h"

#include <abi/pc.h>

#define TIMER_HZ UINT64_C(3579545)

#define STATUS  0u
#define ENABLE  2u
#define CONTROL ACPI_PM1_CONTROL
#define TIMER   ACPI_PM_TIMER

#define STATUS_ALL   0x8731u
#define STATUS_TIMER 0x0001u
#define ENABLE_ALL   0x0721u
#define CONTROL_SCI  0x0001u
#define SLEEP_TYPE   0x1c00u
#define SLEEP_ENABLE 0x2000u
#define SLEEP_OFF    ((u32)ACPI_SLEEP_OFF << 10)
#define CARRY_BIT    23 /* its change sets STATUS_TIMER */

struct pm_state {
	u32 status, enable, control;
	u32 carry; /* the timer's bit 23 and above, as last compared */
};

_Static_assert(sizeof(struct pm_state) <= DEVICE_STATE, "device.h");

static u64 timer_ticks(u64 now)
{
	return clock_cycles(now, TIMER_HZ);
}

static void pm_update(struct device *pm)
{
	const struct pm_state *s = pm->state;

	x86_set_level(pm, (s->status & s->enable) != 0);
}

static void note_carry(struct pm_state *s, u64 ticks)
{
	if ((u32)(ticks >> CARRY_BIT) != s->carry)
		s->status |= STATUS_TIMER;
	s->carry = (u32)(ticks >> CARRY_BIT);
}

static u32 pm_read_register(const struct pm_state *s, u64 offset)
{
	switch (offset) {
	case STATUS: return s->status;
	case ENABLE: return s->enable;
	case CONTROL: return s->control | CONTROL_SCI;
	default: return 0;
	}
}

static u64 pm_read(struct device *pm, u64 offset, u64 number, u64 where)
{
	struct pm_state *s = pm->state;
	u64 ticks = timer_ticks(sys_time(NULL).v);

	(void)number;
	(void)where;
	if (offset >= TIMER)
		return (u32)ticks >> (offset - TIMER) * 8;
	note_carry(s, ticks);
	return (pm_read_register(s, offset & ~UINT64_C(1)) |
		(u64)pm_read_register(s, (offset & ~UINT64_C(1)) + 2) << 16) >>
	       (offset & 1) * 8;
}

static void write_control(struct pm_state *s, u32 value)
{
	s->control = value & SLEEP_TYPE;
	if ((value & SLEEP_ENABLE) != 0 && (value & SLEEP_TYPE) == SLEEP_OFF)
		device_power(RESUME_OFF);
}

static bool pm_write(struct device *pm, u64 offset, u64 value, u64 number, u64 where)
{
	struct pm_state *s = pm->state;

	(void)number;
	(void)where;
	if (offset == STATUS)
		s->status &= ~((u32)value & STATUS_ALL);
	else if (offset == ENABLE)
		s->enable = (u32)value & ENABLE_ALL;
	else if (offset == CONTROL)
		write_control(s, (u32)value);
	else if (offset == CONTROL + 1)
		write_control(s, (u32)value << 8);
	pm_update(pm);
	return true;
}

/* The timer's carry matters while its interrupt is enabled. */
static ns_t pm_timer(struct device *pm)
{
	struct pm_state *s = pm->state;
	u64 now, next;

	if ((s->enable & STATUS_TIMER) == 0)
		return NS(UINT64_MAX);
	now = sys_time(NULL).v;
	note_carry(s, timer_ticks(now));
	pm_update(pm);
	next = ((u64)s->carry + 1) << CARRY_BIT;
	return NS(clock_ns(next, TIMER_HZ));
}

static void pm_reset(struct device *pm)
{
	struct pm_state *s = pm->state;

	*s = (struct pm_state){
		.carry = (u32)(timer_ticks(sys_time(NULL).v) >> CARRY_BIT),
	};
	x86_force_level(pm, false);
}

static void pm_resume(struct device *pm)
{
	struct pm_state *s = pm->state;

	s->status &= STATUS_ALL;
	s->enable &= ENABLE_ALL;
	x86_force_level(pm, (s->status & s->enable) != 0);
}

const struct device_model acpi_pm_model = {
	.name = "acpi-pm",
	.size = sizeof(struct pm_state),
	.reset = pm_reset,
	.resume = pm_resume,
	.read = pm_read,
	.write = pm_write,
	.timer = pm_timer,
};
