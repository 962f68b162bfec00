/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits of a guest, first stage: what can be served in place is, without leaving the vector's
 * handler; the rest becomes one neutral struct vcpu_exit for core/guest/exit.c. Nothing that a
 * guest does may end anywhere but in an answer, an exception injected into it, or its own stop.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"
#include "arch/arm64/pure/insn.h"
#include "arch/arm64/pure/psci.h"
#include "arch/arm64/regime.h"
#include "drivers/irqchip/gic.h"
#include <mullion/component.h>
#include <mullion/log.h>
#include <mullion/sched.h>

#define FSC_TRANSLATION 0x04u
#define FSC_TYPE        0x3cu /* status code without the level */

static bool stop(struct vcpu *vcpu, const char *why)
{
	vcpu->arch.fault_esr = read_sysreg(esr_el2);
	vcpu->arch.fault_far = read_sysreg(far_el2);
	vcpu->arch.exit->kind = EXIT_ERROR;
	vcpu->arch.exit->error.why = why;
	return false;
}

/* What exit_abort_quick() takes: decoded by the CPU, a translation fault of the access itself. */
#define ISS_QUICK (ISS_ISV | ISS_S1PTW | ISS_CM | ISS_FNV | FSC_TYPE)

static void fill_mmio(struct vcpu *vcpu, u64 esr, gpa_t gpa, u64 value)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	exit->kind = esr & ISS_WNR ? EXIT_MMIO_WRITE : EXIT_MMIO_READ;
	exit->mmio.gpa = gpa;
	exit->mmio.value = value;
	exit->mmio.width = (u8)(1u << FIELD(esr, 23, 22));
	exit->mmio.reg = (u8)FIELD(esr, 20, 16);
	exit->mmio.sign_extend = (esr & ISS_SSE) != 0;
	exit->mmio.reg64 = (esr & ISS_SF) != 0;
}

bool exit_abort_quick(struct vcpu *vcpu, u64 esr)
{
	gpa_t gpa = GPA(abort_ipa(read_sysreg(hpfar_el2), read_sysreg(far_el2)));
	u32 reg = (u32)FIELD(esr, 20, 16);
	u32 width = 1u << FIELD(esr, 23, 22);
	u64 value;

	if ((esr & ISS_QUICK) != (ISS_ISV | FSC_TRANSLATION) ||
	    (read_sysreg(spsr_el2) & (PSR_A32 | PSR_SS | PSR_BTYPE)) != 0)
		return false;
	if (esr & ISS_WNR) {
		value = reg_read(vcpu, reg) & (~UINT64_C(0) >> (64 - 8 * width));
		if (!virq_mmio(vcpu, gpa, width, true, &value))
			return false;
	} else {
		if (!virq_mmio(vcpu, gpa, width, false, &value))
			return false;
		reg_write(vcpu, reg, load_value(value, esr));
	}
	/* After reads too: one of pending or active state takes the list registers back. */
	virq_flush(vcpu);
	write_sysreg(read_sysreg(elr_el2) + 4, elr_el2);
	return true;
}

/*
 * A component may serve it right here. Its run takes ELR and SPSR, and who is active; a kick or an
 * interrupt that was meant for this CPU's run loop meanwhile must not be forgotten.
 */
u32 exit_component_quick(struct vcpu *vcpu)
{
	u64 esr = read_sysreg(esr_el2);
	gpa_t gpa = GPA(abort_ipa(read_sysreg(hpfar_el2), read_sysreg(far_el2)));
	u64 elr = read_sysreg(elr_el2), spsr = read_sysreg(spsr_el2), value = 0;
	u32 width = 1u << FIELD(esr, 23, 22);
	bool write = (esr & ISS_WNR) != 0;
	enum served served;

	if ((esr & ISS_QUICK) != (ISS_ISV | FSC_TRANSLATION) ||
	    (spsr & (PSR_A32 | PSR_SS | PSR_BTYPE)) != 0)
		return QUICK_NOT;
	if (write)
		value = reg_read(vcpu, (u32)FIELD(esr, 20, 16)) &
			(~UINT64_C(0) >> (64 - 8 * width));
	served = component_serve_here(vcpu, gpa, width, write, &value);
	if (served == SERVED_NOT)
		return QUICK_NOT;
	regime_guest(vcpu);
	write_sysreg(spsr, spsr_el2);
	if (served == SERVED_LATER) {
		write_sysreg(elr, elr_el2);
		vcpu->arch.fault_esr = esr;
		vcpu->arch.writeback = false;
		fill_mmio(vcpu, esr, gpa, value);
		return QUICK_LEAVE;
	}
	write_sysreg(elr + 4, elr_el2);
	vcpu->exits[write ? EXIT_MMIO_WRITE : EXIT_MMIO_READ]++;
	if (!write)
		reg_write(vcpu, (u32)FIELD(esr, 20, 16), load_value(value, esr));
	if (__builtin_expect(sched_needed() || atomic_load(&vcpu->requests) != 0, 0)) {
		vcpu->arch.exit->kind = EXIT_NONE;
		return QUICK_LEAVE;
	}
	virq_flush(vcpu);
	return QUICK_DONE;
}

/* The IPA of a fault, where the hardware does not give it: walk the guest's stage 1. */
static bool fault_ipa(const struct abort_info *info, u64 far, u64 pstate, gpa_t *gpa)
{
	if (info->hpfar_valid) {
		/* Of a descriptor only the page is known: the offset is the access's own. */
		*gpa = GPA(abort_ipa(read_sysreg(hpfar_el2), info->walk ? 0 : far));
		return true;
	}
	return guest_translate(far, (pstate & PSR_MODE_MASK & ~PSR_A32) == PSR_MODE_EL0T, gpa);
}

/*
 * An abort that fetches the guest's own vectors would only be injected into itself for ever: the
 * guest has no handler. For data aborts of code inside the table the same, once they repeat.
 */
#define VECTOR_ABORTS_MAX 16

static bool has_no_handler(struct vcpu *vcpu, bool exec)
{
	if (exec)
		return in_vectors(read_sysreg(elr_el2), read_sysreg(spsr_el2));
	return vcpu->arch.vector_aborts > VECTOR_ABORTS_MAX;
}

static bool no_handler(struct vcpu *vcpu)
{
	return stop(vcpu, "an exception that it has no handler for");
}

static bool fault_exit(struct vcpu *vcpu, const struct abort_info *info)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	u64 far = vcpu->arch.fault_far;
	gpa_t gpa = GPA(UINT64_MAX);

	if (has_no_handler(vcpu, info->exec))
		return no_handler(vcpu);
	/* For the message alone; the fault is injected either way. */
	(void)fault_ipa(info, far, read_sysreg(spsr_el2), &gpa);
	exit->kind = EXIT_FAULT;
	exit->fault.gpa = gpa;
	exit->fault.gva = GVA(far);
	exit->fault.write = info->write;
	exit->fault.exec = info->exec;
	exit->fault.walk = info->walk;
	exit->fault.permission = info->permission;
	return false;
}

/* ISV=0: look at the instruction itself. False: not a form that MMIO can serve. */
static bool decode_instruction(struct vcpu *vcpu, struct abort_info *info)
{
	struct arch_vcpu *arch = &vcpu->arch;
	u64 pstate = read_sysreg(spsr_el2);
	struct insn_access access;
	u64 base;
	u32 insn;

	if ((pstate & PSR_A32) != 0 || !guest_fetch(vcpu, read_sysreg(elr_el2), pstate, &insn) ||
	    !insn_decode(insn, &access))
		return false;
	/* Another vCPU may have changed the word since: then what was decoded is not what faulted.
	 */
	if (access.write != info->write)
		return false;
	info->width = access.width;
	info->reg = access.reg;
	info->sign_extend = access.sign_extend;
	info->reg64 = access.reg64;
	if (!access.writeback)
		return true;
	if (access.base != 31)
		base = arch->x[access.base];
	else if ((pstate & PSR_MODE_MASK) == PSR_MODE_EL1H)
		base = read_sysreg(sp_el1);
	else
		base = read_sysreg(sp_el0);
	arch->writeback = true;
	arch->writeback_reg = access.base;
	arch->writeback_value = base + (u64)(s64)access.offset;
	return true;
}

/* A decoded access outside RAM: the controller's, by an odd instruction, or the core's to dispatch.
 */
static bool mmio_exit(struct vcpu *vcpu, const struct abort_info *info, gpa_t gpa)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	u64 value = reg_read(vcpu, info->reg);

	if (info->width < 8)
		value &= BIT(8 * info->width) - 1;
	if (virq_mmio(vcpu, gpa, info->width, info->write, &value)) {
		vcpu->arch.pc = read_sysreg(elr_el2);
		vcpu->arch.pstate = read_sysreg(spsr_el2);
		arch_vcpu_skip(vcpu);
		write_sysreg(vcpu->arch.pc, elr_el2);
		write_sysreg(vcpu->arch.pstate, spsr_el2);
		if (!info->write)
			reg_write(vcpu, info->reg,
				  extend_value(value, info->width, info->sign_extend, info->reg64));
		virq_flush(vcpu);
		return true;
	}
	if (has_no_handler(vcpu, false))
		return no_handler(vcpu);
	exit->kind = info->write ? EXIT_MMIO_WRITE : EXIT_MMIO_READ;
	exit->mmio.gpa = gpa;
	exit->mmio.value = value;
	exit->mmio.width = info->width;
	exit->mmio.reg = info->reg;
	exit->mmio.sign_extend = info->sign_extend;
	exit->mmio.reg64 = info->reg64;
	return false;
}

static bool abort_exit(struct vcpu *vcpu, u64 esr)
{
	struct abort_info info;
	gpa_t gpa;

	vcpu->arch.fault_esr = esr;
	vcpu->arch.fault_far = read_sysreg(far_el2);
	vcpu->arch.writeback = false;
	abort_decode(esr, &info);
	if (info.exec || info.walk || !info.translation)
		return fault_exit(vcpu, &info);
	if (info.cache_op) {
		/* Maintenance by address of what is not there: nothing to maintain. */
		skip_a64();
		return true;
	}
	if (!info.decoded && !decode_instruction(vcpu, &info))
		return fault_exit(vcpu, &info);
	if (!fault_ipa(&info, vcpu->arch.fault_far, read_sysreg(spsr_el2), &gpa)) {
		vcpu->arch.writeback = false;
		return fault_exit(vcpu, &info);
	}
	return mmio_exit(vcpu, &info, gpa);
}

static bool data_abort(struct vcpu *vcpu, u64 esr)
{
	u32 quick;

	if (exit_abort_quick(vcpu, esr))
		return true;
	quick = exit_component_quick(vcpu);
	return quick != QUICK_NOT ? quick == QUICK_DONE : abort_exit(vcpu, esr);
}

static bool wfx_exit(struct vcpu *vcpu, u64 esr)
{
	skip_a64();
	if ((esr & BIT(0)) != 0) /* WFE: no more than a hint */
		return true;
	/* Whether there is anything to wait for is asked once, by who waits. The skip is done. */
	vcpu->arch.exit->kind = EXIT_WFI;
	return false;
}

bool exit_hvc(struct vcpu *vcpu, u64 esr)
{
	if ((u32)vcpu->arch.x[0] == PSCI_VERSION && (esr & UINT16_MAX) == 0) {
		vcpu->arch.x[0] = PSCI_VERSION_1_1;
		return true;
	}
	if ((esr & UINT16_MAX) != 0) { /* SMCCC: the immediate is zero */
		vcpu->arch.x[0] = (u64)PSCI_NOT_SUPPORTED;
		return true;
	}
	return smccc_serve(vcpu);
}

bool exit_sync(struct vcpu *vcpu, u64 esr)
{
	switch (ESR_EC(esr)) {
	case ESR_EC_DABT_LOW: return data_abort(vcpu, esr);
	case ESR_EC_SYS64: return sysreg_trap(vcpu, esr);
	case ESR_EC_IABT_LOW: return abort_exit(vcpu, esr);
	case ESR_EC_WFX: return wfx_exit(vcpu, esr);
	case ESR_EC_SMC64:
		/* Trapped, so ELR is at the SMC itself. */
		skip_a64();
		return exit_hvc(vcpu, esr);
	case ESR_EC_UNKNOWN:
	case ESR_EC_CP15_32:
	case ESR_EC_CP15_64:
	case ESR_EC_CP14_32:
	case ESR_EC_CP14_LS:
	case ESR_EC_CP14_64:
	case ESR_EC_FP:
	case ESR_EC_VMRS:
	case ESR_EC_PAUTH:
	case ESR_EC_SVE:
	case ESR_EC_SME:
	case ESR_EC_LS64:
	case ESR_EC_SYS128:
		/* Of what the guest is not offered, or of AArch32 at EL0: undefined there. */
		inject_undef(vcpu);
		return true;
	default: return stop(vcpu, "an exception that should not reach the hypervisor");
	}
}

bool exit_irq(struct vcpu *vcpu)
{
	if (virq_interrupt(vcpu)) {
		if (gicv2_forgets)
			timer_watch(vcpu);
		return true;
	}
	vcpu->arch.exit->kind = EXIT_NONE;
	return false;
}

bool exit_fiq(struct vcpu *vcpu)
{
	/* The core uses no FIQ; firmware that lets one through has given this CPU away. */
	return stop(vcpu, "a physical FIQ while it ran");
}

bool exit_serror(struct vcpu *vcpu)
{
	/*
	 * An asynchronous error while this guest ran (a passed-through device, its own memory) is
	 * this guest's: it gets it as a virtual SError, once it unmasks those.
	 */
	if (!vcpu->arch.warned_serror)
		log_warn("guest '%s': system error (syndrome %08lx), passed on to it",
			 vcpu->guest->config->name, read_sysreg(esr_el2));
	vcpu->arch.warned_serror = true;
	write_sysreg(read_sysreg(hcr_el2) | HCR_VSE, hcr_el2);
	return true;
}
