/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's first instructions: the arm64 Image header, the registers at entry (for boot_record),
 * relocation, zeroed bss, a stack. The other CPUs enter here by PSCI CPU_ON. The exception vectors.
 *
 * Linux Documentation/arm64/booting.rst.
 */
#include "address.inc"
#include "asm.h"
#include "registers.inc"

	.section .head, "ax"
	.globl	_head
_head:
	b	start
	.long	0
	.long	text_offset, 0
	.quad	_end - _head
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	/* x9 alone is lost. */
	address	x9, boot_registers
	registers stp, x9, 0, 7
	stp	x8, xzr, [x9, #64]
	registers stp, x9, 10, 29
	str	x30, [x9, #240]
	address	x9, boot_record
	stp	x0, x1, [x9, #BOOT_X]
	stp	x2, x3, [x9, #BOOT_X + 16]
	adr	x10, _head
	str	x10, [x9, #BOOT_IMAGE]
	mov	x0, x9
	bl	save_state

	/* Relocations: every entry of a program linked at 0 is R_AARCH64_RELATIVE. */
	adr	x10, _head
	address	x11, rela_start
	address	x12, rela_end
1:	cmp	x11, x12
	b.hs	2f
	ldp	x13, x14, [x11], #16
	ldr	x14, [x11], #8
	add	x14, x14, x10
	str	x14, [x10, x13]
	b	1b

2:	address	x11, bss_start
	address	x12, bss_end
3:	cmp	x11, x12
	b.hs	4f
	stp	xzr, xzr, [x11], #16
	b	3b

4:	mov	x0, #0
	bl	set_stack
	bl	guest_start
	b	park

/* PSCI CPU_ON comes here with x0 = struct cpu_start *, MMU and caches off. */
	.globl	secondary_entry
secondary_entry:
	mov	x19, x0
	bl	save_state
	ldr	x0, [x19, #BOOT_INDEX]
	bl	set_stack
	mov	x0, x19
	bl	guest_secondary
park:	wfi
	b	park

/* x0 = record for the CPU's registers. Uses x10. */
	.globl	save_state
save_state:
	mrs	x10, CurrentEL
	str	x10, [x0, #BOOT_EL]
	mrs	x10, DAIF
	str	x10, [x0, #BOOT_DAIF]
	mrs	x10, SPSel
	str	x10, [x0, #BOOT_SPSEL]
	mrs	x10, SCTLR_EL1
	str	x10, [x0, #BOOT_SCTLR]
	mrs	x10, VBAR_EL1
	str	x10, [x0, #BOOT_VBAR]
	mrs	x10, TTBR0_EL1
	str	x10, [x0, #BOOT_TTBR0]
	mrs	x10, TPIDR_EL1
	str	x10, [x0, #BOOT_TPIDR]
	mrs	x10, CNTV_CTL_EL0
	str	x10, [x0, #BOOT_CNTV]
	mrs	x10, CNTP_CTL_EL0
	str	x10, [x0, #BOOT_CNTP]
	mrs	x10, CNTVCT_EL0
	str	x10, [x0, #BOOT_TIME]
	ret

/* x0 = CPU index. Its stack, the vectors, floating point on. Uses x10, x11. */
set_stack:
	address	x10, stacks
	add	x11, x0, #1
	lsl	x11, x11, #STACK_SHIFT
	add	x10, x10, x11
	mov	sp, x10
	address	x10, vectors
	msr	VBAR_EL1, x10
	mov	x10, #3 << 20
	msr	CPACR_EL1, x10
	isb
	ret

	.text
	.macro	vector number
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\number
	b	enter
	.endm

	.balign	2048
	.globl	vectors
vectors:
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\number
	.endr

enter:
	registers stp, sp, 2, 29
	mrs	x2, ELR_EL1
	stp	x30, x2, [sp, #240]
	mrs	x2, SPSR_EL1
	str	x2, [sp, #256]
	mov	x0, sp
	bl	exception
	ldr	x2, [sp, #256]
	msr	SPSR_EL1, x2
	ldp	x30, x2, [sp, #240]
	msr	ELR_EL1, x2
	registers ldp, sp, 2, 29
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret

	.section .bss.stacks, "aw", %nobits
	.balign	4096
stacks:	.space	GUEST_MAX_CPUS << STACK_SHIFT
