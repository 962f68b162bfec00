/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of CORE_TRAP (asm/trap.h): save the rest of the frame and go to C. */
#include <asm/sysreg.h>
#include <asm/trap.h>

	.text
	.globl	core_trap_common
	.type	core_trap_common, %function
/* sp: frame, x1: vector, x1's slot saved; x0 and sp as they were: TPIDR_EL0 and TPIDRRO_EL0. */
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
