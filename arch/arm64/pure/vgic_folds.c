/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: whose list registers must be folded before an access. */
#include "arch/arm64/pure/vgic_frames.h"

static bool block_is_state(u32 block)
{
	return block >= BLOCK_ISPENDR && block <= BLOCK_ICACTIVER;
}

/* vCPUs that have one of the SPIs @mask of word @w in a list register, or active. */
static u64 spi_owners(const struct vgic *vgic, u32 w, u32 mask)
{
	u64 owners = 0;

	if (w >= vgic->num_spis / 32)
		return 0;
	for (mask &= vgic->spi[w].inflight | vgic->spi[w].active; mask; mask &= mask - 1) {
		u32 owner = vgic->spis[w * 32 + (u32)__builtin_ctz(mask)].owner;

		owners |= owner < vgic->num_cpus ? BIT(owner) : 0;
	}
	return owners;
}

static u64 self_folds(const struct vgic *vgic, u32 self)
{
	return vgic_self_folds(vgic, self) ? BIT(self) : 0;
}

u64 vgic_dist_folds(const struct vgic *vgic, u32 self, u32 offset, bool write)
{
	u32 block = offset / 128, n = offset % 128 / 4;

	if (block_is_state(block)) {
		if (n)
			return spi_owners(vgic, n - 1, ~0u);
		return vgic->version == 2 ? self_folds(vgic, self) : 0;
	}
	n = (offset - 0xc08) / 4;
	if (write && offset >= 0xc08 && offset < 0xd00)
		return spi_owners(vgic, n / 2, n & 1 ? 0xffff0000 : 0xffff);
	if (vgic->version == 2 && offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16)
		return self_folds(vgic, self);
	return 0;
}

u64 vgic_redist_folds(const struct vgic *vgic, u32 self, u32 offset)
{
	u32 index = offset / (u32)VGIC_GICR_SIZE;

	return index < vgic->num_cpus && vgic->cpus[index] &&
			       vgic_redist_has_state(vgic, self, offset)
		       ? BIT(index)
		       : 0;
}
