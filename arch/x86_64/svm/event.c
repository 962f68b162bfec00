/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a guest that the next entry delivers, in the order of APM vol. 2, 8.5: an interrupted
 * delivery, an NMI, an interrupt. The CPU takes an interrupt without an exit, as soon as the guest
 * can.
 */
#include "arch/x86_64/svm/svm.h"

#include <asm/sysreg.h>

#define RFLAGS_RF BIT(16)

#define DR6_POINTS MASK(3, 0)
#define DR6_BS     BIT(14)

/* A bit for each exception with an error code: 8, 10 to 14, 17, 21, 29, 30 (APM vol. 2, table 8-1).
 */
#define WITH_ERROR_CODE 0x60227d00u
#define VECTOR_NMI      2u

/* That of STI or MOV SS, unless the core has moved RIP behind the next instruction. */
static bool in_shadow(const struct vcpu *vcpu)
{
	return !vcpu->arch.moved && vcpu->arch.vmcb->interrupt_shadow != 0;
}

/* The vmm must learn at once that the guest takes its 8259's request. So the request is
 * acknowledged when the guest can take it. Else there is an exit for the moment when it can.
 * Returns the interrupt to request. */
static __cold int request_8259(struct vcpu *vcpu, int interrupt)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	bool blocked = (vmcb->rflags & RFLAGS_IF) == 0 || in_shadow(vcpu) || vmcb->event != 0;

	if (blocked && (vcpu->arch.lapic.external & LAPIC_ACKNOWLEDGED) == 0) {
		vmcb_intercept(vmcb, INTERCEPT_VINTR, true);
		return interrupt;
	}
	while (interrupt != LAPIC_NONE && !vcpu_acknowledge(vcpu, interrupt))
		interrupt = vcpu_next_interrupt(vcpu);
	return interrupt;
}

/* A virtual interrupt of the highest priority. It is in IRR until an exit shows that it was taken.
 * EVENTINJ has the same effect on a CPU. But QEMU delivers an interrupt of EVENTINJ twice if its
 * own loop ends before the guest's next exit. */
static void request_interrupt(struct vcpu *vcpu, int interrupt)
{
	if (interrupt >= INTERRUPT_8259)
		interrupt = request_8259(vcpu, interrupt);
	if (interrupt == LAPIC_NONE)
		return;
	vcpu->arch.requested = interrupt;
	vcpu->arch.vmcb->vintr |= VINTR_IRQ | VINTR_TOP | (u64)(u8)interrupt << 32;
}

static void deliver_nmi(struct vcpu *vcpu, struct vmcb *vmcb)
{
	if (vcpu->arch.nmi_masked || in_shadow(vcpu) || !lapic_take_nmi(&vcpu->arch.lapic))
		return;
	vmcb->event = EVENT_VALID | EVENT_NMI << 8 | VECTOR_NMI;
	vcpu->arch.nmi_masked = true;
	vmcb_intercept(vmcb, INTERCEPT_IRET, true);
}

/* --- The end of an NMI ------------------------------------------------------------------------ */

/* IRET exits before it runs, and an NMI must not come before it has run. So it is a single step.
 * All exceptions are intercepted meanwhile, because one of IRET itself would save the flag. */
void svm_step_iret(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;

	vcpu->arch.nmi_ends = true;
	vcpu->arch.step_rflags = vmcb->rflags;
	vcpu->arch.step_dr6 = vmcb->dr6;
	vmcb->rflags |= RFLAGS_TF | RFLAGS_RF;
	vmcb->exceptions = (u32)~BIT(VECTOR_NMI);
	vmcb_intercept(vmcb, INTERCEPT_IRET, false);
}

static void stop_step(struct vcpu *vcpu)
{
	vcpu->arch.nmi_ends = false;
	vcpu->arch.nmi_masked = false;
	vcpu->arch.vmcb->exceptions = EXCEPTION_EXITS;
}

/* The flags as they were: IRET has not run. */
static void cancel_step(struct vcpu *vcpu)
{
	u64 flags = RFLAGS_TF | RFLAGS_RF;
	struct vmcb *vmcb = vcpu->arch.vmcb;

	stop_step(vcpu);
	vmcb->rflags = (vmcb->rflags & ~flags) | (vcpu->arch.step_rflags & flags);
}

bool svm_is_step_end(u32 code)
{
	return code - VMEXIT_EXCEPTION < 32 && code != VMEXIT_EXCEPTION + EXCEPTION_MC;
}

void svm_end_step(struct vcpu *vcpu, u32 vector)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	bool own = (vcpu->arch.step_rflags & RFLAGS_TF) != 0; /* the guest steps as well */
	bool error = (WITH_ERROR_CODE & BIT(vector)) != 0;

	if (vector == EXCEPTION_DB) {
		stop_step(vcpu);
		if (!own)
			vmcb->dr6 = (vmcb->dr6 & ~DR6_BS) | (vcpu->arch.step_dr6 & DR6_BS);
		if (own || (vmcb->dr6 & ~vcpu->arch.step_dr6 & DR6_POINTS) != 0)
			svm.raise(vcpu, EXCEPTION_DB, VIRT_NO_ERROR);
		return;
	}
	cancel_step(vcpu);
	if (vector == EXCEPTION_PF)
		vmcb->cr2 = vmcb->exit_info2;
	svm.raise(vcpu, vector, error ? (u32)vmcb->exit_info1 : VIRT_NO_ERROR);
}

void svm_choose_event(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	struct lapic *lapic = &vcpu->arch.lapic;

	vcpu->arch.event = 0;
	lapic_fold(lapic);
	/* Writes of CR8 exit while an interrupt waits for the guest's priority to fall. */
	if (lapic->irr_used != 0)
		vmcb->cr_write |= BIT(8);
	if (vcpu->arch.nmi_ends && vmcb->event == 0)
		return;
	if (vcpu->arch.nmi_ends)
		cancel_step(vcpu); /* the core has raised an exception for IRET */
	if (vmcb->event == 0)
		deliver_nmi(vcpu, vmcb);
	request_interrupt(vcpu, vcpu_next_interrupt(vcpu));
}

/* The guest executes a software interrupt again, because RIP is still at it. */
static bool is_software(u64 event)
{
	u64 vector = event & 0xff;

	if (EVENT_TYPE(event) == EVENT_SOFT_INT)
		return true;
	return EVENT_TYPE(event) == EVENT_EXCEPTION && (vector == 3 || vector == 4);
}

/* In QEMU its type is that of an exception. */
static bool is_interrupt(u64 event)
{
	return EVENT_TYPE(event) == EVENT_INTERRUPT ||
	       (EVENT_TYPE(event) == EVENT_EXCEPTION && (event & 0xff) >= 32);
}

void svm_settle_event(struct vcpu *vcpu, u64 requested)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	u64 event = vmcb->exit_int_info;
	bool again = vcpu->arch.delivering && is_interrupt(event);

	/* QEMU 10.0 can forget a physical interrupt that comes while VMRUN sets V_IRQ: it stays
	 * pending in the local APIC alone. A write of the priority signals it again. */
	if ((requested & VINTR_IRQ) != 0)
		write_cr8(0);
	if ((requested & ~vmcb->vintr & VINTR_IRQ) != 0 && !again)
		vcpu_take_interrupt(vcpu, vcpu->arch.requested);
	if (!vcpu->arch.delivering || again || is_software(event))
		return;
	vcpu->arch.event = event;
}
