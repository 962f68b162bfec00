/* SPDX-License-Identifier: Apache-2.0 */
/* Components at EL0: what is switched for them, and what their exceptions mean. */
#include <arch/user.h>

#include "arch/arm64/pure/pte.h"
#include "arch/arm64/regime.h"
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/stage2.h>
#include <mullion/string.h>

_Static_assert(offsetof(struct arch_user, x) == USER_X, "known to assembly");
_Static_assert(offsetof(struct arch_user, host_sp) == USER_HOST_SP, "known to assembly");
_Static_assert(offsetof(struct arch_user, pc) == USER_PC, "known to assembly");
_Static_assert(offsetof(struct arch_user, sp) == USER_SP, "known to assembly");

extern u8 arm64_vectors[], arm64_user_vectors[];

/* Returns the slot of the exception that ended the run: 0 to 3 as below, above: AArch32. */
u32 arm64_user_enter(struct arch_user *user);
#define SLOT_SYNC 0
#define SLOT_IRQ  1

/* Interrupts and errors come to EL2 with TGE anyhow; API and APK stay clear, so no instruction
 * uses the guest's keys. */
#define HCR_USER                                                                          \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TSC | HCR_TIDCP | \
	 HCR_TACR | HCR_TGE | HCR_RW)

#define SVC_IMMEDIATE UINT64_C(0xffff)

/* Before a guest was loaded on this CPU, nobody has said what EL0 may do of debug, counters and
 * SIMD. With one loaded, its controls do for a component as well; so does its VTCR_EL2, as every
 * second stage has the same geometry. */
static void load_controls(const struct arch_user *user)
{
	u64 amu = FIELD(read_sysreg(id_aa64pfr0_el1), 47, 44);

	/* No TFP: it would trap the core's own copying too, and CPACR_EL1 has EL0's SIMD trapped.
	 */
	write_sysreg(CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | (amu != 0 ? CPTR_TAM : 0),
		     cptr_el2);
	write_sysreg((read_sysreg(mdcr_el2) & MDCR_HPMN_MASK) | MDCR_TPM | MDCR_TPMCR | MDCR_TDA |
			     MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF,
		     mdcr_el2);
	write_sysreg(0, hstr_el2);
	write_sysreg(0, cnthctl_el2);
	write_sysreg(user->vtcr, vtcr_el2);
}

static void save_guest(struct vcpu *vcpu)
{
	struct arm64_el1 *el1 = &vcpu->arch.el1;

#define X(field, name, value) el1->field = read_sysreg(name);
	REGIME_REGS(X)
#undef X
	el1->sp_el0 = read_sysreg(sp_el0);
	el1->tpidr_el0 = read_sysreg(tpidr_el0);
	vcpu->arch.hcr = read_sysreg(hcr_el2);
}

void regime_user(const struct arch_user *user)
{
	struct cpu *cpu = this_cpu();

	/* The table as well: another component's structure may have been where this one is. */
	if (cpu->arch.regime == user && read_sysreg(vttbr_el2) == user->vttbr)
		return;
	if (cpu->current == NULL)
		load_controls(user);
	else if (cpu->arch.regime == cpu->current)
		save_guest(cpu->current);
#define X(field, name, value) write_sysreg(value, name);
	REGIME_REGS(X)
#undef X
	write_sysreg(HCR_USER, hcr_el2);
	write_sysreg(user->vttbr, vttbr_el2);
	write_sysreg((u64)arm64_user_vectors, vbar_el2);
	cpu->arch.regime = user;
}

void regime_loaded(const struct vcpu *vcpu)
{
	write_sysreg((u64)arm64_vectors, vbar_el2);
	this_cpu()->arch.regime = vcpu;
}

void regime_guest_slow(struct vcpu *vcpu)
{
	const struct arm64_el1 *el1 = &vcpu->arch.el1;

	ASSERT(this_cpu()->current == vcpu);
#define X(field, name, value) write_sysreg(el1->field, name);
	REGIME_REGS(X)
#undef X
	write_sysreg(el1->sp_el0, sp_el0);
	write_sysreg(el1->tpidr_el0, tpidr_el0);
	write_sysreg(vcpu->guest->arch.vttbr, vttbr_el2);
	write_sysreg(vcpu->arch.hcr, hcr_el2);
	regime_loaded(vcpu);
	/* Who asked may be about to look through the guest's own translation. */
	isb();
}

void arch_user_reset(struct arch_user *user, const struct stage2 *space, u64 entry, u64 stack,
		     u64 argument)
{
	memset(user, 0, sizeof(*user));
	user->x[0] = argument;
	user->pc = entry;
	user->pstate = PSR_MODE_EL0T | PSR_D;
	user->sp = stack;
	user->vttbr = space->root_pa.v | (u64)space->vmid << VTTBR_VMID_SHIFT;
	user->vtcr =
		arch_s2_control(space->ipa_bits, (u32)FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0));
}

enum user_trap arch_user_run(struct arch_user *user)
{
	u64 esr;
	u32 slot;

	regime_user(user);
	slot = arm64_user_enter(user);
	if (slot == SLOT_IRQ) {
		irq_handle();
		return USER_INTERRUPTED;
	}
	esr = read_sysreg(esr_el2);
	if (slot == SLOT_SYNC && ESR_EC(esr) == ESR_EC_SVC64 && (esr & SVC_IMMEDIATE) == 0)
		return USER_SYSCALL;
	user->esr = esr;
	user->far = read_sysreg(far_el2);
	return USER_FAULT;
}

static const char *cause(u64 esr)
{
	switch (ESR_EC(esr)) {
	case ESR_EC_UNKNOWN: return "undefined instruction";
	case ESR_EC_WFX: return "WFI or WFE";
	case ESR_EC_FP: return "FP or SIMD instruction";
	case ESR_EC_SVC64: return "SVC with an immediate";
	case ESR_EC_SYS64: return "system register";
	case ESR_EC_IABT_LOW: return "instruction abort";
	case ESR_EC_PC_ALIGN: return "misaligned program counter";
	case ESR_EC_DABT_LOW: return (esr & ISS_WNR) != 0 ? "write" : "read";
	case ESR_EC_SP_ALIGN: return "misaligned stack pointer";
	case ESR_EC_SERROR: return "system error";
	case ESR_EC_BRK64: return "BRK";
	default: return "exception";
	}
}

void arch_user_dump(const struct arch_user *user)
{
	const u64 *x = user->x;

	/* Every syndrome has a bit set; stage 1 is an identity, so the address is stage 2's too. */
	if (user->esr != 0)
		log_error("  %s, syndrome %08lx, address %016lx", cause(user->esr), user->esr,
			  user->far);
	for (u32 i = 0; i < 30; i += 3)
		log_error("  x%-2u %016lx x%-2u %016lx x%-2u %016lx", i, x[i], i + 1, x[i + 1],
			  i + 2, x[i + 2]);
	log_error("  x30 %016lx pc  %016lx sp  %016lx pstate %08lx", x[30], user->pc, user->sp,
		  user->pstate);
}
