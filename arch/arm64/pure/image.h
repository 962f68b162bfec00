/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a guest's kernel: its kind, and the header of an arm64 Image. Pure. */
#ifndef ARM64_PURE_IMAGE_H
#define ARM64_PURE_IMAGE_H

#include <mullion/err.h>
#include <mullion/types.h>

/* The kind of a file, by its first bytes. Only IMAGE_FILE_LINUX boots as kernel-type "linux". */
enum image_file {
	IMAGE_FILE_LINUX, /* this architecture's Linux kernel format */
	IMAGE_FILE_SHORT, /* too few bytes to say */
	IMAGE_FILE_GZIP,
	IMAGE_FILE_OTHER_COMPRESSION, /* xz, zstd, lz4, bzip2, lzma */
	IMAGE_FILE_ELF,
	IMAGE_FILE_PE,         /* a PE program that is no Linux image (EFI application, zboot) */
	IMAGE_FILE_FDT,        /* a device tree */
	IMAGE_FILE_UIMAGE,     /* U-Boot's legacy wrapper */
	IMAGE_FILE_CPIO,       /* an initrd */
	IMAGE_FILE_OTHER_ARCH, /* a Linux kernel of another architecture */
	IMAGE_FILE_UNKNOWN,
};

struct image_header {
	u64 text_offset; /* bytes from a base that is a multiple of IMAGE_BASE_ALIGN */
	u64 image_size;  /* bytes of memory it takes from its load address; 0: not said (before
			    Linux 3.17) */
	bool big_endian;
	u32 page_size;  /* bytes; 0: not said */
	bool anywhere;  /* the base need not be close to the start of RAM */
	bool pe;        /* it is a PE program too (EFI stub) */
	u64 file_bytes; /* that its PE sections say the file has at least; 0: not said */
};

#define IMAGE_BASE_ALIGN MIB(2)

/** arm64_file_kind() - the kind of a file of @size bytes that begins with @data. Any context. */
enum image_file arm64_file_kind(const void *data, size_t size);

/** arm64_file_name() - the kind in words for messages, e.g. "a gzip'd file". Any context. */
const char *arm64_file_name(enum image_file kind);

/** arm64_image_decode() - read the header of a Linux kernel image.
 * @data, @size: the file, bytes. @header: not to be used after an error.
 * Returns ERR_FORMAT if it is no such image. Returns ERR_INVALID if a number breaks the protocol:
 * image_size below the header's 64 bytes, either above 2^40, text_offset not a multiple of 4. Any
 * context; pure. Linux Documentation/arm64/booting.rst §4. */
enum err __must_check arm64_image_decode(const void *data, size_t size,
					 struct image_header *header);

#endif
