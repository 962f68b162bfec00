/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of struct host; <mullion/host.h> includes it. */
#ifndef ASM_HOST_H
#define ASM_HOST_H

#include "arch/arm64/pure/host.h"
#include "arch/x86_64/pure/host.h"

struct arch_host {
	union {
		struct arm64_host arm64;
		struct x86_host x86;
	};
};

#endif
