/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of struct config_guest; <mullion/config.h> includes it. */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#include "arch/arm64/pure/guest_config.h"
#include "arch/x86_64/pure/guest_config.h"

struct arch_config_guest {
	union {
		struct arm64_guest arm64;
		struct x86_guest x86;
	};
};

#endif
