/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps between the virtual GIC and list registers, over whatever has list registers: virq.c
 * includes this file with the machine's, the tests with simulated ones. Inline, because the hot
 * path goes through it.
 *
 * The includer defines before:
 *   u64 hw_lr_read(u32 n), void hw_lr_write(u32 n, u64 lr)
 *   u32 hw_elrsr_read(void)                 list registers that are empty
 *   u32 hw_hcr_read(void), void hw_hcr_write(u32 hcr)
 *   void hw_deactivate_private(u32 intid), void hw_deactivate_shared(u32 intid)   physical ones
 */
#ifndef ARM64_PURE_VGIC_UPDATE_H
#define ARM64_PURE_VGIC_UPDATE_H

#include "arch/arm64/pure/vgic.h"

#define VGIC_TIMER          27 /* the guest's INTID of its virtual timer */
#define VGIC_HCR_COUNT(hcr) ((hcr) >> 27)

/** vgic_release_physical() - deactivate the physical interrupts that the model let go. @c: this
 * CPU's, or NULL. Lock. */
static inline void vgic_release_physical(struct vgic *g, struct vgic_cpu *c)
{
	for (; c && c->bank.release; c->bank.release &= c->bank.release - 1)
		hw_deactivate_private(c->physical[__builtin_ctz(c->bank.release)]);
	if (!g->released)
		return;
	g->released = 0;
	for (u32 w = 0; w < g->num_spis / 32; w++) {
		struct vgic_bank *b = &g->spi[w];

		for (; b->release; b->release &= b->release - 1) {
			u32 n = (u32)__builtin_ctz(b->release);

			hw_deactivate_shared(g->spis[w * 32 + n].physical);
		}
	}
}

/* Read back every list register in use. None is afterwards: the caller clears or rewrites them. */
static inline u64 vgic_fold_hardware(struct vgic *g, struct vgic_cpu *c)
{
	u64 lrs[VGIC_MAX_LRS], kick = 0;

	if (c->hcr_written & VGIC_HCR_LRENPIE) {
		kick = vgic_eoi_count(g, c, VGIC_HCR_COUNT(hw_hcr_read()));
		c->hcr_written = 0; /* to be written again, with a count of zero */
	}
	for (u32 used = c->used; used; used &= used - 1) {
		u32 n = (u32)__builtin_ctz(used);

		lrs[n] = hw_lr_read(n);
	}
	return kick | vgic_fold(g, c, lrs);
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
	if (used && !(flags & VGIC_FOLD)) {
		u32 empty = hw_elrsr_read() & used;

		/* The timer's stays its own, so that the next one takes the short way. */
		if (c->bank.inflight & ~c->bank.latch & c->bank.linked & 1u << VGIC_TIMER)
			empty &= ~(1u << c->lr_of[VGIC_TIMER]);
		/* One that asked for maintenance goes on asking until it is rewritten. */
		for (u32 e = empty; e; e &= e - 1)
			if (c->lr[__builtin_ctz(e)] & LR_EOI)
				stale |= e & -e;
		if (empty)
			flags |= vgic_release(g, c, empty, &kick);
	}
	if (!(flags & VGIC_FOLD))
		written = vgic_fill(g, c, flags);
	if (written == VGIC_NEED_FOLD) {
		stale = used;
		kick |= vgic_fold_hardware(g, c);
		written = vgic_fill(g, c, VGIC_PRIVATE | VGIC_SHARED);
	}
	for (u32 w = written; w; w &= w - 1)
		hw_lr_write((u32)__builtin_ctz(w), c->lr[__builtin_ctz(w)]);
	for (stale &= ~written; stale; stale &= stale - 1)
		hw_lr_write((u32)__builtin_ctz(stale), 0);
	if (c->hcr_written != (VGIC_HCR_EN | c->hcr)) {
		c->hcr_written = VGIC_HCR_EN | c->hcr;
		hw_hcr_write(c->hcr_written);
	}
	if (c->bank.release || g->released)
		vgic_release_physical(g, c);
	return kick;
}

/** vgic_withdraw() - everything back into the model, list registers empty; the next update looks at
 * all. Own, lock. Return: vCPUs to kick. */
static inline u64 vgic_withdraw(struct vgic *g, struct vgic_cpu *c)
{
	u32 used = c->used;
	u64 kick = vgic_fold_hardware(g, c);

	for (; used; used &= used - 1)
		hw_lr_write((u32)__builtin_ctz(used), 0);
	vgic_release_physical(g, c);
	vgic_mark(c, VGIC_PRIVATE | VGIC_SHARED);
	return kick;
}

/** vgic_timer_fired() - the virtual timer's physical interrupt @physical came, and is active. Own,
 * no lock. Return: it is in its list register already; otherwise the caller must update. */
static inline bool vgic_timer_fired(struct vgic_cpu *c, u32 physical)
{
	u32 n = c->lr_of[VGIC_TIMER];

	/* Its last list register is still its own, and empty: without its deactivation it could
	 * not have fired. It was signalled then, and a change of its registers would have set a
	 * flag, so it is to be signalled now. */
	if (c->bank.inflight & 1u << VGIC_TIMER &&
	    (c->lr[n] & (LR_HW | LR_STATE)) == (LR_HW | LR_PENDING) &&
	    !atomic_load_explicit(&c->flags, memory_order_relaxed)) {
		c->moved |= (u16)(1u << n);
		hw_lr_write(n, c->lr[n]);
		return true;
	}
	vgic_host_private(c, VGIC_TIMER, physical);
	return false;
}

#endif
