/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 vector table while a component is active, the way into it and back.
 *
 * SP_EL2 points at its struct arch_user while it runs. Every exception ends the run: all of its
 * registers are stored, and arm64_user_enter() returns what it was. The core's own exceptions
 * continue in the slots of vectors.S. The room behind two of these slots has the way in and out.
 */
#include <asm/pairs.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <asm/user.h>

#define ESR_SYSCALL (ESR_EC_SVC64 << ESR_EC_SHIFT | ESR_IL) /* of SVC #0, all of it */

	.arch	armv8-a

.macro USER_EXIT number, left
	SLOT	arm64_user_vectors, \number
	stp	x0, x1, [sp, #USER_X + 0]
	mov	w0, #\left
	b	user_leave
.endm

	.section .text.vectors, "ax"
	.balign	2048
	.globl	arm64_user_vectors
	.type	arm64_user_vectors, %function
arm64_user_vectors:
	CORE_SLOT arm64_user_vectors, 0

	.type	user_leave, %function
user_leave:
	X2_TO_X17(stp, sp, USER_X + 16)
	stp	x18, x19, [sp, #USER_X + 144]
	stp	x20, x21, [sp, #USER_X + 160]
	stp	x22, x23, [sp, #USER_X + 176]
	stp	x24, x25, [sp, #USER_X + 192]
	stp	x26, x27, [sp, #USER_X + 208]
	stp	x28, x29, [sp, #USER_X + 224]
	ldr	x1, [sp, #USER_HOST_SP]
	str	x30, [sp, #USER_X + 240]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	mrs	x4, sp_el0
	mrs	x5, tpidr_el0
	stp	x2, x3, [sp, #USER_PC]
	stp	x4, x5, [sp, #USER_SP]
	mov	sp, x1
	ldp	x29, x30, [sp], #16
	ret
	.size	user_leave, . - user_leave

	CORE_SLOT arm64_user_vectors, 1

/*
 * x0 = struct arch_user; returns USER_LEFT_... in w0. Clobbers every general register but x29 and
 * SP. user_enter() declares that to the compiler, because its callers need different registers.
 */
	.globl	arm64_user_enter
	.type	arm64_user_enter, %function
arm64_user_enter:
	stp	x29, x30, [sp, #-16]!
	mov	x1, sp
	ldp	x2, x3, [x0, #USER_PC]
	ldp	x4, x5, [x0, #USER_SP]
	str	x1, [x0, #USER_HOST_SP]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	msr	sp_el0, x4
	msr	tpidr_el0, x5
	mov	sp, x0
	X2_TO_X17(ldp, sp, USER_X + 16)
	ldp	x18, x19, [sp, #USER_X + 144]
	ldp	x20, x21, [sp, #USER_X + 160]
	ldp	x22, x23, [sp, #USER_X + 176]
	ldp	x24, x25, [sp, #USER_X + 192]
	ldp	x26, x27, [sp, #USER_X + 208]
	ldp	x28, x29, [sp, #USER_X + 224]
	ldr	x30, [sp, #USER_X + 240]
	ldp	x0, x1, [sp, #USER_X + 0]
	eret
	/* No speculation past the return. */
	dsb	nsh
	isb
	.size	arm64_user_enter, . - arm64_user_enter

	.irp	number, 2, 3, 4, 5, 6, 7
	CORE_SLOT arm64_user_vectors, \number
	.endr
	/* Lower EL: synchronous, IRQ, FIQ, SError. */
	SLOT	arm64_user_vectors, 8
	stp	x0, x1, [sp, #USER_X + 0]
	mrs	x0, esr_el2
	mov	w1, #ESR_SYSCALL
	cmp	x0, x1
	cset	w0, ne
	b	user_leave
	USER_EXIT 9, USER_LEFT_IRQ
	USER_EXIT 10, USER_LEFT_OTHER
	USER_EXIT 11, USER_LEFT_SERROR
	/* AArch32 cannot be: HCR_EL2.RW, and SPSR_EL2 is the core's. */
	.irp	number, 12, 13, 14, 15
	USER_EXIT \number, USER_LEFT_OTHER
	.endr
	SLOT	arm64_user_vectors, 16
	.size	arm64_user_vectors, . - arm64_user_vectors
