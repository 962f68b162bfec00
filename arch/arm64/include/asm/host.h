/* SPDX-License-Identifier: Apache-2.0 */
/* The part of struct host that an architecture has. <mullion/host.h> includes it. */
#ifndef ASM_HOST_H
#define ASM_HOST_H

#include "arch/arm64/pure/host.h"

struct arch_host {
	struct arm64_host arm64;
};

#endif
