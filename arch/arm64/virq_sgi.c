/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts: software generated ones, and trapped GIC system registers. */
#include "arch/arm64/virq.h"

#include <arch/cpu.h>
#include <mullion/guest.h>

#include "arch/arm64/pure/vgic_short.h"

/* As vcpu_kick(), for a vCPU that runs on another CPU, as most do. */
static inline void ring(struct vcpu *vcpu)
{
	dsb(ish);
	if (__builtin_expect(atomic_load_explicit(&vcpu->thread.state, memory_order_relaxed) ==
				     VCPU_RUNNING,
			     1) &&
	    virq_hw.v3)
		write_sysreg(vcpu->arch.virq.doorbell, SYS_ICC_SGI1R_EL1);
	else
		vcpu_kick(vcpu);
}

/* GICD_SGIR to one vCPU, by a list or to itself. Returns false if the model has to serve it. */
static inline bool sgir_short(struct vcpu *vcpu, u32 value)
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;
	u32 list = value >> 16 & 0xff, intid = value & 15, filter = value >> 24 & 3, target;

	if (filter == 2)
		list = 1u << vcpu->index;
	if (filter & 1 || !list || list & (list - 1))
		return false;
	target = (u32)__builtin_ctz(list);
	if (target == vcpu->index)
		return vgic_sgi_self_v2(&vcpu->arch.virq.vgic, intid);
	if (target >= vgic->num_cpus || !vgic->cpus[target])
		return false;
	if (vgic_sgi_other(vgic->cpus[target], intid, vcpu->index))
		ring(container_of(vgic->cpus[target], struct vcpu, arch.virq.vgic));
	return true;
}

u64 virq_sgir(struct vcpu *vcpu, u64 value)
{
	return sgir_short(vcpu, (u32)value) ? 0 : virq_access(vcpu, GICD_SGIR, 4, true, value, 0);
}

/* ESR_EL2.ISS of a trapped MRS or MSR, without Rt and direction (Arm ARM D17.2.37). */
#define ISS_REG(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_REG_MASK 0x3ffc1eu
#define ISS_SGI1R    ISS_REG(3u, 0u, 12u, 11u, 5u)
#define ISS_ASGI1R   ISS_REG(3u, 0u, 12u, 11u, 6u)
#define ISS_SGI0R    ISS_REG(3u, 0u, 12u, 11u, 7u)
#define ISS_DIR      ISS_REG(3u, 0u, 12u, 11u, 1u)

static bool __attribute__((noinline)) sgi_write(struct vcpu *vcpu, u64 value, bool group1)
{
	u64 kicked = vgic_sgi1r(&vcpu->guest->arch.virq.vgic, vcpu->index, value, group1);

	kicked &= ~BIT(vcpu->index);
	if (kicked)
		virq_kick(vcpu->guest, kicked);
	return true;
}

/*
 * ICC_SGI1R that names one vCPU of the first sixteen, as nearly all writes do. To itself, straight
 * into the list register; to another, its latch, its flag and a kick unless one is under way.
 * Returns false if the model has to serve it.
 */
static inline bool sgi_short(struct vcpu *vcpu, u64 value)
{
	struct vgic *vgic = &vcpu->guest->arch.virq.vgic;
	u32 list = value & 0xffff, intid = (u32)FIELD(value, 27, 24), target;
	struct vgic_cpu *cpu;

	if (value & ~(MASK(27, 24) | MASK(15, 0)) || !list || list & (list - 1))
		return false;
	target = (u32)__builtin_ctz(list);
	if (target == vcpu->index)
		return vgic_sgi_self(&vcpu->arch.virq.vgic, intid);
	cpu = target < vgic->num_cpus ? vgic->cpus[target] : NULL;
	if (!cpu || !(cpu->bank.group >> intid & 1))
		return false;
	atomic_fetch_or_explicit(&cpu->bank.latch, 1u << intid, memory_order_relaxed);
	if (vgic_mark(cpu, VGIC_PRIVATE))
		ring(container_of(cpu, struct vcpu, arch.virq.vgic));
	return true;
}

bool virq_sgi(struct vcpu *vcpu, u64 value)
{
	return virq_hw.v3 && sgi_short(vcpu, value);
}

bool virq_sysreg(struct vcpu *vcpu, u32 iss, bool write, u64 *value)
{
	u32 reg = iss & ISS_REG_MASK;

	if (!write || !virq_hw.v3)
		return false; /* all of them are write-only */
	switch (reg) {
	case ISS_SGI1R: return sgi_write(vcpu, *value, true);
	case ISS_SGI0R:
	case ISS_ASGI1R: /* with one security state it makes group 0 SGIs, as ICC_SGI0R does */
		return sgi_write(vcpu, *value, false);
	case ISS_DIR: /* trapped only while active interrupts are outside list registers */
		return virq_dir(vcpu, *value);
	default: return false;
	}
}
