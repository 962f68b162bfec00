/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: the fill of list registers and the fold of their state. */
#include "arch/arm64/pure/vgic.h"

#include <mullion/string.h>

void vgic_unlink(struct vgic *vgic, struct vgic_bank *bank, u32 bit, bool by_hardware)
{
	/* A latch set again means that it has fired again since: that one is still to come. */
	if (!(bank->linked & bit) || READ(bank->latch) & bit)
		return;
	bank->linked &= ~bit;
	bank->soft &= ~bit;
	if (by_hardware)
		return;
	bank->release |= bit;
	vgic->released++;
}

/* SGIs of GICv2 are pending by source CPU; the latch is set if there is any. */
static void sgi_fold(struct vgic_cpu *cpu, u32 intid, u64 old, u64 now)
{
	u32 source = (u32)FIELD(old, 34, 32);

	if (now & LR_PENDING) {
		SET(cpu->sources[intid], (u8)(1u << source));
		SET(cpu->bank.latch, 1u << intid);
	}
	cpu->active_source[intid] = now & LR_ACTIVE ? (u8)source : 0;
}

/* List register @n is now @now, of which only the state and the link count. It is free afterwards.
 */
static void lr_fold(struct vgic *vgic, struct vgic_cpu *cpu, u32 n, u64 now, u64 *kick)
	REQUIRES(&vgic->lock)
{
	u64 old = cpu->lr[n];
	u32 intid = LR_INTID(old), bit = 1u << intid % 32;
	bool private = intid < VGIC_PRIVATES, moved = cpu->moved >> n & 1;
	bool by_hardware = (now & (LR_HW | LR_STATE)) == LR_HW;
	struct vgic_bank *bank = private ? &cpu->bank : &vgic->spi[intid / 32 - 1];

	/* The distributor was reset meanwhile: it belongs to another. */
	if (!private && vgic->spis[intid - VGIC_PRIVATES].owner != cpu->index)
		return;
	bank->inflight &= ~bit;
	/* The physical one was active all the time and cannot have come again (IHI 0048B §3.2.4).
	 * With QEMU 7.2's GICv2 it can: an SPI is active for one CPU alone (gic_set_active()).
	 * One that is moved while its line is high is signalled to the new CPU as well
	 * (gic_get_best_irq()).
	 */
	if (old & LR_HW && !by_hardware)
		CLEAR(bank->latch, bit & ~bank->soft);
	if (now & LR_PENDING) {
		if (moved)
			SET(bank->latch, bit);
		/* Put there by software, before a physical one came (see lr_put()). */
		if (!(old & LR_HW) && !(moved && old & LR_EOI))
			bank->soft |= bank->linked & bit;
	} else if (old & LR_PENDING && !moved && !((bank->linked | bank->edge) & bit)) {
		CLEAR(bank->latch, bit); /* a level interrupt pended by software was taken */
	}
	bank->active = now & LR_ACTIVE ? bank->active | bit : bank->active & ~bit;
	if (vgic->version == 2 && intid < 16)
		sgi_fold(cpu, intid, old, now);
	if (!(now & LR_STATE))
		vgic_unlink(vgic, bank, bit, by_hardware);
	if (!private && !(now & LR_ACTIVE))
		vgic_spi_disown(vgic, intid - VGIC_PRIVATES, cpu->index, kick);
}

u64 vgic_fold(struct vgic *vgic, struct vgic_cpu *cpu, const u64 *lrs)
{
	u64 kick = 0;

	for (u32 used = READ(cpu->used); used; used &= used - 1) {
		u32 n = (u32)__builtin_ctz(used);

		lr_fold(vgic, cpu, n, lrs[n], &kick);
	}
	cpu->moved = 0;
	atomic_store_explicit(&cpu->used, 0, memory_order_release);
	return kick;
}

u32 vgic_release(struct vgic *vgic, struct vgic_cpu *cpu, u32 empty, u64 *kick)
{
	u32 used = READ(cpu->used), again = 0;

	for (empty &= used; empty; empty &= empty - 1) {
		u32 n = (u32)__builtin_ctz(empty);

		again |= LR_INTID(cpu->lr[n]) < VGIC_PRIVATES ? VGIC_PRIVATE : VGIC_SHARED;
		lr_fold(vgic, cpu, n, cpu->lr[n] & ~LR_STATE, kick);
		cpu->moved &= (u16) ~(1u << n);
		used &= ~(1u << n);
	}
	WRITE(cpu->used, used);
	return again;
}

__cold u64 vgic_dir(struct vgic *vgic, struct vgic_cpu *cpu, u32 intid)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << intid % 32;
	u64 kick = 0;

	if (intid < VGIC_PRIVATES) {
		if (!(cpu->bank.active & bit))
			return 0;
		cpu->bank.active &= ~bit;
		vgic_unlink(vgic, &cpu->bank, bit, false);
		SET(cpu->flags, VGIC_PRIVATE);
	} else if (i < vgic->num_spis && vgic->spi[i / 32].active & bit &&
		   vgic->spis[i].owner == cpu->index) {
		vgic->spi[i / 32].active &= ~bit;
		vgic_unlink(vgic, &vgic->spi[i / 32], bit, false);
		vgic_spi_disown(vgic, i, cpu->index, &kick);
		SET(cpu->flags, VGIC_SHARED);
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

static __cold void pick_add(struct pick *p, u32 intid, u32 key)
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

static __cold void pick_bank(struct pick *p, const struct vgic_bank *bank, u32 ready, u32 base)
{
	for (; ready; ready &= ready - 1) {
		u32 n = (u32)__builtin_ctz(ready);
		u32 key = (u32)bank->priority[n] << 1 | (bank->active >> n & 1 ? 0 : KEY_PENDING);

		pick_add(p, base + n, key);
	}
}

/* Ready SPIs of word @w that are @c's: pending and routed to it, or active on it. */
static u32 spi_ready(struct vgic *vgic, const struct vgic_cpu *cpu, u32 w)
{
	const struct vgic_bank *bank = &vgic->spi[w];
	u32 pending = vgic_pending(vgic, bank), mine = 0;

	for (u32 all = (pending | bank->active) & ~bank->inflight; all; all &= all - 1) {
		u32 n = (u32)__builtin_ctz(all);
		const struct vgic_spi *spi = &vgic->spis[w * 32 + n];

		if ((spi->owner != VGIC_NONE ? spi->owner : spi->target) == cpu->index)
			mine |= 1u << n;
	}
	return mine;
}

/* Returns true if a latch was set while its interrupt was inflight: only the list register shows
 * its state. */
static bool repended(struct vgic *vgic, const struct vgic_cpu *cpu, u32 what)
{
	const struct vgic_bank *bank = &cpu->bank;

	if (READ(bank->latch) & (bank->edge | bank->linked) & bank->inflight &
	    vgic_pending(vgic, bank))
		return true;
	if (!(what & VGIC_SHARED))
		return false;
	for (u32 w = 0; w < vgic->num_spis / 32; w++) {
		bank = &vgic->spi[w];
		for (u32 bits = READ(bank->latch) & (bank->edge | bank->linked) & bank->inflight;
		     bits; bits &= bits - 1)
			if (vgic->spis[w * 32 + (u32)__builtin_ctz(bits)].owner == cpu->index)
				return true;
	}
	return false;
}

/* State and source for the list register of a GICv2 SGI, which is pending by source. The latch goes
 * first: a sender that comes meanwhile sets it after its source, and is not lost. */
static u64 sgi_lr(struct vgic_cpu *cpu, u32 intid, bool active, bool pending, bool *moved)
{
	u32 source = active ? cpu->active_source[intid] : 0, bit = 1u << intid, rest;
	u64 lr = active ? LR_ACTIVE : 0;

	if (pending)
		CLEAR(cpu->bank.latch, bit);
	rest = READ(cpu->sources[intid]);
	if (!active && rest)
		source = (u32)__builtin_ctz(rest);
	if (pending && rest >> source & 1) {
		lr |= LR_PENDING;
		rest = CLEAR(cpu->sources[intid], (u8)(1u << source)) & ~(1u << source);
	}
	*moved = lr & LR_PENDING && !rest;
	if (rest) {
		lr |= LR_EOI; /* look again for the next source */
		SET(cpu->bank.latch, bit);
	}
	return lr | (u64)source << 32;
}

/* SPI @intid was retargeted while it is active here. */
static bool elsewhere(const struct vgic *vgic, const struct vgic_cpu *cpu, u32 intid)
{
	return intid >= VGIC_PRIVATES && vgic->spis[intid - VGIC_PRIVATES].target != cpu->index;
}

/* Put interrupt @intid of bank @bank into list register @n. */
static void lr_put(struct vgic *vgic, struct vgic_cpu *cpu, u32 n, u32 intid,
		   struct vgic_bank *bank)
{
	u32 at = intid % 32, bit = 1u << at;
	bool active = bank->active & bit, pending = vgic_pending(vgic, bank) & bit;
	bool linked = bank->linked & bit, moved = pending && (bank->edge & bit || linked);
	bool both = active && (pending || READ(bank->latch) & bit); /* perhaps disabled */
	bool sgi_v2 = vgic->version == 2 && intid < 16;
	u64 lr = (u64)intid | LR_PRIO(bank->priority[at]) |
		 (READ(bank->group) & bit ? LR_GROUP1 : 0);

	if (sgi_v2) {
		lr |= sgi_lr(cpu, intid, active, pending, &moved);
	} else if (active && pending &&
		   (elsewhere(vgic, cpu, intid) || (linked && (bank->soft & bit) == 0))) {
		/* When it ends, it goes to its new target, or its line is read. */
		lr |= LR_EOI | LR_ACTIVE;
		moved = false;
	} else if (linked && !both && !(bank->soft & bit)) {
		u32 physical = intid < VGIC_PRIVATES ? cpu->physical[intid]
						     : vgic->spis[intid - VGIC_PRIVATES].physical;

		lr |= LR_HW | LR_PINTID(physical) | (active ? LR_ACTIVE : LR_PENDING);
	} else if (bank->edge & bit || linked) {
		/* Linked and both: the hardware link has no such state, so the core deactivates it.
		 * The same holds for one that stays pending when its line falls (vgic_stale()).
		 */
		lr |= (active ? LR_ACTIVE : 0) | (pending ? LR_PENDING : 0) | (linked ? LR_EOI : 0);
	} else {
		/* Level: sampled again at EOI, so never pending and active at once. */
		lr |= LR_EOI | (active ? LR_ACTIVE : LR_PENDING);
		moved = false;
	}
	if (moved && !sgi_v2)
		CLEAR(bank->latch, bit);
	cpu->moved = (u16)((cpu->moved & ~(1u << n)) | (moved && lr & LR_PENDING ? 1u << n : 0));
	cpu->lr[n] = lr;
	bank->inflight |= bit;
	if (intid < VGIC_PRIVATES)
		cpu->lr_of[intid] = (u8)n;
	else
		vgic->spis[intid - VGIC_PRIVATES].owner = (u8)cpu->index;
}

static struct vgic_bank *bank_of(struct vgic *vgic, struct vgic_cpu *cpu, u32 intid)
{
	return intid < VGIC_PRIVATES ? &cpu->bank : &vgic->spi[intid / 32 - 1];
}

/* More ready than list registers, and none of them in use: choose. */
static __cold u32 fill_best(struct vgic *vgic, struct vgic_cpu *cpu, u32 ready)
{
	struct pick p = { .limit = vgic->num_lrs, .best_pending_key = KEY_NONE };
	bool any_pending = false;

	pick_bank(&p, &cpu->bank, ready, 0);
	for (u32 w = 0; w < vgic->num_spis / 32; w++)
		pick_bank(&p, &vgic->spi[w], spi_ready(vgic, cpu, w), 32 * (w + 1));
	for (u32 i = 0; i < p.count; i++)
		any_pending |= p.key[i] & KEY_PENDING;
	/* Always one that can be taken: the guest may have dropped the priority of all the active.
	 */
	if (!any_pending && p.left_pending) {
		p.intid[p.count - 1] = p.best_pending;
		p.left_active = true;
	}
	for (u32 i = 0; i < p.count; i++)
		lr_put(vgic, cpu, i, p.intid[i], bank_of(vgic, cpu, p.intid[i]));
	cpu->overflow = p.left_pending || p.left_active;
	cpu->hcr = (p.left_pending ? VGIC_HCR_NPIE : 0) |
		   (p.left_active ? VGIC_HCR_LRENPIE | (vgic->num_lrs > 1 ? VGIC_HCR_UIE : 0) : 0) |
		   (p.left_active && vgic->version == 3 ? VGIC_HCR_TDIR : 0);
	WRITE(cpu->used, (1u << p.count) - 1);
	return (1u << p.count) - 1;
}

/* Put what is ready in @bank into the free list registers; there are enough. */
static u32 fill_bank(struct vgic *vgic, struct vgic_cpu *cpu, struct vgic_bank *bank, u32 ready,
		     u32 base, u32 *free)
{
	u32 written = 0;

	for (; ready; ready &= ready - 1) {
		u32 n = (u32)__builtin_ctz(*free);

		lr_put(vgic, cpu, n, base + (u32)__builtin_ctz(ready), bank);
		*free &= *free - 1;
		written |= 1u << n;
	}
	return written;
}

u32 vgic_fill(struct vgic *vgic, struct vgic_cpu *cpu, u32 what)
{
	u32 used = READ(cpu->used), free = ((1u << vgic->num_lrs) - 1) & ~used, written;
	u32 words = what & VGIC_SHARED || cpu->overflow ? vgic->num_spis / 32 : 0, count = 0;
	u32 ready = (vgic_pending(vgic, &cpu->bank) | cpu->bank.active) & ~cpu->bank.inflight;

	if (used && (cpu->overflow || repended(vgic, cpu, what)))
		return VGIC_NEED_FOLD;
	if (ready)
		count = bit_count(ready);
	for (u32 w = 0; w < words; w++)
		count += bit_count(spi_ready(vgic, cpu, w));
	if (count > bit_count(free))
		return used ? VGIC_NEED_FOLD : fill_best(vgic, cpu, ready);
	cpu->overflow = false;
	cpu->hcr = 0;
	written = fill_bank(vgic, cpu, &cpu->bank, ready, 0, &free);
	for (u32 w = 0; w < words; w++)
		written |= fill_bank(vgic, cpu, &vgic->spi[w], spi_ready(vgic, cpu, w),
				     32 * (w + 1), &free);
	WRITE(cpu->used, used | written);
	return written;
}

__cold u64 vgic_eoi_count(struct vgic *vgic, struct vgic_cpu *cpu, u32 count)
{
	u64 kick = 0;

	/* EOIs come in order of priority: each was for the highest one that is active. */
	for (; count; count--) {
		struct pick p = { .limit = 1, .best_pending_key = KEY_NONE };

		pick_bank(&p, &cpu->bank, cpu->bank.active & ~cpu->bank.inflight, 0);
		for (u32 w = 0; w < vgic->num_spis / 32; w++) {
			const struct vgic_bank *bank = &vgic->spi[w];

			pick_bank(&p, bank, spi_ready(vgic, cpu, w) & bank->active, 32 * (w + 1));
		}
		if (!p.count)
			break;
		kick |= vgic_dir(vgic, cpu, p.intid[0]);
	}
	return kick;
}

bool vgic_ready(struct vgic *vgic, const struct vgic_cpu *cpu)
{
	if (vgic_pending(vgic, &cpu->bank) & ~cpu->bank.inflight)
		return true;
	for (u32 w = 0; w < vgic->num_spis / 32; w++)
		if (spi_ready(vgic, cpu, w) & vgic_pending(vgic, &vgic->spi[w]))
			return true;
	return false;
}
