/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts: the pure virtual GIC joined to the hardware's list registers.
 *
 * While a vCPU is loaded its list registers are live. They are read back only when their state is
 * needed; before an entry one flag says whether anything must be put into them. No CPU touches the
 * list registers of another: it sets flags of the other's vCPU and kicks it.
 */
#include "arch/arm64/virq.h"

#include <arch/time.h>
#include <mullion/guest.h>
#include <mullion/irq.h>

#include "arch/arm64/pure/vgic_short.h"
#include "arch/arm64/pure/vgic_update.h"

#define VMCR_PMR(vmcr) ((vmcr) >> 24)

struct virq_hw virq_hw;

/*
 * The physical interrupt @intid is active, but its line has fallen. GICD_ISPENDRn follows the
 * line of an active one, too (IHI 0048B §4.3.7, IHI 0069 §12.9.28). The virtual timer's line
 * is in the loaded vCPU's register (Arm ARM D11.2.4). An edge is past in any case.
 */
bool hw_line_fell(u32 intid)
{
	const struct irq_route *route;

	if (intid == virq_hw.vtimer)
		return (read_sysreg(cntv_ctl_el0) &
			(CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) !=
		       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
	route = irq_lookup(intid);
	return route && route->level && !gic->is_pending(intid);
}

void hw_route_to_self(u32 intid)
{
	const struct irq_route *route = irq_lookup(intid);

	if (route && route->cpu != this_cpu()->id)
		irq_move(intid, this_cpu()->id);
}

void virq_release(struct vgic *vgic, struct vgic_cpu *cpu)
{
	vgic_release_physical(vgic, cpu, false);
}

__cold void virq_sync(struct vcpu *vcpu)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 kicked;

	if (!vcpu->arch.virq.loaded)
		return;
	spin_lock(&virq->vgic.lock);
	kicked = vgic_withdraw(&virq->vgic, &vcpu->arch.virq.vgic);
	spin_unlock(&virq->vgic.lock);
	virq_kick(vcpu->guest, kicked);
}

static bool __attribute__((noinline)) update(struct vcpu *vcpu, u32 flags)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 kicked;

	spin_lock(&virq->vgic.lock);
	kicked = vgic_update(&virq->vgic, &vcpu->arch.virq.vgic, flags);
	spin_unlock(&virq->vgic.lock);
	if (kicked)
		virq_kick(vcpu->guest, kicked);
	return true;
}

/* Another CPU works on this vCPU's state, folded: fold it, and wait for the end of that, for a
 * bounded time. */
static bool __cold yield_to_holder(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->arch.virq.vgic;

	u64 end = virq_wait_end(2 * VIRQ_HOLD_NS);

	virq_sync(vcpu);
	while (atomic_load_explicit(&cpu->hold, memory_order_acquire) &&
	       read_sysreg(cntpct_el0) < end)
		arch_cpu_relax();
	return update(vcpu, atomic_exchange_explicit(&cpu->flags, 0, memory_order_acquire));
}

bool virq_flush_now(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->arch.virq.vgic;
	u32 flags;

	if (__builtin_expect(atomic_load_explicit(&cpu->hold, memory_order_acquire) != 0, 0))
		return yield_to_holder(vcpu);
	flags = atomic_exchange_explicit(&cpu->flags, 0, memory_order_acquire);
	if (__builtin_expect(flags == VGIC_PRIVATE &&
				     (virq_hw.v3 ? vgic_flush_sgis(cpu) : vgic_flush_sgis_v2(cpu)),
			     1))
		return true;
	return update(vcpu, flags);
}

/* For an access to pending, active or configuration state: fold the list registers that hold some
 * of it. Those of other vCPUs, @others, stay folded for as long as the access takes. */
static bool __attribute__((noinline))
fold_for(struct vcpu *vcpu, bool redist, u32 offset, bool write, u64 *others)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 folds = redist ? vgic_redist_folds(&virq->vgic, vcpu->index, offset)
			   : vgic_dist_folds(&virq->vgic, vcpu->index, offset, write);

	if (folds & BIT(vcpu->index))
		virq_sync(vcpu);
	*others = folds & ~BIT(vcpu->index);
	return !*others || virq_hold_begin(vcpu, *others);
}

/* The guest repeats the access: the caller sees that once it has flushed. */
static void __cold again(struct vcpu *vcpu)
{
	vcpu->arch.virq.again = true;
	vgic_mark(&vcpu->arch.virq.vgic, VGIC_PRIVATE);
}

u64 virq_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value, u32 how)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 kicked, held = 0;

	if (how & VIRQ_ACCESS_STATE &&
	    !fold_for(vcpu, how & VIRQ_ACCESS_REDIST, offset, write, &held)) {
		again(vcpu);
		return 0;
	}
	spin_lock(&virq->vgic.lock);
	if (how & VIRQ_ACCESS_REDIST) {
		kicked = vgic_redist_access(&virq->vgic, vcpu->index, offset, width, write, &value);
	} else {
		if (how & VIRQ_ACCESS_STATE)
			vgic_settle(&virq->vgic, offset);
		kicked = vgic_dist_access(&virq->vgic, vcpu->index, offset, width, write, &value);
	}
	if (virq->vgic.released || vcpu->arch.virq.vgic.bank.release)
		vgic_release_physical(&virq->vgic, &vcpu->arch.virq.vgic, true);
	spin_unlock(&virq->vgic.lock);
	if (held)
		virq_hold_end(vcpu, held);
	kicked &= ~BIT(vcpu->index);
	if (kicked)
		virq_kick(vcpu->guest, kicked);
	return value;
}

/* Deactivation of what need not be in a list register. */
__cold bool virq_dir(struct vcpu *vcpu, u64 value)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 kicked;

	virq_sync(vcpu);
	spin_lock(&virq->vgic.lock);
	kicked = vgic_dir(&virq->vgic, &vcpu->arch.virq.vgic, (u32)value & 0xffffff);
	vgic_release_physical(&virq->vgic, &vcpu->arch.virq.vgic, true);
	spin_unlock(&virq->vgic.lock);
	virq_kick(vcpu->guest, kicked);
	return true;
}

/* Returns true if a list register holds an interrupt that would be signalled now. */
static bool lrs_signal(const struct vgic_cpu *cpu)
{
	u32 vmcr = vmcr_read(), mask = VMCR_PMR(vmcr) & (virq_hw.v3 ? 0xff : 0xf8);

	for (u32 used = cpu->used; used; used &= used - 1) {
		u64 lr = hw_lr_read((u32)__builtin_ctz(used));

		if (lr & LR_PENDING && vmcr & (lr & LR_GROUP1 ? 2 : 1) && FIELD(lr, 55, 48) < mask)
			return true;
	}
	return false;
}

bool virq_wants(struct vcpu *vcpu)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	struct vgic_cpu *cpu = &vcpu->arch.virq.vgic;
	bool ready;

	if (vcpu->arch.virq.loaded) {
		virq_flush(vcpu);
		return lrs_signal(cpu);
	}
	spin_lock(&virq->vgic.lock);
	/* Checked now; virq_load() sets them all again. */
	atomic_store_explicit(&cpu->flags, 0, memory_order_relaxed);
	ready = vgic_ready(&virq->vgic, cpu);
	spin_unlock(&virq->vgic.lock);
	return ready;
}
