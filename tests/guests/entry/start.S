/* SPDX-License-Identifier: Apache-2.0 */
/* A program for the bare machine, started by multiboot2. It continues in long mode, with memory
 * below 4 GiB mapped one to one in pages of 2 MiB. */
	.section .head, "ax"
	.balign	8
header:	.long	0xe85250d6, 0, header_end - header
	.long	-(0xe85250d6 + (header_end - header))
	.short	0, 0
	.long	8
header_end:

	.code32
	.globl	_start
_start:
	cli
	cld
	mov	$stack_top, %esp
	lgdt	gdt_pointer
	/* One table of level 4, one of level 3, four of level 2. Accessed and dirty are set. */
	movl	$level3 + 0x23, level4
	mov	$level2 + 0x23, %eax
	mov	$level3, %edi
	mov	$4, %ecx
1:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b
	mov	$0xe3, %eax
	mov	$level2, %edi
	mov	$2048, %ecx
2:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	2b
	mov	$level4, %eax
	mov	%eax, %cr3
	mov	$0x20, %eax			/* CR4.PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx		/* EFER.LME */
	mov	$0x100, %eax
	xor	%edx, %edx
	wrmsr
	mov	$0x80000021, %eax		/* PG, NE, PE */
	mov	%eax, %cr0
	ljmp	$8, $3f
	.code64
3:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	call	entry_main
4:	hlt
	jmp	4b

/* bool launch(void): enter the guest of the current structure. Returns true after an exit, false
 * if the CPU refuses the structure (VMfail). */
	.globl	launch, launch_exited
launch:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	$0x6c14, %eax			/* the host's RSP */
	vmwrite	%rsp, %rax
	vmlaunch
	xor	%eax, %eax
	jmp	5f
launch_exited:
	mov	$1, %eax
5:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.globl	guest_code
guest_code:
	vmcall
	jmp	guest_code

	.data
	.balign	8
	.globl	gdt
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0, 0
gdt_end:
gdt_pointer:
	.short	gdt_end - gdt - 1
	.long	gdt

	.bss
	.balign	4096
	.globl	level4
level4:	.skip	4096
level3:	.skip	4096
level2:	.skip	16384
	.skip	16384
stack_top:
