/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 vector table while a component is active, the way into it and back.
 *
 * SP_EL2 points at its struct arch_user while it runs. Every exception ends the run: all of its
 * registers are stored, and arm64_user_enter() returns which slot it was. The core's own exceptions
 * are the same as in vectors.S.
 */
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <asm/user.h>

#define FRAME_BYTES 96

	.arch	armv8-a
	.text

.macro USER_EXIT kind
	.balign	128
	stp	x0, x1, [sp, #USER_X + 0]
	mov	w0, #\kind
	b	user_leave
.endm

	.section .text.vectors, "ax"
	.balign	2048
	.globl	arm64_user_vectors
	.type	arm64_user_vectors, %function
arm64_user_vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7
	.balign	128
	CORE_TRAP \slot
	.endr
	/* Lower EL. AArch32 cannot be: HCR_EL2.RW, and SPSR_EL2 is the core's. */
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7
	USER_EXIT \slot
	.endr
	.size	arm64_user_vectors, . - arm64_user_vectors

	.text
	.type	user_leave, %function
user_leave:
	stp	x2, x3, [sp, #USER_X + 16]
	stp	x4, x5, [sp, #USER_X + 32]
	stp	x6, x7, [sp, #USER_X + 48]
	stp	x8, x9, [sp, #USER_X + 64]
	stp	x10, x11, [sp, #USER_X + 80]
	stp	x12, x13, [sp, #USER_X + 96]
	stp	x14, x15, [sp, #USER_X + 112]
	stp	x16, x17, [sp, #USER_X + 128]
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
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #FRAME_BYTES
	ret
	.size	user_leave, . - user_leave

/* u32 arm64_user_enter(struct arch_user *user) */
	.globl	arm64_user_enter
	.type	arm64_user_enter, %function
arm64_user_enter:
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-FRAME_BYTES]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x1, sp
	ldp	x2, x3, [x0, #USER_PC]
	ldp	x4, x5, [x0, #USER_SP]
	str	x1, [x0, #USER_HOST_SP]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	msr	sp_el0, x4
	msr	tpidr_el0, x5
	mov	sp, x0
	ldp	x2, x3, [sp, #USER_X + 16]
	ldp	x4, x5, [sp, #USER_X + 32]
	ldp	x6, x7, [sp, #USER_X + 48]
	ldp	x8, x9, [sp, #USER_X + 64]
	ldp	x10, x11, [sp, #USER_X + 80]
	ldp	x12, x13, [sp, #USER_X + 96]
	ldp	x14, x15, [sp, #USER_X + 112]
	ldp	x16, x17, [sp, #USER_X + 128]
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
