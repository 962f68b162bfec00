/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that C cannot express: firmware calls with every argument register, the way back out
 * of a test, and floating-point registers as a block. The rest of a guest is compiled without FP.
 */
#include "registers.inc"

	.text

	.macro	call name, instruction
	.globl	\name
/* void (u64 regs[8]): x0..x7 in, x0..x7 out. SMCCC 1.2 §2. */
\name:
	str	x0, [sp, #-16]!
	ldp	x6, x7, [x0, #48]
	ldp	x4, x5, [x0, #32]
	ldp	x2, x3, [x0, #16]
	ldp	x0, x1, [x0]
	\instruction #0
	ldr	x9, [sp], #16
	registers stp, x9, 0, 7
	ret
	.endm

	call	smccc_hvc, hvc
	call	smccc_smc, smc

/* int jump_set(struct jump *): returns 0, and again with 1 after jump_back(). */
	.globl	jump_set
jump_set:
	saved_registers stp, x0
	mov	x1, sp
	str	x1, [x0, #96]
	mov	x0, #0
	ret

	.globl	jump_back
jump_back:
	saved_registers ldp, x0
	ldr	x1, [x0, #96]
	mov	sp, x1
	mov	x0, #1
	ret

	.macro	fp_registers op
	\op	q0, q1, [x0]
	\op	q2, q3, [x0, #32]
	\op	q4, q5, [x0, #64]
	\op	q6, q7, [x0, #96]
	\op	q8, q9, [x0, #128]
	\op	q10, q11, [x0, #160]
	\op	q12, q13, [x0, #192]
	\op	q14, q15, [x0, #224]
	\op	q16, q17, [x0, #256]
	\op	q18, q19, [x0, #288]
	\op	q20, q21, [x0, #320]
	\op	q22, q23, [x0, #352]
	\op	q24, q25, [x0, #384]
	\op	q26, q27, [x0, #416]
	\op	q28, q29, [x0, #448]
	\op	q30, q31, [x0, #480]
	.endm

/* void fp_load(const struct fp *), void fp_store(struct fp *) */
	.arch	armv8-a
	.globl	fp_load
fp_load:
	fp_registers ldp
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	FPCR, x1
	msr	FPSR, x2
	ret

	.globl	fp_store
fp_store:
	fp_registers stp
	mrs	x1, FPCR
	mrs	x2, FPSR
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret

/* void execute_at(const void *code, u64 regs[3]): x0..x2 in and out of the code there. */
	.globl	execute_at
execute_at:
	stp	x29, x30, [sp, #-32]!
	str	x1, [sp, #16]
	mov	x9, x0
	ldr	x2, [x1, #16]
	ldp	x0, x1, [x1]
	blr	x9
	ldr	x9, [sp, #16]
	stp	x0, x1, [x9]
	str	x2, [x9, #16]
	ldp	x29, x30, [sp], #32
	ret
