/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's list registers by number. */
#include "arch/arm64/virq.h"

#define FOR_EACH_LR(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

__cold u64 virq_lr_read(u32 n)
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

__cold void virq_lr_write(u32 n, u64 lr)
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
