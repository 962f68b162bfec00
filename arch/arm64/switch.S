/* SPDX-License-Identifier: Apache-2.0 */
/* The switch between two threads of the core. The compiler saves registers that a callee may
 * clobber (AAPCS64); the others are put onto the stack. */
#include <asm/pairs.h>
#include <asm/thread.h>

	.arch	armv8-a
	.text

/* void thread_switch(struct arch_thread *from, const struct arch_thread *to) */
	.globl	thread_switch
	.type	thread_switch, %function
thread_switch:
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-THREAD_FRAME_BYTES]!
	X19_TO_X28(stp, sp, 16)
	mov	x2, sp
	str	x2, [x0, #THREAD_SP]
	ldr	x2, [x1, #THREAD_SP]
	mov	sp, x2
	X19_TO_X28(ldp, sp, 16)
	ldp	x29, x30, [sp], #THREAD_FRAME_BYTES
	ret
	.size	thread_switch, . - thread_switch

/* A new thread's first return: its function is in x19, and never returns. */
	.globl	thread_begin
	.type	thread_begin, %function
thread_begin:
	mov	x16, x19		/* a branch by x16 may land where a call may */
	br	x16
	.size	thread_begin, . - thread_begin
