/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts: from host interrupts, lines and timers. */
#include "arch/arm64/virq.h"

#include <abi/component.h>
#include <arch/virq.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/irq.h>

#include "arch/arm64/pure/vgic_short.h"

__cold void arch_virq_deliver(const struct irq_route *route)
{
	struct guest *guest = route->owner;
	struct arm64_virq *virq = &guest->arch.virq;
	u64 kicked = 0;

	/* This CPU takes the interrupt until a vCPU of another CPU has it in a list register
	 * (hw_route_to_self()). A vCPU that does not run does not change the route. */
	spin_lock(&virq->vgic.lock);
	if (vgic_host_spi(&virq->vgic, route->target, route->line, route->level, &kicked) != OK)
		gic->deactivate(route->line);
	spin_unlock(&virq->vgic.lock);
	virq_kick(guest, kicked);
}

bool arch_virq_set(struct guest *guest, u32 line, bool level)
{
	struct arm64_virq *virq = &guest->arch.virq;
	u64 kicked;

	spin_lock(&virq->vgic.lock);
	kicked = vgic_set_level(&virq->vgic, line, level);
	spin_unlock(&virq->vgic.lock);
	virq_kick(guest, kicked);
	return false;
}

/* A GIC is the only controller. */
u32 arch_virq_request(struct guest *guest, u32 vector)
{
	(void)guest;
	(void)vector;
	return VIRQ_NONE;
}

void virq_timer_set(struct vcpu *vcpu, u32 ppi, bool level)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;

	spin_lock(&virq->vgic.lock);
	vgic_set_private(&virq->vgic, &vcpu->arch.virq.vgic, ppi, level);
	spin_unlock(&virq->vgic.lock);
	if (level)
		vcpu_kick(vcpu);
}

/* Everything but the virtual timer, and GICv3's kick. */
static bool __attribute__((noinline)) other_interrupt(struct vcpu *vcpu, u32 intid)
{
	if (intid < GIC_SPURIOUS) {
		irq_dispatch(intid);
		/* An interrupt of the core, such as its timer: the run loop has work. */
		if (intid < GIC_PRIVATE && intid != SGI_KICK && intid != virq_hw.maintenance)
			return false;
	}
	virq_flush(vcpu);
	return !virq_has_work(vcpu);
}

static bool __attribute__((noinline)) timer_interrupt(struct vcpu *vcpu, u32 intid)
{
	if (!virq_hw.v3)
		gic->eoi(intid);
	return vgic_timer_fired(&vcpu->arch.virq.vgic, intid) || virq_flush_now(vcpu);
}

bool virq_interrupt(struct vcpu *vcpu)
{
	u32 intid;

	if (__builtin_expect(!virq_hw.v3, 0)) {
		intid = gic->ack();
		if (intid == virq_hw.vtimer)
			return timer_interrupt(vcpu, intid);
		if (intid != SGI_KICK)
			return other_interrupt(vcpu, intid);
		return !virq_has_work(vcpu) && virq_flush_now(vcpu);
	}
	intid = gicv3_ack();
	if (intid == virq_hw.vtimer) {
		write_sysreg(intid, SYS_ICC_EOIR1_EL1);
		return timer_interrupt(vcpu, intid);
	}
	if (intid != SGI_KICK)
		return other_interrupt(vcpu, intid);
	write_sysreg(intid, SYS_ICC_EOIR1_EL1);
	write_sysreg(intid, SYS_ICC_DIR_EL1);
	/* A request from here on comes with a kick of its own. */
	return !virq_has_work(vcpu) && virq_flush_now(vcpu);
}

/* The timer of the loaded vCPU fired outside its run: in idle, or while another thread ran. */
void virq_vtimer_handler(u32 intid)
{
	struct vcpu *vcpu = this_cpu()->current;

	if (vcpu)
		virq_vtimer_fired(vcpu);
	else
		gic->deactivate(intid);
}

__cold void virq_vtimer_fired(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->arch.virq.vgic;

	/* This CPU has the list registers of a loaded vCPU. The timer mostly gets its last one. */
	if (vcpu->arch.virq.loaded)
		(void)vgic_timer_fired(cpu, virq_hw.vtimer);
	else
		vgic_host_private(cpu, VGIC_TIMER, virq_hw.vtimer);
	vcpu_kick(vcpu);
}

bool virq_holds_vtimer(const struct vcpu *vcpu)
{
	return vcpu->arch.virq.vgic.bank.linked >> VGIC_TIMER & 1;
}

/* A list register requests service: the flush reads its state, which also ends the request. */
void virq_maintenance_handler(u32 intid)
{
	struct vcpu *vcpu = this_cpu()->current;

	(void)intid;
	if (!vcpu || !vcpu->arch.virq.loaded) {
		hw_hcr_write(0);
		return;
	}
	atomic_fetch_or_explicit(&vcpu->arch.virq.vgic.flags, VGIC_PRIVATE | VGIC_SHARED,
				 memory_order_relaxed);
	(void)virq_flush_now(vcpu);
}
