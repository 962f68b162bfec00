/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declarations of the virq_*.c files, and the virtual interface of the machine's GIC: v2 by its
 * GICH frame, or v3 by system registers.
 */
#ifndef ARM64_VIRQ_H
#define ARM64_VIRQ_H

#include "arch/arm64/irq.h"
#include "drivers/irqchip/gic.h"
#include <asm/virq.h>
#include <mullion/guest.h>
#include <mullion/sched.h>

/* Properties of the machine that the hot path needs, together. */
extern struct virq_hw {
	bool v3;
	u8 short_lrs;            /* list registers that hw_lr_write_short() knows */
	u8 num_aprs;             /* of each group, GICv3 */
	u32 vtimer, maintenance; /* INTIDs */
} virq_hw;

#define VIRQ_HOLD_NS 10000u /* one wait for another CPU, interrupts masked; docs/realtime.md */

/** virq_init() - find out what list registers and interrupts @host has, and register the latter.
 * Boot CPU, once, after gic_probe(). Returns ERR_UNSUPPORTED after logging what lacks. */
enum err __must_check virq_init(const struct host *host);
/** virq_kicked() - this CPU was kicked: another CPU may need the list registers of the vCPU that is
 * loaded here. Interrupt context. */
void virq_kicked(void);
/** virq_vtimer_handler() - the virtual timer of the loaded vCPU has fired outside its run.
 * virq_maintenance_handler() - its list registers request maintenance. Interrupt context. */
void virq_vtimer_handler(u32 intid);
void virq_maintenance_handler(u32 intid);
/** virq_release() - deactivate the physical interrupts that the model released, wherever they come
 * to. As vgic_release_physical(). */
void virq_release(struct vgic *vgic, struct vgic_cpu *cpu) REQUIRES(&vgic->lock);

/** virq_access() - serve an access by the model. @how: VIRQ_ACCESS_*. Returns a read's value. Own
 * CPU, no locks. virq_again() says whether it was served. */
#define VIRQ_ACCESS_REDIST 1u /* by the redistributors */
#define VIRQ_ACCESS_STATE  2u /* pending, active or configuration state is concerned */
u64 virq_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value, u32 how);
/** virq_sgir() - a write of @value to GICD_SGIR (GICv2). Returns 0. Own CPU, no locks. */
u64 virq_sgir(struct vcpu *vcpu, u64 value);
/** virq_dir() - a write of @value to ICC_DIR or GICC_DIR. Returns true. Own CPU, no locks. */
bool virq_dir(struct vcpu *vcpu, u64 value);

/** virq_wait_end() - the counter's value in @ns nanoseconds. */
u64 virq_wait_end(u64 ns);
/** virq_hold_begin() - fold the list registers of the other vCPUs in @mask, and keep them empty
 * until virq_hold_end(). While their CPUs do not answer, this CPU takes its interrupts every
 * VIRQ_HOLD_NS. Returns false, and holds none, if the run loop has other work meanwhile. Own CPU,
 * no locks. */
bool virq_hold_begin(struct vcpu *vcpu, u64 mask);
void virq_hold_end(struct vcpu *vcpu, u64 mask);

/** virq_kick() - kick the vCPUs of @guest in @mask. No locks. */
static inline void virq_kick(const struct guest *guest, u64 mask)
{
	for (; mask; mask &= mask - 1)
		vcpu_kick(guest->vcpus[__builtin_ctzll(mask)]);
}

/** virq_has_work() - returns true if the run loop has work: a request to the vCPU, or to its CPU.
 */
static inline bool virq_has_work(const struct vcpu *vcpu)
{
	return atomic_load_explicit(&vcpu->requests, memory_order_acquire) != 0 || sched_needed();
}

/** hw_hcr_read(), hw_hcr_write() - this CPU's hypervisor control register (ICH_HCR_EL2,
 * GICH_HCR). */
static inline u32 hw_hcr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_HCR_EL2) : mmio_read32(gicv2_gich + GICH_HCR);
}

static inline void hw_hcr_write(u32 hcr)
{
	if (virq_hw.v3)
		write_sysreg(hcr, SYS_ICH_HCR_EL2);
	else
		mmio_write32(hcr, gicv2_gich + GICH_HCR);
}

/** vmcr_read() - the guest's CPU interface (ICH_VMCR_EL2, GICH_VMCR). */
static inline u32 vmcr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_VMCR_EL2)
			  : mmio_read32(gicv2_gich + GICH_VMCR);
}

/** aprs_save(), aprs_restore() - active priorities between hardware and @cpu. Own CPU. */
static inline void aprs_save(struct arm64_virq_cpu *cpu)
{
	if (!virq_hw.v3) {
		cpu->apr[0][0] = mmio_read32(gicv2_gich + GICH_APR);
		return;
	}
	cpu->apr[0][0] = (u32)read_sysreg(SYS_ICH_AP0R0_EL2);
	cpu->apr[1][0] = (u32)read_sysreg(SYS_ICH_AP1R0_EL2);
	if (virq_hw.num_aprs > 1) {
		cpu->apr[0][1] = (u32)read_sysreg(SYS_ICH_AP0R1_EL2);
		cpu->apr[1][1] = (u32)read_sysreg(SYS_ICH_AP1R1_EL2);
	}
	if (virq_hw.num_aprs > 2) {
		cpu->apr[0][2] = (u32)read_sysreg(SYS_ICH_AP0R2_EL2);
		cpu->apr[1][2] = (u32)read_sysreg(SYS_ICH_AP1R2_EL2);
		cpu->apr[0][3] = (u32)read_sysreg(SYS_ICH_AP0R3_EL2);
		cpu->apr[1][3] = (u32)read_sysreg(SYS_ICH_AP1R3_EL2);
	}
}

static inline void aprs_restore(const struct arm64_virq_cpu *cpu)
{
	if (!virq_hw.v3) {
		mmio_write32(cpu->apr[0][0], gicv2_gich + GICH_APR);
		return;
	}
	write_sysreg(cpu->apr[0][0], SYS_ICH_AP0R0_EL2);
	write_sysreg(cpu->apr[1][0], SYS_ICH_AP1R0_EL2);
	if (virq_hw.num_aprs > 1) {
		write_sysreg(cpu->apr[0][1], SYS_ICH_AP0R1_EL2);
		write_sysreg(cpu->apr[1][1], SYS_ICH_AP1R1_EL2);
	}
	if (virq_hw.num_aprs > 2) {
		write_sysreg(cpu->apr[0][2], SYS_ICH_AP0R2_EL2);
		write_sysreg(cpu->apr[1][2], SYS_ICH_AP1R2_EL2);
		write_sysreg(cpu->apr[0][3], SYS_ICH_AP0R3_EL2);
		write_sysreg(cpu->apr[1][3], SYS_ICH_AP1R3_EL2);
	}
}

/** interface_restore() - the guest's CPU interface of @cpu into the hardware. Own CPU. */
static inline void interface_restore(const struct arm64_virq_cpu *cpu)
{
	if (virq_hw.v3) {
		/* The guest's SRE is always one; it decides what VMCR means, so it comes first. */
		write_sysreg(7, SYS_ICC_SRE_EL1);
		isb();
		write_sysreg(cpu->vmcr, SYS_ICH_VMCR_EL2);
	} else {
		mmio_write32(cpu->vmcr, gicv2_gich + GICH_VMCR);
	}
	aprs_restore(cpu);
}

/** virq_lr_read(), virq_lr_write() - any list register. hw_lr_read(), hw_lr_write() - the same,
 * faster for the first four, which are all that most machines have. hw_lr_write_short() - returns
 * false if @n is none of them. */
u64 virq_lr_read(u32 n);
void virq_lr_write(u32 n, u64 lr);

static __maybe_unused __attribute__((noinline)) u64 hw_lr_read(u32 n)
{
	if (n >= virq_hw.short_lrs)
		return virq_lr_read(n);
	if (n == 0)
		return read_sysreg(SYS_ICH_LR0_EL2);
	if (n == 1)
		return read_sysreg(SYS_ICH_LR1_EL2);
	return n == 2 ? read_sysreg(SYS_ICH_LR2_EL2) : read_sysreg(SYS_ICH_LR3_EL2);
}

static inline bool hw_lr_write_short(u32 n, u64 lr)
{
	if (n >= virq_hw.short_lrs) {
		if (!virq_hw.v3)
			mmio_write32(vgic_lr_to_v2(lr), gicv2_gich + GICH_LR + 4 * n);
		return !virq_hw.v3;
	}
	if (n == 0)
		write_sysreg(lr, SYS_ICH_LR0_EL2);
	else if (n == 1)
		write_sysreg(lr, SYS_ICH_LR1_EL2);
	else if (n == 2)
		write_sysreg(lr, SYS_ICH_LR2_EL2);
	else
		write_sysreg(lr, SYS_ICH_LR3_EL2);
	return true;
}

static __maybe_unused __attribute__((noinline)) void hw_lr_write(u32 n, u64 lr)
{
	if (!hw_lr_write_short(n, lr))
		virq_lr_write(n, lr);
}

/* List registers that are empty; one that requests maintenance does not count as that (IHI 0069
 * §12.4.5, IHI 0048B §5.3.8). */
static inline u32 hw_elrsr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_ELRSR_EL2)
			  : mmio_read32(gicv2_gich + GICH_ELRSR0);
}

/* Those that are empty and request it. */
static inline u32 hw_eisr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_EISR_EL2)
			  : mmio_read32(gicv2_gich + GICH_EISR0);
}

/** hw_line_fell() - returns true if the level that physical interrupt @intid was signalled for is
 * gone. hw_route_to_self() - shared physical interrupt @intid comes to this CPU from now on. */
bool hw_line_fell(u32 intid);
void hw_route_to_self(u32 intid);

/** hw_deactivate_private(), hw_deactivate_shared() - deactivate physical interrupt @intid. */
static inline void hw_deactivate_private(u32 intid)
{
	gic->deactivate(intid);
}

static inline void hw_deactivate_shared(u32 intid)
{
	gic->set_active(intid, false);
}

#endif
