/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions injected into a guest, and looks through its stage 1. */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"
#include "arch/arm64/pure/idregs.h"
#include "arch/arm64/pure/walk.h"

#define FSC_SYNC_EXTERNAL      0x10u
#define FSC_SYNC_EXTERNAL_WALK 0x14u /* and the level */

/* Take the exception: EL1's registers in hardware, pc and pstate in its trap. */
static void inject(struct vcpu *vcpu, u64 esr)
{
	const u64 *id = vcpu->guest->arch.id;
	struct arm64_trap *trap = &vcpu->arch.trap;
	struct inject in = {
		.pc = trap->pc,
		.pstate = trap->pstate,
		.vbar = read_sysreg(vbar_el1),
		.sctlr = read_sysreg(sctlr_el1),
		.esr = esr,
		.ssbs = FIELD(id[IDREG_AA64PFR1], 7, 4) != 0,
		.pan = FIELD(id[IDREG_AA64MMFR1], 23, 20) != 0,
	};

	inject_encode(&in);
	write_sysreg(in.elr, elr_el1);
	write_sysreg(in.spsr, spsr_el1);
	write_sysreg(in.new_esr, esr_el1);
	trap->pc = in.new_pc;
	trap->pstate = in.new_pstate;
}

static bool read_descriptor(void *context, u64 ipa, u64 *descriptor)
{
	const struct vcpu *vcpu = context;

	return guest_copy_in(vcpu->guest, descriptor, GPA(ipa), sizeof(*descriptor)) == OK;
}

__cold static struct walk walk_of(struct vcpu *vcpu, u64 va)
{
	return (struct walk){
		.tcr = read_sysreg(tcr_el1),
		.ttbr0 = read_sysreg(ttbr0_el1),
		.ttbr1 = read_sysreg(ttbr1_el1),
		.sctlr = read_sysreg(sctlr_el1),
		.va = va,
		.read = read_descriptor,
		.context = vcpu,
	};
}

/* The guest's table walk ran into stage 2 at @gpa. */
static u64 walk_status(struct vcpu *vcpu, gpa_t gpa)
{
	const struct walk walk = walk_of(vcpu, vcpu->arch.trap.far);
	u8 level;

	return walk_level(&walk, gpa.v, &level) ? FSC_SYNC_EXTERNAL_WALK | level
						: FSC_SYNC_EXTERNAL;
}

/* For the abort in vcpu->arch.trap. */
static void inject_abort(struct vcpu *vcpu, bool exec, u64 status)
{
	const struct arm64_trap *trap = &vcpu->arch.trap;
	u64 esr = (u64)(exec ? ESR_EC_IABT_LOW : ESR_EC_DABT_LOW) << ESR_EC_SHIFT | ESR_IL | status;

	if (!exec)
		esr |= trap->esr & (ISS_WNR | ISS_CM);
	if (!syndrome_has_address(trap->esr))
		esr |= ISS_FNV;
	vcpu->arch.writeback = false;
	if (in_vectors(trap->pc, trap->pstate))
		vcpu->arch.vector_aborts++;
	else
		vcpu->arch.vector_aborts = 0;
	inject(vcpu, esr);
	write_sysreg(trap->far, far_el1);
}

void inject_undef(struct vcpu *vcpu)
{
	inject(vcpu, (u64)ESR_EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL);
}

void inject_fault(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	bool fault = exit->kind == EXIT_FAULT;
	u64 status = FSC_SYNC_EXTERNAL;

	arm64_vcpu_load(vcpu);
	if (fault && exit->fault.walk)
		status = walk_status(vcpu, exit->fault.gpa);
	inject_abort(vcpu, fault && exit->fault.exec, status);
}

__cold bool guest_translate(struct vcpu *vcpu, u64 va, bool el0, gpa_t *gpa)
{
	const struct walk walk = walk_of(vcpu, va);

	return walk_translate(&walk, el0, &gpa->v);
}

__cold bool guest_fetch(struct vcpu *vcpu, u64 pc, u64 pstate, u32 *insn)
{
	gpa_t gpa;

	if (!IS_ALIGNED(pc, 4))
		return false;
	if (!guest_translate(vcpu, pc, (pstate & PSR_MODE_MASK & ~PSR_A32) == PSR_MODE_EL0T, &gpa))
		return false;
	return guest_copy_in(vcpu->guest, insn, gpa, sizeof(*insn)) == OK;
}
