/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 part of a guest's description. */
#ifndef ARM64_PURE_GUEST_CONFIG_H
#define ARM64_PURE_GUEST_CONFIG_H

#include <mullion/types.h>

enum arm64_kernel_type {
	ARM64_KERNEL_LINUX, /* its header is honoured */
	ARM64_KERNEL_RAW,   /* bytes at a load address, entered there or at @entry */
	ARM64_KERNEL_ELF,   /* its segments at their addresses */
	ARM64_KERNEL_FIT,   /* unpacked before the start: tools/pack does it */
};

struct arm64_guest {
	u8 gic_version;         /* 2 or 3 */
	bool entry_fixed;       /* the description has the address of the first instruction */
	bool trap_wfi;          /* a vCPU that waits for an interrupt leaves the CPU */
	u32 num_spis;           /* shared interrupts of its controller, a multiple of 32 */
	gpa_t gicd, gicc, gicr; /* guest-physical frames of its controller */
};

#endif
