/* SPDX-License-Identifier: Apache-2.0 */
/* The part of struct config_guest that an architecture has. <mullion/config.h> includes it. */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#include "arch/x86_64/pure/guest_config.h"

struct arch_config_guest {
	struct x86_guest x86;
};

#endif
