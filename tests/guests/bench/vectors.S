/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured interrupt path, as a small real-time system would have it. It saves the registers
 * that C may clobber and calls one function. The library's own path keeps a whole frame and a log.
 */
	.macro	unexpected
	.balign	128
	b	bench_unexpected
	.endm

	.macro	table name, handler
	.balign	2048
	.globl	\name
\name:
	.rept	5
	unexpected
	.endr
	.balign	128
	sub	sp, sp, #176
	stp	x0, x1, [sp]
	mrs	x0, CNTVCT_EL0
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	bl	\handler
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #176
	eret
	.rept	10
	unexpected
	.endr
	.endm

	table	bench_vectors, bench_interrupt
	table	pong_vectors, pong_interrupt
	table	bench_vectors_v2, bench_interrupt_v2
	table	pong_vectors_v2, pong_interrupt_v2
