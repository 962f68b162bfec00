/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's first instructions. The core has set up everything: the stack, zeroed bss, and
 * RDI = COMPONENT_INFO. A program that returns ends without an error.
 */
	.section .text.start, "ax"
	.globl	_start
	.type	_start, %function
_start:
	xor	%ebp, %ebp
	call	component_main
	xor	%edi, %edi
	call	sys_exit
	.size	_start, . - _start
