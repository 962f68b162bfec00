/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mullion.img, which tools/pack writes and the core reads: the place of the bundle.
 *
 * The file starts with one page of headers: the arm64 Image header (64 bytes) and the PE header.
 * The core follows, with the record below at IMAGE_BUNDLE_RECORD and its bss written out as zeros.
 * The record is not in the first page, because an EFI loader may copy only the headers of that.
 * Then follows the bundle (newc cpio) at a multiple of 4096. In a core without a bundle offset and
 * size are 0. All numbers are little-endian. Also included from assembly.
 *
 * On x86-64 the first page is the setup part of the Linux boot protocol, with a PE header. A loader
 * puts what follows anywhere; its first byte is an entry, so the record lies 256 bytes behind it.
 */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#define IMAGE_BUNDLE_RECORD     0x1000 /* offset of the record in the file, bytes */
#define IMAGE_SETUP_BYTES       0x1000 /* x86-64: headers and real-mode code */
#define IMAGE_BUNDLE_RECORD_X86 0x1100
#define IMAGE_BUNDLE_MAGIC      0x004e4f494c4c554d /* "MULLION\0" as bytes */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct image_bundle {
	uint64_t magic;
	uint64_t offset; /* bytes from the start of the file */
	uint64_t size;   /* bytes */
};
#endif

#endif
