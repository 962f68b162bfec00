/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD state of a vCPU: in assembly, because the core itself is compiled without FP. */
	.arch	armv8-a+fp+simd
	.text

.macro FP_ALL op
	\op	q0, q1, [x0, #0]
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

/* void arm64_fp_save(struct arm64_fp *fp), void arm64_fp_load(const struct arm64_fp *fp) */
	.globl	arm64_fp_save
	.type	arm64_fp_save, %function
arm64_fp_save:
	hint	#34			/* bti c */
	FP_ALL	stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	str	w1, [x0, #512]
	str	w2, [x0, #516]
	ret
	.size	arm64_fp_save, . - arm64_fp_save

	.globl	arm64_fp_load
	.type	arm64_fp_load, %function
arm64_fp_load:
	hint	#34
	FP_ALL	ldp
	ldr	w1, [x0, #512]
	ldr	w2, [x0, #516]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
	.size	arm64_fp_load, . - arm64_fp_load
