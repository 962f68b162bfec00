/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of vCPUs and guests: none yet, the core refuses guests (vcpu.c). */
#ifndef ASM_VCPU_H
#define ASM_VCPU_H

#include <mullion/types.h>

/* Where a vCPU begins. */
struct vcpu_start {
	u64 rip;
};

struct arch_vcpu {
	struct vcpu_start start;
};

struct arch_guest {
	bool refused;
};

#endif
