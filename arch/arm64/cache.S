/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance, the wide copy and zeroing. Guests start with caches off, so what the core
 * writes for them must be at the point of coherency (contract point 18). Line sizes come from
 * CTR_EL0.
 */
#include <asm/cpu.h>

/* \line = data cache line, bytes; clobbers \tmp. */
.macro DATA_LINE line, tmp
	mrs	\tmp, ctr_el0
	ubfx	\tmp, \tmp, #16, #4
	mov	\line, #4
	lsl	\line, \line, \tmp
.endm

.macro BY_LINE op
	DATA_LINE x2, x3
	add	x1, x0, x1
	sub	x3, x2, #1
	bic	x0, x0, x3
1:	dc	\op, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
.endm

	.text
/* void arch_clean_invalidate(const void *va, u64 bytes) */
	.globl	arch_clean_invalidate
	.type	arch_clean_invalidate, %function
arch_clean_invalidate:
	hint	#34			/* bti c */
	cbz	x1, 2f
	BY_LINE	civac
2:	ret
	.size	arch_clean_invalidate, . - arch_clean_invalidate

/* void invalidate_icache(void): every CPU of the inner shareable domain. */
	.globl	invalidate_icache
	.type	invalidate_icache, %function
invalidate_icache:
	hint	#34
	dsb	ish
	ic	ialluis
	dsb	ish
	isb
	ret
	.size	invalidate_icache, . - invalidate_icache

/*
 * void arch_copy_clean(void *to, const void *from, u64 bytes): 13 instructions for 128 bytes. The
 * FP registers are the loaded guest's, if there is one: q0-q7 are kept for it then.
 */
	.globl	arch_copy_clean
	.type	arch_copy_clean, %function
	.arch_extension fp
	.arch_extension simd
arch_copy_clean:
	hint	#34
	cbz	x2, 4f
	mrs	x5, tpidr_el2
	ldr	x5, [x5, #CPU_CURRENT]
	cbz	x5, 1f
	stp	q0, q1, [sp, #-128]!
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
1:	DATA_LINE x3, x4
	add	x2, x0, x2		/* end */
	mov	x6, x0			/* for lines shorter than 64 bytes, below */
2:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	ldp	q4, q5, [x1, #64]
	ldp	q6, q7, [x1, #96]
	add	x1, x1, #128
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	dc	cvac, x0
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	add	x4, x0, #64
	dc	cvac, x4
	add	x0, x0, #128
	cmp	x0, x2
	b.lo	2b
	cmp	x3, #64
	b.hs	3f
	/* A short line: the loop above left some out. */
5:	dc	cvac, x6
	add	x6, x6, x3
	cmp	x6, x2
	b.lo	5b
3:	dsb	sy
	cbz	x5, 4f
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	ldp	q0, q1, [sp], #128
4:	ret
	.size	arch_copy_clean, . - arch_copy_clean

/*
 * void arch_zero_clean(void *va, u64 bytes), page multiples. It takes 14 instructions for 256
 * bytes, where DC ZVA is permitted and both it and cache lines have 64 bytes. DCZID_EL0: Arm ARM
 * D13.2.38.
 */
	.globl	arch_zero_clean
	.type	arch_zero_clean, %function
arch_zero_clean:
	hint	#34
	cbz	x1, 5f
	mrs	x3, dczid_el0
	DATA_LINE x2, x4
	add	x5, x0, x1		/* end */
	mov	x6, x0
	eor	x4, x2, #64
	cmp	x3, #4			/* DZP clear, 64 bytes */
	ccmp	x4, #0, #0, eq
	b.ne	2f
1:	dc	zva, x0
	dc	cvac, x0
	add	x4, x0, #64
	dc	zva, x4
	dc	cvac, x4
	add	x4, x0, #128
	dc	zva, x4
	dc	cvac, x4
	add	x4, x0, #192
	dc	zva, x4
	dc	cvac, x4
	add	x0, x0, #256
	cmp	x0, x5
	b.lo	1b
	dsb	sy
	ret
2:	tbnz	x3, #4, 4f		/* DZP: not permitted */
	and	x3, x3, #0xf
	mov	x4, #4
	lsl	x3, x4, x3		/* at most 2 KiB */
3:	dc	zva, x0
	add	x0, x0, x3
	cmp	x0, x5
	b.lo	3b
	mov	x0, x6
	b	arch_clean_invalidate
4:	stp	xzr, xzr, [x0], #16
	cmp	x0, x5
	b.lo	4b
	mov	x0, x6
	b	arch_clean_invalidate
5:	ret
	.size	arch_zero_clean, . - arch_zero_clean
