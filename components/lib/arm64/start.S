/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's first instructions. The core has set up everything: the stack, zeroed bss, and x0 =
 * COMPONENT_INFO.
 */
	.section .text.start, "ax"
	.globl	_start
	.type	_start, %function
_start:
	mov	x29, xzr
	mov	x30, xzr
	b	component_main
	.size	_start, . - _start
