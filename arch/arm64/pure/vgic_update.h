/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps between the virtual GIC and list registers, over any implementation of these.
 * virq_update.c includes this file with the machine's, the tests with simulated ones. The functions
 * are inline, because they are on the hot path.
 *
 * The includer defines before:
 *   u64 hw_lr_read(u32 n), void hw_lr_write(u32 n, u64 lr)
 *   bool hw_lr_write_short(u32 n, u64 lr)   the same, or false: needs hw_lr_write()
 *   u32 hw_elrsr_read(void)   empty list registers without maintenance
 *   u32 hw_eisr_read(void)    empty list registers with maintenance
 *   u32 hw_hcr_read(void), void hw_hcr_write(u32 hcr)
 *   bool hw_line_fell(u32 intid)   a physical one: level-sensitive, and its line is low
 *   void hw_route_to_self(u32 intid)   a shared physical one: it comes to this CPU from now on
 *   void hw_deactivate_private(u32 intid), void hw_deactivate_shared(u32 intid)   physical ones
 */
#ifndef ARM64_PURE_VGIC_UPDATE_H
#define ARM64_PURE_VGIC_UPDATE_H

#include "arch/arm64/pure/vgic.h"

#define VGIC_HCR_COUNT(hcr) ((hcr) >> 27)

/** vgic_release_physical() - deactivate the host interrupts that the model has released. @cpu: this
 * CPU's, or NULL. @reroute: route a shared one to this CPU, because it may come again at once. So a
 * guest's writes interrupt only CPUs on which it runs. */
static __cold void vgic_release_physical(struct vgic *vgic, struct vgic_cpu *cpu, bool reroute)
	REQUIRES(&vgic->lock)
{
	for (; cpu && cpu->bank.release; cpu->bank.release &= cpu->bank.release - 1)
		hw_deactivate_private(cpu->physical[__builtin_ctz(cpu->bank.release)]);
	if (!vgic->released)
		return;
	vgic->released = 0;
	for (u32 w = 0; w < vgic->num_spis / 32; w++) {
		struct vgic_bank *bank = &vgic->spi[w];

		for (; bank->release; bank->release &= bank->release - 1) {
			u32 physical =
				vgic->spis[w * 32 + (u32)__builtin_ctz(bank->release)].physical;

			if (reroute)
				hw_route_to_self(physical);
			hw_deactivate_shared(physical);
		}
	}
}

/* List register @lr, as read, is pending for a line that is low: a guest deasserts the line of a
 * passed-through device without an exit. */
static inline bool vgic_stale(const struct vgic *vgic, const struct vgic_cpu *cpu, u64 lr)
{
	u32 intid = LR_INTID(lr);
	const struct vgic_bank *bank =
		intid < VGIC_PRIVATES ? &cpu->bank : &vgic->spi[intid / 32 - 1];

	return (lr & (LR_HW | LR_STATE)) == (LR_HW | LR_PENDING) && bank->wired >> intid % 32 & 1 &&
	       hw_line_fell((u32)FIELD(lr, 44, 32));
}

/* The same for interrupts @waiting of bank @bank, the first of which is @base. They are disabled,
 * of a disabled group, or queued, and may be in the model for longer than their line is high. @cpu:
 * NULL for SPIs. */
static __cold void vgic_drop_fallen(struct vgic *vgic, struct vgic_cpu *cpu, struct vgic_bank *bank,
				    u32 waiting, u32 base) REQUIRES(&vgic->lock)
{
	for (; waiting; waiting &= waiting - 1) {
		u32 n = (u32)__builtin_ctz(waiting);

		if (!hw_line_fell(cpu != NULL ? cpu->physical[n]
					      : vgic->spis[base + n - VGIC_PRIVATES].physical))
			continue;
		atomic_fetch_and_explicit(&bank->latch, ~(1u << n), memory_order_relaxed);
		vgic_unlink(vgic, bank, 1u << n, false);
	}
}

/* Waiting interrupts of @c's own bank (its vCPU is loaded here), and SPIs. Own. */
static inline void vgic_drop_private(struct vgic *vgic, struct vgic_cpu *cpu) REQUIRES(&vgic->lock)
{
	u32 waiting = vgic_waiting(&cpu->bank);

	if (__builtin_expect(waiting != 0, 0))
		vgic_drop_fallen(vgic, cpu, &cpu->bank, waiting, 0);
}

/** vgic_drop_shared() - the same of bank @w of SPIs. */
static inline void vgic_drop_shared(struct vgic *vgic, u32 w) REQUIRES(&vgic->lock)
{
	u32 waiting = vgic_waiting(&vgic->spi[w]);

	if (__builtin_expect(waiting != 0, 0))
		vgic_drop_fallen(vgic, NULL, &vgic->spi[w], waiting, 32 * (w + 1));
}

/** vgic_settle() - before an access to the distributor's register at @offset: if it has pending
 * state of SPIs, that is held against the lines behind it. */
static inline void vgic_settle(struct vgic *vgic, u32 offset) REQUIRES(&vgic->lock)
{
	u32 w = offset % 128 / 4 - 1;

	if (offset >= 0x200 && offset < 0x300 && w < vgic->num_spis / 32)
		vgic_drop_shared(vgic, w);
}

/* Read back every list register in use. None is afterwards: the caller clears or rewrites them. */
static __cold u64 vgic_fold_hardware(struct vgic *vgic, struct vgic_cpu *cpu) REQUIRES(&vgic->lock)
{
	u64 lrs[VGIC_MAX_LRS], kick = 0;

	if (cpu->hcr_written & VGIC_HCR_LRENPIE) {
		kick = vgic_eoi_count(vgic, cpu, VGIC_HCR_COUNT(hw_hcr_read()));
		cpu->hcr_written = 0; /* to be written again, with a count of zero */
	}
	for (u32 used = cpu->used; used; used &= used - 1) {
		u32 n = (u32)__builtin_ctz(used);

		lrs[n] = hw_lr_read(n);
		if (vgic_stale(vgic, cpu, lrs[n]))
			lrs[n] = 0;
	}
	return kick | vgic_fold(vgic, cpu, lrs);
}

/* Writes the result of vgic_fill(); clears list registers of @stale that it did not use. */
static inline void vgic_write_back(const struct vgic *vgic, struct vgic_cpu *cpu, u32 written,
				   u32 stale)
{
	for (u32 w = written; w; w &= w - 1) {
		u32 n = (u32)__builtin_ctz(w), spi = LR_INTID(cpu->lr[n]) - VGIC_PRIVATES;

		hw_lr_write(n, cpu->lr[n]);
		/* The next one comes to where this one is ended. */
		if (spi < VGIC_MAX_SPIS && vgic->spi[spi / 32].linked >> spi % 32 & 1)
			hw_route_to_self(vgic->spis[spi].physical);
	}
	for (stale &= ~written; stale; stale &= stale - 1)
		hw_lr_write((u32)__builtin_ctz(stale), 0);
	if (cpu->hcr_written != (VGIC_HCR_EN | cpu->hcr)) {
		cpu->hcr_written = VGIC_HCR_EN | cpu->hcr;
		hw_hcr_write(cpu->hcr_written);
	}
}

/* Returns those of @empty that request maintenance until they are rewritten, and those whose
 * interrupt has come again. The others stay assigned to their interrupt until the room is needed,
 * which makes its next delivery fast. */
static inline u32 vgic_due(struct vgic *vgic, const struct vgic_cpu *cpu, u32 empty)
{
	u32 due = 0;

	for (; empty; empty &= empty - 1) {
		u32 n = (u32)__builtin_ctz(empty), intid = LR_INTID(cpu->lr[n]);
		const struct vgic_bank *bank =
			intid < VGIC_PRIVATES ? &cpu->bank : &vgic->spi[intid / 32 - 1];

		if (cpu->lr[n] & LR_EOI || bank->latch >> intid % 32 & 1)
			due |= 1u << n;
	}
	return due;
}

/** vgic_update() - bring list registers up to date with the model. @flags: the changes. Own.
 * Returns vCPUs to kick. */
static inline u64 vgic_update(struct vgic *vgic, struct vgic_cpu *cpu, u32 flags)
	REQUIRES(&vgic->lock)
{
	u32 used = cpu->used, stale = 0, written = VGIC_NEED_FOLD;
	u64 kick = 0;

	if (cpu->overflow)
		flags |= VGIC_FOLD; /* EOIs may have been counted, and the next in the queue is due
				     */
	vgic_drop_private(vgic, cpu);
	for (u32 w = 0; flags & (VGIC_SHARED | VGIC_FOLD) && w < vgic->num_spis / 32; w++)
		vgic_drop_shared(vgic, w);
	if (!(flags & VGIC_FOLD)) {
		u32 empty = used ? (hw_elrsr_read() | hw_eisr_read()) & used : 0;

		stale = vgic_due(vgic, cpu, empty);
		flags |= vgic_release(vgic, cpu, stale, &kick);
		written = vgic_fill(vgic, cpu, flags);
		if (written == VGIC_NEED_FOLD && empty != stale) {
			flags |= vgic_release(vgic, cpu, empty & ~stale, &kick);
			stale = empty;
			written = vgic_fill(vgic, cpu, flags);
		}
	}
	if (written == VGIC_NEED_FOLD) {
		stale = used;
		kick |= vgic_fold_hardware(vgic, cpu);
		written = vgic_fill(vgic, cpu, VGIC_PRIVATE | VGIC_SHARED);
	}
	vgic_write_back(vgic, cpu, written, stale);
	if (cpu->bank.release || vgic->released)
		vgic_release_physical(vgic, cpu, true);
	return kick;
}

/** vgic_withdraw() - move all state back into the model and empty the list registers; the next
 * update checks all. Own. Returns vCPUs to kick. */
static inline u64 vgic_withdraw(struct vgic *vgic, struct vgic_cpu *cpu) REQUIRES(&vgic->lock)
{
	u32 used = cpu->used;
	u64 kick = vgic_fold_hardware(vgic, cpu);

	for (; used; used &= used - 1)
		hw_lr_write((u32)__builtin_ctz(used), 0);
	vgic_drop_private(vgic, cpu);
	if (cpu->bank.release || vgic->released)
		vgic_release_physical(vgic, cpu, true);
	vgic_mark(cpu, VGIC_PRIVATE | VGIC_SHARED);
	return kick;
}

#endif
