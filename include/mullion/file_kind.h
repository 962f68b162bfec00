/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a file by its first bytes. The commonest mistake in a description is a file of the
 * wrong kind, and the message should name that kind. */
#ifndef MULLION_FILE_KIND_H
#define MULLION_FILE_KIND_H

#include <mullion/types.h>

/* Linux kernels of each architecture, then the others. */
enum file_kind {
	FILE_LINUX_ARM64,
	FILE_LINUX_X86,
	FILE_LINUX_RISCV,
	FILE_LINUX_ARM,
	FILE_GZIP,
	FILE_COMPRESSED, /* xz, zstd, lz4, bzip2, lzma */
	FILE_ELF,
	FILE_FDT,    /* a device tree */
	FILE_UIMAGE, /* U-Boot's legacy wrapper */
	FILE_CPIO,   /* an initrd */
	FILE_PE,     /* a PE program that is no Linux kernel (EFI application, zboot) */
	FILE_SHORT,  /* too few bytes to say */
	FILE_UNKNOWN,
	FILE_KINDS
};

/** file_kind() - Returns the kind of a file of @size bytes that begins with @data. Pure. */
enum file_kind file_kind(const void *data, size_t size);
/** file_kind_name() - Returns @kind in words for messages, e.g. "a gzip'd file". Pure. */
const char *file_kind_name(enum file_kind kind);

#endif
