/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture's part of a component. It runs at EL0 directly under EL2. HCR_EL2.TGE routes
 * every exception to EL2, and HCR_EL2.DC makes stage 1 an identity with normal memory. Stage 2 is
 * its address space. While the core runs, struct arch_user has all its registers.
 */
#ifndef ASM_USER_H
#define ASM_USER_H

/* Offsets that user_entry.S uses; user.c asserts them. */
#define USER_X       0
#define USER_HOST_SP 248
#define USER_PC      256
#define USER_SP      272

/* The results of arm64_user_enter(). */
#define USER_LEFT_SYSCALL 0 /* SVC #0 */
#define USER_LEFT_FAULT   1 /* another synchronous exception */
#define USER_LEFT_IRQ     2
#define USER_LEFT_SERROR  3
#define USER_LEFT_OTHER   4 /* what should not be */

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct arch_user {
	u64 x[31];
	u64 host_sp; /* the core's stack while it runs */
	u64 pc, pstate;
	u64 sp, tpidr;   /* SP_EL0, TPIDR_EL0 */
	u64 esr, far;    /* of its fault; 0: none */
	u64 vttbr, vtcr; /* its address space */
} __aligned(16);         /* SP_EL2 points at it while it runs */

static inline u32 arch_user_number(const struct arch_user *user)
{
	return (u32)user->x[8];
}

static inline u64 arch_user_argument(const struct arch_user *user, u32 index)
{
	return user->x[index];
}

static inline void arch_user_set_result(struct arch_user *user, u32 index, u64 value)
{
	user->x[index] = value;
}
#endif

#endif
