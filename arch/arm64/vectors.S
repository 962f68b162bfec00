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
 * A slot has room for 32 instructions, and few need as many. The tables' room behind them has the
 * paths that the slots lead to. The assembler refuses what does not fit.
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

/* The beginning of a lower-EL slot: 12 of its 32 instructions. */
.macro GUEST_SAVE
	stp	x0, x1, [sp, #VCPU_X + 0]
	GUEST_SAVE_REST
.endm
.macro GUEST_SAVE_REST
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

/* x1 = arm64_enter()'s frame: the core's key into it. Clobbers x2 and x3. */
.macro KEY_TO_FRAME
	mrs	x2, SYS_APIAKEYLO_EL1
	mrs	x3, SYS_APIAKEYHI_EL1
	stp	x2, x3, [x1, #FRAME_KEY]
.endm

/* x0 = vcpu: an exit that one handler serves. */
.macro GUEST_HANDLE handler, suffix
	TO_CORE_STACK x2
	bl	\handler
	cbnz	w0, guest_return\suffix
	b	guest_leave
.endm

/* The same for a machine with keys; the slot's first instruction after GUEST_SAVE branches here. */
.macro GUEST_PAC name, handler
	.type	\name, %function
\name:	KEY_TO_CORE
	GUEST_HANDLE \handler, _pac
	.size	\name, . - \name
.endm

/*
 * The slot for an exception that the core does not expect. TPIDR_EL0 and TPIDRRO_EL0 are scratch:
 * the machine stops.
 */
.macro CORE_TRAP vector
	msr	tpidr_el0, x0
	mov	x0, sp
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #CPU_EXCEPTION_TOP]
	sub	x0, x0, #TRAP_FRAME_BYTES
	mov	sp, x0
	str	x1, [sp, #8]
	mov	w1, #\vector
	b	core_trap_common
.endm

/*
 * The slot for a system error of the core's: one that serror_take() waits for returns there with
 * the syndrome in x0, any other is fatal. TPIDR_EL0 and TPIDRRO_EL0 are scratch, as above.
 */
.macro CORE_SERROR
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

.macro GUEST_SYNC suffix, pac
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
.endm

/*
 * A load or store by x19-x28 needs them in memory; any other to the interrupt controller is served
 * without. exit_abort_quick() changes nothing of an access that it does not serve: the slow path
 * serves it.
 */
.macro GUEST_NOT_HVC suffix
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
.endm

/* The same for system registers: those that are served in a few instructions. */
.macro GUEST_NOT_ABORT suffix
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
.endm

/*
 * Guests that clean their caches by set and way do it line by line, some 33,000 times on each CPU.
 * After the first there is nothing to do while HCR_EL2.TVM is set (sysregs.c): on to the next.
 */
.macro GUEST_SET_WAY suffix, pac
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
.endm

.macro GUEST_SYNC_FULL suffix
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

	.section .text.vectors, "ax"
	.balign	2048
	.globl	arm64_vectors
	.type	arm64_vectors, %function
arm64_vectors:
	SLOT	arm64_vectors, 0
	CORE_TRAP 0

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

	SLOT	arm64_vectors, 1
	CORE_TRAP 1

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
	ldp	x2, x3, [x0, #VCPU_PC]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	mov	sp, x0
	ldr	x4, [x0, #VCPU_WAY]
	cbz	x4, guest_restore_full
	tbnz	x4, #WAY_RECORDED_BIT, enter_recorded
	KEY_TO_FRAME
	b	guest_restore_full_pac
	.size	arm64_enter, . - arm64_enter

	SLOT	arm64_vectors, 2
	CORE_TRAP 2
	GUEST_NOT_HVC

	SLOT	arm64_vectors, 3
	CORE_TRAP 3
	GUEST_NOT_ABORT

	SLOT	arm64_vectors, 4
	CORE_TRAP 4
	GUEST_SET_WAY , 0

	SLOT	arm64_vectors, 5
	CORE_TRAP 5
	GUEST_SYNC_FULL

	SLOT	arm64_vectors, 6
	CORE_TRAP 6
	GUEST_NOT_HVC _pac

	SLOT	arm64_vectors, TRAP_SPX_SERROR
	CORE_SERROR

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

/* Lower EL, AArch64. */
	SLOT	arm64_vectors, 8
	GUEST_SAVE
slot_sync:
	b	guest_sync
	GUEST_NOT_ABORT _pac

	SLOT	arm64_vectors, 9
	GUEST_SAVE
guest_irq:
	GUEST_HANDLE exit_irq
	GUEST_PAC guest_irq_pac, exit_irq

	SLOT	arm64_vectors, 10
	GUEST_SAVE
guest_fiq:
	GUEST_HANDLE exit_fiq
	GUEST_PAC guest_fiq_pac, exit_fiq

	SLOT	arm64_vectors, 11
	GUEST_SAVE
guest_serror:
	GUEST_HANDLE exit_serror
	GUEST_PAC guest_serror_pac, exit_serror

/* Lower EL, AArch32: programs at EL0 only (HCR_EL2.RW); the same exits. */
	SLOT	arm64_vectors, 12
	GUEST_SAVE
slot_sync_a32:
	b	guest_sync
	GUEST_SYNC_FULL _pac

	SLOT	arm64_vectors, 13
	GUEST_SAVE
	b	guest_irq

	SLOT	arm64_vectors, 14
	GUEST_SAVE
	b	guest_fiq

	SLOT	arm64_vectors, 15
	GUEST_SAVE
	b	guest_serror

	SLOT	arm64_vectors, 16
	.size	arm64_vectors, . - arm64_vectors

.macro RECORDED_SLOT number
	SLOT	arm64_vectors_recorded, \number
	stp	x0, x1, [sp, #VCPU_X + 0]
	mov	w1, #\number % 4
	b	guest_recorded
.endm

/* The table while a guest runs whose exits are recorded: one way for all of them. */
	.balign	2048
	.globl	arm64_vectors_recorded
	.type	arm64_vectors_recorded, %function
arm64_vectors_recorded:
	CORE_SLOT arm64_vectors_recorded, 0
	GUEST_SYNC , 0

	CORE_SLOT arm64_vectors_recorded, 1
	GUEST_SET_WAY _pac, 1

	CORE_SLOT arm64_vectors_recorded, 2

/* The second half of CORE_TRAP: save the rest of the frame and go to C. sp: frame, x1: vector, its
 * slot saved; x0 and sp as they were: TPIDR_EL0 and TPIDRRO_EL0. */
	.type	core_trap_common, %function
core_trap_common:
	mrs	x0, tpidr_el0
	str	x0, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x0, tpidrro_el0
	stp	x30, x0, [sp, #240]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [sp, #256]
	mrs	x2, esr_el2
	mrs	x3, far_el2
	stp	x2, x3, [sp, #272]
	mov	x0, sp
	mov	x29, #0
	mov	x30, #0
	b	core_trap
	.size	core_trap_common, . - core_trap_common

	.irp	number, 3, 4, 5, 6, 7
	CORE_SLOT arm64_vectors_recorded, \number
	.endr
	RECORDED_SLOT 8

/* x0 and x1 are saved, w1 = the slot's number among those of its level. */
	.type	guest_recorded, %function
guest_recorded:
	GUEST_SAVE_REST
	X19_TO_X28(stp, x0, VCPU_X + 152)
	mov	w4, w1
	ldr	x1, [x0, #VCPU_WAY]
	tbz	x1, #WAY_KEYS_BIT, guest_record
	b	guest_record_pac
	.size	guest_recorded, . - guest_recorded

	RECORDED_SLOT 9

	.type	guest_record_pac, %function
guest_record_pac:
	KEY_TO_CORE
guest_record:
	TO_CORE_STACK x2
	mov	w1, w4
	bl	exit_recorded
	cbz	w0, guest_leave_saved
guest_recorded_return:
	ldr	x0, [sp, #FRAME_VCPU]
	mov	sp, x0
	ldr	x1, [x0, #VCPU_WAY]
	tbz	x1, #WAY_KEYS_BIT, guest_restore_full
	b	guest_restore_full_pac
	.size	guest_record_pac, . - guest_record_pac

	RECORDED_SLOT 10

/* The rest of arm64_enter(): x0 and sp = vcpu, x1 = the frame, x4 = the vCPU's way. */
	.type	enter_recorded, %function
enter_recorded:
	tbz	x4, #WAY_KEYS_BIT, 1f
	KEY_TO_FRAME
1:	mov	sp, x1
	bl	record_entry
	b	guest_recorded_return
	.size	enter_recorded, . - enter_recorded

	.irp	number, 11, 12, 13, 14, 15
	RECORDED_SLOT \number
	.endr
	SLOT	arm64_vectors_recorded, 16
	.size	arm64_vectors_recorded, . - arm64_vectors_recorded

/* Larger than any room between slots. */
	.section .text.entry, "ax"
	GUEST_SYNC _pac, 1

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
