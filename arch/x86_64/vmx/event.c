/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a guest that the next entry delivers, in the order of SDM vol. 3, 6.9: an interrupted
 * delivery, an NMI, an interrupt. An event that cannot be taken now requests an exit for the moment
 * at which it can (the interrupt window and the NMI window).
 */
#include "arch/x86_64/vmx/vmx.h"

#define VECTOR_NMI 2u

#define VIOLATION_UNBLOCKS BIT(12)

static bool vmx_is_software(u64 event)
{
	return EVENT_TYPE(event) >= EVENT_SOFT_INT && EVENT_TYPE(event) <= EVENT_SOFT_TRAP;
}

/* Bit 31 of the information leaves with each exit, so no event is written twice. */
static void vmx_write_event(struct vcpu *vcpu, u64 event)
{
	if (event == 0)
		return;
	vmcs_set(ENTRY_EVENT, (u32)event);
	if ((event & EVENT_HAS_ERROR) != 0)
		vmcs_set(ENTRY_EVENT_ERROR, event >> 32);
	if (vmx_is_software(event))
		vmcs_set(ENTRY_EVENT_LENGTH, vmx_of(vcpu)->event_length);
}

static void request_windows(struct vcpu *vcpu, bool interrupt, bool nmi)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);
	u64 primary = vmx_controls.primary;

	if (interrupt)
		primary |= PRIMARY_WINDOW;
	if (nmi)
		primary |= PRIMARY_NMI_WINDOW;
	if (primary == vmx->primary)
		return;
	vmcs_set(ENTRY_PRIMARY, primary);
	vmx->primary = primary;
}

/* A guest that masks interrupts leaves after a while in any case. In Bochs no interrupt ends a run
 * that began with interrupts masked, until the guest changes RFLAGS.IF. */
static void limit_run(struct vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);
	u64 pin = vmx_controls.pin;

	vmx->limited_for = vcpu->arch.rflags;
	if (vmx_controls.preempts && (vcpu->arch.rflags & RFLAGS_IF) == 0)
		pin |= PIN_PREEMPTION;
	if (pin == vmx->pin)
		return;
	vmcs_set(ENTRY_PIN, pin);
	vmx->pin = pin;
}

static bool has_nmi(struct lapic *lapic)
{
	return (atomic_load(&lapic->events) & LAPIC_EVENT_NMI) != 0;
}

void vmx_choose_event(struct vcpu *vcpu)
{
	struct lapic *lapic = &vcpu->arch.lapic;
	u64 event = vcpu->arch.event, blocking;
	int vector;

	/* STI and MOV SS block one instruction alone. */
	if (vcpu->arch.moved && (vmx_get(vcpu, VMX_BLOCKING) & BLOCKED_ONE) != 0)
		vmx_set(vcpu, VMX_BLOCKING, vmx_get(vcpu, VMX_BLOCKING) & ~BLOCKED_ONE);
	if (event == 0 && lapic_is_quiet(lapic)) {
		limit_run(vcpu);
		request_windows(vcpu, false, false);
		return;
	}
	blocking = vmx_get(vcpu, VMX_BLOCKING);
	lapic_fold(lapic);
	vector = vcpu_next_interrupt(vcpu);
	vcpu->arch.event = 0;
	if (event == 0 && (blocking & (BLOCKED_ONE | BLOCKED_NMI)) == 0 && lapic_take_nmi(lapic)) {
		event = EVENT_VALID | EVENT_NMI << 8 | VECTOR_NMI;
	} else if (vector != LAPIC_NONE && event == 0 && (blocking & BLOCKED_ONE) == 0 &&
		   (vcpu->arch.rflags & RFLAGS_IF) != 0) {
		if (vcpu_acknowledge(vcpu, vector)) {
			vcpu_take_interrupt(vcpu, vector);
			event = EVENT_VALID | (u8)vector;
		}
		vector = vcpu_next_interrupt(vcpu);
	}
	vmx_write_event(vcpu, event);
	limit_run(vcpu);
	request_windows(vcpu, vector != LAPIC_NONE, has_nmi(lapic));
}

/* An exit in the middle of the IRET of an NMI's handler has ended the blocking (28.2.3). */
static bool has_unblocked(const struct vmx_vcpu *vmx)
{
	u32 reason = (u16)vmx->reason;

	if (reason == REASON_EPT)
		return (vmx->qualification & VIOLATION_UNBLOCKS) != 0;
	return reason == REASON_EXCEPTION && (vmcs_read(VMCS_EXIT_EVENT) & EVENT_UNBLOCKED) != 0;
}

void vmx_settle_event(struct vcpu *vcpu, u64 event)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if (!vcpu->arch.delivering) {
		if (has_unblocked(vmx))
			vmx_set(vcpu, VMX_BLOCKING, vmx_get(vcpu, VMX_BLOCKING) | BLOCKED_NMI);
		return;
	}
	event &= EVENT_VALID | MASK(11, 0);
	if ((event & EVENT_HAS_ERROR) != 0)
		event |= vmcs_read(VMCS_INTERRUPTED_CODE) << 32;
	if (vmx_is_software(event))
		vmx->event_length = vmcs_read(VMCS_LENGTH);
	if (EVENT_TYPE(event) == EVENT_NMI)
		vmx_set(vcpu, VMX_BLOCKING, vmx_get(vcpu, VMX_BLOCKING) & ~BLOCKED_NMI);
	vcpu->arch.event = event;
}
