/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces on the host: arm64's form, in tables that only the tests walk. */
#ifndef ASM_MMU_H
#define ASM_MMU_H

#include "arch/arm64/pure/pte.h"

#endif
