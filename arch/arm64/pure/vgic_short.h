/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short ways from events to list registers, without the lock: each touches only what is its own
 * CPU's. The includer defines list registers before, as for vgic_update.h.
 */
#ifndef ARM64_PURE_VGIC_SHORT_H
#define ARM64_PURE_VGIC_SHORT_H

#include "arch/arm64/pure/vgic.h"
#include <arch/speculation.h>

/** vgic_enable_fast() - a write of @value to the distributor's register at @offset, if that is a
 * GICD_ISENABLER of SPIs and none of those is pending. No lock.
 * Returns true if it is done; otherwise the whole write must be repeated with the lock. */
static inline bool vgic_enable_fast(struct vgic *vgic, u32 offset, u32 value)
{
	u64 w = (offset - 0x104) / 4, words = vgic->num_spis / 32;
	struct vgic_bank *bank;

	if (w >= words || offset & 3)
		return false;
	bank = &vgic->spi[arch_index_clamp(w, words)];
	atomic_fetch_or(&bank->enabled, value);
	/* An interrupt that becomes pending after this is seen by the flush of its own mark. */
	atomic_thread_fence(memory_order_seq_cst);
	return !(value & (bank->latch | bank->line));
}

/* Private interrupt @intid is pending again, and its last list register is still its own. If that
 * is empty (@empty), the same value serves once more. A change of the interrupt's registers would
 * have set a flag, which the caller has checked. */
static inline bool vgic_put_again(struct vgic_cpu *cpu, u32 intid, u32 empty)
{
	u32 n = cpu->lr_of[intid];
	u64 lr = cpu->lr[n];

	/* Its bit of cpu->moved is still set: SGIs and what is linked always take the latch along.
	 */
	return cpu->bank.inflight >> intid & 1 && lr >> 62 == LR_PENDING >> 62 && empty >> n & 1 &&
	       hw_lr_write_short(n, lr);
}

/* Returns true if @cpu may have other work than the SGIs @again, which have been in list registers.
 */
static inline bool vgic_more_than(const struct vgic_cpu *cpu, u32 latch, u32 enabled, u32 again)
{
	const struct vgic_bank *bank = &cpu->bank;

	return (((latch | bank->line) & enabled) | bank->active) & ~bank->inflight || again >> 16 ||
	       cpu->overflow;
}

/** vgic_flush_sgis() - serve VGIC_PRIVATE, the only flag that was set, if it was for SGIs that have
 * been here before and nothing else (GICv3). Own, no lock. Returns true if it is done; otherwise
 * the caller must update. */
static inline bool vgic_flush_sgis(struct vgic_cpu *cpu)
{
	struct vgic_bank *bank = &cpu->bank;
	u32 latch = atomic_load_explicit(&bank->latch, memory_order_relaxed);
	u32 enabled = atomic_load_explicit(&bank->enabled, memory_order_relaxed);
	u32 again = latch & enabled & bank->inflight, empty;

	if (vgic_more_than(cpu, latch, enabled, again))
		return false;
	for (empty = hw_elrsr_read(); again; again &= again - 1) {
		if (!vgic_put_again(cpu, (u32)__builtin_ctz(again), empty))
			return false;
		/* One more SGI until here is the same as this one. */
		atomic_fetch_and_explicit(&bank->latch, ~(again & -again), memory_order_relaxed);
	}
	return true;
}

/* The list register that SGI @intid had last is for one from vCPU @source alone (GICv2). */
static inline bool vgic_is_from(const struct vgic_cpu *cpu, u32 intid, u32 source)
{
	u64 lr = cpu->lr[cpu->lr_of[intid]];

	return FIELD(lr, 34, 32) == source && !(lr & LR_EOI);
}

/** vgic_flush_sgis_v2() - the same for GICv2, where each was here before from the same vCPU. */
static __maybe_unused __attribute__((noinline)) bool vgic_flush_sgis_v2(struct vgic_cpu *cpu)
{
	struct vgic_bank *bank = &cpu->bank;
	u32 latch = atomic_load_explicit(&bank->latch, memory_order_relaxed);
	u32 enabled = atomic_load_explicit(&bank->enabled, memory_order_relaxed);
	u32 again = latch & enabled & bank->inflight, empty;

	if (vgic_more_than(cpu, latch, enabled, again))
		return false;
	for (empty = hw_elrsr_read(); again; again &= again - 1) {
		u32 intid = (u32)__builtin_ctz(again), source, from;

		source = atomic_load_explicit(&cpu->sources[intid], memory_order_relaxed);
		from = source ? (u32)__builtin_ctz(source) : 0;
		if (source != 1u << from || !vgic_is_from(cpu, intid, from))
			return false;
		/* Another sender sets the latch again after its source, and a flag after that. */
		atomic_fetch_and_explicit(&bank->latch, ~(1u << intid), memory_order_acq_rel);
		atomic_fetch_and_explicit(&cpu->sources[intid], (u8)~source, memory_order_relaxed);
		if (!vgic_put_again(cpu, intid, empty)) {
			atomic_fetch_or_explicit(&cpu->sources[intid], (u8)source,
						 memory_order_relaxed);
			atomic_fetch_or_explicit(&bank->latch, 1u << intid, memory_order_release);
			return false;
		}
	}
	return true;
}

/* It is pending or active there. One more is the same as the one that is pending. */
static __maybe_unused __attribute__((noinline)) bool vgic_sgi_merge(struct vgic_cpu *cpu, u32 intid)
{
	u32 n = cpu->lr_of[intid];
	u64 lr = cpu->lr[n], now = hw_lr_read(n);

	if (!(cpu->bank.inflight >> intid & 1) || lr >> 62 != LR_PENDING >> 62 || !(now & LR_STATE))
		return false;
	return now & LR_PENDING || hw_lr_write_short(n, lr | LR_ACTIVE);
}

/** vgic_sgi_self() - group 1 SGI @intid from the vCPU to itself, where it has been before (GICv3).
 * Own, no lock. Returns true if it is done; otherwise the caller must post it. */
static inline bool vgic_sgi_self(struct vgic_cpu *cpu, u32 intid)
{
	return !atomic_load_explicit(&cpu->flags, memory_order_relaxed) && !cpu->overflow &&
	       cpu->lr[cpu->lr_of[intid]] & LR_GROUP1 &&
	       (vgic_put_again(cpu, intid, hw_elrsr_read()) || vgic_sgi_merge(cpu, intid));
}

/** vgic_sgi_self_v2() - the same for GICv2, by GICD_SGIR. */
static inline bool vgic_sgi_self_v2(struct vgic_cpu *cpu, u32 intid)
{
	return !atomic_load_explicit(&cpu->flags, memory_order_relaxed) && !cpu->overflow &&
	       !atomic_load_explicit(&cpu->sources[intid], memory_order_relaxed) &&
	       vgic_is_from(cpu, intid, cpu->index) &&
	       (vgic_put_again(cpu, intid, hw_elrsr_read()) || vgic_sgi_merge(cpu, intid));
}

/** vgic_sgi_other() - GICv2: SGI @intid from vCPU @source to @cpu. Any context, no lock. Returns
 * true if a kick is needed. */
static inline bool vgic_sgi_other(struct vgic_cpu *cpu, u32 intid, u32 source)
{
	atomic_fetch_or_explicit(&cpu->sources[intid], (u8)(1u << source), memory_order_relaxed);
	atomic_fetch_or_explicit(&cpu->bank.latch, 1u << intid, memory_order_release);
	return vgic_mark(cpu, VGIC_PRIVATE);
}

/** vgic_timer_fired() - the virtual timer's physical interrupt @physical came, and is active. Own,
 * no lock. Returns true if it is in its list register already; otherwise the caller must update. */
static inline bool vgic_timer_fired(struct vgic_cpu *cpu, u32 physical)
{
	/* Without its deactivation the timer could not have fired, so it is empty. */
	if (cpu->lr[cpu->lr_of[VGIC_TIMER]] & LR_HW &&
	    !atomic_load_explicit(&cpu->flags, memory_order_relaxed) &&
	    vgic_put_again(cpu, VGIC_TIMER, ~0u))
		return true;
	vgic_host_private(cpu, VGIC_TIMER, physical);
	return false;
}

#endif
