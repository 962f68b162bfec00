/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 on the host: arm64's codec, on tables that only the tests walk. */
#ifndef ASM_MMU_H
#define ASM_MMU_H

#include "arch/arm64/pure/pte.h"

#define ARCH_S2_IPA_BITS() ARCH_S2_MAX_IPA_BITS

#endif
