/* SPDX-License-Identifier: Apache-2.0 */
/* The x86-64 part of a guest's description. */
#ifndef X86_PURE_GUEST_CONFIG_H
#define X86_PURE_GUEST_CONFIG_H

#include <mullion/types.h>

/* The state in which the first vCPU begins, chosen by the kernel's file. */
enum x86_boot {
	X86_BOOT_LINUX,      /* bzImage, 64-bit entry (Documentation/arch/x86/boot.rst) */
	X86_BOOT_PVH,        /* ELF with the PVH note (xen.org, "x86/HVM direct boot ABI") */
	X86_BOOT_MULTIBOOT,  /* Multiboot 0.6.96 */
	X86_BOOT_MULTIBOOT2, /* Multiboot2 2.0 */
	X86_BOOT_FLAT,       /* bytes, entered in 32-bit protected mode */
	X86_BOOT_FIRMWARE,   /* bytes that end at 4 GiB: the reset vector is among them */
};

struct x86_guest {
	enum x86_boot boot;
};

#endif
