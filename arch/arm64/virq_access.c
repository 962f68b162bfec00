/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts: a guest's loads and stores to its interrupt controller. */
#include "arch/arm64/virq.h"

#include <mullion/guest.h>

#include "arch/arm64/pure/vgic_short.h"

#define VMCR_EOIM 0x200u

/* The second page of a GICv2 CPU interface: GICC_DIR alone, which works in the split mode. */
static void __cold dir_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	if (write && offset == 0 && width == 4 && vmcr_read() & VMCR_EOIM)
		virq_dir(vcpu, value & 0x3ff);
}

/* The accesses that are not as hot, so that the rest needs no frame. No state that such a read
 * needs is more than one word: no lock. */
static u64 __attribute__((noinline))
dist_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value) NO_LOCK_ANALYSIS
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;

	if (write && offset == GICD_SGIR && width == 4 && !virq_hw.v3)
		return virq_sgir(vcpu, value);
	if (vgic_dist_has_state(vgic, offset, write))
		return virq_access(vcpu, offset, width, write, value, VIRQ_ACCESS_STATE);
	if (write)
		return virq_access(vcpu, offset, width, write, value, 0);
	(void)vgic_dist_access(vgic, vcpu->index, offset, width, false, &value);
	return value;
}

u64 virq_dist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;

	/* The hot ones, without the lock. */
	if (width == 4 && write && vgic_enable_fast(&virq->vgic, offset, (u32)value))
		return value;
	if (width == 4 && !write && offset == GICD_TYPER)
		return virq->vgic.typer;
	return dist_access(vcpu, offset, width, write, value);
}

/* As dist_access(), a read without state needs no lock. */
u64 virq_redist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value) NO_LOCK_ANALYSIS
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;

	if (vgic_redist_has_state(vgic, vcpu->index, offset))
		return virq_access(vcpu, offset, width, write, value,
				   VIRQ_ACCESS_REDIST | VIRQ_ACCESS_STATE);
	if (write)
		return virq_access(vcpu, offset, width, write, value, VIRQ_ACCESS_REDIST);
	(void)vgic_redist_access(vgic, vcpu->index, offset, width, false, &value);
	return value;
}

__cold bool virq_again(struct vcpu *vcpu)
{
	bool again = vcpu->arch.virq.again;

	vcpu->arch.virq.again = false;
	return again;
}

bool virq_mmio(struct vcpu *vcpu, gpa_t gpa, u32 width, bool write, u64 *value)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 offset = gpa.v - virq->gicd;

	if (offset < virq->gicd_size) {
		*value = virq_dist(vcpu, (u32)offset, width, write, *value);
		return true;
	}
	offset = gpa.v - virq->gicr;
	if (offset < virq->gicr_size) {
		*value = virq_redist(vcpu, (u32)offset, width, write, *value);
		return true;
	}
	offset = gpa.v - virq->dir;
	if (offset >= virq->dir_size)
		return false;
	dir_access(vcpu, (u32)offset, width, write, *value);
	*value = write ? *value : 0;
	return true;
}
