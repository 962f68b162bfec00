/* SPDX-License-Identifier: Apache-2.0 */
/* The part of struct host that an architecture has. <mullion/host.h> includes it. */
#ifndef ASM_HOST_H
#define ASM_HOST_H

#include "arch/x86_64/pure/host.h"

struct arch_host {
	struct x86_host x86;
};

#endif
