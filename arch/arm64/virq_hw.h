/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interface of the machine's GIC, v2 by its GICH frame or v3 by system registers:
 * for virq.c and virq_life.c alone.
 */
#ifndef ARM64_VIRQ_HW_H
#define ARM64_VIRQ_HW_H

#include "drivers/irqchip/gic.h"
#include <asm/virq.h>

/* What the hot path needs of the machine, together. */
extern struct virq_hw {
	bool v3;
	u8 short_lrs;            /* list registers that hw_lr_write_short() knows */
	u8 num_aprs;             /* of each group, GICv3 */
	u32 vtimer, maintenance; /* INTIDs */
} virq_hw;

/* What virq.c does for virq_life.c. */
void virq_vtimer_handler(u32 intid);
void virq_maintenance_handler(u32 intid);
/** virq_release() - deactivate the physical interrupts that the model let go, wherever they come
 * to. As vgic_release_physical(). */
void virq_release(struct vgic *g, struct vgic_cpu *c);

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

static inline u32 vmcr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_VMCR_EL2)
			  : mmio_read32(gicv2_gich + GICH_VMCR);
}

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

#endif
