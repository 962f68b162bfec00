/* SPDX-License-Identifier: Apache-2.0 */
/* The switch between two threads of the core. The compiler saves registers that a callee may
 * clobber (System V ABI); the others are put onto the stack. */
#include <asm/thread.h>

	.text

/* void thread_switch(struct arch_thread *from, const struct arch_thread *to) */
	.globl	thread_switch
	.type	thread_switch, %function
thread_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, THREAD_SP(%rdi)
	mov	THREAD_SP(%rsi), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size	thread_switch, . - thread_switch

/* A new thread's first return: its function is in rbx, and never returns. */
	.globl	thread_begin
	.type	thread_begin, %function
thread_begin:
	call	*%rbx
	.size	thread_begin, . - thread_begin
