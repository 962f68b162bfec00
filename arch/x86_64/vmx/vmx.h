/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files of vmx/ share. */
#ifndef X86_64_VMX_VMX_H
#define X86_64_VMX_VMX_H

#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/vmcs.h"
#include <asm/sysreg.h>

/* Fields that exits read and change. The copy is read from the structure at the first use after an
 * exit, and written back before an entry. While the vCPU is not loaded, the copy is complete. */
enum vmx_field {
	VMX_RFLAGS, /* written alone: arch.rflags has it */
	VMX_CR0,
	VMX_CR3,
	VMX_CR4,
	VMX_PAT,
	VMX_EFER,
	VMX_CS_BASE,
	VMX_CS_RIGHTS,
	VMX_SS_RIGHTS,
	VMX_BLOCKING,
	VMX_ENTRY, /* the entry controls */
	VMX_FIELDS
};

/* Registers that the structure does not switch. */
enum vmx_msr { VMX_STAR, VMX_LSTAR, VMX_CSTAR, VMX_SFMASK, VMX_KERNEL_GS, VMX_MSRS };

struct vmx_vcpu {
	u64 copy[VMX_FIELDS];
	u32 known, changed; /* a bit for each field */
	u64 cr0_shadow, cr4_shadow, cr4_mask;
	bool (*enter)(u64 *r, bool launched); /* vmx_enter(), or for a recording */
	u64 cr2, dr6;
	u64 msrs[VMX_MSRS];
	u64 reason, qualification; /* of the last exit */
	u64 pin, primary;          /* as written last */
	u64 rsp;
	u64 limited_for;  /* RFLAGS for which `pin` is right */
	u64 event_length; /* of an interrupted delivery of software */
	bool launched;
};

_Static_assert(sizeof(struct vmx_vcpu) <= PAGE_SIZE, "one page beside the control structure");

/* CR0: NE stays set, and caching stays on. */
#define VMX_CR0_MASK (CR0_NE | CR0_CD | CR0_NW)

/* --- vmcs.c: the control structure --- */

/** vmx_get(), vmx_set() - a field of @vcpu's copy. */
u64 vmx_get(const struct vcpu *vcpu, enum vmx_field field);
void vmx_set(struct vcpu *vcpu, enum vmx_field field, u64 value);
/** vmx_keep() - complete the copy, from the current structure. */
void vmx_keep(struct vcpu *vcpu);
/** vmx_write_back() - write changed fields into the current structure. */
void vmx_write_back(struct vcpu *vcpu);
/** vmx_make_current(), vmx_clear() - VMPTRLD and VMCLEAR of @vcpu's structure. VMX is on. */
void vmx_make_current(const struct vcpu *vcpu);
void vmx_clear(struct vcpu *vcpu);
/** vmx_broken_rule() - the rule that the current structure breaks, as a sentence. */
const char *vmx_broken_rule(void);

/* --- controls.c --- */

struct vmx_controls {
	u64 pin, primary, secondary, exit, entry;
	bool preempts; /* the CPU has the preemption timer */
};

/** vmx_controls_probe() - find the controls. Returns NULL, or what is missing. Boot CPU. */
const char *vmx_controls_probe(void);
extern struct vmx_controls vmx_controls;
extern struct entry_caps vmx_caps;
/** vmx_set_controls() - write controls, bitmaps and host state of @vcpu for this CPU. */
void vmx_set_controls(struct vcpu *vcpu);
/** vmx_set_host() - write this CPU's host state into the current structure. */
void vmx_set_host(void);

/* --- others --- */

/** vmx_enter() - enter.S. @launched: the structure was launched. Returns false if the CPU refuses
 * the structure (VMfail). */
bool vmx_enter(u64 *r, bool launched);
extern const u8 vmx_exited[]; /* the host's RIP */
/** vmx_profile() - see struct virt. */
void vmx_profile(struct vcpu *vcpu, bool on);
/** vmx_turn_on() - VMX on this CPU, unless it is on. */
void vmx_turn_on(void);
/** vmx_reset(), vmx_run() - see struct virt. */
void vmx_reset(struct vcpu *vcpu, const struct vcpu_start *start);
bool vmx_run(struct vcpu *vcpu);
/** vmx_cross() - into the guest, and back by an exit. Returns false if the CPU refuses the entry.
 */
bool vmx_cross(struct vcpu *vcpu);
/** vmx_load_pdptes() - the page-directory pointers of a PAE guest, after a write of CR0 or CR4. */
bool vmx_load_pdptes(struct vcpu *vcpu, u64 cr3);

/** vmx_of() - what VMX keeps for @vcpu. */
static inline struct vmx_vcpu *vmx_of(const struct vcpu *vcpu)
{
	return vcpu->arch.vmx;
}

/* --- event.c --- */

#define BLOCKED_ONE (BLOCKED_STI | BLOCKED_MOV_SS)

#define REASON_EXCEPTION 0u
#define REASON_EPT       48u

/** vmx_choose_event() - choose the event that the next entry delivers, and the exits that the
 * others need. */
void vmx_choose_event(struct vcpu *vcpu);
/** vmx_prepare_events() - the same for every entry. Usually nothing is pending, and the controls
 * are those of the last entry. */
static inline void vmx_prepare_events(struct vcpu *vcpu, const struct vmx_vcpu *vmx)
{
	const struct arch_vcpu *arch = &vcpu->arch;

	if (arch->event != 0 || !lapic_is_quiet(&arch->lapic) ||
	    (vmx->copy[VMX_BLOCKING] & BLOCKED_ONE) != 0 ||
	    ((arch->rflags ^ vmx->limited_for) & RFLAGS_IF) != 0 ||
	    vmx->primary != vmx_controls.primary)
		vmx_choose_event(vcpu);
}
/** vmx_settle_event() - keep @event, whose delivery the exit has interrupted. SDM vol. 3, 28.2.4.
 */
void vmx_settle_event(struct vcpu *vcpu, u64 event);
/** vmx_finish_events() - the same after every exit. */
static inline void vmx_finish_events(struct vcpu *vcpu, u32 reason)
{
	u64 event = vmcs_read(VMCS_INTERRUPTED);

	vcpu->arch.delivering = (event & EVENT_VALID) != 0;
	if (vcpu->arch.delivering || reason == REASON_EXCEPTION || reason == REASON_EPT)
		vmx_settle_event(vcpu, event);
}

#endif
