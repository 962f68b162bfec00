/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits on VMX. Each basic reason of SDM vol. 3, appendix C, has a row. A reason that the manual
 * reserves, and one that no control of the core enables, stop the guest with a dump.
 */
#include "arch/x86_64/mcheck.h"
#include "arch/x86_64/vmx/vmx.h"

#include "arch/x86_64/pure/cr.h"
#include <arch/irq.h>
#include <mullion/cpu.h>
#include <mullion/profile.h>

#define REASON_COUNT         80u
#define REASON_MACHINE_CHECK 41u
#define REASON_FAILED        BIT(31) /* the entry, not the guest */

#define DR6_TRAPS (BIT(14) | BIT(13) | MASK(3, 0)) /* BS, BD, B3 to B0 */
#define DR6_BD    BIT(13)
#define DR7_GD    BIT(13)

/* Qualification of a port access (table 28-5), and of an EPT violation (table 28-7). */
#define PORT_IN     BIT(3)
#define PORT_STRING BIT(4)

#define VIOLATION_WRITE      BIT(1)
#define VIOLATION_FETCH      BIT(2)
#define VIOLATION_ALLOWED    MASK(5, 3)
#define VIOLATION_LINEAR     BIT(7)
#define VIOLATION_TRANSLATED BIT(8)

/* Qualification of an access to a control register (table 28-3). */
#define CR_WRITE UINT64_C(0)
#define CR_READ  UINT64_C(1)

static bool on_preemption(struct vcpu *vcpu)
{
	arch_irq_take();
	vcpu->exits[EXIT_NONE]++;
	return true;
}

/* The vector was acknowledged by the exit. */
static bool vmx_on_interrupt(struct vcpu *vcpu)
{
	this_cpu()->arch.vector = vmcs_read(VMCS_EXIT_EVENT) & 0xff;
	return on_preemption(vcpu);
}

static bool vmx_on_nothing(struct vcpu *vcpu)
{
	(void)vcpu;
	return true;
}

static bool unexpected(struct vcpu *vcpu)
{
	return exit_stop(vcpu, "exit by a control that the core does not use");
}

/* The exit has not changed DR6 and DR7, as the delivery would have. SDM vol. 3, 28.2.1. */
static void update_debug(struct vcpu *vcpu)
{
	u64 bits = vmx_of(vcpu)->qualification & DR6_TRAPS;
	u64 dr6 = virt->read(vcpu, VIRT_DR6);

	virt->write(vcpu, VIRT_DR6, (dr6 & ~MASK(3, 0)) | bits);
	if ((bits & DR6_BD) != 0)
		vmcs_set(ENTRY_DR7, vmcs_read(entry_encoding(ENTRY_DR7)) & ~DR7_GD);
}

/* An NMI is the machine's: its handler runs by INT, and its IRET ends the blocking of NMIs. The
 * exceptions that exit are the guest's, and it gets them. INT1 has a type of its own. */
static bool on_exception(struct vcpu *vcpu)
{
	u64 event = vmcs_read(VMCS_EXIT_EVENT);
	u32 vector = (u32)(event & 0xff);

	if (EVENT_TYPE(event) == EVENT_NMI) {
		__asm__ volatile("int $2" : : : "memory");
		return true;
	}
	if (vector == EXCEPTION_MC)
		return exit_machine_check(vcpu);
	if (vector != EXCEPTION_DB && vector != EXCEPTION_AC)
		return unexpected(vcpu);
	if (vector == EXCEPTION_DB)
		update_debug(vcpu);
	virt->raise(vcpu, vector,
		    (event & EVENT_HAS_ERROR) != 0 ? vmcs_read(VMCS_EXIT_ERROR) : VIRT_NO_ERROR);
	if ((vcpu->arch.event & 0xff) == vector)
		vcpu->arch.event = (vcpu->arch.event & ~MASK(10, 8)) | (event & MASK(10, 8));
	vmx_of(vcpu)->event_length = vmcs_read(VMCS_LENGTH);
	return true;
}

static bool on_triple_fault(struct vcpu *vcpu)
{
	vcpu->arch.exit->kind = EXIT_SYSTEM_RESET;
	return false;
}

static bool vmx_on_task_switch(struct vcpu *vcpu)
{
	return exit_stop(vcpu, "hardware task switch, which the core does not emulate");
}

static bool vmx_on_invd(struct vcpu *vcpu)
{
	return exit_ignored(vcpu, INSN_INVD);
}

static bool vmx_on_wbinvd(struct vcpu *vcpu)
{
	return exit_ignored(vcpu, INSN_WBINVD);
}

static bool vmx_on_rdpmc(struct vcpu *vcpu)
{
	virt->raise(vcpu, VECTOR_GP, 0); /* no counters */
	return true;
}

static bool on_vmcall(struct vcpu *vcpu)
{
	return exit_call(vcpu, INSN_VMCALL, (u32)virt->read(vcpu, VIRT_CPL));
}

/* A write that changes a bit which the core keeps; a guest with PAE paging gets its page-directory
 * pointers again. */
static bool write_control(struct vcpu *vcpu, u32 control, u64 value, u64 next)
{
	struct cr_state state = {
		.cr0 = virt->read(vcpu, VIRT_CR0),
		.cr4 = virt->read(vcpu, VIRT_CR4),
		.efer = virt->read(vcpu, VIRT_EFER),
	};
	u64 cr0 = control == 0 ? value : state.cr0, cr4 = control == 4 ? value : state.cr4;

	if (control != 8 && cr_loads_pdptes(&state, cr0, cr4) &&
	    !vmx_load_pdptes(vcpu, virt->read(vcpu, VIRT_CR3))) {
		virt->raise(vcpu, VECTOR_GP, 0);
		return true;
	}
	return exit_cr(vcpu, control, value, next);
}

static bool on_control_register(struct vcpu *vcpu)
{
	u64 how = vmx_of(vcpu)->qualification, type = FIELD(how, 5, 4);
	u32 control = (u32)FIELD(how, 3, 0), reg = (u32)FIELD(how, 11, 8);
	u64 next = vcpu->arch.next_rip;

	if (type == CR_WRITE)
		return write_control(vcpu, control, vcpu->arch.r[reg], next);
	if (type != CR_READ || control != 8)
		return unexpected(vcpu);
	vcpu->arch.r[reg] = atomic_load(&vcpu->arch.lapic.tpr) >> 4;
	return exit_finish(vcpu, next);
}

static bool vmx_on_port(struct vcpu *vcpu)
{
	u64 how = vmx_of(vcpu)->qualification;
	u16 port = (u16)(how >> 16);

	if ((how & PORT_STRING) != 0)
		return exit_string_port(vcpu, port);
	return exit_port(vcpu, port, (u8)(FIELD(how, 2, 0) + 1), (how & PORT_IN) != 0,
			 vcpu->arch.next_rip);
}

static bool on_violation(struct vcpu *vcpu)
{
	u64 info = vmx_of(vcpu)->qualification;
	u32 how = 0;

	if ((info & VIOLATION_WRITE) != 0)
		how |= EXIT_MEMORY_WRITE;
	if ((info & VIOLATION_FETCH) != 0)
		how |= EXIT_MEMORY_FETCH;
	if ((info & (VIOLATION_LINEAR | VIOLATION_TRANSLATED)) != 0 &&
	    (info & VIOLATION_TRANSLATED) == 0)
		how |= EXIT_MEMORY_WALK;
	if ((info & VIOLATION_ALLOWED) != 0)
		how |= EXIT_MEMORY_DENIED;
	return exit_memory(vcpu, vmcs_read(VMCS_GUEST_PHYSICAL), how);
}

static bool on_misconfiguration(struct vcpu *vcpu)
{
	return exit_stop(vcpu, "an entry of its extended page tables that the CPU refuses");
}

static bool (*const handlers[])(struct vcpu *vcpu) = {
	[0] = on_exception,
	[1] = vmx_on_interrupt,
	[2] = on_triple_fault,
	[3] = vmx_on_nothing, /* INIT */
	[4] = vmx_on_nothing, /* SIPI */
	[5] = vmx_on_nothing, /* SMI of I/O */
	[6] = vmx_on_nothing, /* SMI */
	[7] = vmx_on_nothing, /* interrupt window: the next entry delivers */
	[8] = vmx_on_nothing, /* NMI window */
	[9] = vmx_on_task_switch,
	[10] = exit_cpuid,
	[11] = exit_undefined, /* GETSEC */
	[12] = exit_hlt,
	[13] = vmx_on_invd,
	[14] = unexpected, /* INVLPG */
	[15] = vmx_on_rdpmc,
	[16] = unexpected,     /* RDTSC */
	[17] = exit_undefined, /* RSM */
	[18] = on_vmcall,
	[19] = exit_undefined, /* VMCLEAR */
	[20] = exit_undefined, /* VMLAUNCH */
	[21] = exit_undefined, /* VMPTRLD */
	[22] = exit_undefined, /* VMPTRST */
	[23] = exit_undefined, /* VMREAD */
	[24] = exit_undefined, /* VMRESUME */
	[25] = exit_undefined, /* VMWRITE */
	[26] = exit_undefined, /* VMXOFF */
	[27] = exit_undefined, /* VMXON */
	[28] = on_control_register,
	[29] = unexpected, /* MOV DR */
	[30] = vmx_on_port,
	[31] = exit_rdmsr,
	[32] = exit_wrmsr,
	[33] = unexpected,         /* entry: guest state; see vmx_run() */
	[34] = unexpected,         /* entry: MSRs */
	[36] = exit_undefined,     /* MWAIT */
	[37] = unexpected,         /* monitor trap */
	[39] = exit_undefined,     /* MONITOR */
	[40] = unexpected,         /* PAUSE */
	[41] = exit_machine_check, /* of the entry */
	[43] = unexpected,         /* TPR below threshold */
	[44] = unexpected,         /* APIC access */
	[45] = unexpected,         /* virtual EOI */
	[46] = unexpected,         /* GDTR, IDTR */
	[47] = unexpected,         /* LDTR, TR */
	[48] = on_violation,
	[49] = on_misconfiguration,
	[50] = exit_undefined, /* INVEPT */
	[51] = unexpected,     /* RDTSCP */
	[52] = on_preemption,
	[53] = exit_undefined, /* INVVPID */
	[54] = vmx_on_wbinvd,
	[55] = exit_xsetbv,
	[56] = unexpected,                   /* APIC write */
	[57] = unexpected,                   /* RDRAND */
	[58] = unexpected,                   /* INVPCID */
	[59] = exit_undefined,               /* VMFUNC */
	[60] = exit_undefined,               /* ENCLS */
	[61] = unexpected,                   /* RDSEED */
	[62] = unexpected,                   /* page-modification log */
	[63] = unexpected,                   /* XSAVES */
	[64] = unexpected,                   /* XRSTORS */
	[65] = exit_undefined,               /* PCONFIG */
	[66] = unexpected,                   /* sub-page permissions */
	[67] = exit_undefined,               /* UMWAIT */
	[68] = exit_undefined,               /* TPAUSE */
	[69] = exit_undefined,               /* LOADIWKEY */
	[70] = exit_undefined,               /* ENCLV */
	[72] = exit_undefined,               /* ENQCMD */
	[73] = exit_undefined,               /* ENQCMDS */
	[74] = unexpected,                   /* bus lock */
	[75] = unexpected,                   /* instruction timeout */
	[76] = exit_undefined,               /* SEAMCALL */
	[77] = exit_undefined,               /* TDCALL */
	[78] = exit_undefined,               /* RDMSRLIST */
	[REASON_COUNT - 1] = exit_undefined, /* WRMSRLIST */
};

_Static_assert(ARRAY_SIZE(handlers) == REASON_COUNT, "a row for each basic reason");

static bool vmx_serve(struct vcpu *vcpu)
{
	u64 reason = vmx_of(vcpu)->reason;
	u32 basic = (u16)reason;

	if ((reason & REASON_FAILED) != 0 && basic != REASON_MACHINE_CHECK)
		return exit_stop(vcpu, vmx_broken_rule());
	if (basic < REASON_COUNT && handlers[basic] != NULL)
		return handlers[basic](vcpu);
	return exit_stop(vcpu, "exit for a reason that has no handler");
}

/* Behind the instruction of the exit. Above 4 GiB there is 64-bit code alone. */
static u64 find_next_rip(const struct vcpu *vcpu)
{
	u64 rip = vcpu->arch.rip, next = rip + vmcs_read(VMCS_LENGTH);

	if ((rip ^ next) >> 32 != 0 && virt->read(vcpu, VIRT_CODE64) == 0)
		next = (u32)next;
	return next;
}

/* --- The recording of exits (mullion/profile.h) ----------------------------------------------- */

static const char *vmx_exit_name(u32 reason)
{
	switch (reason) {
	case 0: return "exception";
	case 1: return "interrupt";
	case 7: return "interrupt window";
	case 10: return "CPUID";
	case 12: return "HLT";
	case 18: return "call";
	case 28: return "control register";
	case 30: return "port";
	case 31:
	case 32: return "MSR";
	case REASON_EPT: return "memory";
	case 52: return "preemption timer";
	default: return "other";
	}
}

static u64 vmx_exit_address(const struct vcpu *vcpu, u32 reason)
{
	switch (reason) {
	case 30: return vmcs_read(VMCS_QUALIFICATION) >> 16 & 0xffff;
	case 31:
	case 32: return (u32)vcpu->arch.r[VCPU_RCX];
	case REASON_EPT: return vmcs_read(VMCS_GUEST_PHYSICAL);
	default: return vmcs_read(VMCS_GUEST_RIP);
	}
}

static bool vmx_enter_recorded(u64 *r, bool launched)
{
	struct vcpu *vcpu = container_of(r, struct vcpu, arch.r[0]);
	u32 reason;

	profile_entry(vcpu);
	if (!vmx_enter(r, launched))
		return false;
	reason = (u16)vmcs_read(VMCS_REASON);
	profile_exit(vcpu, reason, vmx_exit_name(reason), vmx_exit_address(vcpu, reason));
	return true;
}

void vmx_profile(struct vcpu *vcpu, bool on)
{
	vmx_of(vcpu)->enter = on ? vmx_enter_recorded : vmx_enter;
}

bool vmx_run(struct vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);
	bool goes_on;

	do {
		vmx_prepare_events(vcpu, vmx);
		if (!vmx_cross(vcpu))
			return exit_stop(vcpu, vmx_broken_rule());
		vmx->reason = vmcs_read(VMCS_REASON);
		vmx->qualification = vmcs_read(VMCS_QUALIFICATION);
		vcpu->arch.next_rip = find_next_rip(vcpu);
		vmx_finish_events(vcpu, (u16)vmx->reason);
		goes_on = vmx_serve(vcpu);
		/* The timer of such a run begins again with each entry; see limit_run(). */
		if ((vmx->pin & PIN_PREEMPTION) != 0)
			arch_irq_take();
	} while (goes_on && !vcpu_has_work(vcpu));
	return goes_on;
}
