/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of an x86-64 guest's kernel: its kind, and where its pieces go. A file is foreign data:
 * every number is bounded before its use. Pure.
 */
#ifndef X86_PURE_KERNEL_H
#define X86_PURE_KERNEL_H

#include "arch/x86_64/pure/guest_config.h"

#include <mullion/elf_file.h>
#include <mullion/err.h>

#define X86_MAX_PIECES ELF_MAX_PIECES

/* Offsets in a bzImage, which are those of the zero page as well (boot.rst, "The Real-Mode Kernel
 * Header"). */
#define BZ_SETUP_SECTS 0x1f1u
#define BZ_HEADER      0x202u

struct x86_kernel {
	enum x86_boot boot;
	u64 low, high;     /* guest memory that it takes: [low, high) */
	u64 entry;         /* address of its first instruction */
	u64 align;         /* it may lie at another multiple of this; 0: it may not move */
	u64 header_bytes;  /* bzImage: of the file, before what is loaded */
	u64 initrd_max;    /* highest address that the initrd's last byte may have */
	u64 file_bytes;    /* that the file must have */
	u32 cmdline_bytes; /* longest command line, without NUL */
	u32 num_pieces;
	struct x86_piece {
		u64 gpa, offset, bytes; /* of the file; the rest of the kernel's memory is zero */
	} pieces[X86_MAX_PIECES];
};

/** x86_kernel_read() - what a loader must know of a kernel of @size bytes at @data.
 * @kernel: not to be used after an error. @why: set to the reason of an error, as the end of "the
 * kernel ...". Returns ERR_FORMAT if the file is no kernel of a known kind. Returns ERR_INVALID if
 * its header contradicts itself. Returns ERR_TOO_BIG if the file is cut short, with the expected
 * bytes in @kernel->file_bytes. Returns ERR_UNSUPPORTED if no vCPU can start it. Any context. */
enum err __must_check x86_kernel_read(const void *data, size_t size, struct x86_kernel *kernel,
				      const char **why);

/** x86_kernel_move() - let a kernel that may move begin at @low. Any context. */
void x86_kernel_move(struct x86_kernel *kernel, u64 low);

#endif
