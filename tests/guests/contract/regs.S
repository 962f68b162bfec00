/* SPDX-License-Identifier: Apache-2.0 */
/* All general registers around an instruction, and the entry after a power-down suspend. */
#include "address.inc"
#include "asm.h"
#include "registers.inc"

	.text

	.macro	all_regs name, instruction:vararg
	.globl	\name
\name:
	sub	sp, sp, #112
	saved_registers stp, sp
	str	x0, [sp, #96]
	mov	x30, x0
	registers ldp, x30, 0, 29
	ldr	x30, [x30, #240]
	\instruction
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #112]
	registers stp, x0, 2, 29
	str	x30, [x0, #240]
	ldp	x1, x2, [sp], #16
	stp	x1, x2, [x0]
	saved_registers ldp, sp
	add	sp, sp, #112
	ret
	.endm

	all_regs all_regs_hvc, hvc #0
	all_regs all_regs_smc, smc #0
	all_regs all_regs_load, ldr w0, [x1]

/* x0 = struct resume *: note the state, take vectors and FP back, return to the jump_set() call. */
	.globl	resume_entry
resume_entry:
	bl	save_state
	address	x10, vectors
	msr	VBAR_EL1, x10
	mov	x10, #3 << 20
	msr	CPACR_EL1, x10
	isb
	add	x0, x0, #RECORD_SIZE
	b	jump_back
