/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is secret in a Linux process: the value alone. */
#ifndef ASM_SPECULATION_H
#define ASM_SPECULATION_H

#include <mullion/types.h>

static inline u64 arch_index_clamp(u64 index, u64 bound)
{
	return index < bound ? index : 0;
}

#endif
