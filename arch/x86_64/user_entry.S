/* SPDX-License-Identifier: Apache-2.0 */
/* The way into a component; trap_entry.S has the way back. */
#include "arch/x86_64/predict.h"
#include <asm/sysreg.h>
#include <asm/user.h>

	.text
/* void x86_user_enter(struct arch_user *user): run it until it leaves ring 3. Interrupts masked;
 * TSS.RSP0 is the end of the frame in @user. */
	.globl	x86_user_enter
	.type	x86_user_enter, %function
x86_user_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%cr3, %rax
	push	%rax
	mov	%rsp, USER_HOST_SP(%rdi)
	mov	USER_CR3(%rdi), %rax
	mov	%rax, %cr3
	testb	$PREDICT_CLEAR, predict_at_entry(%rip)
	jz	1f
	verw	predict_selector(%rip)
1:	mov	%rdi, %rsp
	mov	0(%rsp), %rax
	mov	8(%rsp), %rbx
	mov	16(%rsp), %rcx
	mov	24(%rsp), %rdx
	mov	32(%rsp), %rsi
	mov	40(%rsp), %rdi
	mov	48(%rsp), %rbp
	mov	56(%rsp), %r8
	mov	64(%rsp), %r9
	mov	72(%rsp), %r10
	mov	80(%rsp), %r11
	mov	88(%rsp), %r12
	mov	96(%rsp), %r13
	mov	104(%rsp), %r14
	mov	112(%rsp), %r15
	add	$USER_RIP, %rsp
	iretq
	.size	x86_user_enter, . - x86_user_enter

	.section .rodata
/* Any data segment, for VERW: its operand in memory makes it clear buffers. */
	.globl	predict_selector
predict_selector:
	.short	SELECTOR_DATA
