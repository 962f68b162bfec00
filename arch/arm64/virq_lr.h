/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's list registers: for virq.c alone, which includes this once. */
#ifndef ARM64_VIRQ_LR_H
#define ARM64_VIRQ_LR_H

#include "arch/arm64/virq_hw.h"

#define FOR_EACH_LR(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

/* Any list register: most machines have four, of which the next functions know. */
static __cold u64 lr_read_any(u32 n)
{
	if (!virq_hw.v3)
		return vgic_lr_from_v2(mmio_read32(gicv2_gich + GICH_LR + 4 * n));
	switch (n) {
#define X(i) \
	case i: return read_sysreg(SYS_ICH_LR##i##_EL2);
		FOR_EACH_LR(X)
#undef X
	default: return 0;
	}
}

static __cold void lr_write_any(u32 n, u64 lr)
{
	if (!virq_hw.v3) {
		mmio_write32(vgic_lr_to_v2(lr), gicv2_gich + GICH_LR + 4 * n);
		return;
	}
	switch (n) {
#define X(i) \
	case i: write_sysreg(lr, SYS_ICH_LR##i##_EL2); break;
		FOR_EACH_LR(X)
#undef X
	default: break;
	}
}

static __attribute__((noinline)) u64 hw_lr_read(u32 n)
{
	if (n >= virq_hw.short_lrs)
		return lr_read_any(n);
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

static __attribute__((noinline)) void hw_lr_write(u32 n, u64 lr)
{
	if (!hw_lr_write_short(n, lr))
		lr_write_any(n, lr);
}

/* List registers that are empty; one that asks for maintenance does not count as that (IHI 0069
 * §12.4.5, IHI 0048B §5.3.8). */
static inline u32 hw_elrsr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_ELRSR_EL2)
			  : mmio_read32(gicv2_gich + GICH_ELRSR0);
}

/* Those that are empty and ask for it. */
static inline u32 hw_eisr_read(void)
{
	return virq_hw.v3 ? (u32)read_sysreg(SYS_ICH_EISR_EL2)
			  : mmio_read32(gicv2_gich + GICH_EISR0);
}

#endif
