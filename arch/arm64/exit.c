/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits of a guest, first stage. Some are served in place, within the vector's handler. The others
 * become one neutral struct vcpu_exit for core/guest/exit.c. Every act of a guest ends in an
 * answer, an exception injected into it, or its own stop.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"
#include "arch/arm64/pure/insn.h"
#include "arch/arm64/pure/psci.h"
#include "arch/arm64/regime.h"
#include "drivers/irqchip/gic.h"
#include <mullion/log.h>
#include <mullion/serve.h>
#include <mullion/steps.h>

#define FSC_TYPE 0x3cu /* status code without the level */

static bool __cold stop(struct vcpu *vcpu, const char *why)
{
	vcpu->arch.exit->kind = EXIT_ERROR;
	vcpu->arch.exit->error.why = why;
	return false;
}

/* Of the accesses that the CPU has decoded, exit_abort_quick() serves translation faults of the
 * access itself. */
#define ISS_QUICK (ISS_S1PTW | ISS_CM | ISS_FNV | FSC_TYPE)

static void fill_mmio(struct vcpu *vcpu, u64 esr, gpa_t gpa, u64 value)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	exit->kind = esr & ISS_WNR ? EXIT_WRITE : EXIT_READ;
	exit->access.at = gpa;
	exit->access.value = value;
	exit->access.width = (u8)(1u << FIELD(esr, 23, 22));
	vcpu->arch.access = (struct arm64_access){ .reg = (u8)FIELD(esr, 20, 16),
						   .sign_extend = (esr & ISS_SSE) != 0,
						   .reg64 = (esr & ISS_SF) != 0 };
}

/* The value that a store writes, zero-extended. Nearly all are words. */
static inline u64 stored_value(const struct vcpu *vcpu, u64 esr)
{
	u64 value = reg_read(vcpu, (u32)FIELD(esr, 20, 16));

	if ((esr & ISS_SAS) == ISS_SAS_WORD)
		return (u32)value;
	return value & (~UINT64_C(0) >> (64 - (8u << FIELD(esr, 23, 22))));
}

/* The record of the access that left the guest. */
static inline struct component_exit record_of(const struct vcpu *vcpu, u64 esr, u64 offset)
{
	bool write = (esr & ISS_WNR) != 0;
	struct component_exit record = serve_record(vcpu, offset, (u32)FIELD(esr, 23, 22), write,
						    vcpu->served.component->exits);

	if (write)
		record.value = stored_value(vcpu, esr);
	return record;
}

static __cold void warn_serror(struct vcpu *vcpu, u64 syndrome)
{
	if (!vcpu->arch.warned_serror)
		log_warn("guest '%s': system error (syndrome %08lx), passed on to it",
			 vcpu->guest->config->name, syndrome);
	vcpu->arch.warned_serror = true;
}

/* An SError while a component works for this guest, in its exit. No barrier has awaited the guest's
 * accesses (serror_settle), so the error is the guest's. The component continues as after an
 * interrupt. */
static __cold enum user_trap serror_inline(struct vcpu *vcpu)
{
	warn_serror(vcpu, read_sysreg(esr_el2));
	if (vcpu->arch.extra & EXTRA_RAS)
		write_sysreg(VSESR_IDS, SYS_VSESR_EL2);
	vcpu->arch.hcr |= HCR_VSE;
	return USER_INTERRUPTED;
}

/* The component made another call first: the exit gets queued service, which waits for the answer.
 */
static u32 __cold leave_component(struct vcpu *vcpu, u32 left)
{
	struct arch_vcpu *arch = &vcpu->arch;
	struct component_exit record = record_of(vcpu, arch->trap.esr, arch->fault_offset);
	enum user_trap trap = left == USER_LEFT_SERROR
				      ? serror_inline(vcpu)
				      : user_trap(&vcpu->served.component->user, left);

	serve_leave(vcpu, trap, &record);
	arch->writeback = false;
	fill_mmio(vcpu, arch->trap.esr, GPA(vcpu->served.base + record.offset), record.value);
	regime_guest(vcpu);
	write_sysreg(arch->trap.pc, elr_el2);
	write_sysreg(arch->trap.pstate, spsr_el2);
	return QUICK_LEAVE;
}

/* It was served, but its component has more to do, perhaps before the guest. */
static u32 __cold wake_component(struct vcpu *vcpu)
{
	serve_wake(vcpu->served.component);
	vcpu->arch.exit->kind = EXIT_NONE;
	return QUICK_LEAVE;
}

/* The component's run is over. An interrupt or a kick of this CPU's run loop has ended it, or
 * becomes pending once the guest continues. So no request is checked here. */
static u32 __attribute__((noinline)) finish_component(struct cpu *cpu, u32 left)
{
	struct vcpu *vcpu = cpu->current;
	struct component *component = vcpu->served.component;
	u64 esr = vcpu->arch.trap.esr;

	if (__builtin_expect(left != USER_LEFT_SYSCALL || !serve_answered(vcpu), 0))
		return leave_component(vcpu, left);
	regime_load_guest(cpu, vcpu);
	write_sysreg(vcpu->arch.trap.pc + 4, elr_el2);
	write_sysreg(vcpu->arch.trap.pstate, spsr_el2);
	vcpu->exits[(esr & ISS_WNR) != 0 ? EXIT_WRITE : EXIT_READ]++;
	if ((esr & ISS_WNR) == 0)
		reg_write(vcpu, (u32)FIELD(esr, 20, 16), load_value(component->user.x[1], esr));
	if (__builtin_expect(!serve_end(component), 0))
		return wake_component(vcpu);
	return QUICK_DONE;
}

/*
 * An access at @offset into the region that a component served last: it may serve this one right
 * here. Its run takes ELR, SPSR and every register. The state that is needed after it is in the
 * vCPU's structure, and finish_component() reads it from there.
 */
static u32 __attribute__((noinline)) exit_component(struct vcpu *vcpu, u64 esr, u64 offset)
{
	struct arch_user *user = &vcpu->served.component->user;
	struct component_exit record;
	u32 left;

	if (!serve_begin(vcpu))
		return QUICK_NOT;
	vcpu->arch.trap.pc = read_sysreg(elr_el2);
	vcpu->arch.trap.pstate = read_sysreg(spsr_el2);
	vcpu->arch.trap.esr = esr;
	vcpu->arch.trap.far = read_sysreg(far_el2);
	vcpu->arch.fault_offset = offset;
	record = record_of(vcpu, esr, offset);
	arch_user_set_result(user, 0, NOTIFY_EXIT);
	serve_present(user, &record);
	regime_save(vcpu);
	regime_load_user(this_cpu(), user);
	steps_end();
	left = user_enter(user);
	steps_begin(STEPS_USER);
	return finish_component(this_cpu(), left);
}

static inline u32 take_answer(struct vcpu *vcpu, u64 esr, u64 value)
{
	if ((esr & ISS_WNR) == 0)
		reg_write(vcpu, (u32)FIELD(esr, 20, 16), load_value(value, esr));
	write_sysreg(read_sysreg(elr_el2) + 4, elr_el2);
	return QUICK_DONE;
}

static u32 __attribute__((noinline)) flush_first(struct vcpu *vcpu, u64 esr, u64 value)
{
	(void)virq_flush_now(vcpu);
	if (!virq_again(vcpu))
		return take_answer(vcpu, esr, value);
	vcpu->arch.exit->kind = EXIT_NONE;
	return QUICK_LEAVE;
}

/* The virtual interrupt controller has answered @value. After reads too something may be to flush:
 * one of pending or active state takes the list registers back. */
static inline u32 finish_virq(struct vcpu *vcpu, u64 esr, u64 value)
{
	u32 flags = atomic_load_explicit(&vcpu->arch.virq.vgic.flags, memory_order_acquire);

	if (__builtin_expect(flags != 0, 0))
		return flush_first(vcpu, esr, value);
	return take_answer(vcpu, esr, value);
}

/* An access at @offset into its distributor. */
static u32 __attribute__((noinline)) exit_dist(struct vcpu *vcpu, u64 esr, u64 offset)
{
	bool write = (esr & ISS_WNR) != 0;

	return finish_virq(vcpu, esr,
			   virq_dist(vcpu, (u32)offset, 1u << FIELD(esr, 23, 22), write,
				     write ? stored_value(vcpu, esr) : 0));
}

/* An access at @offset into its redistributors. */
static u32 __attribute__((noinline)) exit_redist(struct vcpu *vcpu, u64 esr, u64 offset)
{
	bool write = (esr & ISS_WNR) != 0;

	return finish_virq(vcpu, esr,
			   virq_redist(vcpu, (u32)offset, 1u << FIELD(esr, 23, 22), write,
				       write ? stored_value(vcpu, esr) : 0));
}

u32 exit_abort_quick(struct vcpu *vcpu, u64 esr)
{
	const struct arm64_virq *virq = &vcpu->guest->arch.virq;
	u64 gpa = abort_ipa(read_sysreg(hpfar_el2), read_sysreg(far_el2));
	u64 dist = gpa - virq->gicd, offset = gpa - vcpu->served.base;

	if ((esr & ISS_QUICK) != FSC_TRANSLATION ||
	    (read_sysreg(spsr_el2) & (PSR_A32 | PSR_SS | PSR_BTYPE)) != 0)
		return QUICK_NOT;
	if (dist < virq->gicd_size)
		return exit_dist(vcpu, esr, dist);
	if (offset < vcpu->served.span)
		return exit_component(vcpu, esr, offset);
	if (gpa - virq->gicr < virq->gicr_size)
		return exit_redist(vcpu, esr, gpa - virq->gicr);
	return QUICK_NOT;
}

/* The IPA of a fault; where the hardware does not give it, by a walk of the guest's stage 1. */
static bool fault_ipa(struct vcpu *vcpu, const struct abort_info *info, gpa_t *gpa)
{
	const struct arm64_trap *trap = &vcpu->arch.trap;

	if (info->hpfar_valid) {
		/* Of a descriptor only the page is known: the offset is the access's own. */
		*gpa = GPA(abort_ipa(trap->hpfar, info->walk ? 0 : trap->far));
		return true;
	}
	return guest_translate(vcpu, trap->far,
			       (trap->pstate & PSR_MODE_MASK & ~PSR_A32) == PSR_MODE_EL0T, gpa);
}

/*
 * An abort that fetches the guest's own vectors would only be injected into itself without end: the
 * guest has no handler. For data aborts of code inside the table the same, once they repeat.
 */
#define VECTOR_ABORTS_MAX 16

static bool has_no_handler(struct vcpu *vcpu, bool exec)
{
	if (exec)
		return in_vectors(vcpu->arch.trap.pc, vcpu->arch.trap.pstate);
	return vcpu->arch.vector_aborts > VECTOR_ABORTS_MAX;
}

static bool no_handler(struct vcpu *vcpu)
{
	return stop(vcpu, "an exception that it has no handler for");
}

static bool __cold fault_exit(struct vcpu *vcpu, const struct abort_info *info)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	u64 far = vcpu->arch.trap.far;
	gpa_t gpa = GPA(UINT64_MAX);

	if (has_no_handler(vcpu, info->exec))
		return no_handler(vcpu);
	/* For the message alone; the fault is injected either way. */
	(void)fault_ipa(vcpu, info, &gpa);
	exit->kind = EXIT_FAULT;
	exit->fault.gpa = gpa;
	exit->fault.gva = GVA(info->far_valid ? far : UINT64_MAX);
	exit->fault.write = info->write;
	exit->fault.exec = info->exec;
	exit->fault.walk = info->walk;
	exit->fault.permission = info->permission;
	return false;
}

/* ISV=0: decode the instruction itself. Returns false if it is not a form that MMIO can serve. */
static bool decode_instruction(struct vcpu *vcpu, struct abort_info *info)
{
	struct arch_vcpu *arch = &vcpu->arch;
	u64 pstate = arch->trap.pstate;
	struct insn_access access;
	u64 base;
	u32 insn;

	if ((pstate & PSR_A32) != 0 || !guest_fetch(vcpu, arch->trap.pc, pstate, &insn) ||
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
		virq_flush(vcpu);
		if (virq_again(vcpu)) {
			vcpu->arch.writeback = false; /* to be decoded again */
			exit->kind = EXIT_NONE;
			return false;
		}
		vcpu_skip(vcpu);
		if (!info->write)
			reg_write(vcpu, info->reg,
				  extend_value(value, info->width, info->sign_extend, info->reg64));
		return true;
	}
	if (has_no_handler(vcpu, false))
		return no_handler(vcpu);
	exit->kind = info->write ? EXIT_WRITE : EXIT_READ;
	exit->access.at = gpa;
	exit->access.value = value;
	exit->access.width = info->width;
	vcpu->arch.access = (struct arm64_access){ .reg = (u8)info->reg,
						   .sign_extend = info->sign_extend,
						   .reg64 = info->reg64 };
	return false;
}

static bool __cold abort_exit(struct vcpu *vcpu, struct arm64_trap *trap)
{
	struct abort_info info;
	gpa_t gpa;

	vcpu->arch.writeback = false;
	abort_decode(trap->esr, &info);
	if (info.exec || info.walk || !info.translation)
		return fault_exit(vcpu, &info);
	if (info.cache_op) {
		/* Maintenance by address of what is not there: nothing to maintain. */
		trap_skip(trap);
		return true;
	}
	if (!info.decoded && !decode_instruction(vcpu, &info))
		return fault_exit(vcpu, &info);
	if (!fault_ipa(vcpu, &info, &gpa)) {
		vcpu->arch.writeback = false;
		return fault_exit(vcpu, &info);
	}
	return mmio_exit(vcpu, &info, gpa);
}

static bool wfx_exit(struct vcpu *vcpu, struct arm64_trap *trap)
{
	trap_skip(trap);
	if ((trap->esr & BIT(0)) != 0) /* WFE: no more than a hint */
		return true;
	/* vcpu_wait() checks once for a reason not to block. The skip is done. */
	vcpu->arch.wait_begins = true;
	vcpu->arch.exit->kind = EXIT_WAIT;
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

/* Trapped, so the program counter is at the SMC itself. */
static bool smc_exit(struct vcpu *vcpu, struct arm64_trap *trap)
{
	trap_skip(trap);
	return exit_hvc(vcpu, trap->esr);
}

/* A feature that the guest is not offered, or AArch32 at EL0: undefined there. */
static bool undefined_exit(struct vcpu *vcpu, struct arm64_trap *trap)
{
	(void)trap;
	inject_undef(vcpu);
	return true;
}

/* By exception class. False: the exit goes to arch_vcpu_run()'s caller. */
static bool (*const handlers[ESR_EC_COUNT])(struct vcpu *vcpu, struct arm64_trap *trap) = {
	[ESR_EC_DABT_LOW] = abort_exit,    [ESR_EC_IABT_LOW] = abort_exit,
	[ESR_EC_SYS64] = sysreg_trap,      [ESR_EC_WFX] = wfx_exit,
	[ESR_EC_SMC64] = smc_exit,         [ESR_EC_UNKNOWN] = undefined_exit,
	[ESR_EC_CP15_32] = undefined_exit, [ESR_EC_CP15_64] = undefined_exit,
	[ESR_EC_CP14_32] = undefined_exit, [ESR_EC_CP14_LS] = undefined_exit,
	[ESR_EC_CP14_64] = undefined_exit, [ESR_EC_FP] = undefined_exit,
	[ESR_EC_VMRS] = undefined_exit,    [ESR_EC_PAUTH] = undefined_exit,
	[ESR_EC_SVE] = undefined_exit,     [ESR_EC_SME] = undefined_exit,
	[ESR_EC_LS64] = undefined_exit,    [ESR_EC_SYS128] = undefined_exit,
};

static bool handle(struct vcpu *vcpu, u64 esr)
{
	struct arm64_trap *trap = &vcpu->arch.trap;
	bool done;

	*trap = (struct arm64_trap){ .pc = read_sysreg(elr_el2),
				     .pstate = read_sysreg(spsr_el2),
				     .esr = esr,
				     .far = read_sysreg(far_el2),
				     .hpfar = read_sysreg(hpfar_el2) };
	if (handlers[ESR_EC(esr)] == NULL)
		return stop(vcpu, "an exception that should not reach the hypervisor");
	done = handlers[ESR_EC(esr)](vcpu, trap);
	write_sysreg(trap->pc, elr_el2);
	write_sysreg(trap->pstate, spsr_el2);
	return done;
}

bool exit_sync(struct vcpu *vcpu, u64 esr)
{
	u32 quick = QUICK_NOT;

	if (ESR_EC(esr) == ESR_EC_DABT_LOW && (esr & ISS_ISV) != 0)
		quick = exit_abort_quick(vcpu, esr);
	return quick != QUICK_NOT ? quick == QUICK_DONE : handle(vcpu, esr);
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

__cold bool exit_fiq(struct vcpu *vcpu)
{
	/* The core uses no FIQ; firmware that lets one through has given this CPU away. */
	vcpu->arch.trap.esr = 0; /* that of some exception before */
	return stop(vcpu, "a physical FIQ while it ran");
}

__cold bool exit_serror(struct vcpu *vcpu)
{
	/*
	 * An asynchronous error while this guest ran (a passed-through device, its own memory) is
	 * the guest's. It is delivered as a virtual SError, once the guest unmasks those.
	 */
	warn_serror(vcpu, read_sysreg(esr_el2));
	/* The guest's ID registers show no RAS extension: an implementation-defined syndrome. */
	if (vcpu->arch.extra & EXTRA_RAS)
		write_sysreg(VSESR_IDS, SYS_VSESR_EL2);
	write_sysreg(read_sysreg(hcr_el2) | HCR_VSE, hcr_el2);
	return true;
}

/* One that came, or was deferred, while nothing but the core ran behind this vCPU. */
__cold void serror_look(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	u64 syndrome;

	if (arch->extra & EXTRA_RAS) {
		__asm__ volatile("hint #16" : : : "memory"); /* ESB: defers a pending SError */
		syndrome = read_sysreg(SYS_DISR_EL1);
		if ((syndrome & DISR_A) == 0)
			return;
		write_sysreg(0, SYS_DISR_EL1);
		arch->options.vsesr = VSESR_IDS;
		write_sysreg(VSESR_IDS, SYS_VSESR_EL2);
	} else {
		syndrome = serror_take();
		if (syndrome == 0)
			return;
	}
	warn_serror(vcpu, syndrome);
	arch->hcr |= HCR_VSE;
}
