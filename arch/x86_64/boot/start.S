/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in: PVH, multiboot2, the Linux boot protocol and UEFI. The code runs at whatever page
 * below 4 GiB the loader has put it, in 32-bit mode without paging. It enters long mode with tables
 * that map the image at CORE_VA and this page at its own address. mmu_boot() then makes the tables
 * that stay. The headers for Linux loaders and UEFI are in setup.S.
 */
#include "arch/x86_64/boot.h"
#include <abi/image.h>
#include <asm/cpu.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>

#define OFFSET(symbol) ((symbol) - CORE_VA)
#define LINKED(symbol) (OFFSET(symbol) + CORE_PA) /* physical, where the ELF file lies */
#define ENTRY_FLAGS    3 /* present, writable */
#define BLOCK_FLAGS    0x83
#define BLOCK_SHIFT    21
#define GIB_SHIFT      30
#define ENTRIES        512

#define COM1     0x3f8
#define COM_LSR  5
#define LSR_THRE 0x20

#define MULTIBOOT2_MAGIC 0xe85250d6
#define PVH_NOTE_ENTRY   18 /* XEN_ELFNOTE_PHYS32_ENTRY */

#define SELECTOR_CODE32 0x18 /* of boot_gdt */

	.section .head, "ax"
	.code32
/* The 32-bit entry of the Linux boot protocol is the image's first byte: ESI is the zero page. */
	.globl	entry_linux
entry_linux:
	mov	%esi, %ebx
	mov	$LOADER_LINUX, %edi
	jmp	common

	.org	IMAGE_BUNDLE_RECORD_X86 - IMAGE_SETUP_BYTES
	.globl	image_bundle_record
image_bundle_record:
	.quad	IMAGE_BUNDLE_MAGIC
	.quad	0, 0				/* offset and size of the bundle; tools/pack */

	.balign 8
multiboot2:
	.long	MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2
	.long	-(MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2))
	.balign 8
	.short	2, 0				/* addresses: all from entry_linux on */
	.long	24, LINKED(multiboot2), LINKED(entry_linux), 0, 0
	.balign 8
	.short	3, 0				/* entry address */
	.long	12, LINKED(entry_multiboot2)
	.balign 8
	.short	6, 0				/* modules on page boundaries */
	.long	8
	.balign 8
	.short	10, 0				/* relocatable: least, most, alignment, low first */
	.long	24, 0x100000, 0xfffff000, 0x1000, 1
	.balign 8
	.short	0, 0
	.long	8
multiboot2_end:

	.globl	entry32
entry32:
	mov	$LOADER_PVH, %edi
	jmp	common
entry_multiboot2:
	mov	$LOADER_MULTIBOOT2, %edi
/* EBX: the loader's information; its second word is the stack of one call. */
common:
	cli
	cld
	mov	4(%ebx), %edx
	lea	8(%ebx), %esp
	call	1f
1:	pop	%ebp
	sub	$OFFSET(1b), %ebp		/* the image's address */
	mov	%edx, 4(%ebx)
	mov	%ebx, %esi
	lea	OFFSET(_boot_stack + CPU_STACK_BYTES)(%ebp), %esp
	/* Without a high leaf, long mode and NX there is no way on. */
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jnc	no_long_mode
	bt	$20, %edx
	jnc	no_nx
	call	fill_tables
	lea	OFFSET(boot_gdt)(%ebp), %eax
	mov	%eax, OFFSET(boot_gdt_pointer + 2)(%ebp)
	lgdtl	OFFSET(boot_gdt_pointer)(%ebp)
	lea	OFFSET(boot_level0)(%ebp), %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	xor	%edx, %edx
	mov	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov	$(CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	mov	%eax, %cr0
	push	$SELECTOR_CODE
	lea	OFFSET(long_mode)(%ebp), %eax
	push	%eax
	lretl

/* LINK from, index, to: entry of a table that leads to another. Clobbers EAX. */
.macro LINK from, index, to
	lea	OFFSET(\to) + ENTRY_FLAGS(%ebp), %eax
	mov	%eax, OFFSET(\from + 8 * \index)(%ebp)
.endm

/* The tables of the way in, which are zeros. The low block is for other CPUs (trampoline.S). */
fill_tables:
	push	%edi
	LINK	boot_level0, 0, boot_level1
	LINK	boot_level0, (ENTRIES - 1), boot_level1_core
	LINK	boot_level1, 0, boot_level2_low
	LINK	boot_level1_core, (ENTRIES - 2), boot_level2_core
	LINK	boot_level2_core, 0, boot_level3_core
	movl	$BLOCK_FLAGS, OFFSET(boot_level2_low)(%ebp)
	/* This page, at its own address. */
	lea	OFFSET(boot_level2_low)(%ebp), %ecx
	mov	%ebp, %edx
	shr	$GIB_SHIFT, %edx
	jz	1f
	lea	OFFSET(boot_level2)(%ebp), %ecx
	lea	ENTRY_FLAGS(%ecx), %eax
	mov	%eax, OFFSET(boot_level1)(%ebp,%edx,8)
1:	mov	%ebp, %eax
	shr	$BLOCK_SHIFT, %eax
	mov	%eax, %edx
	and	$(ENTRIES - 1), %edx
	shl	$BLOCK_SHIFT, %eax
	or	$BLOCK_FLAGS, %eax
	mov	%eax, (%ecx,%edx,8)
	/* The image, by pages. */
	lea	OFFSET(boot_level3_core)(%ebp), %edi
	lea	ENTRY_FLAGS(%ebp), %eax
	mov	$ENTRIES, %ecx
1:	mov	%eax, (%edi)
	add	$8, %edi
	add	$0x1000, %eax
	loop	1b
	pop	%edi
	ret

no_long_mode:
	lea	OFFSET(text_no_long_mode)(%ebp), %esi
	jmp	refuse
no_nx:
	lea	OFFSET(text_no_nx)(%ebp), %esi
/* Print the text at ESI on COM1, with the settings that it has, and stop. */
refuse:
	lodsb
	test	%al, %al
	jz	2f
	mov	%al, %bl
	mov	$100000, %ecx
	mov	$(COM1 + COM_LSR), %edx
1:	inb	%dx, %al
	test	$LSR_THRE, %al
	loopz	1b
	mov	%bl, %al
	mov	$COM1, %edx
	outb	%al, %dx
	jmp	refuse
2:	hlt
	jmp	2b
text_no_long_mode:
	.ascii	"mullion: this CPU has no long mode: the core needs a 64-bit CPU "
	.asciz	"(QEMU: -cpu max)\r\n"
text_no_nx:
	.ascii	"mullion: this CPU has no NX bit: switch 'execute disable' on "
	.asciz	"in the firmware's set-up\r\n"

	.balign 8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* SELECTOR_CODE */
	.quad	0x00cf93000000ffff		/* SELECTOR_DATA */
	.quad	0x00cf9b000000ffff		/* SELECTOR_CODE32 */
boot_gdt_pointer:
	.short	. - boot_gdt - 1
	.quad	0

	.code64
/* From the firmware's long mode to `common`. RAX: the image's copy, EBX: struct efi_record. The
 * code runs in the copy, below 4 GiB. */
	.globl	entry_efi
entry_efi:
	cli
	mov	%eax, %ebp
	lea	boot_gdt(%rip), %rcx
	mov	%rcx, boot_gdt_pointer + 2(%rip)
	lgdt	boot_gdt_pointer(%rip)
	lea	OFFSET(_boot_stack + CPU_STACK_BYTES)(%rbp), %rsp
	push	$SELECTOR_CODE32
	lea	1f(%rip), %rcx
	push	%rcx
	lretq
	.code32
1:	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	mov	$MSR_EFER, %ecx
	rdmsr
	and	$~EFER_LME, %eax
	wrmsr
	mov	$LOADER_EFI, %edi
	jmp	common

	.code64
long_mode:
	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$high, %rax
	jmp	*%rax

	.section .boot.text, "ax"
high:
	mov	%edi, %r12d
	mov	%esi, %r13d
	mov	$(_boot_stack + CPU_STACK_BYTES), %rsp
	mov	%ebp, %edi
	xor	%ebp, %ebp
	call	mmu_boot			/* the core's CR3 */
	mov	%rax, %cr3
	mov	$(BOOT_STACK_TOP - STACK_RESERVED), %rsp
	movq	$boot_cpu, (%rsp)
	movq	$0, 8(%rsp)
	mov	%r12d, %edi
	mov	%r13d, %esi
	call	x86_boot
	.size	high, . - high

/* From the firmware, wherever it has loaded the image (Microsoft's calling convention). */
	.globl	efi_entry
efi_entry:
	push	%rsi
	push	%rdi
	push	%rbx
	sub	$32, %rsp
	mov	%rcx, %rdi
	mov	%rdx, %rsi
	mov	%rsp, %rdx
	call	efi_boot
	test	%rax, %rax
	jnz	1f
	mov	(%rsp), %rax			/* struct efi_copy */
	mov	8(%rsp), %rbx
	lea	OFFSET(entry_efi)(%rax), %rcx
	jmp	*%rcx
1:	add	$32, %rsp
	pop	%rbx
	pop	%rdi
	pop	%rsi
	ret
	.size	efi_entry, . - efi_entry

/* --- The tables of the way in. Their level numbers are those of asm/mmu.h. --- */
	.section .bss..boot, "aw", @nobits
	.balign	4096
	.globl	boot_level0
boot_level0:
	.skip	4096
boot_level1:
	.skip	4096
boot_level1_core:
	.skip	4096
boot_level2_low:
	.skip	4096
boot_level2:
	.skip	4096
boot_level2_core:
	.skip	4096
boot_level3_core:
	.skip	4096

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, PVH_NOTE_ENTRY
	.asciz	"Xen"
	.long	LINKED(entry32)
