/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syndromes of a guest's exits, decoded (Arm ARM D13.2.37, ESR_EL2), and the exceptions that are
 * injected into a guest, encoded (D1.10). Pure: numbers in, numbers out.
 */
#ifndef ARM64_PURE_ESR_H
#define ARM64_PURE_ESR_H

#include <mullion/types.h>

#define FSC_TRANSLATION 0x04u /* fault status code, with the level in the low two bits */

/* A data or instruction abort of a lower EL. */
struct abort_info {
	bool exec;        /* instruction abort */
	bool write;       /* WnR (for a walk: of the walk's access is meant by S1PTW, not this) */
	bool translation; /* stage-2 translation fault: nothing is mapped there */
	bool permission;
	bool walk;     /* S1PTW: the guest's own table walk ran into it */
	bool external; /* synchronous external abort of the machine */
	bool cache_op; /* cache maintenance or address translation instruction */
	bool far_valid;
	bool hpfar_valid; /* HPFAR_EL2 holds the IPA's page */
	u8 level;         /* of the fault, where the status code has one */
	/* ISV=1: the access is decoded. */
	bool decoded;
	bool sign_extend, reg64;
	u8 width; /* 1, 2, 4, 8 bytes */
	u8 reg;   /* 31: zero register */
};

/** abort_decode() - decode @esr of EC 0x20 or 0x24. Any context; Arm ARM D13.2.37 "ISS encoding for
 * Data Abort". */
void abort_decode(u64 esr, struct abort_info *info);

/** abort_ipa() - the faulting IPA from HPFAR_EL2 and FAR_EL2. */
static inline u64 abort_ipa(u64 hpfar, u64 far)
{
	return FIELD(hpfar, 43, 4) << PAGE_SHIFT | (far & (PAGE_SIZE - 1));
}

/** syndrome_has_address() - does FAR_EL2 belong to the exception with syndrome @esr? Else it still
 * holds that of an earlier one. Arm ARM D13.2.40 (FAR_EL2). */
bool syndrome_has_address(u64 esr);

/* A trapped MSR, MRS or system instruction: EC 0x18. */
#define SYSREG(op0, op1, crn, crm, op2)                                                      \
	(((u32)(op0) << 20) | ((u32)(op2) << 17) | ((u32)(op1) << 14) | ((u32)(crn) << 10) | \
	 ((u32)(crm) << 1))
#define SYSREG_MASK   SYSREG(3, 7, 15, 15, 7) /* of an ISS: which register */
#define SYSREG_OP0(r) (((r) >> 20) & 3u)
#define SYSREG_OP2(r) (((r) >> 17) & 7u)
#define SYSREG_OP1(r) (((r) >> 14) & 7u)
#define SYSREG_CRN(r) (((r) >> 10) & 15u)
#define SYSREG_CRM(r) (((r) >> 1) & 15u)
#define SYSREG_RT(i)  (((i) >> 5) & 31u)
#define SYSREG_READ   1u /* direction bit of an ISS */
#define CNTPCT_EL0    SYSREG(3, 3, 14, 0, 1)

/* An exception to a guest's EL1: the registers before and after. */
struct inject {
	/* In. */
	u64 pc, pstate, vbar, sctlr;
	u64 esr;   /* syndrome, with the EC for a fault out of EL0; see inject_encode() */
	bool ssbs; /* the CPU has PSTATE.SSBS (ID_AA64PFR1_EL1.SSBS) */
	bool pan;  /* the CPU has FEAT_PAN */
	/* Out. */
	u64 elr, spsr, new_pc, new_pstate, new_esr;
};

/** inject_encode() - a synchronous exception to EL1 (AArch64) at in->pc from in->pstate. The EC of
 * in->esr is that of a fault from a lower EL (0x20, 0x24) or 0x00 (unknown). For a fault from EL1
 * it becomes the EC without a change of EL. Arm ARM D1.10.4 (vectors), D1.10.5 (PSTATE). */
void inject_encode(struct inject *in);

/** a32_skip_it() - @spsr of AArch32 with ITSTATE advanced past one instruction. Arm ARM G1.11
 * (ITAdvance). */
u64 a32_skip_it(u64 spsr);

/** extend_value() - the register's content after a load of @width bytes with @value. Pure. */
u64 extend_value(u64 value, u8 width, bool sign_extend, bool reg64);

#endif
