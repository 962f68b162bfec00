/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits on SVM. Each code below VMEXIT_ROWS has a row. A row that is NULL stops the guest with a
 * dump, as does every code above but a nested page fault. APM vol. 2, appendix C.
 */
#include "arch/x86_64/mcheck.h"
#include "arch/x86_64/svm/svm.h"

#include <arch/irq.h>
#include <mullion/profile.h>

/* Nested page faults: error code in EXITINFO1 (15.25.6). */
#define FAULT_PRESENT BIT(0)
#define FAULT_WRITE   BIT(1)
#define FAULT_FETCH   BIT(4)
#define FAULT_WALK    BIT(33)

/* EXITINFO1 of a port access (15.10.2). */
#define IOIO_IN     BIT(0)
#define IOIO_STRING BIT(2)

static bool on_interrupt(struct vcpu *vcpu)
{
	arch_irq_take();
	vcpu->exits[EXIT_NONE]++;
	return true;
}

/* The CPU has taken it when SVM's global flag was set again. */
static bool on_nothing(struct vcpu *vcpu)
{
	(void)vcpu;
	return true;
}

/* The next entry delivers. */
static bool on_window(struct vcpu *vcpu)
{
	vmcb_intercept(vcpu->arch.vmcb, INTERCEPT_VINTR, false);
	return true;
}

static bool on_iret(struct vcpu *vcpu)
{
	svm_step_iret(vcpu);
	return true;
}

static bool on_debug(struct vcpu *vcpu)
{
	svm.raise(vcpu, EXCEPTION_DB, VIRT_NO_ERROR);
	return true;
}

static bool on_alignment(struct vcpu *vcpu)
{
	svm.raise(vcpu, EXCEPTION_AC, 0);
	return true;
}

static bool on_msr(struct vcpu *vcpu)
{
	return vcpu->arch.vmcb->exit_info1 != 0 ? exit_wrmsr(vcpu) : exit_rdmsr(vcpu);
}

static bool on_port(struct vcpu *vcpu)
{
	const struct vmcb *vmcb = vcpu->arch.vmcb;
	u64 info = vmcb->exit_info1;

	if ((info & IOIO_STRING) != 0)
		return exit_string_port(vcpu, (u16)(info >> 16));
	return exit_port(vcpu, (u16)(info >> 16), (u8)FIELD(info, 6, 4), (info & IOIO_IN) != 0,
			 vmcb->exit_info2);
}

static bool on_vmmcall(struct vcpu *vcpu)
{
	return exit_call(vcpu, INSN_VMMCALL, vcpu->arch.vmcb->cpl);
}

static bool on_wbinvd(struct vcpu *vcpu)
{
	return exit_ignored(vcpu, INSN_WBINVD);
}

static bool on_invd(struct vcpu *vcpu)
{
	return exit_ignored(vcpu, INSN_INVD);
}

static bool on_rdpmc(struct vcpu *vcpu)
{
	virt->raise(vcpu, VECTOR_GP, 0); /* no counters */
	return true;
}

static bool on_task_switch(struct vcpu *vcpu)
{
	return exit_stop(vcpu, "hardware task switch, which the core does not emulate");
}

static bool on_shutdown(struct vcpu *vcpu)
{
	vcpu->arch.exit->kind = EXIT_SYSTEM_RESET; /* triple fault */
	return false;
}

#define ROW(number) [VMEXIT_INTERCEPT + (number)]

static bool (*const handlers[])(struct vcpu *vcpu) = {
	[VMEXIT_CR_WRITE + 4] = exit_cr_write,
	[VMEXIT_CR_WRITE + 8] = exit_cr_write,
	[VMEXIT_EXCEPTION + EXCEPTION_DB] = on_debug,
	[VMEXIT_EXCEPTION + EXCEPTION_AC] = on_alignment,
	[VMEXIT_EXCEPTION + EXCEPTION_MC] = exit_machine_check,
	ROW(INTERCEPT_INTR) = on_interrupt,
	ROW(INTERCEPT_NMI) = on_nothing,
	ROW(INTERCEPT_VINTR) = on_window,
	ROW(INTERCEPT_SMI) = on_nothing,
	ROW(INTERCEPT_INIT) = on_nothing,
	ROW(INTERCEPT_RDPMC) = on_rdpmc,
	ROW(INTERCEPT_CPUID) = exit_cpuid,
	ROW(INTERCEPT_RSM) = exit_undefined,
	ROW(INTERCEPT_IRET) = on_iret,
	ROW(INTERCEPT_INVD) = on_invd,
	ROW(INTERCEPT_HLT) = exit_hlt,
	ROW(INTERCEPT_INVLPGA) = exit_undefined,
	ROW(INTERCEPT_IOIO) = on_port,
	ROW(INTERCEPT_MSR) = on_msr,
	ROW(INTERCEPT_TASK) = on_task_switch,
	ROW(INTERCEPT_SHUTDOWN) = on_shutdown,
	ROW(INTERCEPT_VMRUN) = exit_undefined,
	ROW(INTERCEPT_VMMCALL) = on_vmmcall,
	ROW(INTERCEPT_VMLOAD) = exit_undefined,
	ROW(INTERCEPT_VMSAVE) = exit_undefined,
	ROW(INTERCEPT_STGI) = exit_undefined,
	ROW(INTERCEPT_CLGI) = exit_undefined,
	ROW(INTERCEPT_SKINIT) = exit_undefined,
	ROW(INTERCEPT_WBINVD) = on_wbinvd,
	ROW(INTERCEPT_MONITOR) = exit_undefined,
	ROW(INTERCEPT_MWAIT) = exit_undefined,
	ROW(INTERCEPT_MWAIT_IF) = exit_undefined,
	ROW(INTERCEPT_XSETBV) = exit_xsetbv,
	ROW(INTERCEPT_RDPRU) = exit_undefined,
	[VMEXIT_ROWS - 1] = NULL,
};

_Static_assert(ARRAY_SIZE(handlers) == VMEXIT_ROWS, "a row for each code");

static bool on_page_fault(struct vcpu *vcpu, const struct vmcb *vmcb)
{
	u64 info = vmcb->exit_info1;
	u32 how = 0;

	if ((info & FAULT_WRITE) != 0)
		how |= EXIT_MEMORY_WRITE;
	if ((info & FAULT_FETCH) != 0)
		how |= EXIT_MEMORY_FETCH;
	if ((info & FAULT_WALK) != 0)
		how |= EXIT_MEMORY_WALK;
	if ((info & FAULT_PRESENT) != 0)
		how |= EXIT_MEMORY_DENIED;
	return exit_memory(vcpu, vmcb->exit_info2, how);
}

static bool svm_serve_other(struct vcpu *vcpu, const struct vmcb *vmcb, u32 code)
{
	if (code == VMEXIT_NPF)
		return on_page_fault(vcpu, vmcb);
	if (code == VMEXIT_INVALID)
		return exit_stop(vcpu, "the CPU refuses its control block");
	return exit_stop(vcpu, "exit for a reason that has no handler");
}

static bool svm_serve(struct vcpu *vcpu, const struct vmcb *vmcb)
{
	u32 code = (u32)vmcb->exit_code; /* the upper half may hold anything (QEMU) */

	if (vcpu->arch.nmi_ends && svm_is_step_end(code)) {
		svm_end_step(vcpu, code - VMEXIT_EXCEPTION);
		return true;
	}
	if (code < VMEXIT_ROWS && handlers[code] != NULL)
		return handlers[code](vcpu);
	return svm_serve_other(vcpu, vmcb, code);
}

/* --- The recording of exits (mullion/profile.h) ----------------------------------------------- */

static const char *svm_exit_name(u32 code)
{
	switch (code) {
	case VMEXIT_INTERCEPT + INTERCEPT_INTR: return "interrupt";
	case VMEXIT_INTERCEPT + INTERCEPT_VINTR: return "interrupt window";
	case VMEXIT_INTERCEPT + INTERCEPT_CPUID: return "CPUID";
	case VMEXIT_INTERCEPT + INTERCEPT_IRET: return "IRET";
	case VMEXIT_INTERCEPT + INTERCEPT_HLT: return "HLT";
	case VMEXIT_INTERCEPT + INTERCEPT_IOIO: return "port";
	case VMEXIT_INTERCEPT + INTERCEPT_MSR: return "MSR";
	case VMEXIT_INTERCEPT + INTERCEPT_VMMCALL: return "call";
	case VMEXIT_CR_WRITE + 4:
	case VMEXIT_CR_WRITE + 8: return "control register";
	case VMEXIT_NPF: return "memory";
	default: return "other";
	}
}

static u64 svm_exit_address(const struct vcpu *vcpu, const struct vmcb *vmcb, u32 code)
{
	switch (code) {
	case VMEXIT_NPF: return vmcb->exit_info2;
	case VMEXIT_INTERCEPT + INTERCEPT_IOIO: return vmcb->exit_info1 >> 16 & 0xffff;
	case VMEXIT_INTERCEPT + INTERCEPT_MSR: return (u32)vcpu->arch.r[VCPU_RCX];
	default: return vmcb->rip;
	}
}

static void svm_enter_recorded(u64 *r, u64 block, u64 host)
{
	struct vcpu *vcpu = container_of(r, struct vcpu, arch.r[0]);
	const struct vmcb *vmcb = vcpu->arch.vmcb;
	u32 code;

	profile_entry(vcpu);
	svm_enter(r, block, host);
	code = (u32)vmcb->exit_code;
	profile_exit(vcpu, code, svm_exit_name(code), svm_exit_address(vcpu, vmcb, code));
}

void svm_profile(struct vcpu *vcpu, bool on)
{
	vcpu->arch.enter = on ? svm_enter_recorded : svm_enter;
}

/* The core's registers and the block's are the same ones. A CPU without next-RIP leaves zero. */
static void svm_cross(struct arch_vcpu *arch, struct vmcb *vmcb)
{
	if (arch->moved) {
		arch->moved = false;
		vmcb->rip = arch->rip;
		vmcb->interrupt_shadow = 0; /* STI and MOV SS block one instruction alone */
	}
	vmcb->rax = arch->r[VCPU_RAX];
	vmcb->rsp = arch->r[VCPU_RSP];
	arch->enter(arch->r, arch->vmcb_pa, arch->host_pa);
	arch->r[VCPU_RAX] = vmcb->rax;
	arch->r[VCPU_RSP] = vmcb->rsp;
	arch->rip = vmcb->rip;
	arch->rflags = vmcb->rflags;
	arch->next_rip = vmcb->next_rip;
	vmcb->tlb_control = 0;
}

bool svm_run(struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	bool goes_on;
	u64 requested;

	do {
		svm_prepare_events(vcpu, vmcb);
		requested = vmcb->vintr;
		svm_cross(&vcpu->arch, vmcb);
		svm_finish_events(vcpu, vmcb, requested);
		goes_on = svm_serve(vcpu, vmcb);
	} while (goes_on && !vcpu_has_work(vcpu));
	return goes_on;
}
