/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's virtual interrupts on this machine: the pure virtual GIC (pure/vgic.h) joined to list
 * registers, physical interrupts and kicks.
 *
 * Order of calls: virq_guest_init() once; virq_vcpu_reset() for each vCPU before it first runs;
 * then virq_load(), { virq_flush(), run the guest, virq_interrupt()/virq_mmio()/virq_sysreg() ...
 * }, virq_put(). All of them on the vCPU's own CPU unless said otherwise, host interrupts masked.
 */
#ifndef ASM_VIRQ_H
#define ASM_VIRQ_H

#include "arch/arm64/pure/vgic.h"
#include <mullion/err.h>
#include <mullion/spinlock.h>
#include <mullion/types.h>

struct guest;
struct vcpu;

/* In struct arch_guest as .virq. */
struct arm64_virq {
	struct vgic vgic;
	u64 gicd, gicd_size; /* guest-physical, bytes */
	u64 gicr, gicr_size; /* size 0 for GICv2 */
	u64 dir, dir_size;   /* GICv2: the CPU interface's second page; size 0 for GICv3 */
};

/* In struct arch_vcpu as .virq. */
struct arm64_virq_cpu {
	struct vgic_cpu vgic;
	u64 doorbell;  /* GICv3: the ICC_SGI1R value that kicks its host CPU */
	bool loaded;   /* list registers and VMCR are in hardware */
	bool again;    /* virq_again() */
	u32 vmcr;      /* saved while not loaded */
	u32 apr[2][4]; /* [group][n]; GICv2: [0][0] */
};

/** virq_guest_init() - the guest's controller from its config, in reset state. ERR_NO_MEMORY,
 * ERR_INVALID, ERR_UNSUPPORTED if the machine's controller cannot run that version. Before any vCPU
 * of it is reset. */
enum err __must_check virq_guest_init(struct guest *guest);
/** virq_guest_destroy() - give its memory back. Its interrupts are unrouted, no vCPU of it is
 * loaded. */
void virq_guest_destroy(struct guest *guest);
/** virq_guest_reset() - distributor and SPIs to reset state, physical interrupts deactivated. Any
 * CPU; no vCPU of the guest runs. */
void virq_guest_reset(struct guest *guest);
/** virq_vcpu_reset() - redistributor and CPU interface to reset state; shared physical interrupts
 * that it held are deactivated. Not loaded. */
void virq_vcpu_reset(struct vcpu *vcpu);
/** virq_vcpu_off() - the same for a vCPU that has stopped. Interrupts of devices that came to its
 * CPU move to the CPU of a vCPU that is on, if there is one. Own CPU, not loaded. */
void virq_vcpu_off(struct vcpu *vcpu);

/** virq_load() - CPU interface state to hardware. virq_put() - back; no list register is left in
 * use. */
void virq_load(struct vcpu *vcpu);
void virq_put(struct vcpu *vcpu);

/** virq_flush_now() - put pending interrupts into list registers. Returns true, so that a caller
 * can end in it. The vCPU is loaded; own CPU, no locks. */
bool virq_flush_now(struct vcpu *vcpu);
/** virq_flush() - before each entry: put what became pending into list registers. vCPU loaded. */
#define virq_flush(vcpu)                                                                 \
	do {                                                                             \
		struct vcpu *flush_ = (vcpu);                                            \
		if (__builtin_expect(atomic_load_explicit(&flush_->arch.virq.vgic.flags, \
							  memory_order_acquire) != 0,    \
				     0))                                                 \
			(void)virq_flush_now(flush_);                                    \
	} while (0)

/** virq_sync() - read state back from the list registers into the model, for a dump or for another
 * CPU. Not needed after an ordinary exit. vCPU loaded. */
void virq_sync(struct vcpu *vcpu);
/** virq_mmio() - serve an access of @width bytes (1, 2, 4, 8) at @gpa to the guest's controller.
 * @value: in for writes, zero-extended; out for reads. Returns false if @gpa is not the
 * controller's. No locks held. After the virq_flush() that follows, virq_again() returns true if
 * the guest must repeat the access. */
bool virq_mmio(struct vcpu *vcpu, gpa_t gpa, u32 width, bool write, u64 *value);
/** virq_dist() - the same at @offset bytes into its distributor. Returns a read's value.
 * virq_redist() - into the run of its redistributors. */
u64 virq_dist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value);
u64 virq_redist(struct vcpu *vcpu, u32 offset, u32 width, bool write, u64 value);
/** virq_again() - return true, once, if the access was not served because another CPU did not
 * answer. The run loop does its pending work, and the guest repeats the access. */
bool virq_again(struct vcpu *vcpu);
/** virq_sgi() - a write of @value to ICC_SGI1R_EL1, if that can be served at once. Returns true if
 * it was.
 */
bool virq_sgi(struct vcpu *vcpu, u64 value);
/** virq_sysreg() - serve a trapped GIC system register; @iss as in ESR_EL2 (Rt and direction are
 * ignored). Returns false for another register. No locks held. */
bool virq_sysreg(struct vcpu *vcpu, u32 iss, bool write, u64 *value);
/** virq_interrupt() - take the host interrupt that ended the guest's run. Returns true if it was
 * served, and list registers are current: the guest continues at once. Returns false if the run
 * loop must check requests. */
bool virq_interrupt(struct vcpu *vcpu);
/** virq_wants() - a virtual interrupt is pending that would be signalled (ends WFI). Consumes flush
 * flags, so call it just before a block: a later post sends a kick. Loaded or not. */
bool virq_wants(struct vcpu *vcpu);
/** virq_timer_set() - level of the emulated timer's PPI @ppi (e.g. 30) of this vCPU. */
void virq_timer_set(struct vcpu *vcpu, u32 ppi, bool level);
/** virq_vtimer_fired() - the virtual timer of a vCPU that is not loaded is due. Its own CPU. */
void virq_vtimer_fired(struct vcpu *vcpu);
/** virq_holds_vtimer() - its virtual timer's interrupt came and was not ended yet. Its own CPU. */
bool virq_holds_vtimer(const struct vcpu *vcpu);
/** virq_gicv_frame() - where the GICV page of a GICv2 machine lies, to be mapped at the guest's
 * GICC address: physical base and bytes. Only its first page: the second, GICC_DIR, comes to
 * virq_mmio(), because GICH does not say which interrupt outside of list registers a guest
 * deactivated. False on GICv3. Any context. */
bool virq_gicv_frame(hpa_t *base, u64 *bytes);

#endif
