/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts: another vCPU's state held in the model while this one works on it. An access
 * to pending or active state of interrupts that are in list registers of another CPU needs that.
 */
#include "arch/arm64/virq.h"

#include <arch/boot.h>
#include <arch/irq.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>

u64 virq_wait_end(u64 ns)
{
	return read_sysreg(cntpct_el0) + boot_info.counter_hz * ns / 1000000000u;
}

void virq_hold_end(struct vcpu *vcpu, u64 mask)
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;

	for (u64 left = mask; left; left &= left - 1) {
		struct vgic_cpu *cpu = vgic->cpus[__builtin_ctzll(left)];

		vgic_mark(cpu, VGIC_PRIVATE | VGIC_SHARED);
		atomic_fetch_sub(&cpu->hold, 1);
	}
	virq_kick(vcpu->guest, mask);
}

__cold bool virq_hold_begin(struct vcpu *vcpu, u64 mask)
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;
	struct vgic_cpu *own = &vcpu->arch.virq.vgic;
	u64 end = virq_wait_end(VIRQ_HOLD_NS);

	for (u64 left = mask; left; left &= left - 1)
		atomic_fetch_add(&vgic->cpus[__builtin_ctzll(left)]->hold, 1);
	for (u64 left = mask; left; left &= left - 1) {
		struct vgic_cpu *cpu = vgic->cpus[__builtin_ctzll(left)];

		vgic_mark(cpu, VGIC_FOLD);
		/* Its list registers are there, also while its CPU runs another thread. */
		if (atomic_load(&cpu->used))
			arch_cpu_kick(vcpu->guest->vcpus[cpu->index]->thread.cpu);
		while (atomic_load(&cpu->used)) {
			if (read_sysreg(cntpct_el0) >= end) {
				arch_irq_take();
				if (virq_has_work(vcpu)) {
					virq_hold_end(vcpu, mask);
					return false;
				}
				/* It may have ended its own wait, and filled again. */
				vgic_mark(cpu, VGIC_FOLD);
				arch_cpu_kick(vcpu->guest->vcpus[cpu->index]->thread.cpu);
				end = virq_wait_end(VIRQ_HOLD_NS);
			}
			/* It may be waiting for this vCPU in the same way. */
			if (atomic_load(&own->hold) && atomic_load(&own->used))
				virq_sync(vcpu);
			arch_cpu_relax();
		}
	}
	return true;
}

void virq_kicked(void)
{
	struct vcpu *vcpu = this_cpu()->current;

	if (!vcpu || !atomic_load(&vcpu->arch.virq.vgic.hold))
		return;
	virq_sync(vcpu);
	/* The folding left flags behind without a kick. */
	vcpu_kick(vcpu);
}
