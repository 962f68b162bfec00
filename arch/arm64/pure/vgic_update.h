/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps between the virtual GIC and list registers, over whatever has list registers: virq.c
 * includes this file with the machine's, the tests with simulated ones. Inline, because the hot
 * path goes through it.
 *
 * The includer defines before:
 *   u64 hw_lr_read(u32 n), void hw_lr_write(u32 n, u64 lr)
 *   bool hw_lr_write_short(u32 n, u64 lr)   the same, or false: only the long way can
 *   u32 hw_elrsr_read(void)   list registers that are empty and ask for nothing
 *   u32 hw_eisr_read(void)    list registers that are empty and ask for maintenance
 *   u32 hw_hcr_read(void), void hw_hcr_write(u32 hcr)
 *   bool hw_line_fell(u32 intid)   a physical one: level-sensitive, and its line is low
 *   void hw_route_here(u32 intid)   a shared physical one: it comes to this CPU from now on
 *   void hw_deactivate_private(u32 intid), void hw_deactivate_shared(u32 intid)   physical ones
 */
#ifndef ARM64_PURE_VGIC_UPDATE_H
#define ARM64_PURE_VGIC_UPDATE_H

#include "arch/arm64/pure/vgic.h"
#include <arch/speculation.h>

#define VGIC_TIMER          27 /* the guest's INTID of its virtual timer */
#define VGIC_HCR_COUNT(hcr) ((hcr) >> 27)

/** vgic_release_physical() - deactivate the physical interrupts that the model let go. @c: this
 * CPU's, or NULL. @here: a shared one may come again at once, so it comes to this CPU, on which the
 * guest runs that let it go: no guest's writes interrupt a CPU on which it does not run. Lock. */
static __cold void vgic_release_physical(struct vgic *g, struct vgic_cpu *c, bool here)
{
	for (; c && c->bank.release; c->bank.release &= c->bank.release - 1)
		hw_deactivate_private(c->physical[__builtin_ctz(c->bank.release)]);
	if (!g->released)
		return;
	g->released = 0;
	for (u32 w = 0; w < g->num_spis / 32; w++) {
		struct vgic_bank *b = &g->spi[w];

		for (; b->release; b->release &= b->release - 1) {
			u32 physical = g->spis[w * 32 + (u32)__builtin_ctz(b->release)].physical;

			if (here)
				hw_route_here(physical);
			hw_deactivate_shared(physical);
		}
	}
}

/* List register @lr, as read, is pending for a level that is gone. Nobody told us, because the
 * guest quiets what is passed through to it without an exit. */
static inline bool vgic_stale(const struct vgic *g, const struct vgic_cpu *c, u64 lr)
{
	u32 intid = LR_INTID(lr);
	const struct vgic_bank *b = intid < VGIC_PRIVATES ? &c->bank : &g->spi[intid / 32 - 1];

	return (lr & (LR_HW | LR_STATE)) == (LR_HW | LR_PENDING) && b->wired >> intid % 32 & 1 &&
	       hw_line_fell((u32)FIELD(lr, 44, 32));
}

/* The same for interrupts @waiting of bank @b, the first of which is @base (@c: NULL for SPIs):
 * what is disabled, of a group that is off, or queued waits in the model for longer than its line
 * may stay high. */
static __cold void vgic_drop_fallen(struct vgic *g, struct vgic_cpu *c, struct vgic_bank *b,
				    u32 waiting, u32 base)
{
	for (; waiting; waiting &= waiting - 1) {
		u32 n = (u32)__builtin_ctz(waiting);

		if (!hw_line_fell(c != NULL ? c->physical[n]
					    : g->spis[base + n - VGIC_PRIVATES].physical))
			continue;
		atomic_fetch_and_explicit(&b->latch, ~(1u << n), memory_order_relaxed);
		vgic_unlink(g, b, 1u << n, false);
	}
}

/* What waits in @c's own bank (its vCPU is loaded here), and of SPIs. Own, lock. */
static inline void vgic_drop_private(struct vgic *g, struct vgic_cpu *c)
{
	u32 waiting = vgic_waiting(&c->bank);

	if (__builtin_expect(waiting != 0, 0))
		vgic_drop_fallen(g, c, &c->bank, waiting, 0);
}

static inline void vgic_drop_shared(struct vgic *g, u32 w)
{
	u32 waiting = vgic_waiting(&g->spi[w]);

	if (__builtin_expect(waiting != 0, 0))
		vgic_drop_fallen(g, NULL, &g->spi[w], waiting, 32 * (w + 1));
}

/** vgic_settle() - before an access to the distributor's register at @offset: if it has pending
 * state of SPIs, that is held against the lines behind it. Lock. */
static inline void vgic_settle(struct vgic *g, u32 offset)
{
	u32 w = offset % 128 / 4 - 1;

	if (offset >= 0x200 && offset < 0x300 && w < g->num_spis / 32)
		vgic_drop_shared(g, w);
}

/* Read back every list register in use. None is afterwards: the caller clears or rewrites them. */
static __cold u64 vgic_fold_hardware(struct vgic *g, struct vgic_cpu *c)
{
	u64 lrs[VGIC_MAX_LRS], kick = 0;

	if (c->hcr_written & VGIC_HCR_LRENPIE) {
		kick = vgic_eoi_count(g, c, VGIC_HCR_COUNT(hw_hcr_read()));
		c->hcr_written = 0; /* to be written again, with a count of zero */
	}
	for (u32 used = c->used; used; used &= used - 1) {
		u32 n = (u32)__builtin_ctz(used);

		lrs[n] = hw_lr_read(n);
		if (vgic_stale(g, c, lrs[n]))
			lrs[n] = 0;
	}
	return kick | vgic_fold(g, c, lrs);
}

/* What vgic_fill() gave is written; list registers of @stale that it did not use are cleared. */
static inline void vgic_write_back(const struct vgic *g, struct vgic_cpu *c, u32 written, u32 stale)
{
	for (u32 w = written; w; w &= w - 1) {
		u32 n = (u32)__builtin_ctz(w), spi = LR_INTID(c->lr[n]) - VGIC_PRIVATES;

		hw_lr_write(n, c->lr[n]);
		/* The next one comes to where this one is ended. */
		if (spi < VGIC_MAX_SPIS && g->spi[spi / 32].linked >> spi % 32 & 1)
			hw_route_here(g->spis[spi].physical);
	}
	for (stale &= ~written; stale; stale &= stale - 1)
		hw_lr_write((u32)__builtin_ctz(stale), 0);
	if (c->hcr_written != (VGIC_HCR_EN | c->hcr)) {
		c->hcr_written = VGIC_HCR_EN | c->hcr;
		hw_hcr_write(c->hcr_written);
	}
}

/* Of the list registers in @empty: those that ask for maintenance until they are rewritten, and
 * those whose interrupt has come again. The others stay their interrupt's own until the room is
 * needed, so that the next time is short. */
static inline u32 vgic_due(struct vgic *g, const struct vgic_cpu *c, u32 empty)
{
	u32 due = 0;

	for (; empty; empty &= empty - 1) {
		u32 n = (u32)__builtin_ctz(empty), intid = LR_INTID(c->lr[n]);
		const struct vgic_bank *b =
			intid < VGIC_PRIVATES ? &c->bank : &g->spi[intid / 32 - 1];

		if (c->lr[n] & LR_EOI || b->latch >> intid % 32 & 1)
			due |= 1u << n;
	}
	return due;
}

/** vgic_update() - bring list registers up to date with the model. @flags: what changed. Own, lock.
 * Return: vCPUs to kick. */
static inline u64 vgic_update(struct vgic *g, struct vgic_cpu *c, u32 flags)
{
	u32 used = c->used, stale = 0, written = VGIC_NEED_FOLD;
	u64 kick = 0;

	if (c->overflow)
		flags |= VGIC_FOLD; /* EOIs may have been counted, and the next in the queue is due
				     */
	vgic_drop_private(g, c);
	for (u32 w = 0; flags & (VGIC_SHARED | VGIC_FOLD) && w < g->num_spis / 32; w++)
		vgic_drop_shared(g, w);
	if (!(flags & VGIC_FOLD)) {
		u32 empty = used ? (hw_elrsr_read() | hw_eisr_read()) & used : 0;

		stale = vgic_due(g, c, empty);
		flags |= vgic_release(g, c, stale, &kick);
		written = vgic_fill(g, c, flags);
		if (written == VGIC_NEED_FOLD && empty != stale) {
			flags |= vgic_release(g, c, empty & ~stale, &kick);
			stale = empty;
			written = vgic_fill(g, c, flags);
		}
	}
	if (written == VGIC_NEED_FOLD) {
		stale = used;
		kick |= vgic_fold_hardware(g, c);
		written = vgic_fill(g, c, VGIC_PRIVATE | VGIC_SHARED);
	}
	vgic_write_back(g, c, written, stale);
	if (c->bank.release || g->released)
		vgic_release_physical(g, c, true);
	return kick;
}

/* --- The short ways, without the lock: only what is this CPU's own is touched ----------------- */

/** vgic_enable_fast() - a write of @value to the distributor's register at @offset, if that is a
 * GICD_ISENABLER of SPIs and none of those is pending. No lock.
 * Return: done; otherwise it must be done with the lock, and that again. */
static inline bool vgic_enable_fast(struct vgic *g, u32 offset, u32 value)
{
	u64 w = (offset - 0x104) / 4, words = g->num_spis / 32;
	struct vgic_bank *b;

	if (w >= words || offset & 3)
		return false;
	b = &g->spi[arch_index_clamp(w, words)];
	atomic_fetch_or(&b->enabled, value);
	/* What becomes pending after this is seen by the flush that its own mark causes. */
	atomic_thread_fence(memory_order_seq_cst);
	return !(value & (b->latch | b->line));
}

/* Private interrupt @intid is pending again. Its last list register is still its own; if that is
 * empty (@empty), what was written there serves once more: had the interrupt's registers changed
 * since, a flag would be set, which the caller has looked at. */
static inline bool vgic_put_again(struct vgic_cpu *c, u32 intid, u32 empty)
{
	u32 n = c->lr_of[intid];
	u64 lr = c->lr[n];

	/* Its bit of c->moved is still set: SGIs and what is linked always take the latch along. */
	return c->bank.inflight >> intid & 1 && lr >> 62 == LR_PENDING >> 62 && empty >> n & 1 &&
	       hw_lr_write_short(n, lr);
}

/* Whether something of @c may have to be put into a list register for the first time, or is none of
 * the SGIs @again that are to be put again. */
static inline bool vgic_more_than(const struct vgic_cpu *c, u32 latch, u32 enabled, u32 again)
{
	const struct vgic_bank *b = &c->bank;

	return (((latch | b->line) & enabled) | b->active) & ~b->inflight || again >> 16 ||
	       c->overflow;
}

/** vgic_flush_sgis() - serve VGIC_PRIVATE, the only flag that was set, if it was for SGIs that have
 * been here before and nothing else (GICv3). Own, no lock. Return: done; otherwise the caller must
 * update. */
static inline bool vgic_flush_sgis(struct vgic_cpu *c)
{
	struct vgic_bank *b = &c->bank;
	u32 latch = atomic_load_explicit(&b->latch, memory_order_relaxed);
	u32 enabled = atomic_load_explicit(&b->enabled, memory_order_relaxed);
	u32 again = latch & enabled & b->inflight, empty;

	if (vgic_more_than(c, latch, enabled, again))
		return false;
	for (empty = hw_elrsr_read(); again; again &= again - 1) {
		if (!vgic_put_again(c, (u32)__builtin_ctz(again), empty))
			return false;
		/* One more SGI until here is the same as this one. */
		atomic_fetch_and_explicit(&b->latch, ~(again & -again), memory_order_relaxed);
	}
	return true;
}

/* The list register that SGI @intid had last is for one from vCPU @source alone (GICv2). */
static inline bool vgic_is_from(const struct vgic_cpu *c, u32 intid, u32 source)
{
	u64 lr = c->lr[c->lr_of[intid]];

	return FIELD(lr, 34, 32) == source && !(lr & LR_EOI);
}

/** vgic_flush_sgis_v2() - the same for GICv2, where each was here before from the same vCPU. */
static __attribute__((noinline)) bool vgic_flush_sgis_v2(struct vgic_cpu *c)
{
	struct vgic_bank *b = &c->bank;
	u32 latch = atomic_load_explicit(&b->latch, memory_order_relaxed);
	u32 enabled = atomic_load_explicit(&b->enabled, memory_order_relaxed);
	u32 again = latch & enabled & b->inflight, empty;

	if (vgic_more_than(c, latch, enabled, again))
		return false;
	for (empty = hw_elrsr_read(); again; again &= again - 1) {
		u32 intid = (u32)__builtin_ctz(again), source, from;

		source = atomic_load_explicit(&c->sources[intid], memory_order_relaxed);
		from = source ? (u32)__builtin_ctz(source) : 0;
		if (source != 1u << from || !vgic_is_from(c, intid, from))
			return false;
		/* Another sender sets the latch anew after its source, and a flag after that. */
		atomic_fetch_and_explicit(&b->latch, ~(1u << intid), memory_order_acq_rel);
		atomic_fetch_and_explicit(&c->sources[intid], (u8)~source, memory_order_relaxed);
		if (!vgic_put_again(c, intid, empty)) {
			atomic_fetch_or_explicit(&c->sources[intid], (u8)source,
						 memory_order_relaxed);
			atomic_fetch_or_explicit(&b->latch, 1u << intid, memory_order_release);
			return false;
		}
	}
	return true;
}

/* It is pending or active there. One more is the same as the one that is pending. */
static __attribute__((noinline)) bool vgic_sgi_merge(struct vgic_cpu *c, u32 intid)
{
	u32 n = c->lr_of[intid];
	u64 lr = c->lr[n], now = hw_lr_read(n);

	if (!(c->bank.inflight >> intid & 1) || lr >> 62 != LR_PENDING >> 62 || !(now & LR_STATE))
		return false;
	return now & LR_PENDING || hw_lr_write_short(n, lr | LR_ACTIVE);
}

/** vgic_sgi_self() - group 1 SGI @intid from the vCPU to itself, where it has been before (GICv3).
 * Own, no lock. Return: done; otherwise post it. */
static inline bool vgic_sgi_self(struct vgic_cpu *c, u32 intid)
{
	return !atomic_load_explicit(&c->flags, memory_order_relaxed) && !c->overflow &&
	       c->lr[c->lr_of[intid]] & LR_GROUP1 &&
	       (vgic_put_again(c, intid, hw_elrsr_read()) || vgic_sgi_merge(c, intid));
}

/** vgic_sgi_self_v2() - the same for GICv2, by GICD_SGIR. */
static inline bool vgic_sgi_self_v2(struct vgic_cpu *c, u32 intid)
{
	return !atomic_load_explicit(&c->flags, memory_order_relaxed) && !c->overflow &&
	       !atomic_load_explicit(&c->sources[intid], memory_order_relaxed) &&
	       vgic_is_from(c, intid, c->index) &&
	       (vgic_put_again(c, intid, hw_elrsr_read()) || vgic_sgi_merge(c, intid));
}

/** vgic_sgi_other() - GICv2: SGI @intid from vCPU @source to @c. Any context, no lock. Return: a
 * kick is needed. */
static inline bool vgic_sgi_other(struct vgic_cpu *c, u32 intid, u32 source)
{
	atomic_fetch_or_explicit(&c->sources[intid], (u8)(1u << source), memory_order_relaxed);
	atomic_fetch_or_explicit(&c->bank.latch, 1u << intid, memory_order_release);
	return vgic_mark(c, VGIC_PRIVATE);
}

/** vgic_timer_fired() - the virtual timer's physical interrupt @physical came, and is active. Own,
 * no lock. Return: it is in its list register already; otherwise the caller must update. */
static inline bool vgic_timer_fired(struct vgic_cpu *c, u32 physical)
{
	/* Without its deactivation the timer could not have fired, so it is empty. */
	if (c->lr[c->lr_of[VGIC_TIMER]] & LR_HW &&
	    !atomic_load_explicit(&c->flags, memory_order_relaxed) &&
	    vgic_put_again(c, VGIC_TIMER, ~0u))
		return true;
	vgic_host_private(c, VGIC_TIMER, physical);
	return false;
}

/** vgic_withdraw() - everything back into the model, list registers empty; the next update looks at
 * all. Own, lock. Return: vCPUs to kick. */
static inline u64 vgic_withdraw(struct vgic *g, struct vgic_cpu *c)
{
	u32 used = c->used;
	u64 kick = vgic_fold_hardware(g, c);

	for (; used; used &= used - 1)
		hw_lr_write((u32)__builtin_ctz(used), 0);
	vgic_drop_private(g, c);
	if (c->bank.release || g->released)
		vgic_release_physical(g, c, true);
	vgic_mark(c, VGIC_PRIVATE | VGIC_SHARED);
	return kick;
}

#endif
