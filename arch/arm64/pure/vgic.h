/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC as data: the state of a guest's distributor and redistributors, and the
 * interrupts in list registers. The code does not access hardware, so unit tests and fuzzers run
 * all of it.
 *
 * An interrupt that was put into a list register ("inflight") has its pending and active state
 * there, where the guest changes it without an exit. vgic_fold() takes it back from read list
 * registers, vgic_release() from list registers that are known to be empty. State is never guessed;
 * it is read back only when needed.
 *
 * Locks: "lock" is struct vgic's. Fields marked "own" belong to
 * the CPU that runs the vCPU and are only touched by it. Fields of type _Atomic may be read by any
 * CPU; their comments have the writers.
 *
 * Sources: IHI 0048B (GICv2), IHI 0069 (GICv3).
 */
#ifndef ARM64_PURE_VGIC_H
#define ARM64_PURE_VGIC_H

#include <stdatomic.h>

#include <arch/speculation.h>
#include <mullion/err.h>
#include <mullion/spinlock.h>
#include <mullion/types.h>

#define VGIC_MAX_LRS    16
#define VGIC_MAX_VCPUS  64  /* masks of vCPUs are 64 bits wide; GICv2: 8 */
#define VGIC_MAX_SPIS   960 /* a multiple of 32 below INTID 1020 */
#define VGIC_GICD2_SIZE KIB(4)
#define VGIC_GICD3_SIZE KIB(64)
#define VGIC_GICR_SIZE  KIB(128)
#define VGIC_NONE       0xff
#define VGIC_PRIVATES   32 /* SGIs and PPIs */
#define VGIC_TIMER      27 /* the guest's INTID of its virtual timer */

/* The model's list register has GICv3's form (IHI 0069 §12.4.4 ICH_LR<n>_EL2). For a GICv2 SGI the
 * source CPU is in bits 34:32, which are free without HW. */
#define LR_PENDING   BIT(62)
#define LR_ACTIVE    BIT(63)
#define LR_STATE     (LR_PENDING | LR_ACTIVE)
#define LR_HW        BIT(61)
#define LR_GROUP1    BIT(60)
#define LR_EOI       BIT(41) /* without HW: maintenance interrupt once it is empty */
#define LR_PRIO(p)   ((u64)(p) << 48)
#define LR_PINTID(p) ((u64)(p) << 32)
#define LR_INTID(lr) ((u32)(lr))

/* ICH_HCR_EL2 and GICH_HCR agree in these. */
#define VGIC_HCR_EN      0x1u
#define VGIC_HCR_UIE     0x2u    /* one list register or none in use */
#define VGIC_HCR_LRENPIE 0x4u    /* EOIcount is not zero */
#define VGIC_HCR_NPIE    0x8u    /* no list register pending */
#define VGIC_HCR_TDIR    0x4000u /* trap ICC_DIR (GICv3) */

/* struct vgic_cpu.flags: work of its next flush. */
#define VGIC_PRIVATE 0x1u /* SGIs and PPIs */
#define VGIC_SHARED  0x2u /* SPIs */
#define VGIC_FOLD    0x4u /* list registers hold what is no longer true: read all of them back */

#define VGIC_NEED_FOLD BIT(31) /* result of vgic_fill() */

/* 32 interrupts. Bits by INTID modulo 32. */
struct vgic_bank {
	_Atomic u32 enabled; /* lock */
	_Atomic u32 latch;   /* pending latch; any CPU sets, own or lock clears */
	_Atomic u32 group;   /* lock */
	u32 line;            /* input level; lock */
	u32 edge;            /* configuration; lock */
	u32 active;          /* lock */
	u32 linked;          /* the physical interrupt is active for it; private: own, SPI: lock */
	u32 wired;           /* linked to one that is level-sensitive; as linked */
	u32 soft;            /* linked, but pending by software too; private: own, SPI: lock */
	u32 inflight;        /* in a list register; private: own, SPI: lock */
	u32 release;         /* physical interrupt to be deactivated by the caller; as linked */
	union {
		u8 priority[32]; /* lock */
		u32 priorities[8];
	};
};

/* State of an SPI besides its bits; all of it: lock. */
struct vgic_spi {
	u32 route;    /* v3: IROUTER's Aff3.Aff2.Aff1.Aff0 */
	u16 physical; /* host INTID, 0: none */
	u8 target;    /* vCPU that gets it next, VGIC_NONE: none */
	u8 owner;     /* vCPU that has it inflight or active, else VGIC_NONE */
	u8 targets;   /* v2: ITARGETSR */
	bool any;     /* v3: IROUTER.Interrupt_Routing_Mode, 1 of N */
};

struct vgic_cpu {
	_Atomic u32 flags; /* any CPU sets, own clears */
	_Atomic u32 used;  /* list registers in use by the model; own */
	_Atomic u32 hold;  /* a CPU works on folded state: do not fill; any CPU */
	u32 index;
	u32 hcr;                 /* maintenance bits that the fill wants; own */
	u32 hcr_written;         /* ICH_HCR or GICH_HCR as it is in hardware; own */
	bool overflow;           /* more than list registers; own */
	bool asleep;             /* GICR_WAKER.ProcessorSleep; lock */
	u16 moved;               /* list registers that took the latch with them; own */
	u64 lr[VGIC_MAX_LRS];    /* as last written; own */
	u8 lr_of[VGIC_PRIVATES]; /* where a private interrupt is inflight; own */
	_Atomic u8 sources[16];  /* v2: CPUs whose SGI is pending; any CPU sets, before the latch */
	u8 active_source[16];    /* v2: CPU whose SGI is active; lock */
	u16 physical[VGIC_PRIVATES]; /* host INTID of linked ones; own */
	struct vgic_bank bank;
};

struct vgic {
	u8 version; /* 2 or 3 */
	u8 num_lrs;
	u32 num_cpus;
	u32 num_spis;     /* a multiple of 32 */
	_Atomic u32 ctlr; /* GICD_CTLR group enables (bits 1:0); lock */
	u32 typer, iidr;
	u32 released; /* count of SPI release bits that wait for the caller; lock */
	struct vgic_cpu **cpus;
	struct vgic_bank *spi; /* num_spis / 32 */
	struct vgic_spi *spis; /* num_spis */
	struct spinlock lock;  /* RANK_VIRQ */
};

/** vgic_storage_bytes() - memory that vgic_init() needs for @num_spis and @num_cpus, 8-aligned. */
size_t vgic_storage_bytes(u32 num_spis, u32 num_cpus);
/** vgic_init() - a controller in reset state over zeroed @storage. No vCPU is attached yet. Returns
 * ERR_INVALID for a version, count of list registers, vCPUs or SPIs that cannot be. No other access
 * meanwhile. */
enum err __must_check vgic_init(struct vgic *vgic, u32 version, u32 num_lrs, u32 num_spis,
				u32 num_cpus, void *storage) NO_LOCK_ANALYSIS;
/** vgic_attach() - @cpu is vCPU @index, in reset state. Returns ERR_RANGE. */
enum err __must_check vgic_attach(struct vgic *vgic, u32 index, struct vgic_cpu *cpu)
	REQUIRES(&vgic->lock);
/** vgic_reset() - distributor back to reset state; host INTIDs stay. No vCPU runs or has anything
 * inflight. Linked SPIs are in the banks' release bits after it. */
void vgic_reset(struct vgic *vgic) REQUIRES(&vgic->lock);
/** vgic_cpu_reset() - redistributor of @cpu to reset state; its active SPIs become inactive. The
 * list registers were folded or are dropped by the caller. Linked interrupts go to release bits.
 * Own. */
void vgic_cpu_reset(struct vgic *vgic, struct vgic_cpu *cpu) REQUIRES(&vgic->lock);

/* Events. Each returns the mask of vCPUs that must be kicked so that they flush. */
/** vgic_set_level() - SPI @intid's input; edge-configured: rising sets the latch. Out of range:
 * ignored. */
u64 vgic_set_level(struct vgic *vgic, u32 intid, bool level) REQUIRES(&vgic->lock);
/** vgic_set_private() - PPI @intid's input at @cpu. */
u64 vgic_set_private(struct vgic *vgic, struct vgic_cpu *cpu, u32 intid, bool level)
	REQUIRES(&vgic->lock);
/** vgic_host_spi() - physical interrupt @physical, active now, is SPI @intid; @level: it is
 * level-sensitive, and so is the virtual one, regardless of ICFGR. ERR_RANGE: no such SPI. */
enum err __must_check vgic_host_spi(struct vgic *vgic, u32 intid, u32 physical, bool level,
				    u64 *kick) REQUIRES(&vgic->lock);
/** vgic_host_private() - the same for a level-sensitive PPI of @cpu, on its own CPU. Own. */
void vgic_host_private(struct vgic_cpu *cpu, u32 intid, u32 physical);
/** vgic_sgi1r() - a write of @value to ICC_SGI1R (@group1), ICC_SGI0R or ICC_ASGI1R by vCPU @self
 * (IHI 0069 §12.2.20). No lock: it only sets latches. */
u64 vgic_sgi1r(struct vgic *vgic, u32 self, u64 value, bool group1);
/** vgic_dir() - a trapped ICC_DIR of @intid by @cpu, whose list registers are folded. */
u64 vgic_dir(struct vgic *vgic, struct vgic_cpu *cpu, u32 intid) REQUIRES(&vgic->lock);

/* List registers. */
/** vgic_fold() - take back the contents of list registers: @lrs[n] as read, for each n of
 * cpu->used. 0 drops a pending interrupt, and a linked host interrupt gets a release bit. Own.
 * Returns vCPUs to kick, for an SPI that has another target now. */
u64 vgic_fold(struct vgic *vgic, struct vgic_cpu *cpu, const u64 *lrs) REQUIRES(&vgic->lock);
/** vgic_release() - the list registers in @empty were found empty; the others stay. Own.
 * Returns flags (VGIC_PRIVATE, VGIC_SHARED) of interrupts to check again; @kick as vgic_fold(). */
u32 vgic_release(struct vgic *vgic, struct vgic_cpu *cpu, u32 empty, u64 *kick)
	REQUIRES(&vgic->lock);
/** vgic_eoi_count() - the guest ended @count interrupts that were in no list register. Before a
 * fold, which would take those that were for them. Own. Returns vCPUs to kick. */
u64 vgic_eoi_count(struct vgic *vgic, struct vgic_cpu *cpu, u32 count) REQUIRES(&vgic->lock);
/** vgic_fill() - put ready interrupts into free list registers. @what: VGIC_PRIVATE, VGIC_SHARED.
 * Returns the mask of list registers to write from cpu->lr[]; cpu->hcr may have changed.
 * VGIC_NEED_FOLD: no change; fold all, then call it with VGIC_PRIVATE | VGIC_SHARED. Own. */
u32 vgic_fill(struct vgic *vgic, struct vgic_cpu *cpu, u32 what) REQUIRES(&vgic->lock);
/** vgic_ready() - an enabled interrupt is pending for @cpu in the model (inflight ones apart). */
bool vgic_ready(struct vgic *vgic, const struct vgic_cpu *cpu) REQUIRES(&vgic->lock);

/* Guest-visible registers (vgic_regs.c). @offset within the frame, @width in bytes. Anything not
 * defined reads as zero and ignores writes. Returns vCPUs to kick. The vCPUs of
 * the fold mask are folded. */
u64 vgic_dist_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
	REQUIRES(&vgic->lock);
/** vgic_redist_access() - @offset within the run of 128 KiB frames, one for each vCPU. */
u64 vgic_redist_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
	REQUIRES(&vgic->lock);
/** vgic_dist_folds()/vgic_redist_folds() - vCPUs whose list registers must be folded and held empty
 * for that access, because it reads or changes pending, active or configuration state. Lock not
 * needed. */
u64 vgic_dist_folds(const struct vgic *vgic, u32 self, u32 offset, bool write);
u64 vgic_redist_folds(const struct vgic *vgic, u32 self, u32 offset);
/** vgic_affinity() - Aff3.Aff2.Aff1.Aff0 of vCPU @index: Aff0 below 16. Any context. */
static inline u32 vgic_affinity(u32 index)
{
	return (index & 15) | (index >> 4) << 8;
}
/** vgic_by_affinity() - the vCPU with that affinity, or VGIC_NONE. */
static inline u32 vgic_by_affinity(const struct vgic *vgic, u32 affinity)
{
	u32 index = (affinity & 15) | (affinity >> 4 & 0xff0);

	return (affinity & 0xffff00f0u) || index >= vgic->num_cpus ? VGIC_NONE : index;
}

/** vgic_mark() - @cpu must check @flags. Any context. Returns true if a kick is needed, because
 * none is pending. */
static inline bool vgic_mark(struct vgic_cpu *cpu, u32 flags)
{
	return atomic_fetch_or_explicit(&cpu->flags, flags, memory_order_acq_rel) == 0;
}

/** vgic_lr_to_v2(), vgic_lr_from_v2() - list register codec for GICv2 (GICH_LRn, IHI 0048B
 * §5.3.10). GICv3's is the model's own form. */
u32 vgic_lr_to_v2(u64 lr);
u64 vgic_lr_from_v2(u32 lr);

/* For the .c files of this room only. */
#define READ(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, bits)    atomic_fetch_or_explicit(&(field), (bits), memory_order_relaxed)
#define CLEAR(field, bits)  atomic_fetch_and_explicit(&(field), ~(bits), memory_order_relaxed)
#define WRITE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/** vgic_spi_mark() - SPI number @i (INTID - 32): mark the vCPU that has it, or else its target. */
u64 vgic_spi_mark(struct vgic *vgic, u32 i, u32 flags) REQUIRES(&vgic->lock);
/** vgic_spi_disown() - @leaver releases the SPI, which moves to the target of its route. */
void vgic_spi_disown(struct vgic *vgic, u32 i, u32 leaver, u64 *kick) REQUIRES(&vgic->lock);
/** vgic_unlink() - interrupts @bit of @bank, not inflight, no longer hold their physical ones. */
void vgic_unlink(struct vgic *vgic, struct vgic_bank *bank, u32 bit, bool by_hardware)
	REQUIRES(&vgic->lock);
/** vgic_groups() - interrupts of @bank whose group GICD_CTLR enables. */
static inline u32 vgic_groups(const struct vgic *vgic, const struct vgic_bank *bank)
{
	u32 ctlr = atomic_load_explicit(&vgic->ctlr, memory_order_relaxed);
	u32 group = atomic_load_explicit(&bank->group, memory_order_relaxed);

	return ((ctlr & 1) ? ~group : 0) | ((ctlr & 2) ? group : 0);
}
/** vgic_waiting() - interrupts of @bank that wait in the model for the level of a physical line. */
static inline u32 vgic_waiting(const struct vgic_bank *bank)
{
	return bank->linked & bank->wired & ~(bank->soft | bank->inflight) &
	       atomic_load_explicit(&bank->latch, memory_order_relaxed);
}
/** vgic_dist_has_state() - return true if an access to the distributor's register at @offset may
 * need a fold, or a check of lines. The register has pending, active or configuration state, and
 * some of it is not in the model, or outdated. No lock: a concurrent event counts as a later
 * one. */
static inline bool vgic_dist_has_state(const struct vgic *vgic, u32 offset, bool write)
{
	u32 w = offset % 128 / 4 - 1, words = vgic->num_spis / 32;
	const struct vgic_bank *bank;

	if (offset - 0xc00 < 0x100 && write)
		w = (offset - 0xc00) / 8 - 1;
	else if (offset - 0x200 >= 0x200)
		return offset - 0xf10 < 0x20;
	if (w >= words)
		return true;
	bank = &vgic->spi[arch_index_clamp(w, words)];
	return bank->inflight | bank->active | vgic_waiting(bank);
}
/** vgic_self_folds() - whether vCPU @self, which makes the access, has anything in list registers,
 * or something that waits for a line. Nothing gets there meanwhile. */
static inline bool vgic_self_folds(const struct vgic *vgic, u32 self)
{
	const struct vgic_cpu *cpu = vgic->cpus[self];

	return atomic_load_explicit(&cpu->used, memory_order_relaxed) || cpu->overflow ||
	       vgic_waiting(&cpu->bank);
}
/** vgic_redist_has_state() - the same as vgic_dist_has_state() of the redistributors. */
static inline bool vgic_redist_has_state(const struct vgic *vgic, u32 self, u32 offset)
{
	return offset % (u32)VGIC_GICR_SIZE - 0x10200 < 0x200 &&
	       (offset / (u32)VGIC_GICR_SIZE != self || vgic_self_folds(vgic, self));
}
/* Interrupts of a bank that would be signalled, active ones too. */
static inline u32 vgic_pending(const struct vgic *vgic, const struct vgic_bank *bank)
{
	u32 latch = atomic_load_explicit(&bank->latch, memory_order_relaxed);

	return (latch | (bank->line & ~bank->edge)) &
	       atomic_load_explicit(&bank->enabled, memory_order_relaxed) & vgic_groups(vgic, bank);
}

#endif
