/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC as the guest's loads and stores see it: distributor, and redistributors of GICv3.
 * (IHI 0048B §4.3, IHI 0069 §12.9, §12.11.) One security state: GICD_CTLR.DS reads as one.
 *
 * Nearly all registers are arrays with one bit for each interrupt, 128 bytes apart. They are the
 * same in the distributor and in a redistributor's SGI frame, so they are decoded once, by offset /
 * 128.
 */
#include "arch/arm64/pure/vgic_frames.h"

#include <arch/speculation.h>

/* One access to a register of 32 interrupts. The caller of a word_*() function holds vgic->lock. */
struct word {
	struct vgic *vgic;
	struct vgic_bank *bank;
	struct vgic_cpu *cpu; /* private interrupts: whose; else NULL */
	u32 spi;              /* else: number of the first */
	bool remote;          /* private interrupts of another vCPU */
};

static bool word_private(struct vgic *vgic, u32 self, u32 index, struct word *word)
{
	if (index >= vgic->num_cpus)
		return false;
	index = (u32)arch_index_clamp(index, vgic->num_cpus);
	if (!vgic->cpus[index])
		return false;
	*word = (struct word){ vgic, &vgic->cpus[index]->bank, vgic->cpus[index], 0,
			       index != self };
	return true;
}

/* Word @n of the distributor's arrays. */
static bool word_dist(struct vgic *vgic, u32 self, u32 n, struct word *word)
{
	if (n == 0)
		return vgic->version == 2 && word_private(vgic, self, self, word);
	if (n > vgic->num_spis / 32)
		return false;
	n = (u32)arch_index_clamp(n, vgic->num_spis / 32 + 1);
	*word = (struct word){ vgic, &vgic->spi[n - 1], NULL, (n - 1) * 32, false };
	return true;
}

/* The interrupts @bits changed: mark the vCPUs that have them. */
static u64 word_mark(const struct word *word, u32 bits, u32 flags) NO_LOCK_ANALYSIS
{
	u64 kick = 0;

	if (!bits)
		return 0;
	if (word->cpu)
		return vgic_mark(word->cpu, VGIC_PRIVATE | flags) ? BIT(word->cpu->index) : 0;
	for (; bits; bits &= bits - 1)
		kick |= vgic_spi_mark(word->vgic, word->spi + (u32)__builtin_ctz(bits), flags);
	return kick;
}

/* Returns those of @bits that may be in a list register. A private interrupt of another vCPU can
 * get into one at any time, without the lock. */
static u32 word_inflight(const struct word *word, u32 bits)
{
	return word->remote ? bits : bits & word->bank->inflight;
}

static u32 word_pending(const struct word *word)
{
	return READ(word->bank->latch) | (word->bank->line & ~word->bank->edge);
}

static u64 enable(const struct word *word, u32 bits)
{
	/* Includes those that were enabled before: the fast path may have done only that. */
	SET(word->bank->enabled, bits);
	return word_mark(word, bits & word_pending(word), 0);
}

static u64 disable(const struct word *word, u32 bits)
{
	bits &= atomic_fetch_and_explicit(&word->bank->enabled, ~bits, memory_order_relaxed);
	return word_mark(word, word_inflight(word, bits), VGIC_FOLD);
}

static u64 set_group(const struct word *word, u32 value)
{
	u32 changed = READ(word->bank->group) ^ value;

	WRITE(word->bank->group, value);
	return word_mark(word, changed & (word_pending(word) | word_inflight(word, ~0u)),
			 VGIC_FOLD);
}

/* Pending bits of GICv2's SGIs are read-only here: they have registers of their own. */
static u32 word_writable(const struct word *word, u32 bits)
{
	return word->cpu && word->vgic->version == 2 ? bits & ~0xffffu : bits;
}

static u64 set_pending(const struct word *word, u32 bits)
{
	bits = word_writable(word, bits);
	SET(word->bank->latch, bits);
	word->bank->soft |=
		bits & word->bank->linked; /* does not fall with the line (IHI 0048B §4.3.7) */
	return word_mark(word, bits & READ(word->bank->enabled), 0);
}

/*
 * A line that is high keeps its interrupt pending (IHI 0048B §4.3.8). One that has fallen was
 * dropped by vgic_settle() before, unless it was pending by software too: the next update checks
 * again. A release of the physical interrupt here would signal it again at once, for each such
 * write.
 */
static u64 clear_pending(const struct word *word, u32 bits) NO_LOCK_ANALYSIS
{
	u64 kick;

	bits = word_writable(word, bits);
	kick = word_mark(word, word->bank->soft & bits, 0);
	word->bank->soft &= ~bits;
	bits &= ~vgic_waiting(word->bank);
	CLEAR(word->bank->latch, bits);
	/* Linked, and neither pending nor active any more: no other code would deactivate it. */
	for (bits &= word->bank->linked & ~word->bank->active & ~word->bank->inflight; bits;
	     bits &= bits - 1)
		vgic_unlink(word->vgic, word->bank, bits & -bits, false);
	return kick;
}

static u64 set_active(const struct word *word, u32 bits)
{
	bits &= ~word->bank->active;
	word->bank->active |= bits;
	for (u32 left = word->cpu ? 0 : bits; left; left &= left - 1) {
		struct vgic_spi *spi = &word->vgic->spis[word->spi + (u32)__builtin_ctz(left)];

		if (spi->owner == VGIC_NONE)
			spi->owner = spi->target < word->vgic->num_cpus ? spi->target : 0;
	}
	return word_mark(word, bits, 0);
}

static u64 clear_active(const struct word *word, u32 bits) NO_LOCK_ANALYSIS
{
	u64 kick = 0;

	bits &= word->bank->active & ~word->bank->inflight;
	word->bank->active &= ~bits;
	if (word->cpu)
		kick |= word_mark(word, bits & word_pending(word) & READ(word->bank->enabled), 0);
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		vgic_unlink(word->vgic, word->bank, 1u << n, false);
		if (!word->cpu) {
			vgic_spi_disown(word->vgic, word->spi + n, VGIC_NONE, &kick);
		}
	}
	return kick;
}

static u32 word_read(const struct vgic_bank *bank, u32 block)
{
	switch (block) {
	case BLOCK_IGROUPR: return READ(bank->group);
	case BLOCK_ISENABLER:
	case BLOCK_ICENABLER: return READ(bank->enabled);
	case BLOCK_ISPENDR:
	case BLOCK_ICPENDR: return READ(bank->latch) | (bank->line & ~bank->edge);
	default: return bank->active;
	}
}

static u64 word_write(const struct word *word, u32 block, u32 value)
{
	switch (block) {
	case BLOCK_IGROUPR: return set_group(word, value);
	case BLOCK_ISENABLER: return enable(word, value);
	case BLOCK_ICENABLER: return disable(word, value);
	case BLOCK_ISPENDR: return set_pending(word, value);
	case BLOCK_ICPENDR: return clear_pending(word, value);
	case BLOCK_ISACTIVER: return set_active(word, value);
	default: return clear_active(word, value);
	}
}

/* @first: number of the first byte's interrupt in the word's bank. Byte accesses are allowed.
 * Little endian. */
static inline u64 priority_access(const struct word *word, u32 first, u32 width, bool write,
				  u64 *value)
{
	u32 *at = &word->bank->priorities[first / 4], shift = 8 * (first & 3);
	u32 mask = (u32)(MASK(8 * width - 1, 0) << shift), changed = 0, old = *at, now;

	if (!write) {
		*value = (old & mask) >> shift;
		return 0;
	}
	now = (u32)*value << shift & mask & PRIORITY_BITS * 0x01010101u;
	*at = (old & ~mask) | now;
	for (u32 diff = (old & mask) ^ now; diff;) {
		u32 byte = (u32)__builtin_ctz(diff) / 8;

		changed |= 1u << ((first & ~3u) + byte);
		diff &= ~(0xffu << 8 * byte);
	}
	if (!(changed & (word_inflight(word, ~0u) | word_pending(word))))
		return 0;
	/* In a list register it must be rewritten; in the queue behind them it may now come first.
	 */
	return word_mark(word, word_inflight(word, changed), VGIC_FOLD) |
	       word_mark(word, changed & word_pending(word), 0);
}

/* Sixteen bits to the even ones of a word, and back. */
static u32 spread(u32 bits)
{
	bits = (bits | bits << 8) & 0x00ff00ff;
	bits = (bits | bits << 4) & 0x0f0f0f0f;
	bits = (bits | bits << 2) & 0x33333333;
	return (bits | bits << 1) & 0x55555555;
}

static u32 gather(u32 bits)
{
	bits &= 0x55555555;
	bits = (bits | bits >> 1) & 0x33333333;
	bits = (bits | bits >> 2) & 0x0f0f0f0f;
	bits = (bits | bits >> 4) & 0x00ff00ff;
	return (bits | bits >> 8) & 0xffff;
}

/* Two bits for each of 16 interrupts; the upper one is set for edge. Private ones are fixed. */
static u64 config_access(const struct word *word, bool upper, bool write, u64 *value)
{
	u32 shift = upper ? 16 : 0, edge = gather((u32)*value >> 1);

	if (!write) {
		*value = spread(word->bank->edge >> shift & 0xffff) << 1;
		return 0;
	}
	if (word->cpu)
		return 0;
	word->bank->edge = (word->bank->edge & ~(0xffffu << shift)) | edge << shift;
	return word_mark(word, word_pending(word) & 0xffffu << shift, 0);
}

/* The route of SPI @i changed to vCPU @target: a pending interrupt moves, an active one stays. */
static u64 retarget(struct vgic *vgic, u32 i, u32 target) REQUIRES(&vgic->lock)
{
	struct vgic_spi *spi = &vgic->spis[i];
	u32 bit = 1u << i % 32;
	u64 kick = 0;

	spi->target = (u8)target;
	if (vgic->spi[i / 32].inflight & bit || vgic_pending(vgic, &vgic->spi[i / 32]) & bit)
		kick = vgic_spi_mark(vgic, i, spi->owner != VGIC_NONE ? VGIC_FOLD : 0);
	return kick;
}

/* --- GICv2 ----------------------------------------------------------------------------------- */

static u64 __attribute__((noinline))
targets_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
	REQUIRES(&vgic->lock)
{
	u32 intid = offset - 0x800;
	u64 kick = 0;

	if (vgic->num_cpus == 1 || vgic->version != 2)
		return 0;
	for (u32 i = 0; i < width; i++, intid++) {
		u8 cpus = (u8)(*value >> (8 * i) & ((1u << vgic->num_cpus) - 1));
		struct vgic_spi *spi;

		if (intid < VGIC_PRIVATES) {
			if (!write)
				*value |= BIT(self) << (8 * i);
			continue;
		}
		if (intid - VGIC_PRIVATES >= vgic->num_spis)
			break;
		spi = &vgic->spis[arch_index_clamp(intid - VGIC_PRIVATES, vgic->num_spis)];
		if (!write) {
			*value |= (u64)spi->targets << (8 * i);
		} else if (spi->targets != cpus) {
			spi->targets = cpus;
			kick |= retarget(vgic, intid - VGIC_PRIVATES,
					 cpus ? (u32)__builtin_ctz(cpus) : VGIC_NONE);
		}
	}
	return kick;
}

/* SGI @id from the vCPUs in @sources to @target. */
static u64 sgi_from(struct vgic *vgic, u32 target, u32 id, u32 sources)
{
	struct vgic_cpu *cpu = vgic->cpus[target];

	sources &= (1u << vgic->num_cpus) - 1;
	if (!cpu || !sources)
		return 0;
	SET(cpu->sources[id], (u8)sources);
	SET(cpu->bank.latch, 1u << id);
	return vgic_mark(cpu, VGIC_PRIVATE) ? BIT(target) : 0;
}

/* GICD_SGIR: to a list, to all others, to itself (IHI 0048B §4.3.15). */
static u64 sgir_write(struct vgic *vgic, u32 self, u32 value)
{
	u32 list = value >> 16 & 0xff, all = (1u << vgic->num_cpus) - 1;
	u64 kick = 0;

	switch (value >> 24 & 3) {
	case 0: list &= all; break;
	case 1: list = all & ~(1u << self); break;
	case 2: list = 1u << self; break;
	default: list = 0; break;
	}
	for (; list; list &= list - 1)
		kick |= sgi_from(vgic, (u32)__builtin_ctz(list), value & 15, 1u << self);
	return kick;
}

/* GICD_CPENDSGIRn and GICD_SPENDSGIRn: a byte of source CPUs for each SGI. */
static u64 sgi_pending_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write,
			      u64 *value)
{
	bool set = offset >= GICD_SPENDSGIR;
	struct vgic_cpu *cpu = vgic->cpus[self];
	u64 kick = 0;

	for (u32 i = 0; i < width; i++) {
		u32 id = (offset + i) & 15;
		u8 sources = (u8)(*value >> (8 * i));

		if (!write) {
			*value |= (u64)cpu->sources[id] << (8 * i);
			continue;
		}
		if (!sources)
			continue;
		if (set) {
			kick |= sgi_from(vgic, self, id, sources);
			continue;
		}
		CLEAR(cpu->bank.latch, 1u << id);
		if (CLEAR(cpu->sources[id], sources) & ~sources)
			SET(cpu->bank.latch, 1u << id);
	}
	return kick;
}

static u64 sgi_block_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write,
			    u64 *value)
{
	if (offset == GICD_SGIR)
		return write && width == 4 ? sgir_write(vgic, self, (u32)*value) : 0;
	if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16)
		return sgi_pending_access(vgic, self, offset, width, write, value);
	return 0;
}

/* --- GICv3 ----------------------------------------------------------------------------------- */

/* GICD_IROUTERn, whole or by halves. Aff3 is in the upper one. */
static u64 router_access(struct vgic *vgic, u32 offset, u32 width, bool write, u64 *value)
	REQUIRES(&vgic->lock)
{
	u32 i = (offset - GICD_IROUTER) / 8 - VGIC_PRIVATES;
	bool upper = offset & 4;
	struct vgic_spi *spi;
	u64 now, wanted = *value;

	if (offset < GICD_IROUTER + 8 * VGIC_PRIVATES || i >= vgic->num_spis || width < 4)
		return 0;
	i = (u32)arch_index_clamp(i, vgic->num_spis);
	spi = &vgic->spis[i];
	now = (spi->route & 0xffffff) | (u64)(spi->route >> 24) << 32 | (spi->any ? BIT(31) : 0);
	if (!write) {
		*value = upper ? now >> 32 : width == 4 ? (u32)now : now;
		return 0;
	}
	if (width == 4)
		wanted = upper ? (u32)now | wanted << 32 : (now & ~MASK(31, 0)) | (u32)wanted;
	if (wanted == now)
		return 0;
	spi->any = wanted & BIT(31);
	spi->route = (u32)(wanted & 0xffffff) | (u32)(FIELD(wanted, 39, 32) << 24);
	return retarget(vgic, i, spi->any ? 0 : vgic_by_affinity(vgic, spi->route));
}

/* --- Frames ---------------------------------------------------------------------------------- */

static u64 ctlr_write(struct vgic *vgic, u32 value)
{
	u32 old = READ(vgic->ctlr), now = value & CTLR_GROUPS;
	u32 flags = VGIC_PRIVATE | VGIC_SHARED | (old & ~now ? VGIC_FOLD : 0);
	u64 kick = 0;

	WRITE(vgic->ctlr, now);
	for (u32 i = 0; old != now && i < vgic->num_cpus; i++)
		if (vgic->cpus[i] && vgic_mark(vgic->cpus[i], flags))
			kick |= BIT(i);
	return kick;
}

static u64 control_access(struct vgic *vgic, u32 offset, bool write, u64 *value)
{
	if (offset == GICD_CTLR && write)
		return ctlr_write(vgic, (u32)*value);
	if (write)
		return 0;
	if (offset == GICD_CTLR)
		*value = READ(vgic->ctlr) | (vgic->version == 3 ? CTLR_ARE | CTLR_DS : 0);
	else if (offset == GICD_TYPER)
		*value = vgic->typer;
	else if (offset == GICD_IIDR)
		*value = vgic->iidr;
	return 0;
}

/* Registers above the arrays of bits, and in GICv3's second part of the frame. */
static u64 __attribute__((noinline)) dist_rest(struct vgic *vgic, u32 self, u32 offset, u32 width,
					       bool write, u64 *value) REQUIRES(&vgic->lock)
{
	u32 block = offset / 128;

	if (vgic->version == 2 && block == BLOCK_SGI)
		return sgi_block_access(vgic, self, offset, width, write, value);
	if (vgic->version == 3 && offset >= GICD_IROUTER && offset < 0x8000)
		return router_access(vgic, offset, width, write, value);
	if (width != 4)
		return 0;
	if (!write && offset == (vgic->version == 2 ? GICD2_PIDR2 : GICD3_PIDR2))
		*value = vgic->version == 2 ? PIDR2_V2 : PIDR2_V3;
	return 0;
}

static u64 __attribute__((noinline))
dist_priority(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	struct word word;

	return word_dist(vgic, self, (offset - 0x400) / 32, &word)
		       ? priority_access(&word, offset % 32, width, write, value)
		       : 0;
}

static u64 __attribute__((noinline)) dist_write(struct vgic *vgic, u32 self, u32 offset, u32 value)
{
	struct word word;

	return word_dist(vgic, self, offset % 128 / 4, &word)
		       ? word_write(&word, offset / 128, value)
		       : 0;
}

/* A register with a bit for each of 32 interrupts. */
static u64 dist_word(struct vgic *vgic, u32 self, u32 offset, bool write, u64 *value)
{
	u32 n = offset % 128 / 4;

	if (write)
		return dist_write(vgic, self, offset, (u32)*value);
	*value = 0;
	if (n - 1 < vgic->num_spis / 32)
		*value = word_read(&vgic->spi[arch_index_clamp(n - 1, vgic->num_spis / 32)],
				   offset / 128);
	else if (n == 0 && vgic->version == 2)
		*value = word_read(&vgic->cpus[self]->bank, offset / 128);
	return 0;
}

static u64 __attribute__((noinline))
dist_config(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	struct word word;

	(void)width; /* is 4 */
	return word_dist(vgic, self, (offset - 0xc00) / 8, &word)
		       ? config_access(&word, offset & 4, write, value)
		       : 0;
}

/* Each kind of register apart, so that none saves more registers than it needs. */
u64 vgic_dist_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 block = offset / 128;

	if (self >= vgic->num_cpus || !vgic->cpus[self])
		return 0;
	if (width == 4 && offset - BLOCK_IGROUPR * 128 < 7 * 128 && !(offset & 3))
		return dist_word(vgic, self, offset, write, value);
	if (!write)
		*value = 0;
	if (width == 4 && offset - BLOCK_ICFGR * 128 < 2 * 128 && !(offset & 3))
		return dist_config(vgic, self, offset, width, write, value);
	if (offset & (width - 1) || width > 8 ||
	    offset >= (vgic->version == 2 ? VGIC_GICD2_SIZE : VGIC_GICD3_SIZE))
		return 0;
	if (block >= BLOCK_ICFGR)
		return dist_rest(vgic, self, offset, width, write, value);
	if (block >= BLOCK_ITARGETSR && width <= 4)
		return targets_access(vgic, self, offset, width, write, value);
	if (block >= BLOCK_IPRIORITYR && block < BLOCK_ITARGETSR && width <= 4)
		return dist_priority(vgic, self, offset, width, write, value);
	if (width != 4)
		return 0;
	return control_access(vgic, offset, write, value);
}

/* A redistributor's control frame. */
static u64 rd_access(struct vgic *vgic, u32 index, u32 offset, u32 width, bool write, u64 *value)
{
	struct vgic_cpu *cpu = vgic->cpus[index];

	if (write) {
		if (offset == GICR_WAKER && width == 4)
			cpu->asleep = *value & WAKER_SLEEP;
		return 0;
	}
	if (offset == GICR_TYPER || offset == GICR_TYPER + 4) {
		u64 typer = (u64)vgic_affinity(index) << 32 | (u64)index << 8 |
			    (index == vgic->num_cpus - 1 ? BIT(4) : 0);

		if (width >= 4)
			*value = width == 8 ? typer : offset & 4 ? typer >> 32 : (u32)typer;
	} else if (width != 4) {
		return 0;
	} else if (offset == GICR_IIDR) {
		*value = vgic->iidr;
	} else if (offset == GICR_WAKER) {
		*value = cpu->asleep ? WAKER_SLEEP | WAKER_CHILDREN : 0;
	} else if (offset == GICR_PIDR2) {
		*value = PIDR2_V3;
	}
	return 0;
}

u64 vgic_redist_access(struct vgic *vgic, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 index = offset / (u32)VGIC_GICR_SIZE, block;
	struct word word;

	if (!write)
		*value = 0;
	if (offset & (width - 1) || width > 8 || !word_private(vgic, self, index, &word))
		return 0;
	offset %= (u32)VGIC_GICR_SIZE;
	if (offset < GICR_SGI_BASE)
		return rd_access(vgic, index, offset, width, write, value);
	offset -= GICR_SGI_BASE;
	block = offset / 128;
	if (offset >= 0x400 && offset < 0x420 && width <= 4)
		return priority_access(&word, offset % 32, width, write, value);
	if (width != 4)
		return 0;
	if (offset == 0xc00 || offset == 0xc04)
		return config_access(&word, offset & 4, write, value);
	if (offset % 128 || block < BLOCK_IGROUPR || block > BLOCK_ICACTIVER)
		return 0;
	if (write)
		return word_write(&word, block, (u32)*value);
	*value = word_read(word.bank, block);
	return 0;
}
