/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that make the flat guest a Multiboot kernel: version 2 with MULTIBOOT2, or version 1. */
	.section .multiboot, "a"
	.balign	8
header:
#ifdef MULTIBOOT2
	.long	0xe85250d6, 0, header_end - header
	.long	-(0xe85250d6 + (header_end - header))
	.short	0, 0
	.long	8
#else
	.long	0x1badb002, 0, -0x1badb002
#endif
header_end:
