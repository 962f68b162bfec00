/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 vector table: the way out of a guest and back into it.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, so an exit can store registers at once,
 * without a scratch register. Two ways lead on from there:
 *  - HVC and interrupts: x0-x18, x29, x30 are saved (what C may clobber), the handler runs, and the
 *    guest continues. x19-x28 stay in their registers.
 *  - other synchronous exits: their handlers need any register, so all are saved and restored.
 * A handler that returns false ends arm64_enter(): everything is saved and its caller continues.
 * The core's own exceptions go to core_trap() on a stack of their own (asm/trap.h).
 *
 * The paths exist twice. Where the core signs its return addresses, APIAKey is exchanged at every
 * exit and every return. So the core never runs with a guest's key. On such a machine the boot CPU
 * replaces five branches of the table (arm64_guest_branches) before the first guest runs. Other
 * machines execute no instruction for it.
 */
#include <asm/pairs.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <asm/vcpu.h>

#ifdef CONFIG_STEPS
#define exit_hvc	 steps_exit_hvc
#define exit_sync	 steps_exit_sync
#define exit_abort_quick steps_exit_abort_quick
#define exit_irq	 steps_exit_irq
#define sysreg_quick	 steps_sysreg_quick
#endif

/* arm64_enter()'s frame on the core stack: record, vcpu, core's APIAKey, x19-x28. */
#define FRAME_VCPU  16
#define FRAME_KEY   32
#define FRAME_SAVED 48
#define FRAME_BYTES 128

#define SERROR_WINDOW_BYTES 8 /* of serror_take() */

	.arch	armv8-a
	.text

/* The beginning of a lower-EL slot: 12 of its 32 instructions. */
.macro GUEST_SAVE
	stp	x0, x1, [sp, #VCPU_X + 0]
	X2_TO_X17(stp, sp, VCPU_X + 16)
	str	x18, [sp, #VCPU_X + 144]
	stp	x29, x30, [sp, #VCPU_X + 232]
	mov	x0, sp
.endm

/* x0 = vcpu: the guest's key into its structure, the core's becomes active. Clobbers x1 to x3. */
.macro KEY_TO_CORE
	mrs	x2, SYS_APIAKEYLO_EL1
	mrs	x3, SYS_APIAKEYHI_EL1
	stp	x2, x3, [x0, #VCPU_APIA]
	ldr	x1, [x0, #VCPU_HOST_SP]
	ldp	x2, x3, [x1, #FRAME_KEY]
	msr	SYS_APIAKEYLO_EL1, x2
	msr	SYS_APIAKEYHI_EL1, x3
	isb
.endm

/* A slot whose handler is elsewhere. */
.macro GUEST_EXIT target
	.balign	128
	GUEST_SAVE
	b	\target
.endm

/* x0 = vcpu: an exit that one handler serves. */
.macro GUEST_HANDLE handler, suffix
	TO_CORE_STACK x2
	bl	\handler
	cbnz	w0, guest_return\suffix
	b	guest_leave
.endm

/* A slot with all of it. */
.macro GUEST_SLOT name, handler
	.balign	128
	GUEST_SAVE
\name:	GUEST_HANDLE \handler
.endm

/* The same for a machine with keys; the slot's first instruction after GUEST_SAVE branches here. */
.macro GUEST_PAC name, handler
	.type	\name, %function
\name:	KEY_TO_CORE
	GUEST_HANDLE \handler, _pac
	.size	\name, . - \name
.endm

/*
 * The slot for a system error of the core's: one that serror_take() waits for returns there with
 * the syndrome in x0, any other is fatal. TPIDR_EL0 and TPIDRRO_EL0 are scratch, as in CORE_TRAP.
 */
.macro CORE_SERROR
	.balign	128
	msr	tpidr_el0, x0
	msr	tpidrro_el0, x1
	adr	x1, serror_window
	mrs	x0, elr_el2
	sub	x0, x0, x1
	cmp	x0, #SERROR_WINDOW_BYTES
	b.hs	1f
	mrs	x1, tpidrro_el0
	mrs	x0, esr_el2
	eret
	dsb	nsh
	isb
1:	mrs	x1, tpidrro_el0
	mrs	x0, tpidr_el0
	CORE_TRAP TRAP_SPX_SERROR
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
	.irp	slot, 0, 1, 2, 3, 4, 5, 6
	.balign	128
	CORE_TRAP \slot
	.endr
	CORE_SERROR
	/* Lower EL, AArch64. */
	.balign	128
	GUEST_SAVE
slot_sync:
	b	guest_sync
	GUEST_SLOT guest_irq, exit_irq
	GUEST_SLOT guest_fiq, exit_fiq
	GUEST_SLOT guest_serror, exit_serror
	/* Lower EL, AArch32: programs at EL0 only (HCR_EL2.RW); the same exits. */
	.balign	128
	GUEST_SAVE
slot_sync_a32:
	b	guest_sync
	GUEST_EXIT guest_irq
	GUEST_EXIT guest_fiq
	GUEST_EXIT guest_serror
	.size	arm64_vectors, . - arm64_vectors

	.section .rodata
	.balign	8
	.globl	arm64_guest_branches
	.type	arm64_guest_branches, %object
arm64_guest_branches:
	.quad	slot_sync, guest_sync_pac
	.quad	slot_sync_a32, guest_sync_pac
	.quad	guest_irq, guest_irq_pac
	.quad	guest_fiq, guest_fiq_pac
	.quad	guest_serror, guest_serror_pac
	.size	arm64_guest_branches, . - arm64_guest_branches

/* The paths behind the table. */
.macro GUEST_PATHS suffix, pac
	.text
	.type	guest_sync\suffix, %function
guest_sync\suffix:
	.if	\pac
	KEY_TO_CORE
	.endif
	mrs	x1, esr_el2
	lsr	x3, x1, #ESR_EC_SHIFT
	cmp	x3, #ESR_EC_HVC64
	b.ne	guest_not_hvc\suffix
	TO_CORE_STACK x2
	bl	exit_hvc
	cbz	w0, guest_leave
guest_return\suffix:
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
guest_restore\suffix:
	.if	\pac
	ldp	x2, x3, [sp, #VCPU_APIA]
	msr	SYS_APIAKEYLO_EL1, x2
	msr	SYS_APIAKEYHI_EL1, x3
	.endif
	X2_TO_X17(ldp, sp, VCPU_X + 16)
	ldr	x18, [sp, #VCPU_X + 144]
	ldp	x29, x30, [sp, #VCPU_X + 232]
	ldp	x0, x1, [sp, #VCPU_X + 0]
	eret
	/* No speculation past the return. */
	dsb	nsh
	isb
	.size	guest_sync\suffix, . - guest_sync\suffix

/*
 * A load or store by x19-x28 needs them in memory; any other to the interrupt controller is served
 * without. exit_abort_quick() changes nothing of an access that it does not serve: the slow path
 * serves it.
 */
	.type	guest_not_hvc\suffix, %function
guest_not_hvc\suffix:
	cmp	x3, #ESR_EC_DABT_LOW
	b.ne	guest_not_abort\suffix
	tbz	x1, #ISS_ISV_SHIFT, guest_sync_full\suffix
	ubfx	x2, x1, #ISS_SRT_SHIFT, #5
	sub	x2, x2, #19
	cmp	x2, #28 - 19
	b.ls	guest_sync_full\suffix
	TO_CORE_STACK x2
	bl	exit_abort_quick
	tbnz	w0, #0, guest_return\suffix	/* QUICK_DONE */
	cbnz	w0, guest_leave			/* QUICK_LEAVE */
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
	mrs	x1, esr_el2
	b	guest_sync_full\suffix
	.size	guest_not_hvc\suffix, . - guest_not_hvc\suffix

/* The same for system registers: those that are served in a few instructions. */
	.type	guest_not_abort\suffix, %function
guest_not_abort\suffix:
	cmp	x3, #ESR_EC_SYS64
	b.ne	guest_sync_full\suffix
	tbz	x1, #ISS_OP0_HIGH_BIT, guest_set_way\suffix
	ubfx	x2, x1, #ISS_SYS_RT_SHIFT, #5
	sub	x2, x2, #19
	cmp	x2, #28 - 19
	b.ls	guest_sync_full\suffix
	TO_CORE_STACK x2
	bl	sysreg_quick
	cbnz	w0, guest_return\suffix
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
	mrs	x1, esr_el2
	b	guest_sync_full\suffix
	.size	guest_not_abort\suffix, . - guest_not_abort\suffix

/*
 * Guests that clean their caches by set and way do it line by line, some 33,000 times on each CPU.
 * After the first there is nothing to do while HCR_EL2.TVM is set (sysregs.c): on to the next.
 */
	.type	guest_set_way\suffix, %function
guest_set_way\suffix:
	bic	x2, x1, #ISS_RT_MASK
	bic	x2, x2, #ISS_CRM_HIGH_MASK
	mov	x3, #ESR_DC_SET_WAY & 0xffff
	movk	x3, #ESR_DC_SET_WAY >> 16, lsl #16
	cmp	x2, x3
	b.ne	guest_sync_full\suffix
	mrs	x2, hcr_el2
	tbz	x2, #HCR_TVM_BIT, guest_sync_full\suffix
	mrs	x2, elr_el2
	add	x2, x2, #4
	msr	elr_el2, x2
	mrs	x2, spsr_el2
	bic	x2, x2, #PSR_SS
	bic	x2, x2, #PSR_BTYPE
	msr	spsr_el2, x2
	.if	\pac
	ldp	x2, x3, [x0, #VCPU_APIA]
	msr	SYS_APIAKEYLO_EL1, x2
	msr	SYS_APIAKEYHI_EL1, x3
	.endif
	ldp	x2, x3, [x0, #VCPU_X + 16]
	ldp	x0, x1, [x0, #VCPU_X + 0]
	eret
	dsb	nsh
	isb
	.size	guest_set_way\suffix, . - guest_set_way\suffix

	.type	guest_sync_full\suffix, %function
guest_sync_full\suffix:
	X19_TO_X28(stp, x0, VCPU_X + 152)
	TO_CORE_STACK x2
	bl	exit_sync
	cbz	w0, guest_leave_saved
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
guest_restore_full\suffix:
	X19_TO_X28(ldp, x0, VCPU_X + 152)
	b	guest_restore\suffix
	.size	guest_sync_full\suffix, . - guest_sync_full\suffix
.endm

	GUEST_PATHS , 0
	GUEST_PATHS _pac, 1
	GUEST_PAC guest_irq_pac, exit_irq
	GUEST_PAC guest_fiq_pac, exit_fiq
	GUEST_PAC guest_serror_pac, exit_serror

/* A handler said false: save the rest, return from arm64_enter(). The core's key is live. */
	.type	guest_leave, %function
guest_leave:
	ldr	x0, [sp, #FRAME_VCPU]
	X19_TO_X28(stp, x0, VCPU_X + 152)
guest_leave_saved:
	ldr	x0, [sp, #FRAME_VCPU]
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	stp	x1, x2, [x0, #VCPU_PC]
	X19_TO_X28(ldp, sp, FRAME_SAVED)
	ldp	x29, x30, [sp], #FRAME_BYTES
	ret
	.size	guest_leave, . - guest_leave

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
	ldp	x1, x2, [x0, #VCPU_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	mov	sp, x0
	ldr	x3, [x0, #VCPU_PAC_SWITCH]
	cbz	x3, guest_restore_full
	ldr	x1, [x0, #VCPU_HOST_SP]
	mrs	x2, SYS_APIAKEYLO_EL1
	mrs	x3, SYS_APIAKEYHI_EL1
	stp	x2, x3, [x1, #FRAME_KEY]
	b	guest_restore_full_pac
	.size	arm64_enter, . - arm64_enter

/*
 * u64 serror_take(void): let a pending system error come, with the others still masked. Returns its
 * syndrome, 0 when none came. TPIDR_EL0 and TPIDRRO_EL0 are clobbered; the guest's table is active.
 */
	.globl	serror_take
	.type	serror_take, %function
serror_take:
	hint	#34			/* bti c */
	mov	x0, #0
	msr	daifclr, #4
serror_window:
	isb
	msr	daifset, #4
	.if	. - serror_window - SERROR_WINDOW_BYTES
	.error	"SERROR_WINDOW_BYTES is wrong"
	.endif
	ret
	.size	serror_take, . - serror_take
