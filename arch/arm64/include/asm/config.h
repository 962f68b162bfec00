/* SPDX-License-Identifier: Apache-2.0 */
/* The part of struct config_guest that an architecture has. <mullion/config.h> includes it. */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#include "arch/arm64/pure/guest_config.h"

struct arch_config_guest {
	struct arm64_guest arm64;
};

#endif
