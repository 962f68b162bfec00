/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 and v4 (IHI 0069), without LPIs: everything in non-secure group 1, affinity routing on, the
 * CPU interface by system registers. Priority drop and deactivation are split (ICC_CTLR.EOImode),
 * so that a guest's EOI can deactivate.
 */
#include <arch/boot.h>
#include <mullion/log.h>
#include <mullion/space.h>

#include "drivers/irqchip/gic.h"

#define GICD_IGRPMODR 0xd00
#define GICD_CTLR_RWP (1u << 31)
#define GICD_CTLR_ON \
	0x13u /* ARE_NS, EnableGrp1A, EnableGrp1; with one security state: ARE, both groups */
#define GICR_CTLR         0x0000
#define GICR_SGI_FRAME    0x10000
#define GICR_FRAME        0x20000
#define GICR_CTLR_RWP     (1u << 3)
#define GICR_TYPER_VLPIS  BIT(1)
#define GICR_TYPER_LAST   BIT(4)
#define SRE_ALL           0xf /* SRE, DFB, DIB, Enable */
#define ICC_CTLR_EOIMODE  2u
#define SYS_ICC_AP1R0_EL1 S3_0_C12_C9_0
#define SYS_ICC_AP1R1_EL1 S3_0_C12_C9_1
#define SYS_ICC_AP1R2_EL1 S3_0_C12_C9_2
#define SYS_ICC_AP1R3_EL1 S3_0_C12_C9_3

#define WAIT_LOOPS 1000000 /* of reads of a device: a second or so; then it is broken */

static u8 *gicd;
static u8 *gicr[CONFIG_MAX_CPUS]; /* the control frame of each host CPU */
u64 gicv3_sgi_target[CONFIG_MAX_CPUS];
static u64 router[CONFIG_MAX_CPUS]; /* GICD_IROUTER value of each host CPU */

static enum err wait_clear(const u8 *reg, u32 bits)
{
	for (u32 i = 0; i < WAIT_LOOPS; i++)
		if (!(mmio_read32(reg) & bits))
			return OK;
	return ERR_HARDWARE;
}

/* MPIDR's affinity as GICR_TYPER[63:32] has it. */
static u32 packed_affinity(u64 mpidr)
{
	return (u32)(mpidr & 0xffffff) | (u32)(FIELD(mpidr, 39, 32) << 24);
}

/* Records the CPU of redistributor @at. Returns true if the core knows that CPU. */
__boot static bool match_frame(const struct host *host, u8 *at, u64 typer)
{
	for (u32 i = 0; i < host->num_cpus && i < CONFIG_MAX_CPUS; i++) {
		u64 mpidr = host->cpus[i].identity;

		if (packed_affinity(mpidr) != typer >> 32)
			continue;
		gicr[i] = at;
		router[i] = mpidr & MPIDR_AFFINITY;
		gicv3_sgi_target[i] = FIELD(mpidr, 39, 32) << 48 | FIELD(mpidr, 7, 4) << 44 |
				      FIELD(mpidr, 23, 16) << 32 | FIELD(mpidr, 15, 8) << 16 |
				      BIT(mpidr & 15);
		return true;
	}
	return false;
}

/* Frames are mapped one by one, until every CPU has one: a tree may announce room for hundreds. The
 * next one follows at 128 KiB, or 256 KiB with virtual LPIs (IHI 0069 §12.10). */
__boot static enum err find_redistributors(const struct host *host)
{
	const struct arm64_host *arm64 = &host->arch.arm64;
	u32 found = 0, wanted = MIN(host->num_cpus, (u32)CONFIG_MAX_CPUS);

	for (u32 r = 0; r < arm64->num_gicr && found < wanted; r++) {
		u64 stride, typer;

		for (u64 at = 0; at + GICR_FRAME <= arm64->gicr[r].size && found < wanted;
		     at += stride) {
			u8 *frame = gic_map(arm64->gicr[r].base + at, GICR_FRAME);

			if (!frame)
				return ERR_NO_MEMORY;
			typer = mmio_read64(frame + GICR_TYPER);
			found += match_frame(host, frame, typer);
			stride = arm64->gicr_stride;
			if (!stride)
				stride = typer & GICR_TYPER_VLPIS ? 2 * GICR_FRAME : GICR_FRAME;
			if (typer & GICR_TYPER_LAST)
				break;
		}
	}
	if (found == wanted)
		return OK;
	for (u32 i = 0; i < wanted; i++)
		if (!gicr[i])
			log_error("no GIC redistributor belongs to CPU %u (affinity %lx)", i,
				  host->cpus[i].identity);
	return ERR_NOT_FOUND;
}

static enum err v3_init_cpu(void);

__boot enum err gicv3_init(const struct host *host)
{
	enum err err;

	gicd = gic_map(host->arch.arm64.gicd.base, MAX(host->arch.arm64.gicd.size, KIB(64)));
	if (!gicd)
		return ERR_NO_MEMORY;
	err = find_redistributors(host);
	if (err)
		return err;
	mmio_write32(0, gicd + GICD_CTLR);
	err = wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
	if (err)
		return err;
	gicv3.chip.num_lines = gic_find_intids(mmio_read32(gicd + GICD_TYPER));
	for (u32 i = GIC_PRIVATE; i < gicv3.chip.num_lines; i += 32) {
		mmio_write32(~0u, gicd + GICD_IGROUPR + i / 8);
		mmio_write32(0, gicd + GICD_IGRPMODR + i / 8);
	}
	gic_clear_words(gicd, GIC_PRIVATE, gicv3.chip.num_lines);
	err = wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
	if (err)
		return err;
	mmio_write32(GICD_CTLR_ON, gicd + GICD_CTLR);
	return v3_init_cpu();
}

static enum err wake(u8 *rd)
{
	mmio_write32(mmio_read32(rd + GICR_WAKER) & ~WAKER_SLEEP, rd + GICR_WAKER);
	return wait_clear(rd + GICR_WAKER, WAKER_CHILDREN);
}

/* Active priorities that boot code left would block the core's interrupts without end. */
static void clear_active_priorities(void)
{
	u32 bits = (u32)FIELD(read_sysreg(SYS_ICC_CTLR_EL1), 10, 8) + 1;

	write_sysreg(0, SYS_ICC_AP1R0_EL1);
	if (bits >= 6)
		write_sysreg(0, SYS_ICC_AP1R1_EL1);
	if (bits >= 7) {
		write_sysreg(0, SYS_ICC_AP1R2_EL1);
		write_sysreg(0, SYS_ICC_AP1R3_EL1);
	}
}

static enum err v3_init_cpu(void)
{
	u8 *rd = gicr[this_cpu()->id], *sgi = rd + GICR_SGI_FRAME;
	enum err err = wake(rd);

	if (err)
		return err;
	gic_clear_words(sgi, 0, GIC_PRIVATE);
	mmio_write32(~0u, sgi + GICD_IGROUPR);
	mmio_write32(0, sgi + GICD_IGRPMODR);
	err = wait_clear(rd + GICR_CTLR, GICR_CTLR_RWP);
	if (err)
		return err;
	mmio_write32(0xffff, sgi + GICD_ISENABLER);
	write_sysreg(SRE_ALL, SYS_ICC_SRE_EL2);
	isb();
	if (!(read_sysreg(SYS_ICC_SRE_EL2) & 1)) {
		log_error("the GICv3 has no system registers at EL2 (ICC_SRE_EL2.SRE is 0)");
		return ERR_UNSUPPORTED;
	}
	gicv3.num_lrs = (u32)(read_sysreg(SYS_ICH_VTR_EL2) & 0x1f) + 1;
	write_sysreg(0, SYS_ICH_HCR_EL2);
	write_sysreg(ICC_CTLR_EOIMODE, SYS_ICC_CTLR_EL1);
	clear_active_priorities();
	write_sysreg(0xff, SYS_ICC_PMR_EL1);
	write_sysreg(0, SYS_ICC_BPR1_EL1);
	write_sysreg(1, SYS_ICC_IGRPEN1_EL1);
	isb();
	return OK;
}

/* The frame with @intid's bits: a private interrupt's is this CPU's own. */
static u8 *frame_of(u32 intid)
{
	return intid < GIC_PRIVATE ? gicr[this_cpu()->id] + GICR_SGI_FRAME : gicd;
}

static void write_bit(u32 intid, u32 array)
{
	mmio_write32(1u << intid % 32, frame_of(intid) + array + intid / 32 * 4);
}

static void v3_enable_private(u32 intid)
{
	gic_set_config(frame_of(intid), intid, true);
	write_bit(intid, GICD_ISENABLER);
}

static void v3_enable(u32 line, bool level, u32 cpu)
{
	gic_set_config(gicd, line, level);
	if (cpu < CONFIG_MAX_CPUS)
		mmio_write64(router[cpu], gicd + GICD_IROUTER + 8 * (u64)line);
	write_bit(line, GICD_ISENABLER);
}

static void v3_disable(u32 line)
{
	write_bit(line, GICD_ICENABLER);
}

static bool v3_is_pending(u32 intid)
{
	return mmio_read32(frame_of(intid) + GICD_ISPENDR + intid / 32 * 4) >> intid % 32 & 1;
}

static void v3_set_active(u32 intid, bool active)
{
	write_bit(intid, active ? GICD_ISACTIVER : GICD_ICACTIVER);
}

static void v3_forget(u32 line)
{
	write_bit(line, GICD_ICACTIVER);
	write_bit(line, GICD_ICPENDR);
}

struct gic gicv3 = {
	.chip = { .name = "GICv3",
		  .enable = v3_enable,
		  .disable = v3_disable,
		  .forget = v3_forget },
	.init_cpu = v3_init_cpu,
	.ack = gicv3_ack,
	.eoi = gicv3_eoi,
	.deactivate = gicv3_deactivate,
	.enable_private = v3_enable_private,
	.send_sgi = gicv3_send_sgi,
	.is_pending = v3_is_pending,
	.set_active = v3_set_active,
};
