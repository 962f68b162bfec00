/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page of mullion.img, for loaders of Linux and for UEFI. It is the setup part of the
 * Linux boot protocol 2.12 (Linux Documentation/arch/x86/boot.rst) and a PE header. A loader in
 * real mode (QEMU -kernel, iPXE) starts the code at its end. That code reads the memory map into
 * this page, the zero page from then on. GRUB's command linux and kexec start at entry_linux.
 */
#include <abi/image.h>
#include <asm/sysreg.h>

#define PE_SECTION_ALIGN 0x1000
#define PE_FILE_ALIGN	 0x200
#define PE_MACHINE_AMD64 0x8664
#define PE_EXECUTABLE	 0x0206 /* executable image, line numbers and debug stripped */
#define PE_CODE		 0x60000020 /* code, execute, read */
#define PE_DATA		 0xc0000040 /* initialised data, read, write */

#define SECTOR        512
#define PROTOCOL      0x20c
#define LOADED_HIGH   1 /* the part behind the setup lies at 1 MiB */
#define CODE32_START  0x100000
#define INITRD_MAX    0x7fffffff
#define COMMAND_MAX   255
#define ALIGN_LOG2    12

/* In the zero page. */
#define E820_COUNT    0x1e8
#define SETUP_SECTS   0x1f1
#define HEADER_CODE32 0x214
#define E820_TABLE    0x2d0
#define E820_BYTES    20
#define E820_MAX      128

#define BIOS_E820 0xe820
#define SMAP      0x534d4150
#define BIOS_A20  0x2401
#define PORT_A20  0x92

#define AT(label) ((label) - .Lsetup)

	.section .setup, "ax"
	.code16
.Lsetup:
	.ascii	"MZ"
	.org	.Lsetup + 0x3c
	.long	AT(.Lpe)
.Lpe:	.ascii	"PE\0\0"
	.short	PE_MACHINE_AMD64, 2		/* two sections */
	.long	0, 0, 0
	.short	.Lpe_sections - .Lpe_optional, PE_EXECUTABLE
.Lpe_optional:
	.short	0x20b				/* PE32+ */
	.byte	2, 0x14
	.long	_code_bytes			/* SizeOfCode */
	.long	_data_bytes			/* SizeOfInitializedData; tools/pack */
	.long	0
	.long	_efi_offset + IMAGE_SETUP_BYTES	/* AddressOfEntryPoint */
	.long	IMAGE_SETUP_BYTES		/* BaseOfCode */
	.quad	0				/* ImageBase */
	.long	PE_SECTION_ALIGN, PE_FILE_ALIGN
	.short	0, 0, 0, 0, 0, 0
	.long	0
	.long	_image_bytes + IMAGE_SETUP_BYTES /* SizeOfImage; tools/pack */
	.long	IMAGE_SETUP_BYTES		/* SizeOfHeaders */
	.long	0
	.short	10, 0				/* EFI application */
	.quad	0, 0, 0, 0
	.long	0, 6
	.quad	0, 0, 0, 0, 0, 0
.Lpe_sections:
	.ascii	".text\0\0\0"
	.long	_code_bytes, IMAGE_SETUP_BYTES
	.long	_code_bytes, IMAGE_SETUP_BYTES
	.long	0, 0
	.short	0, 0
	.long	PE_CODE
	.ascii	".data\0\0\0"
	.long	_data_bytes, _code_bytes + IMAGE_SETUP_BYTES /* sizes: tools/pack */
	.long	_data_bytes, _code_bytes + IMAGE_SETUP_BYTES
	.long	0, 0
	.short	0, 0
	.long	PE_DATA

	.org	.Lsetup + SETUP_SECTS
	.byte	IMAGE_SETUP_BYTES / SECTOR - 1
	.short	0
	.long	_image_paragraphs	/* syssize; tools/pack */
	.short	0, 0, 0
	.short	0xaa55
	.byte	0xeb, .Lheader_end - 1f		/* a short jump */
1:	.ascii	"HdrS"
	.short	PROTOCOL
	.long	0
	.short	0, AT(.Lname) - SECTOR		/* kernel_version */
	.byte	0, LOADED_HIGH
	.short	0
	.long	CODE32_START
	.long	0, 0				/* initrd */
	.long	0
	.short	0
	.byte	0, 0
	.long	0				/* command line */
	.long	INITRD_MAX
	.long	1 << ALIGN_LOG2
	.byte	1, ALIGN_LOG2			/* relocatable */
	.short	0
	.long	COMMAND_MAX
	.long	0
	.quad	0
	.long	0, 0
	.quad	0
	.quad	CODE32_START			/* preferred address */
	.long	_image_bytes			/* init_size; tools/pack */
	.long	0
.Lheader_end:
	jmp	.Lreal_mode
.Lname:	.asciz	"Mullion"

	.org	.Lsetup + E820_TABLE + E820_BYTES * E820_MAX
.Lreal_mode:
	cld
	mov	%ds, %ax
	mov	%ax, %es
	/* The zero page's fields before the header are the PE header until here. */
	xor	%ax, %ax
	xor	%di, %di
	mov	$(SETUP_SECTS / 2), %cx
	rep stosw
	mov	$BIOS_A20, %ax
	int	$0x15
	in	$PORT_A20, %al
	or	$2, %al
	and	$0xfe, %al
	out	%al, $PORT_A20
	xor	%ebx, %ebx
	mov	$E820_TABLE, %di
1:	mov	$BIOS_E820, %eax
	mov	$E820_BYTES, %ecx
	mov	$SMAP, %edx
	int	$0x15
	jc	2f
	cmp	$SMAP, %eax
	jne	2f
	incb	E820_COUNT
	add	$E820_BYTES, %di
	cmpb	$E820_MAX, E820_COUNT
	jae	2f
	test	%ebx, %ebx
	jnz	1b
2:	cli
	xor	%esi, %esi
	mov	%ds, %si
	shl	$4, %esi			/* the zero page's address */
	lea	AT(.Lgdt)(%esi), %eax
	mov	%eax, AT(.Lgdt_pointer) + 2
	lgdtl	AT(.Lgdt_pointer)
	lea	AT(.Lprotected)(%esi), %eax
	mov	%eax, AT(.Lfar_pointer)
	mov	$(CR0_PE | CR0_ET), %eax
	mov	%eax, %cr0
	ljmpl	*AT(.Lfar_pointer)

	.code32
.Lprotected:
	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	jmp	*HEADER_CODE32(%esi)

	.balign	8
.Lgdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* SELECTOR_CODE */
	.quad	0x00cf93000000ffff		/* SELECTOR_DATA */
.Lgdt_pointer:
	.short	. - .Lgdt - 1
	.long	0
.Lfar_pointer:
	.long	0
	.short	SELECTOR_CODE
	.org	.Lsetup + IMAGE_SETUP_BYTES
