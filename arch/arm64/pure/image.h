/* SPDX-License-Identifier: Apache-2.0 */
/* The header of an arm64 Image. Pure. */
#ifndef ARM64_PURE_IMAGE_H
#define ARM64_PURE_IMAGE_H

#include <mullion/err.h>
#include <mullion/types.h>

struct image_header {
	u64 text_offset; /* bytes from a base that is a multiple of IMAGE_BASE_ALIGN */
	u64 image_size;  /* bytes of memory it takes from its load address; 0: not given
			    (before Linux 3.17) */
	bool big_endian;
	u32 page_size;  /* bytes; 0: not given */
	bool anywhere;  /* the base need not be close to the start of RAM */
	bool pe;        /* it is a PE program too (EFI stub) */
	u64 file_bytes; /* least size of the file by its PE sections; 0: not given */
};

#define IMAGE_BASE_ALIGN MIB(2)

/** arm64_image_decode() - read the header of a Linux kernel image.
 * @data, @size: the file, bytes. @header: not to be used after an error.
 * Returns ERR_FORMAT if it is no such image. Returns ERR_INVALID if a number breaks the protocol:
 * image_size below the header's 64 bytes, either above 2^40, text_offset not a multiple of 4. Any
 * context; pure. Linux Documentation/arm64/booting.rst §4. */
enum err __must_check arm64_image_decode(const void *data, size_t size,
					 struct image_header *header);

#endif
