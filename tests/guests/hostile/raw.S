/* SPDX-License-Identifier: Apache-2.0 */
/* A slot for one arbitrary instruction, with every general register chosen by the caller. */
#include "registers.inc"

	.text
/* void raw_run(const u64 regs[31]): returns by the exception that ends it (jump_back()). */
	.globl	raw_run, raw_slot
raw_run:
	mov	x30, x0
	registers ldp, x30, 0, 29
	ldr	x30, [x30, #240]
	isb
raw_slot:
	nop
	brk	#0
	brk	#0
