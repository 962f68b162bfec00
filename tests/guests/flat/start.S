/* SPDX-License-Identifier: Apache-2.0 */
/* A flat guest of x86-64: entry in 32-bit protected mode, stubs of exceptions and interrupts. The
 * second vCPU begins in real mode, in a page of its own. */
	.code32
	.section .head, "ax"
	.globl	_start
_start:
	cli
	cld
	mov	%eax, boot_magic
	mov	$stack_top, %esp
	lgdt	gdt_pointer
	ljmp	$8, $1f
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	call	guest_main
2:	cli
	hlt
	jmp	2b

	.text
/* Each stub pushes its vector and a zero where the CPU pushes no error code. */
	.altmacro
	.macro	STUB vector
	.balign	16
	.if	(\vector != 8) && ((\vector < 10) || (\vector > 14)) && (\vector != 17)
	push	$0
	push	$\vector
	jmp	common
	.else
	push	$\vector
	jmp	common_error
	.endif
	.endm
	.balign	16
	.globl	stubs
stubs:
	.set	vector, 0
	.rept	256
	STUB	%vector
	.set	vector, vector + 1
	.endr
	.noaltmacro

/* An interrupt can have an exception's vector, and then no error code: CS is one word nearer. */
common_error:
	cmpl	$8, 8(%esp)
	je	1f
	cmpl	$(3 * 8 | 3), 8(%esp)
	jne	common
1:	push	(%esp)
	movl	$0, 4(%esp)

common:
	pusha
	push	%esp
	call	interrupt
	add	$4, %esp
	popa
	add	$8, %esp
	.globl	stubs_iret
stubs_iret:
	iret

/* Copied to SECOND_PAGE; real mode, CS is the page's segment. */
	.code16
	.globl	second, second_end
second:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	%cs:(second_gdt - second)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $second_32
second_gdt:
	.short	gdt_end - gdt - 1
	.long	gdt
second_end:
	.code32
second_32:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$second_top, %esp
	call	second_main
1:	cli
	hlt
	jmp	1b

	.data
	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt

	.globl	boot_magic
boot_magic:
	.long	0

	.bss
	.balign	16
	.skip	8192
stack_top:
	.skip	4096
second_top:
