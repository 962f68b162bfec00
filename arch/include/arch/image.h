/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: what a guest kernel's file says about itself. Pure. */
#ifndef ARCH_IMAGE_H
#define ARCH_IMAGE_H

#include <mullion/err.h>
#include <mullion/types.h>

/* What the first bytes of a file are. Only IMAGE_FILE_LINUX boots as kernel-type "linux". */
enum image_file {
	IMAGE_FILE_LINUX, /* this architecture's Linux kernel format */
	IMAGE_FILE_SHORT, /* too few bytes to tell */
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

/** arch_image_kind() - tell what @data (@size bytes of a file, its start) is. Any context; pure. */
enum image_file arch_image_kind(const void *data, size_t size);

/** arch_image_kind_name() - the same in words for messages, e.g. "a gzip'd file". Any context;
 * pure. */
const char *arch_image_kind_name(enum image_file kind);

/** arch_image_decode() - read the header of a Linux kernel image.
 * @data, @size: the file, bytes. @header: not to be used after an error.
 * Return: ERR_FORMAT if it is no such image, ERR_INVALID if its numbers contradict each other or
 * the protocol: image_size below the header's own 64 bytes, image_size or text_offset above what
 * a guest's address space holds (2^40), text_offset not a multiple of 4. Any context; pure. Linux
 * Documentation/arm64/booting.rst §4. */
enum err __must_check arch_image_decode(const void *data, size_t size, struct image_header *header);

#endif
