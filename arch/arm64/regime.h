/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL0 context of a CPU. A component runs while a guest's vCPU stays loaded: only the few
 * registers that control EL0, or that EL0 can write, are exchanged. this_cpu()->arch.regime has the
 * active context:
 *   the loaded vCPU (this_cpu()->current): all of its registers are in the hardware
 *   a struct arch_user: those of REGIME_REGS, and HCR_EL2, are in the loaded vCPU's structure
 *   NULL: none; no vCPU is loaded
 * All functions: interrupts masked, no locks.
 */
#ifndef ARM64_REGIME_H
#define ARM64_REGIME_H

#include <arch/user.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>

/* Of a vCPU's EL1 registers: X(field of struct arm64_el1, register, value for a component). EL0 may
 * only run and access memory. It has no FP, no counter, no cache maintenance, no WFI, no keys, and
 * no debug exceptions. */
#define REGIME_CONTROLS(X)                  \
	X(sctlr, sctlr_el1, SCTLR_EL1_RES1) \
	X(cpacr, cpacr_el1, 0)              \
	X(cntkctl, cntkctl_el1, 0)          \
	X(mdscr, mdscr_el1, 0)              \
	X(tpidrro_el0, tpidrro_el0, 0)
/* And what arm64_user_enter() loads with the component's other registers. */
#define REGIME_REGS(X)             \
	REGIME_CONTROLS(X)         \
	X(tpidr_el0, tpidr_el0, 0) \
	X(sp_el0, sp_el0, 0)

/* Interrupts and errors come to EL2 with TGE anyhow; API and APK stay clear, so no instruction
 * uses the guest's keys. */
#define HCR_USER                                                                          \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TSC | HCR_TIDCP | \
	 HCR_TACR | HCR_TGE | HCR_RW)

extern const u8 arm64_vectors[], arm64_user_vectors[];
/* Branches of the table that differ on a machine whose core signs return addresses (vectors.S). */
extern const struct guest_branch {
	const u32 *at, *to;
} arm64_guest_branches[5];

/* regime_save() - what the loaded and active @vcpu has in these registers. All are read before any
 * is stored, so that they go out in pairs. */
static inline void regime_save(struct vcpu *vcpu)
{
	struct arm64_el1 *el1 = &vcpu->arch.el1;
	u64 hcr = read_sysreg(hcr_el2);
#define X(field, name, value) u64 field = read_sysreg(name);
	REGIME_REGS(X)
#undef X

	vcpu->arch.hcr = hcr;
#define X(field, name, value) el1->field = field;
	REGIME_REGS(X)
#undef X
}

/* regime_load_user() - the CPU as @user needs it, but for what arm64_user_enter() loads. */
static inline void regime_load_user(struct cpu *cpu, const struct arch_user *user)
{
#define X(field, name, value) write_sysreg(value, name);
	REGIME_CONTROLS(X)
#undef X
	write_sysreg(HCR_USER, hcr_el2);
	write_sysreg(user->vttbr, vttbr_el2);
	write_sysreg((u64)arm64_user_vectors, vbar_el2);
	cpu->arch.regime = user;
}

/* regime_load_guest() - as regime_save() found it. */
static inline void regime_load_guest(struct cpu *cpu, const struct vcpu *vcpu)
{
	const struct arm64_el1 *el1 = &vcpu->arch.el1;
	u64 hcr = vcpu->arch.hcr;
#define X(field, name, value) u64 field = el1->field;
	REGIME_REGS(X)
#undef X

	write_sysreg(hcr, hcr_el2);
#define X(field, name, value) write_sysreg(field, name);
	REGIME_REGS(X)
#undef X
	write_sysreg(vcpu->guest->arch.vttbr, vttbr_el2);
	write_sysreg((u64)arm64_vectors, vbar_el2);
	cpu->arch.regime = vcpu;
}

/** regime_user() - load the registers of @user, after a save of the loaded vCPU's. */
void regime_user(const struct arch_user *user);

/** regime_guest_slow() - the part of regime_guest() that loads registers. */
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

/* user_enter() - run @user until it traps. The CPU has its EL0 context. All registers are the
 * component's meanwhile, so the compiler saves its own elsewhere. Returns USER_LEFT_... */
static inline u32 user_enter(struct arch_user *user)
{
	register u64 x0 __asm__("x0") = (u64)user;

	__asm__ volatile("bl arm64_user_enter"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
			   "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "cc", "memory");
	return (u32)x0;
}
/** user_trap() - what became of a run that user_enter() ended with @left: an interrupt is handled,
 * a fault's syndrome kept. */
enum user_trap user_trap(struct arch_user *user, u32 left);

#endif
