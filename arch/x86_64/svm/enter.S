/* SPDX-License-Identifier: Apache-2.0 */
/* The entry to a guest on SVM, and the way back. */
#include "arch/x86_64/predict.h"
#include <asm/vcpu.h>

#define RETURNS 32 /* entries of the return stack, at most */

	.text

/*
 * void svm_enter(u64 *r, u64 vmcb, u64 host): run the guest of the control block at physical @vmcb
 * until an exit. @r has its registers but RAX and RSP, which are in the block. @host is the block
 * with this CPU's own TR, LDTR, and segment bases.
 *
 * Interrupts are masked before and after. None comes between CLGI and STGI, so IF may be set there:
 * it lets physical interrupts end the run (APM vol. 2, 15.21.1).
 */
	.globl	svm_enter
	.type	svm_enter, %function
svm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx
	push	%rdi
	testb	$PREDICT_CLEAR, predict_at_entry(%rip)
	jz	1f
	verw	predict_selector(%rip)
1:	mov	%rsi, %rax
	mov	(8 * VCPU_RCX)(%rdi), %rcx
	mov	(8 * VCPU_RDX)(%rdi), %rdx
	mov	(8 * VCPU_RBX)(%rdi), %rbx
	mov	(8 * VCPU_RBP)(%rdi), %rbp
	mov	(8 * VCPU_RSI)(%rdi), %rsi
	mov	(8 * 8)(%rdi), %r8
	mov	(8 * 9)(%rdi), %r9
	mov	(8 * 10)(%rdi), %r10
	mov	(8 * 11)(%rdi), %r11
	mov	(8 * 12)(%rdi), %r12
	mov	(8 * 13)(%rdi), %r13
	mov	(8 * 14)(%rdi), %r14
	mov	(8 * 15)(%rdi), %r15
	mov	(8 * VCPU_RDI)(%rdi), %rdi
	clgi
	sti
	vmload	%rax
	vmrun	%rax
	vmsave	%rax
	cli
	xchg	%rdi, (%rsp)
	mov	%rcx, (8 * VCPU_RCX)(%rdi)
	mov	%rdx, (8 * VCPU_RDX)(%rdi)
	mov	%rbx, (8 * VCPU_RBX)(%rdi)
	mov	%rbp, (8 * VCPU_RBP)(%rdi)
	mov	%rsi, (8 * VCPU_RSI)(%rdi)
	mov	%r8, (8 * 8)(%rdi)
	mov	%r9, (8 * 9)(%rdi)
	mov	%r10, (8 * 10)(%rdi)
	mov	%r11, (8 * 11)(%rdi)
	mov	%r12, (8 * 12)(%rdi)
	mov	%r13, (8 * 13)(%rdi)
	mov	%r14, (8 * 14)(%rdi)
	mov	%r15, (8 * 15)(%rdi)
	pop	%rax
	mov	%rax, (8 * VCPU_RDI)(%rdi)
	pop	%rax
	vmload	%rax
	stgi
	/* No register but those that the caller expects holds a value of the guest. */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	/* A guest's return addresses predict no RET of the core (APM vol. 2, 3.2.9). LFENCE: nor
	 * does a wrong guess at the branch. */
	testb	$PREDICT_RETURNS, predict_at_entry(%rip)
	jz	2f
	.rept	RETURNS
	call	. + 6
	int3
	.endr
	add	$(8 * RETURNS), %rsp
2:	lfence
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	svm_enter, . - svm_enter
