/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of all vectors. The CPU has pushed SS, RSP, RFLAGS, CS and RIP, and an error code for
 * some exceptions. Each stub makes that the same for all, and adds the vector.
 */
#include <asm/cpu.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <asm/user.h>

/* Offsets from RSP at a stub's end. */
#define AT_VECTOR 0
#define AT_CS     24
#define AT_RFLAGS 32

#define REGISTER_BYTES 120 /* of arch_user.r and trap_frame.r */

.macro STORE_REGISTERS
	mov	%rax, 0(%rsp)
	mov	%rbx, 8(%rsp)
	mov	%rcx, 16(%rsp)
	mov	%rdx, 24(%rsp)
	mov	%rsi, 32(%rsp)
	mov	%rdi, 40(%rsp)
	mov	%rbp, 48(%rsp)
	mov	%r8, 56(%rsp)
	mov	%r9, 64(%rsp)
	mov	%r10, 72(%rsp)
	mov	%r11, 80(%rsp)
	mov	%r12, 88(%rsp)
	mov	%r13, 96(%rsp)
	mov	%r14, 104(%rsp)
	mov	%r15, 112(%rsp)
.endm

/* A bit for each exception with an error code (Intel SDM vol. 3 table 6-1): 8, 10 to 14, 17, 21,
 * 29, 30. */
#define WITH_ERROR_CODE 0x60227d00

.macro STUB vector, target
	.balign	TRAP_STUB_BYTES
	.if	\vector > 30
	push	$0
	.elseif	!((WITH_ERROR_CODE >> \vector) & 1)
	push	$0
	.endif
	push	$\vector
	jmp	\target
.endm

	.text
	.balign	TRAP_STUB_BYTES
	.globl	trap_stubs
trap_stubs:
	.altmacro
	.set	vector, 0
	.rept	VECTOR_COUNT
	.if	vector == VECTOR_NMI
	STUB %vector, nmi
	.elseif	vector == VECTOR_DB
	STUB %vector, debug
	.elseif	vector == VECTOR_MC
	STUB %vector, machine_check
	.elseif	vector == VECTOR_DF
	STUB %vector, fatal
	.elseif	vector < VECTOR_EXCEPTIONS
	STUB %vector, exception
	.else
	STUB %vector, interrupt
	.endif
	.set	vector, vector + 1
	.endr
	.noaltmacro

exception:
	testb	$3, AT_CS(%rsp)
	jnz	user_leave
fatal:
	sub	$REGISTER_BYTES, %rsp
	STORE_REGISTERS
	pushq	$RFLAGS_FIXED
	popfq
	mov	%rsp, %rdi
	xor	%eax, %eax
	call	core_trap

/* The core uses neither breakpoints nor TF. So a debug exception in it is the trap of a guest's
 * step: Bochs keeps that over #VMEXIT if the stepped instruction exits. The gate has no stack of
 * its own (IST), because TR may still be the guest's. */
debug:
	testb	$3, AT_CS(%rsp)
	jnz	user_leave
	add	$16, %rsp
	iretq

/* In the core: the vector is kept for arch_irq_take(), which opened the window; the window is
 * closed. */
interrupt:
	testb	$3, AT_CS(%rsp)
	jnz	user_leave
	push	%rax
	push	%rcx
	mov	%rsp, %rax
	or	$(STACK_SLOT - 1), %rax
	mov	1 - STACK_RESERVED(%rax), %rax
	mov	AT_VECTOR + 16(%rsp), %ecx
	mov	%rcx, CPU_VECTOR(%rax)
	pop	%rcx
	pop	%rax
	andq	$~RFLAGS_IF, AT_RFLAGS(%rsp)
	add	$16, %rsp
	iretq

/* Events that may come anywhere, and end where they came. */
.macro SURVIVE function
	sub	$REGISTER_BYTES, %rsp
	STORE_REGISTERS
	cld
	mov	%rsp, %rdi
	call	\function
	mov	0(%rsp), %rax
	mov	16(%rsp), %rcx
	mov	24(%rsp), %rdx
	mov	32(%rsp), %rsi
	mov	40(%rsp), %rdi
	mov	56(%rsp), %r8
	mov	64(%rsp), %r9
	mov	72(%rsp), %r10
	mov	80(%rsp), %r11
	add	$(REGISTER_BYTES + 16), %rsp
	iretq
.endm

nmi:	SURVIVE	core_nmi
machine_check:
	SURVIVE	core_machine_check

/* From ring 3. The frame lies in struct arch_user, and RSP is the address of its vector. The run
 * that x86_user_enter() began ends. Flags that the component has set (AC, DF, NT) are cleared. */
user_leave:
	sub	$USER_VECTOR, %rsp
	STORE_REGISTERS
	mov	%rsp, %rdi
	mov	USER_HOST_SP(%rdi), %rsp
	pushq	$RFLAGS_FIXED
	popfq
	pop	%rax
	mov	%rax, %cr3
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
