/* SPDX-License-Identifier: Apache-2.0 */
/* A mask out of the comparison's carry: data that depends on the comparison, and on no
 * prediction. */
#ifndef ASM_SPECULATION_H
#define ASM_SPECULATION_H

#include <mullion/types.h>

static inline u64 arch_index_clamp(u64 index, u64 bound)
{
	u64 mask;

	__asm__ volatile("cmp	%2, %1\n\t"
			 "sbb	%0, %0"
			 : "=r"(mask)
			 : "r"(index), "r"(bound)
			 : "cc");
	return index & mask;
}

#endif
