/* SPDX-License-Identifier: Apache-2.0 */
/* The choice between the GIC drivers, and what they have in common: arrays with bits for each
 * interrupt. */
#include "drivers/irqchip/gic.h"

#include <arch/boot.h>
#include <mullion/log.h>
#include <mullion/space.h>

const struct gic *gic;

__boot enum err gic_probe(const struct host *host)
{
	switch (host->arch.arm64.gic) {
	case HOST_GIC_V2: gic = &gicv2; return gicv2_init(host);
	case HOST_GIC_V3: gic = &gicv3; return gicv3_init(host);
	default:
		log_error("no interrupt controller in the machine's tree: a GICv2 with "
			  "virtualization (GICH, GICV) or a GICv3 is needed");
		return ERR_UNSUPPORTED;
	}
}

__boot u8 *gic_map(u64 base, u64 bytes)
{
	return arch_map(HPA(base), bytes, SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
}

void gic_clear_words(u8 *at, u32 first, u32 count)
{
	for (u32 i = first; i < count; i += 32) {
		mmio_write32(~0u, at + GICD_ICENABLER + i / 8);
		mmio_write32(~0u, at + GICD_ICPENDR + i / 8);
		mmio_write32(~0u, at + GICD_ICACTIVER + i / 8);
	}
	for (u32 i = first; i < count; i += 4)
		mmio_write32(GIC_PRIORITY * 0x01010101u, at + GICD_IPRIORITYR + i);
}

void gic_set_config(u8 *at, u32 intid, bool level)
{
	u8 *reg = at + GICD_ICFGR + intid / 16 * 4;
	u32 bit = 2u << intid % 16 * 2, old, value;

	if (intid < 16)
		return; /* SGIs are edge */
	old = mmio_read32(reg);
	value = level ? old & ~bit : old | bit;
	if (value != old)
		mmio_write32(value, reg);
}
