/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 vector table: the way out of a guest and back into it.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, so an exit can store registers at once,
 * without a scratch register. Two ways lead on from there:
 *  - HVC and interrupts: x0-x18, x29, x30 are saved (what C may clobber), the handler runs, and the
 *    guest goes on. x19-x28 stay in their registers.
 *  - other synchronous exits: their handlers need any register, so all are saved and restored.
 * A handler that returns false ends arm64_enter(): everything is saved and its caller goes on.
 * The core's own exceptions go to core_trap() on a stack of their own (asm/trap.h).
 */
#include <asm/pairs.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <asm/vcpu.h>

/* arm64_enter()'s frame on the core stack: record, vcpu, core's APIAKey, x19-x28. */
#define FRAME_VCPU  16
#define FRAME_KEY   32
#define FRAME_SAVED 48
#define FRAME_BYTES 128

	.arch	armv8-a
	.text

/* A lower-EL slot: 13 of its 32 instructions. */
.macro GUEST_EXIT target
	.balign	128
	stp	x0, x1, [sp, #VCPU_X + 0]
	X2_TO_X17(stp, sp, VCPU_X + 16)
	str	x18, [sp, #VCPU_X + 144]
	stp	x29, x30, [sp, #VCPU_X + 232]
	mov	x0, sp
	b	\target
.endm

/* x0 = vcpu: back to the core stack. x29 becomes a true frame pointer again, for backtraces. */
.macro TO_CORE_STACK scratch
	ldr	\scratch, [x0, #VCPU_HOST_SP]
	mov	sp, \scratch
	mov	x29, \scratch
.endm

	.section .text.vectors, "ax"
	.balign	2048
	.globl	arm64_vectors
	.type	arm64_vectors, %function
arm64_vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7
	.balign	128
	CORE_TRAP \slot
	.endr
	/* Lower EL, AArch64. */
	GUEST_EXIT guest_sync
	GUEST_EXIT guest_irq
	GUEST_EXIT guest_fiq
	GUEST_EXIT guest_serror
	/* Lower EL, AArch32: programs at EL0 only (HCR_EL2.RW); the same exits. */
	GUEST_EXIT guest_sync
	GUEST_EXIT guest_irq
	GUEST_EXIT guest_fiq
	GUEST_EXIT guest_serror
	.balign	128
	.size	arm64_vectors, . - arm64_vectors

	.text
	.type	guest_sync, %function
guest_sync:
	mrs	x1, esr_el2
	lsr	x3, x1, #ESR_EC_SHIFT
	cmp	x3, #ESR_EC_HVC64
	b.ne	guest_not_hvc
	TO_CORE_STACK x2
	bl	exit_hvc
	cbz	w0, guest_leave
guest_return:
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
guest_restore:
	X2_TO_X17(ldp, sp, VCPU_X + 16)
	ldr	x18, [sp, #VCPU_X + 144]
	ldp	x29, x30, [sp, #VCPU_X + 232]
	ldp	x0, x1, [sp, #VCPU_X + 0]
	eret
	/* No speculation past the return. */
	dsb	nsh
	isb
	.size	guest_sync, . - guest_sync

/*
 * A load or store by x19-x28 needs them in memory; any other to the interrupt controller is served
 * without. What exit_abort_quick() does not serve it has not touched: it goes the long way.
 */
	.type	guest_not_hvc, %function
guest_not_hvc:
	cmp	x3, #ESR_EC_DABT_LOW
	b.ne	guest_sync_full
	tbz	x1, #ISS_ISV_SHIFT, guest_sync_full
	ubfx	x2, x1, #ISS_SRT_SHIFT, #5
	sub	x2, x2, #19
	cmp	x2, #28 - 19
	b.ls	guest_sync_full
	TO_CORE_STACK x2
	bl	exit_abort_quick
	tbnz	w0, #0, guest_return	/* QUICK_DONE */
	cbnz	w0, guest_leave		/* QUICK_LEAVE */
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
	mrs	x1, esr_el2
	.size	guest_not_hvc, . - guest_not_hvc

	.type	guest_sync_full, %function
guest_sync_full:
	X19_TO_X28(stp, x0, VCPU_X + 152)
	TO_CORE_STACK x2
	bl	exit_sync
	cbz	w0, guest_leave_saved
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
guest_restore_full:
	X19_TO_X28(ldp, x0, VCPU_X + 152)
	b	guest_restore
	.size	guest_sync_full, . - guest_sync_full

	.type	guest_irq, %function
guest_irq:
	TO_CORE_STACK x2
	bl	exit_irq
	cbnz	w0, guest_return
	b	guest_leave
	.size	guest_irq, . - guest_irq

	.type	guest_fiq, %function
guest_fiq:
	TO_CORE_STACK x2
	bl	exit_fiq
	cbnz	w0, guest_return
	b	guest_leave
	.size	guest_fiq, . - guest_fiq

	.type	guest_serror, %function
guest_serror:
	TO_CORE_STACK x2
	bl	exit_serror
	cbnz	w0, guest_return
	/* Falls into guest_leave. */

/* A handler said false: save the rest, return from arm64_enter(). */
guest_leave:
	ldr	x0, [sp, #FRAME_VCPU]
	X19_TO_X28(stp, x0, VCPU_X + 152)
guest_leave_saved:
	ldr	x0, [sp, #FRAME_VCPU]
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	stp	x1, x2, [x0, #VCPU_PC]
	ldr	x3, [x0, #VCPU_PAC_SWITCH]
	cbz	x3, 1f
	mrs	x1, SYS_APIAKEYLO_EL1
	mrs	x2, SYS_APIAKEYHI_EL1
	stp	x1, x2, [x0, #VCPU_APIA]
	ldp	x1, x2, [sp, #FRAME_KEY]
	msr	SYS_APIAKEYLO_EL1, x1
	msr	SYS_APIAKEYHI_EL1, x2
	isb
1:	X19_TO_X28(ldp, sp, FRAME_SAVED)
	ldp	x29, x30, [sp], #FRAME_BYTES
	ret
	.size	guest_serror, . - guest_serror

/* void arm64_enter(struct vcpu *vcpu) */
	.globl	arm64_enter
	.type	arm64_enter, %function
arm64_enter:
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-FRAME_BYTES]!
	mov	x29, sp
	str	x0, [sp, #FRAME_VCPU]
	X19_TO_X28(stp, sp, FRAME_SAVED)
	mov	x1, sp
	str	x1, [x0, #VCPU_HOST_SP]
	ldr	x3, [x0, #VCPU_PAC_SWITCH]
	cbz	x3, 1f
	mrs	x1, SYS_APIAKEYLO_EL1
	mrs	x2, SYS_APIAKEYHI_EL1
	stp	x1, x2, [sp, #FRAME_KEY]
	ldp	x1, x2, [x0, #VCPU_APIA]
	msr	SYS_APIAKEYLO_EL1, x1
	msr	SYS_APIAKEYHI_EL1, x2
1:	ldp	x1, x2, [x0, #VCPU_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	mov	sp, x0
	b	guest_restore_full
	.size	arm64_enter, . - arm64_enter
