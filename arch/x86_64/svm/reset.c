/* SPDX-License-Identifier: Apache-2.0 */
/* A control block out of reset: intercepts, and the registers' values (APM vol. 2, 14.1.3). */
#include "arch/x86_64/svm/svm.h"

#include "arch/x86_64/pure/cr.h"
#include <mullion/mem.h>
#include <mullion/string.h>

#define PAT_RESET  UINT64_C(0x0007040600070406)
#define DR6_RESET  UINT64_C(0xffff0ff0)
#define DR7_RESET  UINT64_C(0x400)
#define RFLAGS_ONE UINT64_C(2)

#define CODE_REAL 0x09bu
#define DATA_REAL 0x093u
#define LDT       0x082u
#define TSS_BUSY  0x08bu
#define CODE_32   0xc9bu
#define CODE_64   0xa9bu
#define DATA_FLAT 0xc93u

/* All but what the guest may do by itself: CR3, page invalidation, descriptor tables, the counter.
 */
static const u8 intercepted[] = {
	INTERCEPT_INTR,     INTERCEPT_NMI,      INTERCEPT_SMI,     INTERCEPT_INIT,
	INTERCEPT_RDPMC,    INTERCEPT_CPUID,    INTERCEPT_RSM,     INTERCEPT_INVD,
	INTERCEPT_HLT,      INTERCEPT_INVLPGA,  INTERCEPT_IOIO,    INTERCEPT_MSR,
	INTERCEPT_TASK,     INTERCEPT_SHUTDOWN, INTERCEPT_VMRUN,   INTERCEPT_VMMCALL,
	INTERCEPT_VMLOAD,   INTERCEPT_VMSAVE,   INTERCEPT_STGI,    INTERCEPT_CLGI,
	INTERCEPT_SKINIT,   INTERCEPT_WBINVD,   INTERCEPT_MONITOR, INTERCEPT_MWAIT,
	INTERCEPT_MWAIT_IF, INTERCEPT_XSETBV,   INTERCEPT_RDPRU,
};

static void set_controls(struct vcpu *vcpu, struct vmcb *vmcb)
{
	for (u32 i = 0; i < ARRAY_SIZE(intercepted); i++)
		vmcb_intercept(vmcb, intercepted[i], true);
	vmcb->cr_write = (u16)BIT(4);
	vmcb->exceptions = EXCEPTION_EXITS;
	vmcb->iopm = page_to_hpa(vcpu->guest->arch.port_map).v;
	vmcb->msrpm = svm_msr_map();
	vmcb->tsc_offset = vcpu->arch.tsc_offset;
	vmcb->vintr = VINTR_MASKING;
	vmcb->nested_control = 1;
	vmcb->nested_cr3 = vcpu->guest->space.root_pa.v;
	vmcb->asid = 1; /* load() chooses one */
}

static struct vmcb_segment segment(u32 selector, u32 attributes, u32 limit, u64 base)
{
	return (struct vmcb_segment){ .selector = (u16)selector,
				      .attributes = (u16)attributes,
				      .limit = limit,
				      .base = base };
}

static void set_data(struct vmcb *vmcb, struct vmcb_segment data)
{
	vmcb->ds = vmcb->es = vmcb->fs = vmcb->gs = vmcb->ss = data;
}

/* Registers in the same state for each start. */
static void set_common(struct vmcb *vmcb)
{
	vmcb->gdtr = segment(0, 0, 0xffff, 0);
	vmcb->idtr = segment(0, 0, 0xffff, 0);
	vmcb->ldtr = segment(0, LDT, 0xffff, 0);
	vmcb->tr = segment(0, TSS_BUSY, 0xffff, 0);
	vmcb->efer = EFER_SVME;
	vmcb->cr0 = CR0_CD | CR0_NW | CR0_ET;
	vmcb->dr6 = DR6_RESET;
	vmcb->dr7 = DR7_RESET;
	vmcb->rflags = RFLAGS_ONE;
	vmcb->pat = PAT_RESET;
}

static void set_real(struct vmcb *vmcb, u32 selector, u64 base)
{
	vmcb->cs = segment(selector, CODE_REAL, 0xffff, base);
	set_data(vmcb, segment(0, DATA_REAL, 0xffff, 0));
}

static void set_flat(struct vmcb *vmcb, const struct x86_start *boot)
{
	bool is_long = boot->mode == X86_MODE_LONG;

	vmcb->cs = is_long ? segment(X86_SELECT_CODE64, CODE_64, UINT32_MAX, 0)
			   : segment(X86_SELECT_CODE32, CODE_32, UINT32_MAX, 0);
	set_data(vmcb, segment(X86_SELECT_DATA, DATA_FLAT, UINT32_MAX, 0));
	vmcb->gdtr = segment(0, 0, X86_GDT_BYTES - 1, x86_block_gpa(X86_BLOCK_GDT));
	vmcb->cr0 = CR0_PE | CR0_ET | CR0_NE;
	if (is_long) {
		vmcb->cr0 |= CR0_PG;
		vmcb->cr4 = CR4_PAE;
		vmcb->cr3 = boot->cr3;
		vmcb->efer |= EFER_LME | EFER_LMA;
	}
}

void svm_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct arch_vcpu *arch = &vcpu->arch;
	struct vmcb *vmcb = arch->vmcb;

	memset(vmcb, 0, sizeof(*vmcb));
	set_controls(vcpu, vmcb);
	set_common(vmcb);
	if (start->sipi) {
		set_real(vmcb, (u32)start->page << 8, (u64)start->page << 12);
	} else if (start->boot.mode == X86_MODE_RESET) {
		set_real(vmcb, 0xf000, 0xffff0000);
		arch->rip = 0xfff0;
	} else {
		set_flat(vmcb, &start->boot);
		arch->r[VCPU_RAX] = start->boot.rax;
		arch->r[VCPU_RBX] = start->boot.rbx;
		arch->r[VCPU_RSI] = start->boot.rsi;
		arch->rip = start->boot.rip;
	}
}
