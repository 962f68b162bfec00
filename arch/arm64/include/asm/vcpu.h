/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 state of a vCPU and of a guest.
 *
 * While a vCPU is loaded, its EL1 registers and FP state are in the hardware, also while other
 * threads run on its CPU. They are saved when another vCPU is loaded. x0..x30 are in struct
 * arch_vcpu during the whole of an exit. pc and pstate stay in ELR_EL2/SPSR_EL2 while the quick
 * handlers of exit.c run, and are in struct arm64_trap once arch_vcpu_run() has returned.
 */
#ifndef ASM_VCPU_H
#define ASM_VCPU_H

/* Offsets that vectors.S uses; vcpu.c asserts them. */
#define VCPU_X       0
#define VCPU_PC      248
#define VCPU_PSTATE  256
#define VCPU_HOST_SP 288
#define VCPU_WAY     296
#define VCPU_APIA    304

/* Bits of `way`, at which assembly looks. */
#define WAY_KEYS_BIT     0 /* the core signs its return addresses: APIAKey is exchanged */
#define WAY_RECORDED_BIT 1 /* exits and entries are recorded (record.c) */

#ifndef __ASSEMBLER__

#include "arch/arm64/pure/debug.h"
#include "arch/arm64/pure/psci.h"
#include <asm/sysreg.h>
#include <asm/virq.h>
#include <mullion/timer.h>
#include <mullion/types.h>

struct vcpu;
struct guest;

/*
 * EL1 (and EL0) registers that are switched whole: X(field, register, value after reset). The first
 * are those that a component needs as well (regime.h), side by side.
 * SCTLR_EL1: the RES1 bits of ARMv8.0, MMU and caches off (Arm ARM D13.2.118). The rest of the
 * values are architecturally UNKNOWN after reset; zero leaks nothing.
 */
#define ARM64_EL1_REGS(X)                   \
	X(sctlr, sctlr_el1, SCTLR_EL1_RES1) \
	X(cpacr, cpacr_el1, 0)              \
	X(cntkctl, cntkctl_el1, 0)          \
	X(mdscr, mdscr_el1, 0)              \
	X(tpidrro_el0, tpidrro_el0, 0)      \
	X(tpidr_el0, tpidr_el0, 0)          \
	X(sp_el0, sp_el0, 0)                \
	X(tcr, tcr_el1, 0)                  \
	X(ttbr0, ttbr0_el1, 0)              \
	X(ttbr1, ttbr1_el1, 0)              \
	X(mair, mair_el1, 0)                \
	X(amair, amair_el1, 0)              \
	X(esr, esr_el1, 0)                  \
	X(far, far_el1, 0)                  \
	X(afsr0, afsr0_el1, 0)              \
	X(afsr1, afsr1_el1, 0)              \
	X(vbar, vbar_el1, 0)                \
	X(contextidr, contextidr_el1, 0)    \
	X(tpidr_el1, tpidr_el1, 0)          \
	X(sp_el1, sp_el1, 0)                \
	X(elr, elr_el1, 0)                  \
	X(spsr, spsr_el1, 0)                \
	X(par, par_el1, 0)                  \
	X(csselr, csselr_el1, 0)            \
	X(cntv_cval, cntv_cval_el0, 0)      \
	X(cntv_ctl, cntv_ctl_el0, 0)

struct arm64_el1 {
#define X(field, name, reset) u64 field;
	ARM64_EL1_REGS(X)
#undef X
};

struct arm64_fp {
	u64 v[64]; /* V0..V31, low half first */
	u32 fpsr, fpcr;
} __aligned(16);

/* State that only some machines have, or that only some vCPUs use: arch_vcpu.extra has the parts
 * that are switched. A machine without them pays one test. */
#define EXTRA_PAUTH BIT(0) /* pointer authentication keys */
#define EXTRA_SME   BIT(1) /* TPIDR2_EL0: FEAT_SME is hidden, but this register is not everywhere */
#define EXTRA_RAS   BIT(2) /* VDISR_EL2, which the guest has as DISR_EL1, and VSESR_EL2 */
#define EXTRA_DEBUG BIT(3) /* the vCPU has enabled a breakpoint or watchpoint */
#define EXTRA_SSB   BIT(4) /* the vCPU has the mitigation of speculative store bypass off */

struct arm64_extra {
	u64 pac[8]; /* APIB, APDA, APDB, APGA: low, high; APIA is apart, see vectors.S */
	u64 tpidr2;
	u64 vdisr, vsesr;
};

/* The exception that ended the guest's run, read once by exit_sync(). A handler changes pc and
 * pstate here. The quick handlers change ELR_EL2 and SPSR_EL2 instead; they use none of the rest.
 */
struct arm64_trap {
	u64 pc, pstate;
	u64 esr, far, hpfar;
};

struct vcpu_exit;

/* Where a vCPU begins: struct vcpu_start of the contract. */
struct vcpu_start {
	u64 pc, argument; /* guest address; in the first argument register */
};

/* The register of an access that left the guest, for the answer to a read. */
struct arm64_access {
	u8 reg;
	bool sign_extend, reg64;
};

struct arch_vcpu {
	u64 x[31];
	struct arm64_trap trap;
	u64 host_sp;            /* core stack while the guest runs */
	u64 way;                /* how exits and entries differ from the plain ones: WAY_... */
	u64 apia[2];            /* the guest's APIAKey_EL1, low then high */
	struct vcpu_exit *exit; /* where the fast handlers put what they cannot serve */
	bool wait_begins;       /* arch_vcpu_wants_irq() was not called in this wait yet */
	bool traps_wfi;         /* HCR_EL2.TWI, as it was last written */
	u64 vmpidr;
	u64 hcr; /* HCR_EL2 when loaded */
	struct arm64_el1 el1;
	struct arm64_fp fp;
	u32 extra;                         /* EXTRA_*: optional state that is switched */
	struct arm64_extra options;        /* that state */
	u64 cntp_ctl, cntp_cval;           /* emulated physical timer; CVAL in the guest's time */
	bool cntp_level;                   /* last level given to the controller */
	struct timer_event ptimer;         /* it is due */
	struct timer_event vtimer;         /* the virtual timer is, of a vCPU that is not loaded */
	struct timer_event watch;          /* see timer_watch() */
	struct timer_event look;           /* see timer_look() */
	bool warned_serror, warned_sysreg; /* each warning is logged once for a vCPU */
	struct debug_state debug;          /* as the guest wrote it */
	struct arm64_access access;        /* of an exit that waits for its answer */
	bool writeback;   /* an undecoded access's base register still wants its update */
	u8 writeback_reg; /* 0..30, 31: the stack pointer in use */
	u64 writeback_value;
	u32 vector_aborts; /* aborts in a row that the guest's own vector code ran into */
	u64 fault_offset;  /* while a component serves it: into its region */
	struct arm64_virq_cpu virq;
};

#define ARM64_ID_REGS 64 /* [CRm << 3 | op2] of op0 3, op1 0, CRn 0 */

struct arch_guest {
	u64 vttbr, vtcr;
	u64 hcr;               /* HCR_EL2 of its vCPUs out of reset */
	u32 extra;             /* EXTRA_* that every vCPU has, by what the machine has */
	u64 cntvoff;           /* one value for all vCPUs: the guest's time zero */
	u64 midr;              /* VPIDR_EL2 */
	u64 id[ARM64_ID_REGS]; /* what the guest reads */
	struct smccc_offer firmware;
	struct arm64_virq virq;
};

/** arm64_enter() - vectors.S: run @vcpu until a fast handler refuses an exit. Interrupts masked. */
void arm64_enter(struct vcpu *vcpu);

#endif /* __ASSEMBLER__ */
#endif
