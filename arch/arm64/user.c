/* SPDX-License-Identifier: Apache-2.0 */
/* Components at EL0: the state that is switched for them, and the meaning of their exceptions. */
#include <arch/user.h>

#include "arch/arm64/guest.h"
#include "arch/arm64/pure/esr.h"
#include "arch/arm64/pure/pte.h"
#include "arch/arm64/regime.h"
#include <arch/irq.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/log.h>
#include <mullion/steps.h>
#include <mullion/string.h>
#include <mullion/thread.h>

_Static_assert(offsetof(struct arch_user, x) == USER_X, "known to assembly");
_Static_assert(offsetof(struct arch_user, host_sp) == USER_HOST_SP, "known to assembly");
_Static_assert(offsetof(struct arch_user, pc) == USER_PC, "known to assembly");
_Static_assert(offsetof(struct arch_user, sp) == USER_SP, "known to assembly");

void regime_user(const struct arch_user *user)
{
	struct cpu *cpu = this_cpu();

	/* The table as well: another component's structure may have been where this one is. */
	if (cpu->arch.regime == user && read_sysreg(vttbr_el2) == user->vttbr)
		return;
	/* With a guest loaded, its VTCR_EL2 does: every second stage has the same geometry. */
	if (cpu->current == NULL)
		write_sysreg(user->vtcr, vtcr_el2);
	else if (cpu->arch.regime == cpu->current) {
		regime_save(cpu->current);
		serror_settle(cpu->current);
	}
	regime_load_user(cpu, user);
}

void regime_loaded(const struct vcpu *vcpu)
{
	write_sysreg((u64)arm64_vectors, vbar_el2);
	this_cpu()->arch.regime = vcpu;
}

void regime_guest_slow(struct vcpu *vcpu)
{
	ASSERT(this_cpu()->current == vcpu);
	regime_load_guest(this_cpu(), vcpu);
	/* The caller may use the guest's own translation next. */
	isb();
}

void arch_user_reset(struct arch_user *user, const struct space *space, u64 entry, u64 stack,
		     u64 argument)
{
	invalidate_icache();
	memset(user, 0, sizeof(*user));
	user->x[0] = argument;
	user->pc = entry;
	user->pstate = PSR_MODE_EL0T | PSR_D;
	user->sp = stack;
	user->vttbr = mmu_vttbr(space);
	user->vtcr = pte_s2_control(space->address_bits,
				    (u32)FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0));
}

enum user_trap user_trap(struct arch_user *user, u32 left)
{
	if (left == USER_LEFT_SYSCALL)
		return USER_SYSCALL;
	if (left == USER_LEFT_IRQ) {
		arch_irq_take();
		return USER_INTERRUPTED;
	}
	user->esr = read_sysreg(esr_el2);
	user->far = read_sysreg(far_el2);
	return USER_FAULT;
}

enum user_trap arch_user_run(struct arch_user *user)
{
	u32 left;

	regime_user(user);
	steps_end();
	left = user_enter(user);
	steps_begin(STEPS_USER);
	return user_trap(user, left);
}

static const char *cause(u64 esr)
{
	if (ESR_EC(esr) == ESR_EC_DABT_LOW)
		return (esr & ISS_WNR) != 0 ? "write" : "read";
	return trap_class_name(esr);
}

void arch_user_dump(const struct arch_user *user)
{
	const u64 *x = user->x;

	/* Every syndrome has a bit set; stage 1 is an identity, so the address is stage 2's too. */
	if (syndrome_has_address(user->esr))
		log_error("  %s, syndrome %08lx, address %016lx", cause(user->esr), user->esr,
			  user->far);
	else if (user->esr != 0)
		log_error("  %s, syndrome %08lx", cause(user->esr), user->esr);
	for (u32 i = 0; i < 30; i += 3) {
		thread_preempt_point();
		log_error("  x%-2u %016lx x%-2u %016lx x%-2u %016lx", i, x[i], i + 1, x[i + 1],
			  i + 2, x[i + 2]);
	}
	log_error("  x30 %016lx pc  %016lx sp  %016lx pstate %08lx", x[30], user->pc, user->sp,
		  user->pstate);
}
