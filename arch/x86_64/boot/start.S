/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in: PVH (QEMU -kernel) and multiboot2 (GRUB), both in 32-bit mode without paging, at
 * CORE_PA. The code enters long mode with tables that map the image at both of its addresses.
 * mmu_boot() then makes the tables that stay.
 */
#include "arch/x86_64/boot.h"
#include <asm/cpu.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>

#define PHYS(symbol) ((symbol) - CORE_VA + CORE_PA)
#define ENTRY_FLAGS  (3) /* present, writable */
#define BLOCK_FLAGS  (0x83)
#define BLOCK_BYTES  0x200000

#define COM1     0x3f8
#define COM_LSR  5
#define LSR_THRE 0x20

#define MULTIBOOT2_MAGIC 0xe85250d6
#define PVH_NOTE_ENTRY   18 /* XEN_ELFNOTE_PHYS32_ENTRY */

	.section .head, "ax"
	.code32
	.balign 8
multiboot2:
	.long	MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2
	.long	-(MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2))
	.balign 8
	.short	2, 0				/* addresses, so that ELF headers do not count */
	.long	24, PHYS(multiboot2), PHYS(multiboot2), PHYS(_file_end), PHYS(_end)
	.balign 8
	.short	3, 0				/* entry address */
	.long	12, PHYS(entry_multiboot2)
	.balign 8
	.short	6, 0				/* modules on page boundaries */
	.long	8
	.balign 8
	.short	0, 0
	.long	8
multiboot2_end:

	.globl	entry32
entry32:
entry_pvh:
	mov	$LOADER_PVH, %edi
	jmp	common
entry_multiboot2:
	mov	$LOADER_MULTIBOOT2, %edi
common:
	cli
	cld
	mov	%ebx, %esi			/* the loader's information */
	mov	$PHYS(_boot_stack + CPU_STACK_BYTES), %esp
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
	lgdtl	PHYS(boot_gdt_pointer)
	mov	$PHYS(boot_level0), %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	xor	%edx, %edx
	mov	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	mov	$(CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	mov	%eax, %cr0
	ljmpl	$SELECTOR_CODE, $PHYS(long_mode)

no_long_mode:
	mov	$PHYS(text_no_long_mode), %esi
	jmp	refuse
no_nx:
	mov	$PHYS(text_no_nx), %esi
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
boot_gdt_pointer:
	.short	. - boot_gdt - 1
	.long	PHYS(boot_gdt)

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

/* --- The tables of the way in. Their level numbers are those of asm/mmu.h. --- */
	.section .boot.tables, "a"
	.balign	4096
	.globl	boot_level0
boot_level0:
	.quad	PHYS(boot_level1) + ENTRY_FLAGS
	.fill	510, 8, 0
	.quad	PHYS(boot_level1_core) + ENTRY_FLAGS
boot_level1:
	.quad	PHYS(boot_level2) + ENTRY_FLAGS
	.fill	511, 8, 0
boot_level1_core:
	.fill	510, 8, 0
	.quad	PHYS(boot_level2_core) + ENTRY_FLAGS
	.quad	0
boot_level2:
	.quad	BLOCK_FLAGS, BLOCK_BYTES + BLOCK_FLAGS
	.fill	510, 8, 0
boot_level2_core:
	.quad	CORE_PA + BLOCK_FLAGS
	.fill	511, 8, 0

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, PVH_NOTE_ENTRY
	.asciz	"Xen"
	.long	PHYS(entry_pvh)
