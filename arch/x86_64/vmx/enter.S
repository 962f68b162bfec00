/* SPDX-License-Identifier: Apache-2.0 */
/* The entry to a guest on VMX, and the way back. */
#include "arch/x86_64/predict.h"
#include <asm/vcpu.h>

#define HOST_RSP 0x6c14
#define RETURNS  32 /* entries of the return stack, at most */

	.text

/*
 * bool vmx_enter(u64 *r, bool launched): run the guest of the current control structure until an
 * exit. @r has its registers but RSP, which is in the structure. Returns false if the CPU refuses
 * the structure. Interrupts are masked before and after.
 */
	.globl	vmx_enter
	.type	vmx_enter, %function
vmx_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	testb	$PREDICT_CLEAR, predict_at_entry(%rip)
	jz	8f
	verw	predict_selector(%rip)
8:	test	%sil, %sil		/* no MOV changes ZF */
	mov	(8 * VCPU_RAX)(%rdi), %rax
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
	jnz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	pop	%rdi			/* the CPU has not entered */
	xor	%ebx, %ebx
	jmp	3f

	.globl	vmx_exited
vmx_exited:
	xchg	%rdi, (%rsp)
	mov	%rax, (8 * VCPU_RAX)(%rdi)
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
	mov	$1, %ebx
	/* No register but those that the caller expects holds a value of the guest. */
3:	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	/* A guest's return addresses predict no RET of the core (SDM vol. 3, 18.4.1). LFENCE: nor
	 * does a wrong guess at the branch. */
	testb	$PREDICT_RETURNS, predict_at_entry(%rip)
	jz	6f
	.rept	RETURNS
	call	. + 6
	int3
	.endr
	add	$(8 * RETURNS), %rsp
6:	lfence
	mov	%ebx, %eax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	vmx_enter, . - vmx_enter
