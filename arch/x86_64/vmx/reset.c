/* SPDX-License-Identifier: Apache-2.0 */
/* A control structure out of reset: the registers' values (SDM vol. 3, table 10-1). */
#include "arch/x86_64/vmx/vmx.h"

#include "arch/x86_64/pure/regs.h"
#include <mullion/cpu.h>
#include <mullion/string.h>

#define PAT_RESET  UINT64_C(0x0007040600070406)
#define DR6_RESET  UINT64_C(0xffff0ff0)
#define DR7_RESET  UINT64_C(0x400)
#define RFLAGS_ONE UINT64_C(2)

#define CODE_REAL 0x009bu
#define DATA_REAL 0x0093u
#define LDT       0x0082u
#define TSS_BUSY  0x008bu
#define CODE_32   0xc09bu
#define CODE_64   0xa09bu
#define DATA_FLAT 0xc093u

static void vmx_set_segment(u32 segment, u32 selector, u32 rights, u32 limit, u64 base)
{
	vmcs_set(ENTRY_SELECTOR + segment, selector);
	vmcs_set(ENTRY_RIGHTS + segment, rights);
	vmcs_set(ENTRY_LIMIT + segment, limit);
	vmcs_set(ENTRY_BASE + segment, base);
}

static void vmx_set_data(u32 selector, u32 rights, u32 limit)
{
	for (u32 segment = ENTRY_ES; segment <= ENTRY_GS; segment++)
		if (segment != ENTRY_CS)
			vmx_set_segment(segment, selector, rights, limit, 0);
}

static void vmx_set_cr0(struct vcpu *vcpu, u64 value)
{
	vmcs_set(ENTRY_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE);
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmx_of(vcpu)->cr0_shadow = value;
}

/* No field keeps a value of an earlier run. */
static void clear_fields(void)
{
	static const u32 others[] = { VMCS_SYSENTER_CS, VMCS_CR4_SHADOW, VMCS_GUEST_RSP };

	for (u32 i = 0; i < ENTRY_FIELDS; i++)
		vmcs_set(i, 0);
	for (u32 i = 0; i < ARRAY_SIZE(others); i++)
		vmcs_write(others[i], 0);
}

/* Registers in the same state for each start. */
static void vmx_set_common(struct vcpu *vcpu)
{
	vmcs_set(ENTRY_GDT_LIMIT, 0xffff);
	vmcs_set(ENTRY_IDT_LIMIT, 0xffff);
	vmx_set_segment(ENTRY_LDTR, 0, LDT, 0xffff, 0);
	vmx_set_segment(ENTRY_TR, 0, TSS_BUSY, 0xffff, 0);
	vmcs_set(ENTRY_CR4, CR4_VMXE);
	vmcs_set(ENTRY_CONTROLS, vmx_controls.entry);
	vmcs_set(ENTRY_DR7, DR7_RESET);
	vmcs_set(ENTRY_RFLAGS, RFLAGS_ONE);
	vmcs_set(ENTRY_PAT, PAT_RESET);
	vmx_set_cr0(vcpu, CR0_CD | CR0_NW | CR0_ET);
	vmx_of(vcpu)->dr6 = DR6_RESET;
}

static void vmx_set_real(u32 selector, u64 base)
{
	vmx_set_segment(ENTRY_CS, selector, CODE_REAL, 0xffff, base);
	vmx_set_data(0, DATA_REAL, 0xffff);
}

static void vmx_set_flat(struct vcpu *vcpu, const struct x86_start *boot)
{
	u64 cr0 = CR0_PE | CR0_ET | CR0_NE;

	vmx_set_segment(ENTRY_CS, X86_SELECT_CODE32, CODE_32, UINT32_MAX, 0);
	vmx_set_data(X86_SELECT_DATA, DATA_FLAT, UINT32_MAX);
	vmcs_set(ENTRY_GDT_BASE, x86_block_gpa(X86_BLOCK_GDT));
	vmcs_set(ENTRY_GDT_LIMIT, X86_GDT_BYTES - 1);
	if (boot->mode == X86_MODE_LONG) {
		vmx_set_segment(ENTRY_CS, X86_SELECT_CODE64, CODE_64, UINT32_MAX, 0);
		cr0 |= CR0_PG;
		vmcs_set(ENTRY_CR4, CR4_VMXE | CR4_PAE);
		vmcs_set(ENTRY_CR3, boot->cr3);
		vmcs_set(ENTRY_EFER, EFER_LME | EFER_LMA);
		vmcs_set(ENTRY_CONTROLS, vmx_controls.entry | ENTER_IA32E);
	}
	vmx_set_cr0(vcpu, cr0);
}

/* The structure is current during this, and another vCPU's afterwards. */
void vmx_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct arch_vcpu *arch = &vcpu->arch;
	struct vmx_vcpu *vmx = arch->vmx;

	vmx_turn_on();
	memset(vmx, 0, sizeof(*vmx));
	vmx_profile(vcpu, vcpu->guest->profile != 0);
	vmx->cr4_mask = ~vcpu->guest->arch.cr4_offer | CR4_VMXE;
	vmx_clear(vcpu);
	vmx_make_current(vcpu);
	clear_fields();
	vmx_set_controls(vcpu);
	vmx_set_common(vcpu);
	if (start->sipi) {
		vmx_set_real((u32)start->page << 8, (u64)start->page << 12);
	} else if (start->boot.mode == X86_MODE_RESET) {
		vmx_set_real(0xf000, 0xffff0000);
		arch->rip = 0xfff0;
	} else {
		vmx_set_flat(vcpu, &start->boot);
		arch->r[VCPU_RAX] = start->boot.rax;
		arch->r[VCPU_RBX] = start->boot.rbx;
		arch->r[VCPU_RSI] = start->boot.rsi;
		arch->rip = start->boot.rip;
	}
	vmx_keep(vcpu);
	vmx_clear(vcpu);
	if (this_cpu()->current != NULL)
		vmx_make_current(this_cpu()->current);
}
