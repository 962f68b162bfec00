/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GIC as arch/arm64 uses it: struct gic, the frames of GICv2's virtualisation, and GICv3's CPU
 * interface, inline for the hot path.
 */
#ifndef DRIVERS_GIC_H
#define DRIVERS_GIC_H

#include "arch/arm64/pure/gic_regs.h"
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/types.h>

#define GIC_SPURIOUS 1020 /* INTIDs from here to 1023 are no interrupts */
#define GIC_PRIVATE  32
#define GIC_PRIORITY 0xa0 /* of every interrupt: the core has no use for preemption */

/* Distributor, both versions. */
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ISPENDR    0x200
#define GICD_ICPENDR    0x280
#define GICD_ISACTIVER  0x300
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xc00

/* GICv2 virtual interface control. */
#define GICH_HCR    0x000
#define GICH_VTR    0x004
#define GICH_VMCR   0x008
#define GICH_EISR0  0x020
#define GICH_ELRSR0 0x030
#define GICH_APR    0x0f0
#define GICH_LR     0x100

/* Interrupts masked, and each CPU for itself unless said otherwise. */
struct gic {
	struct irqchip chip; /* a line is the INTID of an SPI */
	u32 num_lrs;         /* list registers */
	enum err (*init_cpu)(void);
	u32 (*ack)(void);       /* INTID, GIC_SPURIOUS or above: none */
	void (*eoi)(u32 intid); /* priority drop */
	void (*deactivate)(u32 intid);
	void (*enable_private)(u32 intid); /* an SGI or PPI of this CPU, level-triggered */
	void (*send_sgi)(u32 cpu, u32 sgi);
	bool (*is_pending)(u32 intid); /* a level: its line is high, also while it is active */
	void (*set_active)(u32 intid, bool active); /* private: of this CPU; an SPI: from any */
};

extern const struct gic *gic; /* the machine's, after gic_probe() */

/** gic_probe() - choose @gic by @host, bring up its distributor and this CPU's interface. Boot CPU,
 * once. Returns ERR_UNSUPPORTED without a known GIC, after logging it; ERR_NOT_FOUND without a
 * CPU's redistributor; ERR_HARDWARE, ERR_NO_MEMORY. */
enum err __must_check gic_probe(const struct host *host);

/* Filled in by their init. */
extern struct gic gicv2, gicv3;
enum err __must_check gicv2_init(const struct host *host);
enum err __must_check gicv3_init(const struct host *host);

/* QEMU's GICv2: see gicv2.c. */
extern bool gicv2_forgets;

/* GICv2: the virtual interface control frame, mapped; and where the guest's CPU interface lies. */
extern u8 *gicv2_gich;
extern hpa_t gicv2_gicv;

/** mmio_read32(), mmio_read64() - read a register of a mapped frame by one instruction, which the
 * compiler does not merge with others. */
static inline u32 mmio_read32(const void *at)
{
	u32 value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}
static inline u64 mmio_read64(const void *at)
{
	u64 value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}
/** mmio_write32(), mmio_write64() - as mmio_read32(), a write of @value. */
static inline void mmio_write32(u32 value, void *at)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}
static inline void mmio_write64(u64 value, void *at)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

/** gic_find_intids() - INTIDs that GICD_TYPER @typer says the distributor has, at most 1020. */
static inline u32 gic_find_intids(u32 typer)
{
	u32 count = 32 * ((typer & 0x1f) + 1);

	return count > GIC_SPURIOUS ? GIC_SPURIOUS : count;
}
/** gic_map() - map @bytes of registers at @base. Returns NULL without room. Boot CPU. */
u8 *gic_map(u64 base, u64 bytes);
/** gic_clear_words() - make @count INTIDs from number @first on disabled, inactive, not pending,
 * with the core's priority; @at: the frame. For the distributor's and the redistributors'
 * arrays. */
void gic_clear_words(u8 *at, u32 first, u32 count);
/** gic_set_config() - level or edge of @intid in the frame @at (GICD_ICFGRn, IHI 0069 §12.9.9). */
void gic_set_config(u8 *at, u32 intid, bool level);

/** gicv3_ack(), gicv3_eoi(), gicv3_deactivate() - struct gic's, inline. */
static inline u32 gicv3_ack(void)
{
	u32 intid = (u32)read_sysreg(SYS_ICC_IAR1_EL1);

	dsb(sy); /* IHI 0069 §12.1.6: the acknowledge is done before what follows */
	return intid;
}
static inline void gicv3_eoi(u32 intid)
{
	write_sysreg(intid, SYS_ICC_EOIR1_EL1);
	isb();
}
static inline void gicv3_deactivate(u32 intid)
{
	write_sysreg(intid, SYS_ICC_DIR_EL1);
	isb();
}

/* ICC_SGI1R value of each host CPU, without the INTID. */
extern u64 gicv3_sgi_target[CONFIG_MAX_CPUS];

/** gicv3_send_sgi() - SGI @sgi to host CPU @cpu, after all stores before. */
static inline void gicv3_send_sgi(u32 cpu, u32 sgi)
{
	dsb(ishst); /* what the receiver will look for is visible before it is called */
	write_sysreg(gicv3_sgi_target[cpu] | (u64)sgi << 24, SYS_ICC_SGI1R_EL1);
	isb();
}

#endif
