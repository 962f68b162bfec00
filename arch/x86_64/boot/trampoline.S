/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first code of another CPU. smp.c copies it to a page below 1 MiB, where a start-up IPI sends
 * the CPU in real mode (Intel SDM vol. 3 §9.4). It enters long mode in one step.
 */
#include <asm/cpu.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>

#define AT(label) ((label) - trampoline)

	.section .boot.tables, "a"
	.globl	trampoline, trampoline_end, trampoline_data
	.balign	16
	.code16
trampoline:
	cli
	cld
	mov	%cs, %bx
	mov	%bx, %ds
	movzwl	%bx, %ebx
	shl	$4, %ebx			/* the page's address */
	lea	AT(gdt)(%ebx), %eax
	mov	%eax, AT(gdt_pointer) + 2
	lgdtl	AT(gdt_pointer)
	lea	AT(long_mode)(%ebx), %eax
	mov	%eax, AT(far_pointer)
	mov	AT(data_cr3), %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	xor	%edx, %edx
	mov	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov	$(CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	mov	%eax, %cr0
	ljmpl	*AT(far_pointer)

	.code64
long_mode:
	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	data_core_cr3(%rip), %rax
	mov	data_stack(%rip), %rsp
	mov	data_entry(%rip), %rdx
	jmp	*%rdx				/* secondary_entry, with the core's CR3 in RAX */

	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* SELECTOR_CODE */
	.quad	0x00cf93000000ffff		/* SELECTOR_DATA */
gdt_pointer:
	.short	. - gdt - 1
	.long	0
far_pointer:
	.long	0
	.short	SELECTOR_CODE
	.balign	8
/* struct trampoline_data of smp.c */
trampoline_data:
data_cr3:
	.quad	0
data_core_cr3:
	.quad	0
data_stack:
	.quad	0
data_entry:
	.quad	0
trampoline_end:

	.section .text.secondary_entry, "ax"
	.globl	secondary_entry
	.type	secondary_entry, %function
secondary_entry:
	mov	%rax, %cr3
	xor	%ebp, %ebp
	call	cpu_join
	.size	secondary_entry, . - secondary_entry
