/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug registers of guests. All of them trap. Breakpoints and watchpoints reach the hardware when
 * a vCPU has enabled one (EXTRA_DEBUG), so a vCPU without debugger has no cost.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"

#define MDSCR_EL1  SYSREG(2, 0, 0, 2, 2)
#define OSLAR_EL1  SYSREG(2, 0, 1, 0, 4)
#define OSLSR_EL1  SYSREG(2, 0, 1, 1, 4)
#define OSLSR_OSLM BIT(3) /* the OS lock is implemented */
#define OSLSR_OSLK BIT(1)

/* Every breakpoint number that hardware may have: the number is part of the instruction. */
#define ALL_POINTS(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static __cold void write_breakpoint(u32 number, u64 value, u64 control)
{
	switch (number) {
#define X(n)                                            \
	case n:                                         \
		write_sysreg(value, dbgbvr##n##_el1);   \
		write_sysreg(control, dbgbcr##n##_el1); \
		break;
		ALL_POINTS(X)
#undef X
	default: break;
	}
}

__boot static void clear_watchpoint(u32 number)
{
	switch (number) {
#define X(n) \
	case n: write_sysreg(0, dbgwcr##n##_el1); break;
		ALL_POINTS(X)
#undef X
	default: break;
	}
}

/* The number of the last breakpoint, which is the one that certainly matches contexts. */
static u32 last_breakpoint(void)
{
	return (u32)FIELD(read_sysreg(id_aa64dfr0_el1), 15, 12);
}

__boot void debug_cpu_init(void)
{
	/* Controls are unknown after reset, and firmware may have used them. */
	for (u32 i = 0; i <= last_breakpoint(); i++)
		write_breakpoint(i, 0, 0);
	for (u32 i = 0; i <= (u32)FIELD(read_sysreg(id_aa64dfr0_el1), 23, 20); i++)
		clear_watchpoint(i);
	write_sysreg(0, mdscr_el1);
	/* The OS lock of the machine would hold back a guest's debug exceptions. */
	write_sysreg(0, oslar_el1);
}

__cold void debug_load(const struct debug_state *debug)
{
	u32 last = last_breakpoint();

	write_breakpoint(0, debug->bvr[0], debug_bcr(debug, 0, last));
	write_breakpoint(last, debug->bvr[1], debug_bcr(debug, 1, last));
	write_sysreg(debug->wvr[0], dbgwvr0_el1);
	write_sysreg(debug_wcr(debug, 0, last), dbgwcr0_el1);
	write_sysreg(debug->wvr[1], dbgwvr1_el1);
	write_sysreg(debug_wcr(debug, 1, last), dbgwcr1_el1);
}

/* The state has changed: so must the hardware, where the vCPU is active. */
static void apply(struct vcpu *vcpu)
{
	struct debug_state *debug = &vcpu->arch.debug;

	if (debug_live(debug)) {
		vcpu->arch.extra |= EXTRA_DEBUG;
		debug_load(debug);
	} else {
		vcpu->arch.extra &= ~(u32)EXTRA_DEBUG;
	}
	write_sysreg(debug_mdscr(debug), mdscr_el1);
}

/* BVRn, BCRn, WVRn, WCRn: op0 2, op1 0, CRn 0, CRm n, op2 4 to 7. */
static bool is_point(u32 reg)
{
	return (reg & SYSREG(3, 7, 15, 0, 4)) == SYSREG(2, 0, 0, 0, 4);
}

__cold bool debug_sysreg(struct vcpu *vcpu, u32 reg, bool write, u64 *value)
{
	struct debug_state *debug = &vcpu->arch.debug;

	switch (reg) {
	case MDSCR_EL1:
		if (write)
			debug->mdscr = (u32)*value;
		*value = debug->mdscr;
		break;
	case OSLAR_EL1:
		if (!write)
			return false;
		debug->os_locked = (*value & 1) != 0;
		break;
	case OSLSR_EL1: *value = OSLSR_OSLM | (debug->os_locked ? OSLSR_OSLK : 0); return !write;
	default:
		if (!is_point(reg) || !debug_access(debug, (enum debug_kind)SYSREG_OP2(reg),
						    SYSREG_CRM(reg), write, value))
			return false;
	}
	if (write)
		apply(vcpu);
	return true;
}
