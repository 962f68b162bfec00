/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by kernel.c, kernel_elf.c and multiboot.c; the errors are those of x86_kernel_read(). */
#ifndef X86_PURE_KERNEL_PARTS_H
#define X86_PURE_KERNEL_PARTS_H

#include "arch/x86_64/pure/kernel.h"

/* No kernel lies higher, and no sum of two addresses wraps. */
#define X86_KERNEL_LIMIT BIT(32)

/** kernel_kernel_elf_read() - an ELF file of either class: PVH note, else Multiboot header. */
enum err __must_check kernel_elf_read(const u8 *data, size_t size, struct x86_kernel *kernel,
				      const char **why);
/** kernel_kernel_elf_load() - the pieces of an ELF file, and its entry. */
enum err __must_check kernel_elf_load(const u8 *data, size_t size, struct x86_kernel *kernel,
				      const char **why);
/** multiboot_version() - 1 or 2 by the header that the file has, or 0. */
u32 multiboot_version(const u8 *data, size_t size);
/** multiboot_read() - a file with a Multiboot header. */
enum err __must_check multiboot_read(const u8 *data, size_t size, struct x86_kernel *kernel,
				     const char **why);

#endif
