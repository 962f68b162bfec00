/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile component's start, and what C cannot say. */
#include "tests/guests/lib/arm64/registers.inc"
	.arch	armv8.2-a+fp+simd
	.section .text.start, "ax"
	.globl	_start
/* x0: the page of information. Every other register must be zero: it could be a leak. */
_start:
	orr	x1, x1, x2
	.irp	reg, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22
	orr	x1, x1, x\reg
	.endr
	.irp	reg, 23, 24, 25, 26, 27, 28, 29, 30
	orr	x1, x1, x\reg
	.endr
	mrs	x2, tpidr_el0
	orr	x1, x1, x2
	mrs	x2, tpidrro_el0
	orr	x1, x1, x2
	bl	hostile_main
	b	.

	.text
/* u64 syscall_raw(u64 number, const u64 arguments[6]): x0 as the core left it. */
	.globl	syscall_raw
syscall_raw:
	mov	x8, x0
	mov	x9, x1
	ldp	x0, x1, [x9]
	ldp	x2, x3, [x9, #16]
	ldp	x4, x5, [x9, #32]
	svc	#0
	ret

/* u64 registers_changed(u64 number): a system call without arguments changes none of x9 to x29,
 * SP and TPIDR_EL0; returns 0, or what was mixed up. */
	.globl	registers_changed
registers_changed:
	sub	sp, sp, #112
	saved_registers stp, sp
	mov	x8, x0
	mov	x0, sp
	str	x0, [sp, #96]
	.irp	reg, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	mov	x\reg, #0x5500 + \reg
	.endr
	mov	x29, #0x5500 + 29
	mov	x30, #0x5500 + 30
	msr	tpidr_el0, x30
	svc	#0
	mov	x0, #0
	.irp	reg, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	mov	x1, #0x5500 + \reg
	eor	x1, x1, x\reg
	orr	x0, x0, x1
	.endr
	mov	x1, #0x5500 + 29
	eor	x1, x1, x29
	orr	x0, x0, x1
	mov	x1, #0x5500 + 30
	eor	x1, x1, x30
	orr	x0, x0, x1
	mrs	x2, tpidr_el0
	sub	x2, x2, #0x5500 + 30 - 0x51e
	sub	x2, x2, #0x51e
	orr	x0, x0, x2
	ldr	x1, [sp, #96]
	mov	x2, sp
	eor	x1, x1, x2
	orr	x0, x0, x1
	saved_registers ldp, sp
	add	sp, sp, #112
	ret

/* Each of these must not return. */
.macro ATTACK name, insn:vararg
	.globl	attack_\name
attack_\name:
	\insn
	ret
.endm

	ATTACK	udf, .inst 0
	ATTACK	brk, brk #1
	ATTACK	hvc, hvc #0
	ATTACK	smc, smc #0
	ATTACK	svc_number, svc #1
	ATTACK	eret, eret
	ATTACK	fp, fmov d0, #1.0
	ATTACK	simd, movi v31.16b, #0
	ATTACK	fpcr, mrs x0, fpcr
	ATTACK	mask, msr daifset, #15
	ATTACK	read_el1, mrs x0, sctlr_el1
	ATTACK	write_el1, msr vbar_el1, x0
	ATTACK	read_el2, mrs x0, hcr_el2
	ATTACK	counter, mrs x0, cntvct_el0
	ATTACK	physical_counter, mrs x0, cntpct_el0
	ATTACK	guest_timer, msr cntv_ctl_el0, xzr
	ATTACK	cycle_counter, mrs x0, pmccntr_el0
	ATTACK	write_tpidrro, msr tpidrro_el0, x0
	ATTACK	cache_type, mrs x0, ctr_el0
	ATTACK	clean, dc civac, x0
	ATTACK	zero, dc zva, x0
	ATTACK	icache, ic ivau, x0
	ATTACK	tlb, tlbi vmalle1
	ATTACK	translate, at s1e0r, x0

/* It traps only when it would wait, so not while an interrupt is pending. */
	.globl	attack_wfi
attack_wfi:
	wfi
	b	attack_wfi

	.globl	attack_odd_pc
attack_odd_pc:
	adr	x0, attack_odd_pc
	add	x0, x0, #2
	br	x0

	.globl	attack_odd_stack
attack_odd_stack:
	mov	x1, sp
	add	x0, x1, #8
	mov	sp, x0
	ldr	x0, [sp]
	mov	sp, x1
	/* Alignment of the stack is checked for EL1 alone here; the read memory is its own. */
	b	attack_udf

	.globl	attack_loop
attack_loop:
	b	.
