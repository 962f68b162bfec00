/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 and GICv3 behind one interface (IHI 0048B, IHI 0069). GICv3 is used by system registers,
 * with group 1; GICv2 by its CPU interface page, with group 0.
 */
#include "guest.h"

#define GICD_CTLR      0x000
#define GICD_TYPER     0x004
#define GICD_IGROUPR   0x080
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR   0x200
#define GICD_ICPENDR   0x280
#define GICD_ISACTIVER 0x300
#define GICD_ICACTIVER 0x380
#define GICD_IPRIORITY 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR     0xc00
#define GICD_SGIR      0xf00
#define GICD_IROUTER   0x6000
#define GICR_TYPER     0x08
#define GICR_WAKER     0x14
#define GICR_FRAME     0x20000
#define GICR_SGI_BASE  0x10000
#define GICC_CTLR      0x00
#define GICC_PMR       0x04
#define GICC_BPR       0x08
#define GICC_IAR       0x0c
#define GICC_EOIR      0x10
#define GICC_RPR       0x14
#define GICC_HPPIR     0x18
#define GICC_APR0      0xd0
#define GICC_GROUPS    0xf /* both enabled, acknowledged alike, group 0 as FIQ */
#define GICC_DIR       0x1000

#define SGI1R_IRM BIT(40)

struct gic gic;

bool gic_find(void)
{
	fdt_node_t node = fdt_find_compatible(&machine.fdt, FDT_NONE, "arm,gic-v3");
	u64 size;

	if (node != FDT_NONE) {
		gic.version = 3;
		return fdt_reg(&machine.fdt, node, 0, &gic.gicd, &size) == OK &&
		       fdt_reg(&machine.fdt, node, 1, &gic.gicr, &gic.gicr_size) == OK;
	}
	node = fdt_find_compatible(&machine.fdt, FDT_NONE, "arm,cortex-a15-gic");
	if (node == FDT_NONE)
		node = fdt_find_compatible(&machine.fdt, FDT_NONE, "arm,gic-400");
	gic.version = 2;
	return node != FDT_NONE && fdt_reg(&machine.fdt, node, 0, &gic.gicd, &size) == OK &&
	       fdt_reg(&machine.fdt, node, 1, &gic.gicc, &size) == OK;
}

/* The redistributor whose affinity is the CPU's; frames lie in a row. */
u64 gic_sgi_frame(u32 cpu)
{
	u64 mpidr = machine.arch.mpidr[cpu];
	u64 affinity = (mpidr & 0xffffff) | FIELD(mpidr, 39, 32) << 24;

	for (u64 at = 0; at + GICR_FRAME <= gic.gicr_size; at += GICR_FRAME) {
		u64 typer = read32(gic.gicr + at + GICR_TYPER) |
			    (u64)read32(gic.gicr + at + GICR_TYPER + 4) << 32;

		if (typer >> 32 == affinity)
			return gic.gicr + at + GICR_SGI_BASE;
		if ((typer & BIT(4)) != 0)
			break;
	}
	return gic.gicr + GICR_SGI_BASE;
}

u64 gic_register(u32 id, u64 offset)
{
	return (gic.version == 3 && id < 32 ? gic_sgi_frame(this_cpu()->index) : gic.gicd) + offset;
}

static void set_bit(u32 id, u64 offset)
{
	write32(gic_register(id, offset + id / 32 * 4), 1u << (id & 31));
}

static bool get_bit(u32 id, u64 offset)
{
	return (read32(gic_register(id, offset + id / 32 * 4)) >> (id & 31) & 1) != 0;
}

void gic_enable(u32 id)
{
	set_bit(id, GICD_ISENABLER);
}

void gic_disable(u32 id)
{
	set_bit(id, GICD_ICENABLER);
	dsb();
}

bool gic_enabled(u32 id)
{
	return get_bit(id, GICD_ISENABLER);
}

/* On a GICv2 an SGI becomes pending per sender: here from this CPU to itself. */
void gic_set_pending(u32 id)
{
	if (gic.version == 2 && id < 16)
		write8(gic.gicd + 0xf20 + id, (u8)(1u << this_cpu()->index));
	else
		set_bit(id, GICD_ISPENDR);
	dsb();
}

void gic_clear_pending(u32 id)
{
	if (gic.version == 2 && id < 16)
		write8(gic.gicd + 0xf10 + id, 0xff);
	else
		set_bit(id, GICD_ICPENDR);
	dsb();
}

bool gic_pending(u32 id)
{
	return get_bit(id, GICD_ISPENDR);
}

void gic_set_active(u32 id)
{
	set_bit(id, GICD_ISACTIVER);
}

void gic_clear_active(u32 id)
{
	set_bit(id, GICD_ICACTIVER);
}

bool gic_active(u32 id)
{
	return get_bit(id, GICD_ISACTIVER);
}

void gic_set_priority(u32 id, u8 priority)
{
	write8(gic_register(id, GICD_IPRIORITY + id), priority);
}

u8 gic_priority(u32 id)
{
	return read8(gic_register(id, GICD_IPRIORITY + id));
}

void gic_set_edge(u32 id, bool edge)
{
	u64 reg = gic_register(id, GICD_ICFGR + id / 16 * 4);
	u32 bit = 2u << (id % 16 * 2), value = read32(reg);

	write32(reg, edge ? value | bit : value & ~bit);
}

void gic_set_target(u32 id, u32 cpu)
{
	if (gic.version == 2)
		write8(gic.gicd + GICD_ITARGETSR + id, (u8)(1u << cpu));
	else
		write64(gic.gicd + GICD_IROUTER + (u64)id * 8, machine.arch.mpidr[cpu]);
}

void gic_set_group(u32 id, u32 group)
{
	u64 reg = gic_register(id, GICD_IGROUPR + id / 32 * 4);
	u32 bit = 1u << (id & 31), value = read32(reg);

	write32(reg, group != 0 ? value | bit : value & ~bit);
}

void gic_use_groups(void)
{
	write32(gic.gicd + GICD_CTLR, gic.version == 3 ? 0x13 : 3);
	if (gic.version == 2)
		write32(gic.gicc + GICC_CTLR, GICC_GROUPS);
	else
		sysreg_write(ICC_IGRPEN0_EL1, 1);
	isb();
}

static void reset_private(void)
{
	write32(gic_register(0, GICD_ICENABLER), 0xffffffff);
	if (gic.version == 3)
		write32(gic_register(0, GICD_IGROUPR), 0xffffffff);
	for (u32 id = 0; id < 16 && gic.version == 2; id++)
		gic_clear_pending(id);
	write32(gic_register(0, GICD_ICPENDR), 0xffffffff);
	write32(gic_register(0, GICD_ICACTIVER), 0xffffffff);
	for (u32 id = 0; id < 32; id += 4)
		write32(gic_register(0, GICD_IPRIORITY + id), 0x01010101u * GIC_PRIORITY_DEFAULT);
}

void gic_init(void)
{
	gic.num_irqs = MIN(((read32(gic.gicd + GICD_TYPER) & 31) + 1) * 32, 1020u);
	write32(gic.gicd + GICD_CTLR, gic.version == 3 ? 0x10 : 0);
	for (u32 id = 32; id < gic.num_irqs; id += 32) {
		write32(gic.gicd + GICD_ICENABLER + id / 8, 0xffffffff);
		write32(gic.gicd + GICD_IGROUPR + id / 8, gic.version == 3 ? 0xffffffff : 0);
		write32(gic.gicd + GICD_ICPENDR + id / 8, 0xffffffff);
		write32(gic.gicd + GICD_ICACTIVER + id / 8, 0xffffffff);
	}
	for (u32 id = 32; id < gic.num_irqs; id += 4)
		write32(gic.gicd + GICD_IPRIORITY + id, 0x01010101u * GIC_PRIORITY_DEFAULT);
	for (u32 id = 32; id < gic.num_irqs; id += 16)
		write32(gic.gicd + GICD_ICFGR + id / 4, 0xaaaaaaaa);
	for (u32 id = 32; id < gic.num_irqs; id++)
		gic_set_target(id, 0);
	write32(gic.gicd + GICD_CTLR, gic.version == 3 ? 0x13 : 1);
}

void gic_init_cpu(void)
{
	if (gic.version == 3) {
		u64 waker = gic_sgi_frame(this_cpu()->index) - GICR_SGI_BASE + GICR_WAKER;

		write32(waker, read32(waker) & ~2u);
		(void)WAIT((read32(waker) & 4) == 0, WAIT_MS);
		sysreg_write(ICC_SRE_EL1, 7);
		isb();
	}
	reset_private();
	if (gic.version == 3) {
		sysreg_write(ICC_CTLR_EL1, 0);
		sysreg_write(ICC_AP1R0_EL1, 0);
		sysreg_write(ICC_IGRPEN1_EL1, 1);
		sysreg_write(ICC_IGRPEN0_EL1, 0);
	} else {
		write32(gic.gicc + GICC_APR0, 0);
		write32(gic.gicc + GICC_CTLR, 1);
	}
	gic_set_binary_point(0);
	gic_set_mask(GIC_PRIORITY_ALL);
	isb();
}

void gic_send(u32 cpu, u32 sgi)
{
	u64 mpidr = machine.arch.mpidr[cpu];

	dsb();
	if (gic.version == 2) {
		write32(gic.gicd + GICD_SGIR, 1u << (16 + cpu) | sgi);
		return;
	}
	sysreg_write(ICC_SGI1R_EL1, FIELD(mpidr, 39, 32) << 48 | FIELD(mpidr, 23, 16) << 32 |
					    FIELD(mpidr, 15, 8) << 16 | FIELD(mpidr, 7, 4) << 44 |
					    1ull << (mpidr & 15) | (u64)sgi << 24);
	isb();
}

void gic_send_others(u32 sgi)
{
	dsb();
	if (gic.version == 2)
		write32(gic.gicd + GICD_SGIR, 1u << 24 | sgi);
	else
		sysreg_write(ICC_SGI1R_EL1, SGI1R_IRM | (u64)sgi << 24);
	isb();
}

void gic_send_group0(u32 sgi)
{
	dsb();
	if (gic.version == 2)
		write32(gic.gicd + GICD_SGIR, 2u << 24 | sgi);
	else
		sysreg_write(ICC_SGI0R_EL1, (u64)sgi << 24 | 1ull << (machine.arch.mpidr[0] & 15));
	isb();
}

u32 gic_ack(void)
{
	u32 ack = gic.version == 2 ? read32(gic.gicc + GICC_IAR) : (u32)sysreg_read(ICC_IAR1_EL1);

	dsb();
	return ack;
}

void gic_eoi(u32 ack)
{
	dsb();
	if (gic.version == 2)
		write32(gic.gicc + GICC_EOIR, ack);
	else
		sysreg_write(ICC_EOIR1_EL1, ack);
	isb();
}

u32 gic_ack_fiq(void)
{
	return gic.version == 2 ? gic_ack() : (u32)sysreg_read(ICC_IAR0_EL1);
}

void gic_eoi_fiq(u32 ack)
{
	if (gic.version == 2)
		gic_eoi(ack);
	else
		sysreg_write(ICC_EOIR0_EL1, ack);
}

void gic_deactivate(u32 ack)
{
	if (gic.version == 2)
		write32(gic.gicc + GICC_DIR, ack);
	else
		sysreg_write(ICC_DIR_EL1, ack);
	isb();
}

void gic_set_mask(u8 priority)
{
	if (gic.version == 2)
		write32(gic.gicc + GICC_PMR, priority);
	else
		sysreg_write(ICC_PMR_EL1, priority);
	isb();
}

void gic_set_binary_point(u8 point)
{
	if (gic.version == 2)
		write32(gic.gicc + GICC_BPR, point);
	else
		sysreg_write(ICC_BPR1_EL1, point);
	isb();
}

void gic_set_split(bool split)
{
	if (gic.version == 2)
		write32(gic.gicc + GICC_CTLR, split ? 1u | 1u << 9 : 1u);
	else
		sysreg_write(ICC_CTLR_EL1, split ? 2 : 0);
	isb();
}

u32 gic_running_priority(void)
{
	return gic.version == 2 ? read32(gic.gicc + GICC_RPR) : (u32)sysreg_read(ICC_RPR_EL1);
}

u32 gic_highest_pending(void)
{
	return gic.version == 2 ? read32(gic.gicc + GICC_HPPIR) : (u32)sysreg_read(ICC_HPPIR1_EL1);
}
