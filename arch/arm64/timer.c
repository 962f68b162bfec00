/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's physical timer: trapped and emulated, so that it sees one time, its own, through both
 * timers. The virtual timer is the hardware's. (Arm ARM D11.2.4; the line is PPI 14, INTID 30.)
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"
#include <arch/boot.h>
#include <arch/time.h>
#include <mullion/timer.h>

#define PTIMER_INTID 30

#define CNTPCTSS_EL0  SYSREG(3, 3, 14, 0, 5)
#define CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0  SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)

#define WATCH_NS 2000000u
#define LOOK_NS  10000000u

/* A longer wait is divided: this bounds the arithmetic. */
#define MAX_WAIT_S 1000000u

static ns_t in_ticks(u64 ticks)
{
	u64 hz = boot_info.counter_hz;
	u64 seconds = ticks / hz;
	u64 ns = ticks % hz * NS_PER_S / hz + 1;

	return NS(arch_time_now().v + MIN(seconds, MAX_WAIT_S) * NS_PER_S + ns);
}

static void ptimer_due(struct timer_event *event)
{
	timer_update(container_of(event, struct vcpu, arch.ptimer));
}

/* The hardware's timer is another vCPU's now. Its effect is posted here: the interrupt, linked to
 * the host interrupt that the vCPU's end of interrupt deactivates (virq_load() does the
 * linking). */
static void vtimer_due(struct timer_event *event)
{
	virq_vtimer_fired(container_of(event, struct vcpu, arch.vtimer));
}

/* The interrupt has ended the guest's run, and the exit does the rest. A vCPU that sleeps is woken,
 * and checks for pending interrupts. */
static void watch_over(struct timer_event *event)
{
	vcpu_kick(container_of(event, struct vcpu, arch.watch));
}

/* The read-back of list registers compares their interrupts with the devices' lines. */
static void look_due(struct timer_event *event)
{
	struct vcpu *vcpu = container_of(event, struct vcpu, arch.look);

	if (atomic_load(&vcpu->thread.state) == VCPU_RUNNING)
		virq_sync(vcpu);
}

void timer_vcpu_init(struct vcpu *vcpu)
{
	timer_init(&vcpu->arch.ptimer, ptimer_due);
	timer_init(&vcpu->arch.vtimer, vtimer_due);
	timer_init(&vcpu->arch.watch, watch_over);
	timer_init(&vcpu->arch.look, look_due);
}

void timer_vcpu_stop(struct vcpu *vcpu)
{
	(void)timer_stop(&vcpu->arch.ptimer);
	(void)timer_stop(&vcpu->arch.vtimer);
	(void)timer_stop(&vcpu->arch.watch);
	(void)timer_stop(&vcpu->arch.look);
}

void timer_put(struct vcpu *vcpu)
{
	const struct arm64_el1 *el1 = &vcpu->arch.el1;
	u64 now;

	if ((el1->cntv_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) != CNT_CTL_ENABLE ||
	    virq_holds_vtimer(vcpu))
		return;
	now = timer_now(vcpu);
	timer_arm(&vcpu->arch.vtimer,
		  el1->cntv_cval > now ? in_ticks(el1->cntv_cval - now) : arch_time_now());
}

void timer_load(struct vcpu *vcpu)
{
	(void)timer_stop(&vcpu->arch.vtimer);
}

void timer_update(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	bool enabled = (arch->cntp_ctl & CNT_CTL_ENABLE) != 0;
	bool masked = (arch->cntp_ctl & CNT_CTL_IMASK) != 0;
	u64 now = timer_now(vcpu);
	bool due = enabled && now >= arch->cntp_cval;
	bool level = due && !masked;

	if (level != arch->cntp_level) {
		arch->cntp_level = level;
		virq_timer_set(vcpu, PTIMER_INTID, level);
	}
	if (enabled && !masked && !due)
		timer_arm(&arch->ptimer, in_ticks(arch->cntp_cval - now));
	else
		(void)timer_stop(&arch->ptimer);
}

void timer_watch(struct vcpu *vcpu)
{
	if (!timer_is_armed(&vcpu->arch.watch))
		timer_arm(&vcpu->arch.watch, NS(arch_time_now().v + WATCH_NS));
}

void timer_look(struct vcpu *vcpu)
{
	timer_arm(&vcpu->arch.look, NS(arch_time_now().v + LOOK_NS));
}

static u64 timer_read(const struct vcpu *vcpu, u32 reg)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	u64 now = timer_now(vcpu);

	switch (reg) {
	case CNTP_TVAL_EL0: return (arch->cntp_cval - now) & UINT32_MAX;
	case CNTP_CVAL_EL0: return arch->cntp_cval;
	case CNTP_CTL_EL0:
		if ((arch->cntp_ctl & CNT_CTL_ENABLE) != 0 && now >= arch->cntp_cval)
			return arch->cntp_ctl | CNT_CTL_ISTATUS;
		return arch->cntp_ctl;
	default: return now;
	}
}

bool timer_sysreg(struct vcpu *vcpu, u32 reg, bool write, u64 *value)
{
	struct arch_vcpu *arch = &vcpu->arch;

	switch (reg) {
	case CNTPCT_EL0:
	case CNTPCTSS_EL0:
		if (write)
			return false;
		break;
	case CNTP_TVAL_EL0:
	case CNTP_CTL_EL0:
	case CNTP_CVAL_EL0: break;
	default: return false;
	}
	if (!write) {
		*value = timer_read(vcpu, reg);
		return true;
	}
	if (reg == CNTP_CTL_EL0)
		arch->cntp_ctl = *value & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
	else if (reg == CNTP_CVAL_EL0)
		arch->cntp_cval = *value;
	else
		arch->cntp_cval = timer_now(vcpu) + (u64)(s64)(s32)(u32)*value;
	timer_update(vcpu);
	return true;
}
