/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC as the guest's loads and stores see it: distributor, and redistributors of GICv3.
 * (IHI 0048B §4.3, IHI 0069 §12.9, §12.11.) One security state: GICD_CTLR.DS reads as one.
 *
 * Nearly all registers are arrays with one bit for each interrupt, 128 bytes apart and the same in
 * the distributor and in a redistributor's SGI frame: they are decoded once, by offset / 128.
 */
#include "arch/arm64/pure/vgic.h"

#include <arch/speculation.h>

#define READ(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, bits)    atomic_fetch_or_explicit(&(field), (bits), memory_order_relaxed)
#define CLEAR(field, bits)  atomic_fetch_and_explicit(&(field), ~(bits), memory_order_relaxed)
#define WRITE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* offset / 128 */
enum block {
	BLOCK_CONTROL,
	BLOCK_IGROUPR,
	BLOCK_ISENABLER,
	BLOCK_ICENABLER,
	BLOCK_ISPENDR,
	BLOCK_ICPENDR,
	BLOCK_ISACTIVER,
	BLOCK_ICACTIVER,
	BLOCK_IPRIORITYR,              /* 8 blocks */
	BLOCK_ITARGETSR = 0x800 / 128, /* 8 blocks */
	BLOCK_ICFGR = 0xc00 / 128,     /* 2 blocks */
	BLOCK_SGI = 0xf00 / 128,       /* GICv2 */
	BLOCK_ID2 = 0xf80 / 128,       /* GICv2: PIDRn */
};

#define GICD_CTLR      0x000
#define GICD_TYPER     0x004
#define GICD_IIDR      0x008
#define GICD_SGIR      0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD2_PIDR2    0xfe8
#define GICD_IROUTER   0x6000
#define GICD3_PIDR2    0xffe8
#define GICR_IIDR      0x004
#define GICR_TYPER     0x008
#define GICR_WAKER     0x014
#define GICR_PIDR2     0xffe8
#define GICR_SGI_BASE  0x10000

#define CTLR_GROUPS    0x3u
#define CTLR_ARE       0x10u
#define CTLR_DS        0x40u
#define PIDR2_V2       0x2b
#define PIDR2_V3       0x3b
#define PRIORITY_BITS  0xf8u /* 32 levels, as list registers of GICv2 have */
#define WAKER_SLEEP    0x2u
#define WAKER_CHILDREN 0x4u

/* One access to a register of 32 interrupts. */
struct word {
	struct vgic *g;
	struct vgic_bank *b;
	struct vgic_cpu *c; /* private interrupts: whose; else NULL */
	u32 spi;            /* else: number of the first */
	bool remote;        /* private interrupts of another vCPU */
};

static bool word_private(struct vgic *g, u32 self, u32 index, struct word *w)
{
	if (index >= g->num_cpus)
		return false;
	index = (u32)arch_index_clamp(index, g->num_cpus);
	if (!g->cpus[index])
		return false;
	*w = (struct word){ g, &g->cpus[index]->bank, g->cpus[index], 0, index != self };
	return true;
}

/* Word @n of the distributor's arrays. */
static bool word_dist(struct vgic *g, u32 self, u32 n, struct word *w)
{
	if (n == 0)
		return g->version == 2 && word_private(g, self, self, w);
	if (n > g->num_spis / 32)
		return false;
	n = (u32)arch_index_clamp(n, g->num_spis / 32 + 1);
	*w = (struct word){ g, &g->spi[n - 1], NULL, (n - 1) * 32, false };
	return true;
}

/* The interrupts @bits changed: those who have them must look. */
static u64 word_mark(const struct word *w, u32 bits, u32 flags)
{
	u64 kick = 0;

	if (!bits)
		return 0;
	if (w->c)
		return vgic_mark(w->c, VGIC_PRIVATE | flags) ? BIT(w->c->index) : 0;
	for (; bits; bits &= bits - 1)
		kick |= vgic_spi_mark(w->g, w->spi + (u32)__builtin_ctz(bits), flags);
	return kick;
}

/* Those of @bits that may be in a list register. What is private to another vCPU can get into one
 * any time, without the lock. */
static u32 word_inflight(const struct word *w, u32 bits)
{
	return w->remote ? bits : bits & w->b->inflight;
}

static u32 word_pending(const struct word *w)
{
	return READ(w->b->latch) | (w->b->line & ~w->b->edge);
}

static u64 enable(const struct word *w, u32 bits)
{
	/* Those that were enabled already too: the short way may have done that, and no more. */
	SET(w->b->enabled, bits);
	return word_mark(w, bits & word_pending(w), 0);
}

static u64 disable(const struct word *w, u32 bits)
{
	bits &= atomic_fetch_and_explicit(&w->b->enabled, ~bits, memory_order_relaxed);
	return word_mark(w, word_inflight(w, bits), VGIC_FOLD);
}

static u64 set_group(const struct word *w, u32 value)
{
	u32 changed = READ(w->b->group) ^ value;

	WRITE(w->b->group, value);
	return word_mark(w, changed & (word_pending(w) | word_inflight(w, ~0u)), VGIC_FOLD);
}

/* Pending bits of GICv2's SGIs are read-only here: they have registers of their own. */
static u32 word_writable(const struct word *w, u32 bits)
{
	return w->c && w->g->version == 2 ? bits & ~0xffffu : bits;
}

static u64 set_pending(const struct word *w, u32 bits)
{
	bits = word_writable(w, bits);
	SET(w->b->latch, bits);
	w->b->soft |= bits & w->b->linked; /* does not fall with the line (IHI 0048B §4.3.7) */
	return word_mark(w, bits & READ(w->b->enabled), 0);
}

/*
 * A line that is high keeps its interrupt pending (IHI 0048B §4.3.8). One that has fallen was
 * dropped by vgic_settle() before, unless it was pending by software too: the next update asks
 * again. Were the physical interrupt let go here, it would come again at once, for each such write.
 */
static u64 clear_pending(const struct word *w, u32 bits)
{
	u64 kick;

	bits = word_writable(w, bits);
	kick = word_mark(w, w->b->soft & bits, 0);
	w->b->soft &= ~bits;
	bits &= ~vgic_waiting(w->b);
	CLEAR(w->b->latch, bits);
	/* Linked and neither pending nor active any more: nobody else would deactivate it. */
	for (bits &= w->b->linked & ~w->b->active & ~w->b->inflight; bits; bits &= bits - 1)
		vgic_unlink(w->g, w->b, bits & -bits, false);
	return kick;
}

static u64 set_active(const struct word *w, u32 bits)
{
	bits &= ~w->b->active;
	w->b->active |= bits;
	for (u32 left = w->c ? 0 : bits; left; left &= left - 1) {
		struct vgic_spi *s = &w->g->spis[w->spi + (u32)__builtin_ctz(left)];

		if (s->owner == VGIC_NONE)
			s->owner = s->target < w->g->num_cpus ? s->target : 0;
	}
	return word_mark(w, bits, 0);
}

static u64 clear_active(const struct word *w, u32 bits)
{
	u64 kick = 0;

	bits &= w->b->active & ~w->b->inflight;
	w->b->active &= ~bits;
	if (w->c)
		kick |= word_mark(w, bits & word_pending(w) & READ(w->b->enabled), 0);
	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		vgic_unlink(w->g, w->b, 1u << n, false);
		if (!w->c) {
			vgic_spi_disown(w->g, w->spi + n, VGIC_NONE, &kick);
		}
	}
	return kick;
}

static u32 word_read(const struct vgic_bank *b, u32 block)
{
	switch (block) {
	case BLOCK_IGROUPR: return READ(b->group);
	case BLOCK_ISENABLER:
	case BLOCK_ICENABLER: return READ(b->enabled);
	case BLOCK_ISPENDR:
	case BLOCK_ICPENDR: return READ(b->latch) | (b->line & ~b->edge);
	default: return b->active;
	}
}

static u64 word_write(const struct word *w, u32 block, u32 v)
{
	switch (block) {
	case BLOCK_IGROUPR: return set_group(w, v);
	case BLOCK_ISENABLER: return enable(w, v);
	case BLOCK_ICENABLER: return disable(w, v);
	case BLOCK_ISPENDR: return set_pending(w, v);
	case BLOCK_ICPENDR: return clear_pending(w, v);
	case BLOCK_ISACTIVER: return set_active(w, v);
	default: return clear_active(w, v);
	}
}

/* @first: number of the first byte's interrupt in the word's bank. Byte accesses are allowed.
 * Little endian. */
static inline u64 priority_access(const struct word *w, u32 first, u32 width, bool write,
				  u64 *value)
{
	u32 *at = &w->b->priorities[first / 4], shift = 8 * (first & 3);
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
	if (!(changed & (word_inflight(w, ~0u) | word_pending(w))))
		return 0;
	/* In a list register it must be rewritten; in the queue behind them it may now come first.
	 */
	return word_mark(w, word_inflight(w, changed), VGIC_FOLD) |
	       word_mark(w, changed & word_pending(w), 0);
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

/* Two bits for each of 16 interrupts; the upper one says edge. Private ones are fixed. */
static u64 config_access(const struct word *w, bool upper, bool write, u64 *value)
{
	u32 shift = upper ? 16 : 0, edge = gather((u32)*value >> 1);

	if (!write) {
		*value = spread(w->b->edge >> shift & 0xffff) << 1;
		return 0;
	}
	if (w->c)
		return 0;
	w->b->edge = (w->b->edge & ~(0xffffu << shift)) | edge << shift;
	return word_mark(w, word_pending(w) & 0xffffu << shift, 0);
}

/* The route of SPI @i changed to vCPU @target: what is pending moves, what is active stays. */
static u64 retarget(struct vgic *g, u32 i, u32 target)
{
	struct vgic_spi *s = &g->spis[i];
	u32 bit = 1u << i % 32;
	u64 kick = 0;

	s->target = (u8)target;
	if (g->spi[i / 32].inflight & bit || vgic_pending(g, &g->spi[i / 32]) & bit)
		kick = vgic_spi_mark(g, i, s->owner != VGIC_NONE ? VGIC_FOLD : 0);
	return kick;
}

/* --- GICv2 ----------------------------------------------------------------------------------- */

static u64 __attribute__((noinline))
targets_access(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 intid = offset - 0x800;
	u64 kick = 0;

	if (g->num_cpus == 1 || g->version != 2)
		return 0;
	for (u32 i = 0; i < width; i++, intid++) {
		u8 v = (u8)(*value >> (8 * i) & ((1u << g->num_cpus) - 1));
		struct vgic_spi *s;

		if (intid < VGIC_PRIVATES) {
			if (!write)
				*value |= BIT(self) << (8 * i);
			continue;
		}
		if (intid - VGIC_PRIVATES >= g->num_spis)
			break;
		s = &g->spis[arch_index_clamp(intid - VGIC_PRIVATES, g->num_spis)];
		if (!write) {
			*value |= (u64)s->targets << (8 * i);
		} else if (s->targets != v) {
			s->targets = v;
			kick |= retarget(g, intid - VGIC_PRIVATES,
					 v ? (u32)__builtin_ctz(v) : VGIC_NONE);
		}
	}
	return kick;
}

/* SGI @id from the vCPUs in @sources to @target. */
static u64 sgi_from(struct vgic *g, u32 target, u32 id, u32 sources)
{
	struct vgic_cpu *c = g->cpus[target];

	sources &= (1u << g->num_cpus) - 1;
	if (!c || !sources)
		return 0;
	SET(c->sources[id], (u8)sources);
	SET(c->bank.latch, 1u << id);
	return vgic_mark(c, VGIC_PRIVATE) ? BIT(target) : 0;
}

/* GICD_SGIR: to a list, to all others, to itself (IHI 0048B §4.3.15). */
static u64 sgir_write(struct vgic *g, u32 self, u32 value)
{
	u32 list = value >> 16 & 0xff, all = (1u << g->num_cpus) - 1;
	u64 kick = 0;

	switch (value >> 24 & 3) {
	case 0: list &= all; break;
	case 1: list = all & ~(1u << self); break;
	case 2: list = 1u << self; break;
	default: list = 0; break;
	}
	for (; list; list &= list - 1)
		kick |= sgi_from(g, (u32)__builtin_ctz(list), value & 15, 1u << self);
	return kick;
}

/* GICD_CPENDSGIRn and GICD_SPENDSGIRn: a byte of source CPUs for each SGI. */
static u64 sgi_pending_access(struct vgic *g, u32 self, u32 offset, u32 width, bool write,
			      u64 *value)
{
	bool set = offset >= GICD_SPENDSGIR;
	struct vgic_cpu *c = g->cpus[self];
	u64 kick = 0;

	for (u32 i = 0; c && i < width; i++) {
		u32 id = (offset + i) & 15;
		u8 v = (u8)(*value >> (8 * i));

		if (!write) {
			*value |= (u64)c->sources[id] << (8 * i);
		} else if (set) {
			kick |= sgi_from(g, self, id, v);
		} else {
			CLEAR(c->bank.latch, 1u << id);
			if (CLEAR(c->sources[id], v) & ~v)
				SET(c->bank.latch, 1u << id);
		}
	}
	return kick;
}

static u64 sgi_block_access(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	if (offset == GICD_SGIR)
		return write && width == 4 ? sgir_write(g, self, (u32)*value) : 0;
	if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16)
		return sgi_pending_access(g, self, offset, width, write, value);
	return 0;
}

/* --- GICv3 ----------------------------------------------------------------------------------- */

/* GICD_IROUTERn, whole or by halves. Aff3 is in the upper one. */
static u64 router_access(struct vgic *g, u32 offset, u32 width, bool write, u64 *value)
{
	u32 i = (offset - GICD_IROUTER) / 8 - VGIC_PRIVATES;
	bool upper = offset & 4;
	struct vgic_spi *s;
	u64 now, v = *value;

	if (offset < GICD_IROUTER + 8 * VGIC_PRIVATES || i >= g->num_spis || width < 4)
		return 0;
	i = (u32)arch_index_clamp(i, g->num_spis);
	s = &g->spis[i];
	now = (s->route & 0xffffff) | (u64)(s->route >> 24) << 32 | (s->any ? BIT(31) : 0);
	if (!write) {
		*value = upper ? now >> 32 : width == 4 ? (u32)now : now;
		return 0;
	}
	if (width == 4)
		v = upper ? (u32)now | v << 32 : (now & ~MASK(31, 0)) | (u32)v;
	if (v == now)
		return 0;
	s->any = v & BIT(31);
	s->route = (u32)(v & 0xffffff) | (u32)(FIELD(v, 39, 32) << 24);
	return retarget(g, i, s->any ? 0 : vgic_by_affinity(g, s->route));
}

/* --- Frames ---------------------------------------------------------------------------------- */

static u64 ctlr_write(struct vgic *g, u32 value)
{
	u32 old = READ(g->ctlr), now = value & CTLR_GROUPS;
	u32 flags = VGIC_PRIVATE | VGIC_SHARED | (old & ~now ? VGIC_FOLD : 0);
	u64 kick = 0;

	WRITE(g->ctlr, now);
	for (u32 i = 0; old != now && i < g->num_cpus; i++)
		if (g->cpus[i] && vgic_mark(g->cpus[i], flags))
			kick |= BIT(i);
	return kick;
}

static u64 control_access(struct vgic *g, u32 offset, bool write, u64 *value)
{
	if (offset == GICD_CTLR && write)
		return ctlr_write(g, (u32)*value);
	if (write)
		return 0;
	if (offset == GICD_CTLR)
		*value = READ(g->ctlr) | (g->version == 3 ? CTLR_ARE | CTLR_DS : 0);
	else if (offset == GICD_TYPER)
		*value = g->typer;
	else if (offset == GICD_IIDR)
		*value = g->iidr;
	return 0;
}

/* What lies above the arrays of bits, and in GICv3's second part of the frame. */
static u64 __attribute__((noinline))
dist_rest(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 block = offset / 128;

	if (g->version == 2 && block == BLOCK_SGI)
		return sgi_block_access(g, self, offset, width, write, value);
	if (g->version == 3 && offset >= GICD_IROUTER && offset < 0x8000)
		return router_access(g, offset, width, write, value);
	if (width != 4)
		return 0;
	if (!write && offset == (g->version == 2 ? GICD2_PIDR2 : GICD3_PIDR2))
		*value = g->version == 2 ? PIDR2_V2 : PIDR2_V3;
	return 0;
}

static u64 __attribute__((noinline))
dist_priority(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	struct word w;

	return word_dist(g, self, (offset - 0x400) / 32, &w)
		       ? priority_access(&w, offset % 32, width, write, value)
		       : 0;
}

static u64 __attribute__((noinline)) dist_write(struct vgic *g, u32 self, u32 offset, u32 value)
{
	struct word w;

	return word_dist(g, self, offset % 128 / 4, &w) ? word_write(&w, offset / 128, value) : 0;
}

/* A register with a bit for each of 32 interrupts. */
static u64 dist_word(struct vgic *g, u32 self, u32 offset, bool write, u64 *value)
{
	u32 n = offset % 128 / 4;

	if (write)
		return dist_write(g, self, offset, (u32)*value);
	*value = 0;
	if (n - 1 < g->num_spis / 32)
		*value =
			word_read(&g->spi[arch_index_clamp(n - 1, g->num_spis / 32)], offset / 128);
	else if (n == 0 && g->version == 2)
		*value = word_read(&g->cpus[self]->bank, offset / 128);
	return 0;
}

static u64 __attribute__((noinline))
dist_config(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	struct word w;

	(void)width; /* is 4 */
	return word_dist(g, self, (offset - 0xc00) / 8, &w)
		       ? config_access(&w, offset & 4, write, value)
		       : 0;
}

/* Each kind of register apart, so that none saves more registers than it needs. */
u64 vgic_dist_access(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 block = offset / 128;

	if (self >= g->num_cpus || !g->cpus[self])
		return 0;
	if (width == 4 && offset - BLOCK_IGROUPR * 128 < 7 * 128 && !(offset & 3))
		return dist_word(g, self, offset, write, value);
	if (!write)
		*value = 0;
	if (width == 4 && offset - BLOCK_ICFGR * 128 < 2 * 128 && !(offset & 3))
		return dist_config(g, self, offset, width, write, value);
	if (offset & (width - 1) || width > 8 ||
	    offset >= (g->version == 2 ? VGIC_GICD2_SIZE : VGIC_GICD3_SIZE))
		return 0;
	if (block >= BLOCK_ICFGR)
		return dist_rest(g, self, offset, width, write, value);
	if (block >= BLOCK_ITARGETSR && width <= 4)
		return targets_access(g, self, offset, width, write, value);
	if (block >= BLOCK_IPRIORITYR && block < BLOCK_ITARGETSR && width <= 4)
		return dist_priority(g, self, offset, width, write, value);
	if (width != 4)
		return 0;
	return control_access(g, offset, write, value);
}

/* A redistributor's control frame. */
static u64 rd_access(struct vgic *g, u32 index, u32 offset, u32 width, bool write, u64 *value)
{
	struct vgic_cpu *c = g->cpus[index];

	if (write) {
		if (offset == GICR_WAKER && width == 4)
			c->asleep = *value & WAKER_SLEEP;
		return 0;
	}
	if (offset == GICR_TYPER || offset == GICR_TYPER + 4) {
		u64 typer = (u64)vgic_affinity(index) << 32 | (u64)index << 8 |
			    (index == g->num_cpus - 1 ? BIT(4) : 0);

		if (width >= 4)
			*value = width == 8 ? typer : offset & 4 ? typer >> 32 : (u32)typer;
	} else if (width != 4) {
		return 0;
	} else if (offset == GICR_IIDR) {
		*value = g->iidr;
	} else if (offset == GICR_WAKER) {
		*value = c->asleep ? WAKER_SLEEP | WAKER_CHILDREN : 0;
	} else if (offset == GICR_PIDR2) {
		*value = PIDR2_V3;
	}
	return 0;
}

u64 vgic_redist_access(struct vgic *g, u32 self, u32 offset, u32 width, bool write, u64 *value)
{
	u32 index = offset / (u32)VGIC_GICR_SIZE, block;
	struct word w;

	if (!write)
		*value = 0;
	if (offset & (width - 1) || width > 8 || !word_private(g, self, index, &w))
		return 0;
	offset %= (u32)VGIC_GICR_SIZE;
	if (offset < GICR_SGI_BASE)
		return rd_access(g, index, offset, width, write, value);
	offset -= GICR_SGI_BASE;
	block = offset / 128;
	if (offset >= 0x400 && offset < 0x420 && width <= 4)
		return priority_access(&w, offset % 32, width, write, value);
	if (width != 4)
		return 0;
	if (offset == 0xc00 || offset == 0xc04)
		return config_access(&w, offset & 4, write, value);
	if (offset % 128 || block < BLOCK_IGROUPR || block > BLOCK_ICACTIVER)
		return 0;
	if (write)
		return word_write(&w, block, (u32)*value);
	*value = word_read(w.b, block);
	return 0;
}

/* --- Who must be folded first ---------------------------------------------------------------- */

static bool block_is_state(u32 block)
{
	return block >= BLOCK_ISPENDR && block <= BLOCK_ICACTIVER;
}

/* vCPUs that have one of the SPIs @mask of word @w in a list register, or active. */
static u64 spi_owners(const struct vgic *g, u32 w, u32 mask)
{
	u64 owners = 0;

	if (w >= g->num_spis / 32)
		return 0;
	for (mask &= g->spi[w].inflight | g->spi[w].active; mask; mask &= mask - 1) {
		u32 owner = g->spis[w * 32 + (u32)__builtin_ctz(mask)].owner;

		owners |= owner < g->num_cpus ? BIT(owner) : 0;
	}
	return owners;
}

static u64 self_folds(const struct vgic *g, u32 self)
{
	return vgic_self_folds(g, self) ? BIT(self) : 0;
}

u64 vgic_dist_folds(const struct vgic *g, u32 self, u32 offset, bool write)
{
	u32 block = offset / 128, n = offset % 128 / 4;

	if (block_is_state(block)) {
		if (n)
			return spi_owners(g, n - 1, ~0u);
		return g->version == 2 ? self_folds(g, self) : 0;
	}
	n = (offset - 0xc08) / 4;
	if (write && offset >= 0xc08 && offset < 0xd00)
		return spi_owners(g, n / 2, n & 1 ? 0xffff0000 : 0xffff);
	if (g->version == 2 && offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 16)
		return self_folds(g, self);
	return 0;
}

u64 vgic_redist_folds(const struct vgic *g, u32 self, u32 offset)
{
	u32 index = offset / (u32)VGIC_GICR_SIZE;

	return index < g->num_cpus && g->cpus[index] && vgic_redist_has_state(g, self, offset)
		       ? BIT(index)
		       : 0;
}
