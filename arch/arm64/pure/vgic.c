/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC's state: reset, events, and what goes into and comes out of list registers.
 *
 * Where an interrupt's pending state is: a level input counts by itself for as long as it is high.
 * A latch (edge, software, or a physical interrupt linked to it) moves into the list register
 * with the interrupt and comes back by vgic_fold() if the guest has not taken it. So a second
 * event meanwhile sets the latch anew, and is neither lost nor mistaken for the first.
 */
#include "arch/arm64/pure/vgic.h"

#include <mullion/string.h>

#define READ(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, bits)    atomic_fetch_or_explicit(&(field), (bits), memory_order_relaxed)
#define CLEAR(field, bits)  atomic_fetch_and_explicit(&(field), ~(bits), memory_order_relaxed)
#define WRITE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

size_t vgic_storage_bytes(u32 num_spis, u32 num_cpus)
{
	return num_cpus * sizeof(struct vgic_cpu *) +
	       ALIGN_UP(num_spis / 32 * sizeof(struct vgic_bank), 8) +
	       ALIGN_UP(num_spis * sizeof(struct vgic_spi), 8);
}

__cold enum err vgic_init(struct vgic *g, u32 version, u32 num_lrs, u32 num_spis, u32 num_cpus,
			  void *storage)
{
	u8 *at = storage;

	if ((version != 2 && version != 3) || num_lrs < 1 || num_lrs > VGIC_MAX_LRS)
		return ERR_INVALID;
	if (num_spis % 32 || num_spis > VGIC_MAX_SPIS || num_cpus < 1 ||
	    num_cpus > (version == 2 ? 8 : VGIC_MAX_VCPUS))
		return ERR_INVALID;
	memset(g, 0, sizeof(*g));
	g->version = (u8)version;
	g->num_lrs = (u8)num_lrs;
	g->num_cpus = num_cpus;
	g->num_spis = num_spis;
	g->cpus = (struct vgic_cpu **)(void *)at;
	at += num_cpus * sizeof(struct vgic_cpu *);
	g->spi = (struct vgic_bank *)(void *)at;
	at += ALIGN_UP(num_spis / 32 * sizeof(struct vgic_bank), 8);
	g->spis = (struct vgic_spi *)(void *)at;
	/* ITLinesNumber; v2: CPUNumber; v3: IDbits = 10 - 1, so that INTIDs end where SPIs do. */
	g->typer = num_spis / 32 | (version == 2 ? (num_cpus - 1) << 5 : 9u << 19);
	g->iidr = 0x4d00043b; /* our product id, revision 0, and Arm as designer of the interface */
	vgic_reset(g);
	return OK;
}

__cold enum err vgic_attach(struct vgic *g, u32 index, struct vgic_cpu *c)
{
	if (index >= g->num_cpus)
		return ERR_RANGE;
	c->index = index;
	g->cpus[index] = c;
	vgic_cpu_reset(g, c);
	return OK;
}

/* A bank's reset state. GICv3: group 1, as on a system with one security state whose firmware has
 * set interrupts up; GICv2 without security: group 0 (IHI 0048B §4.3.4). */
static void bank_reset(const struct vgic *g, struct vgic_bank *b, u32 edge)
{
	u32 linked = b->linked | b->release;

	memset(b, 0, sizeof(*b));
	b->release = linked;
	b->edge = edge;
	WRITE(b->group, g->version == 3 ? ~0u : 0);
}

__cold void vgic_reset(struct vgic *g)
{
	WRITE(g->ctlr, 0);
	g->released = 0;
	for (u32 w = 0; w < g->num_spis / 32; w++) {
		bank_reset(g, &g->spi[w], 0);
		g->released += bit_count(g->spi[w].release);
	}
	for (u32 i = 0; i < g->num_spis; i++) {
		struct vgic_spi *s = &g->spis[i];

		/* v2 with one CPU: ITARGETSR is RAZ/WI and everything goes to it (§4.3.12). */
		s->target = g->version == 3 || g->num_cpus == 1 ? 0 : VGIC_NONE;
		s->owner = VGIC_NONE;
		s->targets = 0;
		s->route = 0;
		s->any = false;
	}
}

__cold void vgic_spi_disown(struct vgic *g, u32 i, u32 leaver, u64 *kick)
{
	struct vgic_spi *s = &g->spis[i];
	struct vgic_cpu *to;

	s->owner = VGIC_NONE;
	if (s->target == leaver || s->target >= g->num_cpus ||
	    !(vgic_pending(g, &g->spi[i / 32]) & 1u << i % 32))
		return;
	to = g->cpus[s->target];
	if (to && vgic_mark(to, VGIC_SHARED))
		*kick |= BIT(s->target);
}

__cold void vgic_cpu_reset(struct vgic *g, struct vgic_cpu *c)
{
	u64 kick = 0;

	for (u32 i = 0; i < g->num_spis; i++) {
		struct vgic_bank *b = &g->spi[i / 32];
		u32 bit = 1u << i % 32;

		if (g->spis[i].owner != c->index)
			continue;
		b->active &= ~bit;
		b->inflight &= ~bit;
		vgic_unlink(g, b, bit, false);
		vgic_spi_disown(g, i, c->index, &kick);
	}
	bank_reset(g, &c->bank, 0xffff);
	memset((void *)c->sources, 0, sizeof(c->sources));
	memset(c->active_source, 0, sizeof(c->active_source));
	WRITE(c->used, 0);
	c->moved = 0;
	c->overflow = false;
	c->asleep = true;
	c->hcr = 0;
	WRITE(c->flags, VGIC_PRIVATE | VGIC_SHARED);
}

/* --- Events ---------------------------------------------------------------------------------- */

u64 vgic_spi_mark(struct vgic *g, u32 i, u32 flags)
{
	const struct vgic_spi *s = &g->spis[i];
	u32 to = s->owner != VGIC_NONE ? s->owner : s->target;

	if (to >= g->num_cpus || !g->cpus[to])
		return 0;
	return vgic_mark(g->cpus[to], VGIC_SHARED | flags) ? BIT(to) : 0;
}

u64 vgic_set_level(struct vgic *g, u32 intid, bool level)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << i % 32;
	struct vgic_bank *b;

	if (i >= g->num_spis)
		return 0;
	b = &g->spi[i / 32];
	if (level == !!(b->line & bit))
		return 0;
	b->line ^= bit;
	if (b->edge & bit) {
		if (!level)
			return 0;
		SET(b->latch, bit);
	} else if (b->inflight & bit && level) {
		return 0; /* EOI maintenance looks at the line again */
	}
	return vgic_spi_mark(g, i, level ? 0 : VGIC_FOLD);
}

u64 vgic_set_private(struct vgic *g, struct vgic_cpu *c, u32 intid, bool level)
{
	u32 bit = 1u << intid % 32;
	struct vgic_bank *b = &c->bank;

	(void)g;
	if (intid < 16 || intid >= VGIC_PRIVATES || level == !!(b->line & bit))
		return 0;
	b->line ^= bit;
	if (b->inflight & bit && level)
		return 0;
	return vgic_mark(c, VGIC_PRIVATE | (level ? 0 : VGIC_FOLD)) ? BIT(c->index) : 0;
}

/* Its physical interrupt has come. A latch without one was set by software; of a level in a list
 * register lr_fold() says whether that was taken. */
static void link(struct vgic_bank *b, u32 bit)
{
	u32 latch = atomic_fetch_or_explicit(&b->latch, bit, memory_order_relaxed);

	b->soft |= latch & bit & ~b->linked & (b->edge | ~b->inflight);
	b->linked |= bit;
}

__cold enum err vgic_host_spi(struct vgic *g, u32 intid, u32 physical, bool level, u64 *kick)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << i % 32;
	struct vgic_bank *b;

	if (i >= g->num_spis)
		return ERR_RANGE;
	g->spis[i].physical = (u16)physical;
	b = &g->spi[i / 32];
	b->wired = level ? b->wired | bit : b->wired & ~bit;
	link(b, bit);
	*kick |= vgic_spi_mark(g, i, 0);
	return OK;
}

__cold void vgic_host_private(struct vgic_cpu *c, u32 intid, u32 physical)
{
	u32 bit = 1u << intid % 32;

	c->physical[intid % 32] = (u16)physical;
	c->bank.wired |= bit;
	link(&c->bank, bit);
	SET(c->flags, VGIC_PRIVATE);
}

/* One SGI to one vCPU: no lock, the latch is all there is on GICv3. */
static u64 sgi_post(struct vgic *g, u32 target, u32 bit, bool group1)
{
	struct vgic_cpu *c = g->cpus[target];

	if (!c || !!(READ(c->bank.group) & bit) != group1)
		return 0;
	atomic_fetch_or_explicit(&c->bank.latch, bit, memory_order_release);
	return vgic_mark(c, VGIC_PRIVATE) ? BIT(target) : 0;
}

u64 vgic_sgi1r(struct vgic *g, u32 self, u64 value, bool group1)
{
	u32 bit = 1u << FIELD(value, 27, 24);
	u32 list = (u32)FIELD(value, 15, 0);
	u32 base, affinity;
	u64 kick = 0;

	if (FIELD(value, 40, 40)) { /* IRM: everybody but the sender */
		for (u32 i = 0; i < g->num_cpus; i++)
			if (i != self)
				kick |= sgi_post(g, i, bit, group1);
		return kick;
	}
	affinity = (u32)(FIELD(value, 55, 48) << 24 | FIELD(value, 39, 32) << 16 |
			 FIELD(value, 23, 16) << 8 | FIELD(value, 47, 44) << 4);
	base = vgic_by_affinity(g, affinity);
	if (base == VGIC_NONE)
		return 0;
	for (; list; list &= list - 1) {
		u32 target = base + (u32)__builtin_ctz(list);

		if (target >= g->num_cpus)
			break;
		kick |= sgi_post(g, target, bit, group1);
	}
	return kick;
}

/* --- Out of list registers ------------------------------------------------------------------- */

void vgic_unlink(struct vgic *g, struct vgic_bank *b, u32 bit, bool by_hardware)
{
	/* A latch set again means that it has fired again since: that one is still to come. */
	if (!(b->linked & bit) || READ(b->latch) & bit)
		return;
	b->linked &= ~bit;
	b->soft &= ~bit;
	if (by_hardware)
		return;
	b->release |= bit;
	g->released++;
}

/* SGIs of GICv2 are pending by source CPU; the latch says that there is any. */
static void sgi_fold(struct vgic_cpu *c, u32 intid, u64 old, u64 now)
{
	u32 source = (u32)FIELD(old, 34, 32);

	if (now & LR_PENDING) {
		SET(c->sources[intid], (u8)(1u << source));
		SET(c->bank.latch, 1u << intid);
	}
	c->active_source[intid] = now & LR_ACTIVE ? (u8)source : 0;
}

/* List register @n is now @now (only its state is looked at, and whether it is linked); it is ours
 * to reuse afterwards. */
static void lr_fold(struct vgic *g, struct vgic_cpu *c, u32 n, u64 now, u64 *kick)
{
	u64 old = c->lr[n];
	u32 intid = LR_INTID(old), bit = 1u << intid % 32;
	bool private = intid < VGIC_PRIVATES, moved = c->moved >> n & 1;
	bool by_hardware = (now & (LR_HW | LR_STATE)) == LR_HW;
	struct vgic_bank *b = private ? &c->bank : &g->spi[intid / 32 - 1];

	/* The distributor was reset meanwhile: not ours any more. */
	if (!private && g->spis[intid - VGIC_PRIVATES].owner != c->index)
		return;
	b->inflight &= ~bit;
	/* The physical one was active all the time and cannot have come again (IHI 0048B §3.2.4).
	 * QEMU's GICv2 lets it (7.2): there an SPI is active for one CPU alone (gic_set_active()),
	 * and one that is moved while its line is high is signalled to the new CPU as well
	 * (gic_get_best_irq()).
	 */
	if (old & LR_HW && !by_hardware)
		CLEAR(b->latch, bit & ~b->soft);
	if (now & LR_PENDING) {
		if (moved)
			SET(b->latch, bit);
		/* Put there by software, before a physical one came (see put()). */
		if (!(old & LR_HW) && !(moved && old & LR_EOI))
			b->soft |= b->linked & bit;
	} else if (old & LR_PENDING && !moved && !((b->linked | b->edge) & bit)) {
		CLEAR(b->latch, bit); /* a level interrupt pended by software was taken */
	}
	b->active = now & LR_ACTIVE ? b->active | bit : b->active & ~bit;
	if (g->version == 2 && intid < 16)
		sgi_fold(c, intid, old, now);
	if (!(now & LR_STATE))
		vgic_unlink(g, b, bit, by_hardware);
	if (!private && !(now & LR_ACTIVE))
		vgic_spi_disown(g, intid - VGIC_PRIVATES, c->index, kick);
}

u64 vgic_fold(struct vgic *g, struct vgic_cpu *c, const u64 *lrs)
{
	u64 kick = 0;

	for (u32 used = READ(c->used); used; used &= used - 1) {
		u32 n = (u32)__builtin_ctz(used);

		lr_fold(g, c, n, lrs[n], &kick);
	}
	c->moved = 0;
	atomic_store_explicit(&c->used, 0, memory_order_release);
	return kick;
}

u32 vgic_release(struct vgic *g, struct vgic_cpu *c, u32 empty, u64 *kick)
{
	u32 used = READ(c->used), again = 0;

	for (empty &= used; empty; empty &= empty - 1) {
		u32 n = (u32)__builtin_ctz(empty);

		again |= LR_INTID(c->lr[n]) < VGIC_PRIVATES ? VGIC_PRIVATE : VGIC_SHARED;
		lr_fold(g, c, n, c->lr[n] & ~LR_STATE, kick);
		c->moved &= (u16) ~(1u << n);
		used &= ~(1u << n);
	}
	WRITE(c->used, used);
	return again;
}

__cold u64 vgic_dir(struct vgic *g, struct vgic_cpu *c, u32 intid)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << intid % 32;
	u64 kick = 0;

	if (intid < VGIC_PRIVATES) {
		if (!(c->bank.active & bit))
			return 0;
		c->bank.active &= ~bit;
		vgic_unlink(g, &c->bank, bit, false);
		SET(c->flags, VGIC_PRIVATE);
	} else if (i < g->num_spis && g->spi[i / 32].active & bit && g->spis[i].owner == c->index) {
		g->spi[i / 32].active &= ~bit;
		vgic_unlink(g, &g->spi[i / 32], bit, false);
		vgic_spi_disown(g, i, c->index, &kick);
		SET(c->flags, VGIC_SHARED);
	}
	return kick;
}

/* --- Into list registers --------------------------------------------------------------------- */

/* The best few interrupts, best first. */
struct pick {
	u32 count, limit;
	bool left_pending, left_active; /* something did not fit */
	u16 intid[VGIC_MAX_LRS];
	u16 key[VGIC_MAX_LRS]; /* priority, then active before pending */
	u16 best_pending, best_pending_key;
};

#define KEY_PENDING 1u
#define KEY_NONE    0xffffu

static void pick_add(struct pick *p, u32 intid, u32 key)
{
	u32 at = p->count;

	if (key & KEY_PENDING && key < p->best_pending_key) {
		p->best_pending = (u16)intid;
		p->best_pending_key = (u16)key;
	}
	while (at > 0 && p->key[at - 1] > key)
		at--;
	if (p->count == p->limit) {
		u32 out = at == p->limit ? key : p->key[p->limit - 1];

		*(out & KEY_PENDING ? &p->left_pending : &p->left_active) = true;
		if (at == p->limit)
			return;
		p->count--;
	}
	for (u32 i = p->count; i > at; i--) {
		p->key[i] = p->key[i - 1];
		p->intid[i] = p->intid[i - 1];
	}
	p->key[at] = (u16)key;
	p->intid[at] = (u16)intid;
	p->count++;
}

static void pick_bank(struct pick *p, const struct vgic_bank *b, u32 ready, u32 base)
{
	for (; ready; ready &= ready - 1) {
		u32 n = (u32)__builtin_ctz(ready);
		u32 key = (u32)b->priority[n] << 1 | (b->active >> n & 1 ? 0 : KEY_PENDING);

		pick_add(p, base + n, key);
	}
}

/* Ready SPIs of word @w that are @c's: pending and routed to it, or active on it. */
static u32 spi_ready(struct vgic *g, const struct vgic_cpu *c, u32 w)
{
	const struct vgic_bank *b = &g->spi[w];
	u32 pending = vgic_pending(g, b), mine = 0;

	for (u32 all = (pending | b->active) & ~b->inflight; all; all &= all - 1) {
		u32 n = (u32)__builtin_ctz(all);
		const struct vgic_spi *s = &g->spis[w * 32 + n];

		if ((s->owner != VGIC_NONE ? s->owner : s->target) == c->index)
			mine |= 1u << n;
	}
	return mine;
}

/* A latch that was set while its interrupt was inflight: only the list register can tell what now.
 */
static bool repended(struct vgic *g, const struct vgic_cpu *c, u32 what)
{
	const struct vgic_bank *b = &c->bank;

	if (READ(b->latch) & (b->edge | b->linked) & b->inflight & vgic_pending(g, b))
		return true;
	if (!(what & VGIC_SHARED))
		return false;
	for (u32 w = 0; w < g->num_spis / 32; w++) {
		b = &g->spi[w];
		for (u32 bits = READ(b->latch) & (b->edge | b->linked) & b->inflight; bits;
		     bits &= bits - 1)
			if (g->spis[w * 32 + (u32)__builtin_ctz(bits)].owner == c->index)
				return true;
	}
	return false;
}

/* What a list register says about an SGI of GICv2, whose pending state is by source. The latch goes
 * first: a sender that comes meanwhile sets it after its source, and is not lost. */
static u64 sgi_lr(struct vgic_cpu *c, u32 intid, bool active, bool pending, bool *moved)
{
	u32 source = active ? c->active_source[intid] : 0, bit = 1u << intid, rest;
	u64 lr = active ? LR_ACTIVE : 0;

	if (pending)
		CLEAR(c->bank.latch, bit);
	rest = READ(c->sources[intid]);
	if (!active && rest)
		source = (u32)__builtin_ctz(rest);
	if (pending && rest >> source & 1) {
		lr |= LR_PENDING;
		rest = CLEAR(c->sources[intid], (u8)(1u << source)) & ~(1u << source);
	}
	*moved = lr & LR_PENDING && !rest;
	if (rest) {
		lr |= LR_EOI; /* look again for the next source */
		SET(c->bank.latch, bit);
	}
	return lr | (u64)source << 32;
}

/* SPI @intid was retargeted while it is active here. */
static bool elsewhere(const struct vgic *g, const struct vgic_cpu *c, u32 intid)
{
	return intid >= VGIC_PRIVATES && g->spis[intid - VGIC_PRIVATES].target != c->index;
}

/* Put interrupt @intid of bank @b into list register @n. */
static void put(struct vgic *g, struct vgic_cpu *c, u32 n, u32 intid, struct vgic_bank *b)
{
	u32 at = intid % 32, bit = 1u << at;
	bool active = b->active & bit, pending = vgic_pending(g, b) & bit;
	bool linked = b->linked & bit, moved = pending && (b->edge & bit || linked);
	bool both = active && (pending || READ(b->latch) & bit); /* perhaps disabled */
	bool sgi_v2 = g->version == 2 && intid < 16;
	u64 lr = (u64)intid | LR_PRIO(b->priority[at]) | (READ(b->group) & bit ? LR_GROUP1 : 0);

	if (sgi_v2) {
		lr |= sgi_lr(c, intid, active, pending, &moved);
	} else if (active && pending &&
		   (elsewhere(g, c, intid) || (linked && (b->soft & bit) == 0))) {
		/* When it ends, it goes to its new target, or its line is looked at. */
		lr |= LR_EOI | LR_ACTIVE;
		moved = false;
	} else if (linked && !both && !(b->soft & bit)) {
		u32 physical = intid < VGIC_PRIVATES ? c->physical[intid]
						     : g->spis[intid - VGIC_PRIVATES].physical;

		lr |= LR_HW | LR_PINTID(physical) | (active ? LR_ACTIVE : LR_PENDING);
	} else if (b->edge & bit || linked) {
		/* Linked and both: the hardware link knows no such state, so we deactivate. So we
		 * do what must stay pending when its line falls (vgic_stale()).
		 */
		lr |= (active ? LR_ACTIVE : 0) | (pending ? LR_PENDING : 0) | (linked ? LR_EOI : 0);
	} else {
		/* Level: sampled again at EOI, so never pending and active at once. */
		lr |= LR_EOI | (active ? LR_ACTIVE : LR_PENDING);
		moved = false;
	}
	if (moved && !sgi_v2)
		CLEAR(b->latch, bit);
	c->moved = (u16)((c->moved & ~(1u << n)) | (moved && lr & LR_PENDING ? 1u << n : 0));
	c->lr[n] = lr;
	b->inflight |= bit;
	if (intid < VGIC_PRIVATES)
		c->lr_of[intid] = (u8)n;
	else
		g->spis[intid - VGIC_PRIVATES].owner = (u8)c->index;
}

static struct vgic_bank *bank_of(struct vgic *g, struct vgic_cpu *c, u32 intid)
{
	return intid < VGIC_PRIVATES ? &c->bank : &g->spi[intid / 32 - 1];
}

/* More ready than list registers, and none of them in use: choose. */
static u32 fill_best(struct vgic *g, struct vgic_cpu *c, u32 ready)
{
	struct pick p = { .limit = g->num_lrs, .best_pending_key = KEY_NONE };
	bool any_pending = false;

	pick_bank(&p, &c->bank, ready, 0);
	for (u32 w = 0; w < g->num_spis / 32; w++)
		pick_bank(&p, &g->spi[w], spi_ready(g, c, w), 32 * (w + 1));
	for (u32 i = 0; i < p.count; i++)
		any_pending |= p.key[i] & KEY_PENDING;
	/* Always one that can be taken: the guest may have dropped the priority of all the active.
	 */
	if (!any_pending && p.left_pending) {
		p.intid[p.count - 1] = p.best_pending;
		p.left_active = true;
	}
	for (u32 i = 0; i < p.count; i++)
		put(g, c, i, p.intid[i], bank_of(g, c, p.intid[i]));
	c->overflow = p.left_pending || p.left_active;
	c->hcr = (p.left_pending ? VGIC_HCR_NPIE : 0) |
		 (p.left_active ? VGIC_HCR_LRENPIE | (g->num_lrs > 1 ? VGIC_HCR_UIE : 0) : 0) |
		 (p.left_active && g->version == 3 ? VGIC_HCR_TDIR : 0);
	WRITE(c->used, (1u << p.count) - 1);
	return (1u << p.count) - 1;
}

/* Put what is ready in @b into the free list registers; there are enough. */
static u32 fill_bank(struct vgic *g, struct vgic_cpu *c, struct vgic_bank *b, u32 ready, u32 base,
		     u32 *free)
{
	u32 written = 0;

	for (; ready; ready &= ready - 1) {
		u32 n = (u32)__builtin_ctz(*free);

		put(g, c, n, base + (u32)__builtin_ctz(ready), b);
		*free &= *free - 1;
		written |= 1u << n;
	}
	return written;
}

u32 vgic_fill(struct vgic *g, struct vgic_cpu *c, u32 what)
{
	u32 used = READ(c->used), free = ((1u << g->num_lrs) - 1) & ~used, written;
	u32 words = what & VGIC_SHARED || c->overflow ? g->num_spis / 32 : 0, count = 0;
	u32 ready = (vgic_pending(g, &c->bank) | c->bank.active) & ~c->bank.inflight;

	if (used && (c->overflow || repended(g, c, what)))
		return VGIC_NEED_FOLD;
	if (ready)
		count = bit_count(ready);
	for (u32 w = 0; w < words; w++)
		count += bit_count(spi_ready(g, c, w));
	if (count > bit_count(free))
		return used ? VGIC_NEED_FOLD : fill_best(g, c, ready);
	c->overflow = false;
	c->hcr = 0;
	written = fill_bank(g, c, &c->bank, ready, 0, &free);
	for (u32 w = 0; w < words; w++)
		written |= fill_bank(g, c, &g->spi[w], spi_ready(g, c, w), 32 * (w + 1), &free);
	WRITE(c->used, used | written);
	return written;
}

__cold u64 vgic_eoi_count(struct vgic *g, struct vgic_cpu *c, u32 count)
{
	u64 kick = 0;

	/* EOIs come in order of priority: each was for the highest one that is active. */
	for (; count; count--) {
		struct pick p = { .limit = 1, .best_pending_key = KEY_NONE };

		pick_bank(&p, &c->bank, c->bank.active & ~c->bank.inflight, 0);
		for (u32 w = 0; w < g->num_spis / 32; w++) {
			const struct vgic_bank *b = &g->spi[w];

			pick_bank(&p, b, spi_ready(g, c, w) & b->active, 32 * (w + 1));
		}
		if (!p.count)
			break;
		kick |= vgic_dir(g, c, p.intid[0]);
	}
	return kick;
}

bool vgic_ready(struct vgic *g, const struct vgic_cpu *c)
{
	if (vgic_pending(g, &c->bank) & ~c->bank.inflight)
		return true;
	for (u32 w = 0; w < g->num_spis / 32; w++)
		if (spi_ready(g, c, w) & vgic_pending(g, &g->spi[w]))
			return true;
	return false;
}
