/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the control structure: the copy of fields, its place, and what an entry would refuse.
 */
#include "arch/x86_64/vmx/vmx.h"

#include <mullion/cpu.h>
#include <mullion/mem.h>

static const u16 encodings[VMX_FIELDS] = {
	[VMX_RFLAGS] = VMCS_GUEST_RFLAGS,  [VMX_CR0] = VMCS_GUEST_CR0,
	[VMX_CR3] = VMCS_GUEST_CR3,        [VMX_CR4] = VMCS_GUEST_CR4,
	[VMX_PAT] = VMCS_GUEST_PAT,        [VMX_EFER] = VMCS_GUEST_EFER,
	[VMX_CS_BASE] = VMCS_CS_BASE,      [VMX_CS_RIGHTS] = VMCS_CS_RIGHTS,
	[VMX_SS_RIGHTS] = VMCS_SS_RIGHTS,  [VMX_BLOCKING] = VMCS_BLOCKING,
	[VMX_ENTRY] = VMCS_ENTRY_CONTROLS,
};

/* Another CPU, or another thread, sees the last value that was read. */
u64 vmx_get(const struct vcpu *vcpu, enum vmx_field field)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if ((vmx->known & BIT(field)) == 0 && this_cpu()->current == vcpu) {
		vmx->copy[field] = vmcs_read(encodings[field]);
		vmx->known |= (u32)BIT(field);
	}
	return vmx->copy[field];
}

void vmx_set(struct vcpu *vcpu, enum vmx_field field, u64 value)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	vmx->copy[field] = value;
	vmx->known |= (u32)BIT(field);
	vmx->changed |= (u32)BIT(field);
}

void vmx_keep(struct vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	for (u32 i = 0; i < VMX_FIELDS; i++)
		if ((vmx->known & BIT(i)) == 0)
			vmx->copy[i] = vmcs_read(encodings[i]);
	vmx->known = (u32)MASK(VMX_FIELDS - 1, 0);
}

void vmx_write_back(struct vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	for (; vmx->changed != 0; vmx->changed &= vmx->changed - 1) {
		u32 field = (u32)__builtin_ctz(vmx->changed);

		vmcs_write(encodings[field], vmx->copy[field]);
	}
}

void vmx_make_current(const struct vcpu *vcpu)
{
	u64 pa = page_to_hpa(vcpu->arch.vmcs).v;

	__asm__ volatile("vmptrld %0" : : "m"(pa) : "cc", "memory");
}

/* The CPU writes its copy to memory and forgets it: another CPU may load it then. */
void vmx_clear(struct vcpu *vcpu)
{
	u64 pa = page_to_hpa(vcpu->arch.vmcs).v;

	__asm__ volatile("vmclear %0" : : "m"(pa) : "cc", "memory");
	vmx_of(vcpu)->launched = false;
}

const char *vmx_broken_rule(void)
{
	static struct entry_state states[CONFIG_MAX_CPUS]; /* too big for a stack */
	struct entry_state *state = &states[this_cpu()->id];
	const char *why;

	state->caps = vmx_caps;
	for (u32 i = 0; i < ENTRY_FIELDS; i++)
		state->field[i] = vmcs_read(entry_encoding(i));
	why = entry_check(state);
	return why != NULL ? why : "the CPU refuses its control structure";
}
