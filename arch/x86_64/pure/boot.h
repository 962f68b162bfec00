/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot block: 64 KiB below the 640 KiB line, with all that a guest's boot protocol names beside
 * kernel and initrd. Pure; arch_boot_write() writes it.
 */
#ifndef X86_PURE_BOOT_H
#define X86_PURE_BOOT_H

#include <mullion/config.h>

#include "arch/x86_64/pure/kernel.h"

enum x86_kernel_type {
	X86_KERNEL_LINUX, /* its header names the boot protocol */
	X86_KERNEL_RAW,   /* bytes at a load address, entered there */
};

#define X86_BLOCK       UINT64_C(0x90000)
#define X86_BLOCK_BYTES KIB(64)
/* Offsets in the block; x86_block_gpa() has the address of one. */
#define X86_BLOCK_ZERO_PAGE 0x0000u
#define X86_BLOCK_CMDLINE   0x1000u /* NUL-terminated */
#define X86_BLOCK_INFO      0x1800u /* PVH start info and modules, or Multiboot's information */
#define X86_BLOCK_TABLES    0x2000u /* PML4, PDPT and four directories: 4 GiB one to one */
#define X86_BLOCK_GDT       0x8000u
#define X86_BLOCK_SEED      0x8100u /* setup_data */
#define X86_BLOCK_MAP       0x9000u /* memory map of PVH and Multiboot */
#define X86_BLOCK_ACPI      0xc000u
#define X86_BLOCK_EBDA      0xfc00u
/* The real-mode segment of the EBDA stands here (ACPI 6.5 §5.2.5.1). */
#define X86_EBDA_POINTER UINT64_C(0x40e)
#define X86_RSDP         (X86_BLOCK + X86_BLOCK_EBDA + 0x10)

/** x86_block_gpa() - where the part of the boot block at @offset lies in the guest. */
static inline u64 x86_block_gpa(u32 offset)
{
	return X86_BLOCK + offset;
}

#define X86_SEED_BYTES 32u

/* Selectors in the block's GDT. */
#define X86_SELECT_CODE64 0x10
#define X86_SELECT_DATA   0x18
#define X86_SELECT_CODE32 0x20
#define X86_GDT_BYTES     0x28u

enum x86_mode {
	X86_MODE_RESET,     /* real mode at the reset vector, f000:fff0 */
	X86_MODE_PROTECTED, /* 32 bits, flat, no paging */
	X86_MODE_LONG,      /* 64 bits, one to one */
};

/* Where the first vCPU begins. All other registers have their reset values. */
struct x86_start {
	enum x86_mode mode;
	u64 rip, rax, rbx, rsi;
	u64 cr3; /* X86_MODE_LONG */
};

/** x86_boot_block() - write the block of @guest, whose kernel is @kernel, to @block. That is
 * X86_BLOCK_BYTES of zeroes. @seed: X86_SEED_BYTES random bytes for its kernel. Any context. */
void x86_boot_block(const struct config_guest *guest, const struct x86_kernel *kernel,
		    const u8 *seed, u8 *block);

/** x86_boot_start() - the state in which @guest begins. Any context. */
void x86_boot_start(const struct config_guest *guest, const struct x86_kernel *kernel,
		    struct x86_start *start);

#define X86_LOW_MEMORY MIB(1) /* kernels and initrds lie above the PC's first MiB */

/** x86_boot_raw() - the kernel of type X86_KERNEL_RAW: bytes without a header. Any context.
 */
void x86_boot_raw(const struct config_guest *guest, struct x86_kernel *kernel);

/** x86_boot_kernel() - where the kernel of a checked @guest lies. Any context. */
void x86_boot_kernel(const struct config_guest *guest, struct x86_kernel *kernel);

enum x86_memory { X86_MEMORY_RAM = 1, X86_MEMORY_RESERVED = 2, X86_MEMORY_ACPI = 3 };

struct x86_range {
	u64 base, size;
	enum x86_memory kind;
};

#define X86_MAX_RANGES  128  /* the zero page's own bound */
#define X86_MAX_REGIONS 120u /* that fit there, and into the ACPI tables, with 64 vCPUs */

/** x86_memory_map() - the guest's regions of memory in rising order, and in them the places of
 * tables. Returns their number, at most X86_MAX_RANGES. Any context. */
u32 x86_memory_map(const struct config_guest *guest, struct x86_range *ranges);

#endif
