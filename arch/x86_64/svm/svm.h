/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files of svm/ share. */
#ifndef X86_64_SVM_SVM_H
#define X86_64_SVM_SVM_H

#include "arch/x86_64/svm/vmcb.h"
#include "arch/x86_64/virt.h"

/** vmcb_intercept() - whether intercept @number, counted from the block's first word, exits. */
static inline void vmcb_intercept(struct vmcb *vmcb, u32 number, bool on)
{
	if (on)
		vmcb->intercepts[number / 32] |= (u32)BIT(number % 32);
	else
		vmcb->intercepts[number / 32] &= ~(u32)BIT(number % 32);
}

/** svm_enter() - svm/enter.S. */
void svm_enter(u64 *r, u64 vmcb, u64 host);
/** svm_profile() - see struct virt. */
void svm_profile(struct vcpu *vcpu, bool on);
/** svm_run() - enter @vcpu's guest and serve its exits; see struct virt. */
bool svm_run(struct vcpu *vcpu);
/** svm_reset() - @vcpu's control block out of reset; see struct virt. */
void svm_reset(struct vcpu *vcpu, const struct vcpu_start *start);
/** svm_choose_event() - choose the event that the next entry delivers, of those that are pending.
 */
void svm_choose_event(struct vcpu *vcpu);
/** svm_prepare_events() - the same for every entry. Usually nothing is pending. */
static inline void svm_prepare_events(struct vcpu *vcpu, struct vmcb *vmcb)
{
	struct arch_vcpu *arch = &vcpu->arch;
	u64 event = arch->event;

	vmcb->event = event;
	vmcb->vintr =
		VINTR_MASKING | atomic_load_explicit(&arch->lapic.tpr, memory_order_relaxed) >> 4;
	vmcb->cr_write = BIT(4);
	if ((event | arch->nmi_ends) != 0 || !lapic_is_quiet(&arch->lapic))
		svm_choose_event(vcpu);
}
/** svm_settle_event() - keep an event whose delivery the exit has interrupted, APM vol. 2, 15.7.2.
 * An interrupt that the guest has taken goes to ISR. @requested: the block's vintr at the entry. */
void svm_settle_event(struct vcpu *vcpu, u64 requested);
/** svm_finish_events() - the same after every exit, and the priority that the guest has set. */
static inline void svm_finish_events(struct vcpu *vcpu, const struct vmcb *vmcb, u64 requested)
{
	u64 after = vmcb->vintr;

	if (((after ^ requested) & VINTR_TPR) != 0)
		atomic_store_explicit(&vcpu->arch.lapic.tpr, (u32)(after & VINTR_TPR) << 4,
				      memory_order_relaxed);
	vcpu->arch.delivering = (vmcb->exit_int_info & EVENT_VALID) != 0;
	if (vcpu->arch.delivering || (requested & VINTR_IRQ) != 0)
		svm_settle_event(vcpu, requested);
}
/** svm_step_iret() - the guest is about to execute the IRET that ends its NMI: alone, so that the
 * next NMI comes behind it. */
void svm_step_iret(struct vcpu *vcpu);
/** svm_is_step_end() - the exit with @code ends that step: an exception, but no machine check. */
bool svm_is_step_end(u32 code);
/** svm_end_step() - the step has ended in exception @vector: #DB behind IRET, or one of IRET. */
void svm_end_step(struct vcpu *vcpu, u32 vector);
/** svm_msr_map() - physical address of the permission map for MSRs. */
u64 svm_msr_map(void);

#endif
