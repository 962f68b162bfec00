/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 (IHI 0048B), used without security extensions. Every interrupt is in group 0, which a GIC
 * without EL3 signals as IRQ. After firmware at EL3 the same addresses are those of group 1, with
 * the same layout. Priority drop and deactivation are split (GICC_CTLR.EOImode), so that a guest's
 * EOI can deactivate.
 */
#include <arch/boot.h>
#include <mullion/log.h>
#include <mullion/space.h>

#include "drivers/irqchip/gic.h"

#define GICC_CTLR 0x000
#define GICC_PMR  0x004
#define GICC_BPR  0x008
#define GICC_IAR  0x00c
#define GICC_EOIR 0x010
#define GICC_APR  0x0d0
#define GICC_IIDR 0x0fc
#define GICC_DIR  0x1000

#define GICC_CTLR_ENABLE  0x001u
#define GICC_CTLR_EOIMODE 0x200u
#define GICC_ALIAS_STEP   0xf000u

/*
 * A guest's end of interrupt may deactivate a level interrupt whose line is high again. QEMU's
 * model then leaves it pending, but does not signal it before another change in the distributor.
 * The model has an identification that no GIC with GICH has.
 */
#define GICD_IIDR_QEMU 0x0000043bu

bool gicv2_forgets;

u8 *gicv2_gich;
hpa_t gicv2_gicv;

static u8 *gicd, *gicc;
static u8 cpu_target[8]; /* by host CPU: its bit in GICD_ITARGETSR and GICD_SGIR */

/* Some machines (ZynqMP) repeat each 4 KiB page within 64 KiB. Then only the last copy is followed
 * by GICC_DIR, in the next 64 KiB. */
__boot static bool is_gicc(const u8 *at)
{
	return (mmio_read32(at + GICC_IIDR) & 0xff0fff) == 0x02043b;
}

__boot static u64 alias_step(u8 *at, u64 bytes)
{
	if (bytes < 0x20000 || !is_gicc(at) || !is_gicc(at + GICC_ALIAS_STEP))
		return 0;
	return GICC_ALIAS_STEP;
}

__boot static enum err map_frames(const struct host *host)
{
	const struct arm64_host *at = &host->arch.arm64;
	u64 step;

	if (!at->gicc.size || !at->gich.size || !at->gicv.size) {
		log_error("the GICv2 has no virtualisation frames (GICH, GICV) in the host tree");
		return ERR_UNSUPPORTED;
	}
	gicd = gic_map(at->gicd.base, at->gicd.size);
	gicc = gic_map(at->gicc.base, MAX(at->gicc.size, KIB(8)));
	gicv2_gich = gic_map(at->gich.base, at->gich.size);
	if (!gicd || !gicc || !gicv2_gich)
		return ERR_NO_MEMORY;
	step = alias_step(gicc, at->gicc.size);
	gicc += step;
	gicv2_gicv = HPA(at->gicv.base + (at->gicv.size >= 0x20000 ? step : 0));
	return OK;
}

static enum err v2_init_cpu(void);

__boot enum err gicv2_init(const struct host *host)
{
	enum err err = map_frames(host);

	if (err)
		return err;
	mmio_write32(0, gicd + GICD_CTLR);
	gicv2_forgets = mmio_read32(gicd + GICD_IIDR) == GICD_IIDR_QEMU;
	gicv2.chip.num_lines = gic_find_intids(mmio_read32(gicd + GICD_TYPER));
	gic_clear_words(gicd, GIC_PRIVATE, gicv2.chip.num_lines);
	for (u32 i = GIC_PRIVATE; i < gicv2.chip.num_lines; i += 32)
		mmio_write32(0, gicd + GICD_IGROUPR + i / 8);
	gicv2.num_lrs = (mmio_read32(gicv2_gich + GICH_VTR) & 0x3f) + 1;
	mmio_write32(1, gicd + GICD_CTLR);
	return v2_init_cpu();
}

static u8 own_target(void)
{
	/* The registers of private interrupts read as this CPU's bit (IHI 0048B §4.3.12). */
	for (u32 i = 0; i < GIC_PRIVATE; i += 4) {
		u32 value = mmio_read32(gicd + GICD_ITARGETSR + i);

		value |= value >> 16;
		value |= value >> 8;
		if (value & 0xff)
			return (u8)value;
	}
	return 1; /* one CPU: RAZ */
}

static enum err v2_init_cpu(void)
{
	u32 cpu = this_cpu()->id;

	if (cpu >= ARRAY_SIZE(cpu_target)) {
		log_error("a GICv2 serves at most 8 CPUs");
		return ERR_UNSUPPORTED;
	}
	mmio_write32(0, gicc + GICC_CTLR);
	gic_clear_words(gicd, 0, GIC_PRIVATE);
	mmio_write32(0, gicd + GICD_IGROUPR);
	for (u32 i = 0; i < 16; i += 4) /* GICD_CPENDSGIR */
		mmio_write32(~0u, gicd + 0xf10 + i);
	mmio_write32(0xffff, gicd + GICD_ISENABLER);
	cpu_target[cpu] = own_target();
	for (u32 i = 0; i < 4; i++)
		mmio_write32(0, gicc + GICC_APR + 4 * i);
	mmio_write32(0, gicv2_gich + GICH_HCR);
	for (u32 i = 0; i < gicv2.num_lrs; i++)
		mmio_write32(0, gicv2_gich + GICH_LR + 4 * i);
	mmio_write32(0xff, gicc + GICC_PMR);
	mmio_write32(0, gicc + GICC_BPR);
	mmio_write32(GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE, gicc + GICC_CTLR);
	return OK;
}

/* GICC_IAR's CPUID of an SGI must be given back at EOI; the core's own SGIs are ended here. */
static u32 v2_ack(void)
{
	u32 iar = mmio_read32(gicc + GICC_IAR), intid = iar & 0x3ff;

	if (intid >= 16)
		return intid;
	mmio_write32(iar, gicc + GICC_EOIR);
	mmio_write32(iar, gicc + GICC_DIR);
	return intid;
}

static void v2_eoi(u32 intid)
{
	if (intid >= 16)
		mmio_write32(intid, gicc + GICC_EOIR);
}

static void v2_deactivate(u32 intid)
{
	if (intid >= 16)
		mmio_write32(intid, gicc + GICC_DIR);
}

static void v2_enable_private(u32 intid)
{
	gic_set_config(gicd, intid, true);
	mmio_write32(1u << intid, gicd + GICD_ISENABLER);
}

static void v2_enable(u32 line, bool level, u32 cpu)
{
	u8 *reg = gicd + GICD_ITARGETSR + (line & ~3u);
	u32 shift = 8 * (line & 3);

	gic_set_config(gicd, line, level);
	mmio_write32((mmio_read32(reg) & ~(0xffu << shift)) | (u32)cpu_target[cpu & 7] << shift,
		     reg);
	mmio_write32(1u << line % 32, gicd + GICD_ISENABLER + line / 32 * 4);
}

static void v2_disable(u32 line)
{
	mmio_write32(1u << line % 32, gicd + GICD_ICENABLER + line / 32 * 4);
}

static void v2_send_sgi(u32 cpu, u32 sgi)
{
	dsb(ishst); /* what the receiver will look for is visible before it is called */
	mmio_write32((u32)cpu_target[cpu & 7] << 16 | sgi, gicd + GICD_SGIR);
}

static bool v2_is_pending(u32 intid)
{
	return mmio_read32(gicd + GICD_ISPENDR + intid / 32 * 4) >> intid % 32 & 1;
}

static void v2_set_active(u32 intid, bool active)
{
	mmio_write32(1u << intid % 32,
		     gicd + (active ? GICD_ISACTIVER : GICD_ICACTIVER) + intid / 32 * 4);
}

static void v2_forget(u32 line)
{
	mmio_write32(1u << line % 32, gicd + GICD_ICACTIVER + line / 32 * 4);
	mmio_write32(1u << line % 32, gicd + GICD_ICPENDR + line / 32 * 4);
}

struct gic gicv2 = {
	.chip = { .name = "GICv2",
		  .enable = v2_enable,
		  .disable = v2_disable,
		  .forget = v2_forget },
	.init_cpu = v2_init_cpu,
	.ack = v2_ack,
	.eoi = v2_eoi,
	.deactivate = v2_deactivate,
	.enable_private = v2_enable_private,
	.send_sgi = v2_send_sgi,
	.is_pending = v2_is_pending,
	.set_active = v2_set_active,
};
