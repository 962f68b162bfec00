/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page of mullion.img and the way from a boot loader into the core.
 *
 * One file is an arm64 Image (Linux's boot protocol: x0 = device tree, EL2, MMU off) and an EFI
 * application (PE32+). Both entries lead to `primary`. It initialises the CPU, calls C code that
 * builds the core's page tables with the MMU off, and continues at the linked address. PSCI starts
 * other CPUs at `secondary_entry`.
 *
 * The MMU is turned on without an identity map. No RAM has the core's addresses, so the fetch after
 * the write of SCTLR_EL2.M has no translation. The CPU takes that fault to VBAR_EL2 + 0x200, the
 * linked address of `landing`. No table maps the image's load address.
 *
 * In here: x19 device tree (physical), x20 image (physical), x21 1 if EFI loaded the image. x22
 * destination after landing (linked address), x23 struct cpu (linked address).
 */
#include <abi/image.h>
#include <asm/cpu.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>

/* In place of adr: any distance, physical with MMU off, linked with MMU on. */
.macro ADDRESS reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
.endm

/* The linked address, also where the code runs somewhere else. */
.macro LINKED reg, symbol
	movz	\reg, #:abs_g2:\symbol
	movk	\reg, #:abs_g1_nc:\symbol
	movk	\reg, #:abs_g0_nc:\symbol
.endm

#define PE_SECTION_ALIGN 0x1000
#define PE_FILE_ALIGN	 0x200
#define PE_MACHINE_ARM64 0xaa64
#define PE_EXECUTABLE	 0x0206 /* executable image, line numbers and debug stripped */
#define PE_CODE		 0x60000020 /* code, execute, read */
#define PE_DATA		 0xc0000040 /* initialised data, read, write */

	.section .head, "ax"
	.globl	_start
_start:
	/* "MZ" for EFI; as an instruction (ccmp x18, #0, #0xd, pl) it does nothing that matters. */
	.inst	0xfa405a4d
	b	image_entry
	.quad	0				/* text_offset */
	.quad	_end - _start			/* image_size; tools/pack adds the bundle */
	.quad	0xa				/* little-endian, 4 KiB pages, anywhere in RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	pe_header - _start

pe_header:
	.ascii	"PE\0\0"
	.short	PE_MACHINE_ARM64, 2		/* two sections */
	.long	0, 0, 0
	.short	pe_sections - pe_optional, PE_EXECUTABLE
pe_optional:
	.short	0x20b				/* PE32+ */
	.byte	2, 0x14
	.long	_rodata_end - _start - 0x1000	/* SizeOfCode */
	.long	_data_bytes		/* SizeOfInitializedData; tools/pack */
	.long	0
	.long	efi_entry - _start		/* AddressOfEntryPoint */
	.long	0x1000				/* BaseOfCode */
	.quad	0				/* ImageBase */
	.long	PE_SECTION_ALIGN, PE_FILE_ALIGN
	.short	0, 0, 0, 0, 0, 0
	.long	0
	.long	_end - _start			/* SizeOfImage; tools/pack */
	.long	0x1000				/* SizeOfHeaders */
	.long	0
	.short	10, 0				/* EFI application */
	.quad	0, 0, 0, 0
	.long	0, 6
	.quad	0, 0, 0, 0, 0, 0
pe_sections:
	.ascii	".text\0\0\0"
	.long	_rodata_end - _start - 0x1000, 0x1000
	.long	_rodata_end - _start - 0x1000, 0x1000
	.long	0, 0
	.short	0, 0
	.long	PE_CODE
	.ascii	".data\0\0\0"
	.long	_data_bytes, _rodata_end - _start /* sizes: tools/pack */
	.long	_data_bytes, _rodata_end - _start
	.long	0, 0
	.short	0, 0
	.long	PE_DATA

	.org	_start + 0x1000

/* Not in the first page: loaders need to copy no more of that than the headers. */
	.section .boot.record, "a"
	.globl	image_bundle_record
image_bundle_record:
	.quad	IMAGE_BUNDLE_MAGIC
	.quad	0, 0				/* offset and size of the bundle; tools/pack */

	.section .boot.text, "ax"
/* --- Entry as an Image: x0 = device tree; MMU and caches in any state --- */
image_entry:
	mov	x19, x0
	mov	x21, #0
	ADDRESS	x20, _start
	mrs	x0, CurrentEL
	cmp	x0, #CURRENTEL_EL2
	b.eq	primary
	/* EL1 or EL3: report it in C, with the MMU as it is. */
	ADDRESS	x1, _boot_stack + CPU_STACK_BYTES
	msr	spsel, #1
	mov	sp, x1
	mov	x29, #0
	lsr	x0, x0, #2
	mov	x1, x19
	b	early_refuse

/* --- Both entries, at EL2, running where the image was loaded --- */
	.type	primary, %function
primary:
	msr	daifset, #0xf
	msr	spsel, #1
	/* Clean the loader's writes, and memory that is written uncached below. */
	mov	x0, x20
	ADDRESS	x1, _end
	bl	clean_invalidate
	bl	known_state
	ADDRESS	x1, _boot_stack + CPU_STACK_BYTES
	mov	sp, x1
	mov	x29, #0
	mov	x0, x20
	bl	mmu_boot
	/* Speculation may have brought lines back while the loader's MMU was still on. */
	ADDRESS	x0, _rodata_end
	ADDRESS	x1, _end
	bl	clean_invalidate
	LINKED	x22, primary_linked
	LINKED	x23, boot_cpu
	b	mmu_on
primary_linked:
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	bl	arm64_boot
	.size	primary, . - primary

/* x0..x1: clean and invalidate to the point of coherency. Clobbers x0-x3. */
	.type	clean_invalidate, %function
clean_invalidate:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4			/* DminLine, log2 of words */
	mov	x3, #4
	lsl	x2, x3, x2
	sub	x3, x2, #1
	bic	x0, x0, x3
	/* Four lines at a time, up to three behind the end: dirty lines there are written back. */
1:	.rept	4
	dc	civac, x0
	add	x0, x0, x2
	.endr
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
	.size	clean_invalidate, . - clean_invalidate

	.text
/*
 * Set this CPU's EL2 controls, because those of firmware differ (TF-A, raspi, EDK2). MMU and caches
 * are off, E2H and TGE are off, FP is usable at EL2, and no traps are set. Clobbers x0, x1.
 */
	.type	known_state, %function
known_state:
	ldr	x0, =SCTLR_EL2_RES1
	msr	sctlr_el2, x0
	isb
	mov	x0, #HCR_RW
	msr	hcr_el2, x0
	isb
	mov	x0, #CPTR_RES1
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	mdcr_el2, xzr
	mov	x0, #(CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN)
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	msr	cnthp_ctl_el2, xzr
	msr	vttbr_el2, xzr
	msr	tpidr_el2, xzr
	ic	iallu
	dsb	sy
	isb
	ret
	.size	known_state, . - known_state

/* --- Entry as an EFI application: x0 = handle, x1 = system table; MMU on, firmware's stack --- */
	.section .boot.text, "ax"
	.globl	efi_entry
	.type	efi_entry, %function
efi_entry:
	stp	x29, x30, [sp, #-48]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	str	x21, [sp, #32]
	ADDRESS	x20, _start
	add	x2, sp, #40
	bl	efi_boot			/* status; the tree into *x2 */
	cbnz	x0, 3f
	ldr	x19, [sp, #40]
	mov	x21, #1
	b	primary
3:	ldp	x19, x20, [sp, #16]
	ldr	x21, [sp, #32]
	ldp	x29, x30, [sp], #48
	ret
	.size	efi_entry, . - efi_entry

/* First in .text, so that the alignment of the landing costs nothing. */
	.section .text.entry, "ax"
	.balign	2048
landing_vectors:
/* Turn the MMU on with what mmu_boot() left in mmu_registers; continue at x22. */
mmu_on:
	ADDRESS	x4, mmu_registers
	ldp	x0, x1, [x4]			/* TTBR0, TCR */
	ldp	x2, x3, [x4, #16]		/* MAIR, SCTLR */
	msr	ttbr0_el2, x0
	msr	tcr_el2, x1
	msr	mair_el2, x2
	LINKED	x5, landing_vectors
	msr	vbar_el2, x5
	dsb	sy
	tlbi	alle2
	tlbi	alle1			/* an earlier system's */
	dsb	sy
	isb
	msr	sctlr_el2, x3
	isb
0:	b	0b				/* not reached */

/* --- Another CPU, by PSCI CPU_ON: MMU off, x0 = struct cpu (linked address) --- */
	.globl	secondary_entry
secondary_entry:
	mov	x23, x0
	mrs	x0, CurrentEL
	cmp	x0, #CURRENTEL_EL2
	b.ne	2f
	msr	daifset, #0xf
	msr	spsel, #1
	bl	known_state
	LINKED	x22, secondary_linked
	b	mmu_on
2:	wfi
	b	2b

/* --- The fault that ends mmu_on; the only entry of this table that is ever used --- */
	.org	landing_vectors + 0x200
landing:
	LINKED	x0, arm64_vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, x23
	ldr	x0, [x23, #CPU_STACK_TOP]
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0
	isb
	ret	x22

secondary_linked:
	bl	arm64_secondary
