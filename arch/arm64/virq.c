/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts: the pure virtual GIC joined to the hardware's list registers.
 *
 * While a vCPU is loaded its list registers are live. They are read back only when something wants
 * to know; before an entry one flag says whether anything must be put into them. Nothing of
 * another CPU's list registers is ever touched: its flags are set and it is kicked.
 */
#include <asm/virq.h>

#include <arch/time.h>
#include <arch/virq.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/string.h>

#include "arch/arm64/virq_lr.h"
#include "drivers/irqchip/gic.h"

struct virq_hw virq_hw;

#define HOLD_NS        10000u /* one wait for another CPU, interrupts masked; docs/realtime.md */
#define VMCR_EOIM      0x200u
#define VMCR_PMR(vmcr) ((vmcr) >> 24)

static void hw_deactivate_private(u32 intid)
{
	irqchip->deactivate(intid);
}

static void hw_deactivate_shared(u32 intid)
{
	irqchip->set_active(intid, false);
}

/*
 * The physical interrupt @intid is active, but the level that it was for is gone: GICD_ISPENDRn
 * follows the line of an active one, too (IHI 0048B §4.3.7, IHI 0069 §12.9.28). Of the virtual
 * timer's the loaded vCPU's register tells (Arm ARM D11.2.4). An edge is past in any case.
 */
static bool hw_line_fell(u32 intid)
{
	const struct irq_route *route;

	if (intid == virq_hw.vtimer)
		return (read_sysreg(cntv_ctl_el0) &
			(CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) !=
		       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
	route = irq_lookup(intid);
	return route && route->level && !irqchip->is_pending(intid);
}

static void hw_route_here(u32 intid)
{
	const struct irq_route *route = irq_lookup(intid);

	if (route && route->cpu != this_cpu()->id)
		irq_move(intid, this_cpu()->id);
}

/* --- Between model and list registers -------------------------------------------------------- */

#include "arch/arm64/pure/vgic_update.h"

void virq_release(struct vgic *g, struct vgic_cpu *c)
{
	vgic_release_physical(g, c, false);
}

static void kick(const struct guest *guest, u64 mask)
{
	for (; mask; mask &= mask - 1)
		vcpu_kick(guest->vcpus[__builtin_ctzll(mask)]);
}

__cold void virq_sync(struct vcpu *vcpu)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 kicked;

	if (!vcpu->arch.virq.loaded)
		return;
	spin_lock(&v->lock);
	kicked = vgic_withdraw(&v->vgic, &vcpu->arch.virq.vgic);
	spin_unlock(&v->lock);
	kick(vcpu->guest, kicked);
}

static bool __attribute__((noinline)) update(struct vcpu *vcpu, u32 flags)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 kicked;

	spin_lock(&v->lock);
	kicked = vgic_update(&v->vgic, &vcpu->arch.virq.vgic, flags);
	spin_unlock(&v->lock);
	if (kicked)
		kick(vcpu->guest, kicked);
	return true;
}

/* The counter's value in @ns. */
static u64 wait_end(u64 ns)
{
	return read_sysreg(cntpct_el0) + arch_time_frequency_hz() * ns / 1000000000u;
}

/* Another CPU works on our state, which it needs folded: give it that, and wait until it is done,
 * or has waited for longer than it may. */
static bool __cold yield_to_holder(struct vcpu *vcpu)
{
	struct vgic_cpu *c = &vcpu->arch.virq.vgic;

	u64 end = wait_end(2 * HOLD_NS);

	virq_sync(vcpu);
	while (atomic_load_explicit(&c->hold, memory_order_acquire) &&
	       read_sysreg(cntpct_el0) < end)
		arch_cpu_relax();
	return update(vcpu, atomic_exchange_explicit(&c->flags, 0, memory_order_acquire));
}

/* Always true, so that callers end in it. */
static inline bool flush(struct vcpu *vcpu)
{
	struct vgic_cpu *c = &vcpu->arch.virq.vgic;
	u32 flags;

	if (__builtin_expect(atomic_load_explicit(&c->hold, memory_order_acquire) != 0, 0))
		return yield_to_holder(vcpu);
	flags = atomic_exchange_explicit(&c->flags, 0, memory_order_acquire);
	if (__builtin_expect(flags == VGIC_PRIVATE &&
				     (virq_hw.v3 ? vgic_flush_sgis(c) : vgic_flush_sgis_v2(c)),
			     1))
		return true;
	return update(vcpu, flags);
}

void virq_flush_slow(struct vcpu *vcpu)
{
	(void)flush(vcpu);
}

/* --- Guest's accesses ------------------------------------------------------------------------ */

static void hold_end(struct vcpu *vcpu, u64 mask)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;

	for (u64 m = mask; m; m &= m - 1) {
		struct vgic_cpu *c = g->cpus[__builtin_ctzll(m)];

		vgic_mark(c, VGIC_PRIVATE | VGIC_SHARED);
		atomic_fetch_sub(&c->hold, 1);
	}
	kick(vcpu->guest, mask);
}

/* Something that the run loop has to look at: asked of the vCPU, or of its CPU. */
static inline bool has_work(const struct vcpu *vcpu)
{
	return atomic_load_explicit(&vcpu->requests, memory_order_acquire) != 0 || sched_needed();
}

/* Have the other vCPUs in @mask folded and keep them so until hold_end(). While their CPUs do not
 * answer, this one takes its interrupts each HOLD_NS. False: then it has something else to do;
 * nothing is held. */
static bool __cold hold_begin(struct vcpu *vcpu, u64 mask)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;
	struct vgic_cpu *own = &vcpu->arch.virq.vgic;
	u64 end = wait_end(HOLD_NS);

	for (u64 m = mask; m; m &= m - 1)
		atomic_fetch_add(&g->cpus[__builtin_ctzll(m)]->hold, 1);
	for (u64 m = mask; m; m &= m - 1) {
		struct vgic_cpu *c = g->cpus[__builtin_ctzll(m)];

		vgic_mark(c, VGIC_FOLD);
		/* Whatever its CPU runs: its list registers are there (arch_virq_kicked()). */
		if (atomic_load(&c->used))
			arch_cpu_kick(vcpu->guest->vcpus[c->index]->thread.cpu);
		while (atomic_load(&c->used)) {
			if (read_sysreg(cntpct_el0) >= end) {
				irq_handle();
				if (has_work(vcpu)) {
					hold_end(vcpu, mask);
					return false;
				}
				/* It may have given up its own wait, and filled again. */
				vgic_mark(c, VGIC_FOLD);
				arch_cpu_kick(vcpu->guest->vcpus[c->index]->thread.cpu);
				end = wait_end(HOLD_NS);
			}
			/* It may be waiting for us in the same way. */
			if (atomic_load(&own->hold) && atomic_load(&own->used))
				virq_sync(vcpu);
			arch_cpu_relax();
		}
	}
	return true;
}

void arch_virq_kicked(void)
{
	struct vcpu *vcpu = this_cpu()->current;

	if (!vcpu || !atomic_load(&vcpu->arch.virq.vgic.hold))
		return;
	virq_sync(vcpu);
	/* The folding left flags behind that nobody was kicked for. */
	vcpu_kick(vcpu);
}

/* Registers with pending, active or configuration state: list registers that hold some of it are
 * folded first, those of other vCPUs for as long as the access takes. Return: those. */
static bool __attribute__((noinline))
fold_for(struct vcpu *vcpu, bool redist, u32 offset, bool write, u64 *others)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 folds = redist ? vgic_redist_folds(&v->vgic, vcpu->index, offset)
			   : vgic_dist_folds(&v->vgic, vcpu->index, offset, write);

	if (folds & BIT(vcpu->index))
		virq_sync(vcpu);
	*others = folds & ~BIT(vcpu->index);
	return !*others || hold_begin(vcpu, *others);
}

/* The guest repeats the access: the caller sees that once it has flushed. */
static void __cold again(struct vcpu *vcpu)
{
	vcpu->arch.virq.again = true;
	vgic_mark(&vcpu->arch.virq.vgic, VGIC_PRIVATE);
}

/* What access() does: by the redistributors; pending, active or configuration state is concerned.
 */
#define ACCESS_REDIST 1u
#define ACCESS_STATE  2u

static u64 __attribute__((noinline))
access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value, u32 how)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 kicked, held = 0;

	if (how & ACCESS_STATE && !fold_for(vcpu, how & ACCESS_REDIST, offset, write, &held)) {
		again(vcpu);
		return 0;
	}
	spin_lock(&v->lock);
	if (how & ACCESS_REDIST) {
		kicked = vgic_redist_access(&v->vgic, vcpu->index, offset, width, write, &value);
	} else {
		if (how & ACCESS_STATE)
			vgic_settle(&v->vgic, offset);
		kicked = vgic_dist_access(&v->vgic, vcpu->index, offset, width, write, &value);
	}
	if (v->vgic.released || vcpu->arch.virq.vgic.bank.release)
		vgic_release_physical(&v->vgic, &vcpu->arch.virq.vgic, true);
	spin_unlock(&v->lock);
	if (held)
		hold_end(vcpu, held);
	kicked &= ~BIT(vcpu->index);
	if (kicked)
		kick(vcpu->guest, kicked);
	return value;
}

/* Deactivation of what need not be in a list register. */
static bool __cold dir_write(struct vcpu *vcpu, u64 value)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 kicked;

	virq_sync(vcpu);
	spin_lock(&v->lock);
	kicked = vgic_dir(&v->vgic, &vcpu->arch.virq.vgic, (u32)value & 0xffffff);
	vgic_release_physical(&v->vgic, &vcpu->arch.virq.vgic, true);
	spin_unlock(&v->lock);
	kick(vcpu->guest, kicked);
	return true;
}

/* The second page of a GICv2 CPU interface: GICC_DIR alone, which works in the split mode. */
static void __cold dir_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	if (write && offset == 0 && width == 4 && vmcr_read() & VMCR_EOIM)
		dir_write(vcpu, value & 0x3ff);
}

/* As vcpu_kick(), for a vCPU that runs on another CPU, as most do. */
static inline void ring(struct vcpu *vcpu)
{
	dsb(ish);
	if (__builtin_expect(atomic_load_explicit(&vcpu->thread.state, memory_order_relaxed) ==
				     VCPU_RUNNING,
			     1) &&
	    virq_hw.v3)
		write_sysreg(vcpu->arch.virq.doorbell, SYS_ICC_SGI1R_EL1);
	else
		vcpu_kick(vcpu);
}

/* GICD_SGIR to one vCPU, by a list or to itself. False: the long way. */
static inline bool sgir_short(struct vcpu *vcpu, u32 value)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;
	u32 list = value >> 16 & 0xff, intid = value & 15, filter = value >> 24 & 3, target;

	if (filter == 2)
		list = 1u << vcpu->index;
	if (filter & 1 || !list || list & (list - 1))
		return false;
	target = (u32)__builtin_ctz(list);
	if (target == vcpu->index)
		return vgic_sgi_self_v2(&vcpu->arch.virq.vgic, intid);
	if (target >= g->num_cpus || !g->cpus[target])
		return false;
	if (vgic_sgi_other(g->cpus[target], intid, vcpu->index))
		ring(container_of(g->cpus[target], struct vcpu, arch.virq.vgic));
	return true;
}

static u64 __attribute__((noinline)) sgir_write(struct vcpu *vcpu, u64 value)
{
	return sgir_short(vcpu, (u32)value) ? 0 : access(vcpu, GICD_SGIR, 4, true, value, 0);
}

/* What is not as hot, so that the rest needs no frame. Nothing that a read without state looks at
 * is more than one word: no lock. */
static u64 __attribute__((noinline))
dist_access(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;

	if (write && offset == GICD_SGIR && width == 4 && !virq_hw.v3)
		return sgir_write(vcpu, value);
	if (vgic_dist_has_state(g, offset, write))
		return access(vcpu, offset, width, write, value, ACCESS_STATE);
	if (write)
		return access(vcpu, offset, width, write, value, 0);
	(void)vgic_dist_access(g, vcpu->index, offset, width, false, &value);
	return value;
}

u64 virq_dist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;

	/* The hot ones, without the lock. */
	if (width == 4 && write && vgic_enable_fast(&v->vgic, offset, (u32)value))
		return value;
	if (width == 4 && !write && offset == GICD_TYPER)
		return v->vgic.typer;
	return dist_access(vcpu, offset, width, write, value);
}

u64 virq_redist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;

	if (vgic_redist_has_state(g, vcpu->index, offset))
		return access(vcpu, offset, width, write, value, ACCESS_REDIST | ACCESS_STATE);
	if (write)
		return access(vcpu, offset, width, write, value, ACCESS_REDIST);
	(void)vgic_redist_access(g, vcpu->index, offset, width, false, &value);
	return value;
}

__cold bool virq_again(struct vcpu *vcpu)
{
	bool again = vcpu->arch.virq.again;

	vcpu->arch.virq.again = false;
	return again;
}

bool virq_mmio(struct vcpu *vcpu, gpa_t gpa, u32 width, bool write, u64 *value)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	u64 offset = gpa.v - v->gicd;

	if (offset < v->gicd_size) {
		*value = virq_dist(vcpu, (u32)offset, width, write, *value);
		return true;
	}
	offset = gpa.v - v->gicr;
	if (offset < v->gicr_size) {
		*value = virq_redist(vcpu, (u32)offset, width, write, *value);
		return true;
	}
	offset = gpa.v - v->dir;
	if (offset >= v->dir_size)
		return false;
	dir_access(vcpu, (u32)offset, width, write, *value);
	*value = write ? *value : 0;
	return true;
}

/* ESR_EL2.ISS of a trapped MRS or MSR, without Rt and direction (Arm ARM D17.2.37). */
#define ISS_REG(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_REG_MASK 0x3ffc1eu
#define ISS_SGI1R    ISS_REG(3u, 0u, 12u, 11u, 5u)
#define ISS_ASGI1R   ISS_REG(3u, 0u, 12u, 11u, 6u)
#define ISS_SGI0R    ISS_REG(3u, 0u, 12u, 11u, 7u)
#define ISS_DIR      ISS_REG(3u, 0u, 12u, 11u, 1u)

static bool __attribute__((noinline)) sgi_write(struct vcpu *vcpu, u64 value, bool group1)
{
	u64 kicked = vgic_sgi1r(&vcpu->guest->arch.virq.vgic, vcpu->index, value, group1);

	kicked &= ~BIT(vcpu->index);
	if (kicked)
		kick(vcpu->guest, kicked);
	return true;
}

/*
 * ICC_SGI1R that names one vCPU of the first sixteen: what nearly all of them are. To itself,
 * straight into the list register; to another, its latch, its flag and a kick if nobody's is on
 * its way. False: the long way.
 */
static inline bool sgi_short(struct vcpu *vcpu, u64 value)
{
	struct vgic *g = &vcpu->guest->arch.virq.vgic;
	u32 list = value & 0xffff, intid = (u32)FIELD(value, 27, 24), target;
	struct vgic_cpu *c;

	if (value & ~(MASK(27, 24) | MASK(15, 0)) || !list || list & (list - 1))
		return false;
	target = (u32)__builtin_ctz(list);
	if (target == vcpu->index)
		return vgic_sgi_self(&vcpu->arch.virq.vgic, intid);
	c = target < g->num_cpus ? g->cpus[target] : NULL;
	if (!c || !(c->bank.group >> intid & 1))
		return false;
	atomic_fetch_or_explicit(&c->bank.latch, 1u << intid, memory_order_relaxed);
	if (vgic_mark(c, VGIC_PRIVATE))
		ring(container_of(c, struct vcpu, arch.virq.vgic));
	return true;
}

bool virq_sgi(struct vcpu *vcpu, u64 value)
{
	return virq_hw.v3 && sgi_short(vcpu, value);
}

bool virq_sysreg(struct vcpu *vcpu, u32 iss, bool write, u64 *value)
{
	u32 reg = iss & ISS_REG_MASK;

	if (!write || !virq_hw.v3)
		return false; /* all of them are write-only */
	switch (reg) {
	case ISS_SGI1R: return sgi_write(vcpu, *value, true);
	case ISS_SGI0R:
	case ISS_ASGI1R: /* with one security state it makes group 0 SGIs, as ICC_SGI0R does */
		return sgi_write(vcpu, *value, false);
	case ISS_DIR: /* trapped only while active interrupts are outside list registers */
		return dir_write(vcpu, *value);
	default: return false;
	}
}

/* --- Host interrupts ------------------------------------------------------------------------- */

__cold void arch_virq_host(struct guest *guest, u32 guest_intid, u32 host_intid)
{
	const struct irq_route *route = irq_lookup(host_intid);
	struct arm64_virq *v = &guest->arch.virq;
	u64 kicked = 0;

	/* It goes on coming to this CPU until a vCPU elsewhere has it (hw_route_here()): one that
	 * is off, or does not get to run, never draws it to its CPU.
	 */
	spin_lock(&v->lock);
	if (vgic_host_spi(&v->vgic, guest_intid, host_intid, route && route->level, &kicked) != OK)
		irqchip->deactivate(host_intid);
	spin_unlock(&v->lock);
	kick(guest, kicked);
}

void arch_virq_set(struct guest *guest, u32 intid, bool level)
{
	struct arm64_virq *v = &guest->arch.virq;
	u64 kicked;

	spin_lock(&v->lock);
	kicked = vgic_set_level(&v->vgic, intid, level);
	spin_unlock(&v->lock);
	kick(guest, kicked);
}

void virq_timer_set(struct vcpu *vcpu, u32 ppi, bool level)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;

	spin_lock(&v->lock);
	vgic_set_private(&v->vgic, &vcpu->arch.virq.vgic, ppi, level);
	spin_unlock(&v->lock);
	if (level)
		vcpu_kick(vcpu);
}

/* Everything but the virtual timer, and GICv3's kick. */
static bool __attribute__((noinline)) other_interrupt(struct vcpu *vcpu, u32 intid)
{
	if (intid < GIC_SPURIOUS) {
		irq_dispatch(intid);
		/* The core's own timer and the like: the run loop has something to look at. */
		if (intid < GIC_PRIVATE && intid != SGI_KICK && intid != virq_hw.maintenance)
			return false;
	}
	virq_flush(vcpu);
	return !has_work(vcpu);
}

static bool __attribute__((noinline)) timer_interrupt(struct vcpu *vcpu, u32 intid)
{
	if (!virq_hw.v3)
		irqchip->eoi(intid);
	return vgic_timer_fired(&vcpu->arch.virq.vgic, intid) || flush(vcpu);
}

bool virq_interrupt(struct vcpu *vcpu)
{
	u32 intid;

	if (__builtin_expect(!virq_hw.v3, 0)) {
		intid = irqchip->ack();
		if (intid == virq_hw.vtimer)
			return timer_interrupt(vcpu, intid);
		if (intid != SGI_KICK)
			return other_interrupt(vcpu, intid);
		return !has_work(vcpu) && flush(vcpu);
	}
	intid = gicv3_ack();
	if (intid == virq_hw.vtimer) {
		write_sysreg(intid, SYS_ICC_EOIR1_EL1);
		return timer_interrupt(vcpu, intid);
	}
	if (intid != SGI_KICK)
		return other_interrupt(vcpu, intid);
	write_sysreg(intid, SYS_ICC_EOIR1_EL1);
	write_sysreg(intid, SYS_ICC_DIR_EL1);
	/* A request from here on comes with a kick of its own. */
	return !has_work(vcpu) && flush(vcpu);
}

/* The timer of the loaded vCPU fired outside its run: in idle, or while another thread ran. */
void virq_vtimer_handler(u32 intid)
{
	struct vcpu *vcpu = this_cpu()->current;

	if (vcpu)
		virq_vtimer_fired(vcpu);
	else
		irqchip->deactivate(intid);
}

__cold void virq_vtimer_fired(struct vcpu *vcpu)
{
	struct vgic_cpu *c = &vcpu->arch.virq.vgic;

	/* Loaded, its list registers are this CPU's: most often the last one serves again. */
	if (vcpu->arch.virq.loaded)
		(void)vgic_timer_fired(c, virq_hw.vtimer);
	else
		vgic_host_private(c, VGIC_TIMER, virq_hw.vtimer);
	vcpu_kick(vcpu);
}

bool virq_holds_vtimer(const struct vcpu *vcpu)
{
	return vcpu->arch.virq.vgic.bank.linked >> VGIC_TIMER & 1;
}

/* A list register asked for service: what it says is read by the flush, which also quiets it. */
void virq_maintenance_handler(u32 intid)
{
	struct vcpu *vcpu = this_cpu()->current;

	(void)intid;
	if (!vcpu || !vcpu->arch.virq.loaded) {
		hw_hcr_write(0);
		return;
	}
	atomic_fetch_or_explicit(&vcpu->arch.virq.vgic.flags, VGIC_PRIVATE | VGIC_SHARED,
				 memory_order_relaxed);
	virq_flush_slow(vcpu);
}

/* --- Waiting --------------------------------------------------------------------------------- */

/* One of the list registers holds something that would be signalled now. */
static bool lrs_signal(const struct vgic_cpu *c)
{
	u32 vmcr = vmcr_read(), mask = VMCR_PMR(vmcr) & (virq_hw.v3 ? 0xff : 0xf8);

	for (u32 used = c->used; used; used &= used - 1) {
		u64 lr = hw_lr_read((u32)__builtin_ctz(used));

		if (lr & LR_PENDING && vmcr & (lr & LR_GROUP1 ? 2 : 1) && FIELD(lr, 55, 48) < mask)
			return true;
	}
	return false;
}

bool virq_wants(struct vcpu *vcpu)
{
	struct arm64_virq *v = &vcpu->guest->arch.virq;
	struct vgic_cpu *c = &vcpu->arch.virq.vgic;
	bool ready;

	if (vcpu->arch.virq.loaded) {
		virq_flush(vcpu);
		return lrs_signal(c);
	}
	spin_lock(&v->lock);
	/* Looked at now; virq_load() sets them all again. */
	atomic_store_explicit(&c->flags, 0, memory_order_relaxed);
	ready = vgic_ready(&v->vgic, c);
	spin_unlock(&v->lock);
	return ready;
}
