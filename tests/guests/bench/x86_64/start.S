/* SPDX-License-Identifier: Apache-2.0 */
/* Entry of the benchmark guest of x86-64, in 32-bit protected mode as kernel-type "raw", or by PVH
 * on the bare machine. The second vCPU begins in real mode at SECOND_PAGE. Both continue in long
 * mode, with memory below 4 GiB mapped one to one in pages of 2 MiB. */
#include "tests/guests/bench/x86_64/bench.h"

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.code32
	.section .head, "ax"
	.globl	_start
_start:
	rdtsc
	mov	%eax, started
	mov	%edx, started + 4
	mov	%ebx, start_info
	cli
	cld
	mov	$stack_top, %esp
	lgdt	gdt_pointer
	ljmp	$GDT_CODE32, $1f
1:	mov	$GDT_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	/* One table of level 4, one of level 3, four of level 2. */
	movl	$level3 + 3, level4
	mov	$level2 + 3, %eax
	mov	$level3, %edi
	mov	$4, %ecx
2:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	2b
	mov	$0x83, %eax
	mov	$level2, %edi
	mov	$2048, %ecx
3:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	3b
	mov	$bench_main, %edi

/* Long mode, then the function in EDI. */
to_long_mode:
	mov	$level4, %eax
	mov	%eax, %cr3
	mov	$0x20, %eax			/* CR4.PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER.LME */
	mov	$0x100, %eax
	xor	%edx, %edx
	wrmsr
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	ljmp	$GDT_CODE64, $4f
	.code64
4:	mov	%esp, %esp
	mov	%edi, %edi
	call	*%rdi
5:	cli
	hlt
	jmp	5b

/* Copied to SECOND_PAGE; real mode, CS is the page's segment. */
	.code16
	.globl	second, second_end
second:
	rdtsc
	cli
	mov	%eax, %ebp
	mov	%edx, %esi
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	%cs:(second_gdt - second)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$GDT_CODE32, $second_32
second_gdt:
	.short	gdt_end - gdt - 1
	.long	gdt
second_end:
	.code32
second_32:
	mov	$GDT_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%ebp, second_started
	mov	%esi, second_started + 4
	mov	$second_top, %esp
	mov	$second_main, %edi
	jmp	to_long_mode

	.code64
	.text
/* Interrupts: the counter at the handler's beginning, one more, the end of interrupt. */
	.globl	bench_interrupt
bench_interrupt:
	push	%rax
	push	%rcx
	push	%rdx
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, taken_at
	incl	taken
	mov	$MSR_EOI, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

/* On the second vCPU: an answer to the first. */
	.globl	pong_interrupt
pong_interrupt:
	push	%rax
	push	%rcx
	push	%rdx
	mov	$MSR_ICR, %ecx
	mov	$VECTOR_IPI, %eax
	xor	%edx, %edx
	wrmsr
	mov	$MSR_EOI, %ecx
	xor	%eax, %eax
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

/* Exceptions: the vector, then the frame with or without error code. */
	.globl	exceptions
	.balign	16
exceptions:
	.set	vector, 0
	.rept	32
	.balign	16
	push	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr
exception:
	mov	%rsp, %rdi
	call	bench_exception
	jmp	5b

	.data
	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdt_end:
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt
	.globl	started, second_started, start_info
	.balign	8
started:
	.quad	0
second_started:
	.quad	0
start_info:
	.long	0

	.bss
	.balign	4096
level4:	.skip	4096
level3:	.skip	4096
level2:	.skip	4 * 4096
	.skip	8192
stack_top:
	.skip	4096
second_top:
