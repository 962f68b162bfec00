/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose EL0 a CPU is set up for. A component runs while a guest's vCPU stays loaded: only the few
 * registers that rule EL0, or that EL0 can write, change hands. this_cpu()->arch.regime says who is
 * active:
 *   the loaded vCPU (this_cpu()->current): all of its registers are in the hardware
 *   a struct arch_user: those of REGIME_REGS and HCR_EL2 are in the loaded vCPU's structure
 *   NULL: nobody; no vCPU is loaded
 * All functions: interrupts masked, no locks.
 */
#ifndef ARM64_REGIME_H
#define ARM64_REGIME_H

#include <asm/user.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>

/* Of a vCPU's EL1 registers: X(field of struct arm64_el1, register, value for a component). What
 * EL0 may do by itself is nothing but run and access memory: no FP, no counter, no cache
 * maintenance, no WFI, no keys, no debug exceptions. */
#define REGIME_REGS(X)                      \
	X(sctlr, sctlr_el1, SCTLR_EL1_RES1) \
	X(cpacr, cpacr_el1, 0)              \
	X(cntkctl, cntkctl_el1, 0)          \
	X(mdscr, mdscr_el1, 0)              \
	X(tpidrro_el0, tpidrro_el0, 0)

/** regime_user() - ready for @user; what the loaded vCPU has in these registers is saved first. */
void regime_user(const struct arch_user *user);

void regime_guest_slow(struct vcpu *vcpu);
/** regime_guest() - the loaded vCPU @vcpu is active again. Before it is entered, stored or shown,
 * or its EL1 registers are touched. */
static inline void regime_guest(struct vcpu *vcpu)
{
	if (__builtin_expect(this_cpu()->arch.regime != vcpu, 0))
		regime_guest_slow(vcpu);
}
/** regime_loaded() - every register of @vcpu was just put into the hardware. */
void regime_loaded(const struct vcpu *vcpu);
/** regime_none() - the active vCPU was just stored away. */
static inline void regime_none(void)
{
	this_cpu()->arch.regime = NULL;
}

#endif
