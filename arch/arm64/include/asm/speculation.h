/* SPDX-License-Identifier: Apache-2.0 */
/* A conditional select and CSDB: no later instruction uses a value that was predicted (Arm ARM
 * C6.2.83, CSDB; a hint on CPUs without). */
#ifndef ASM_SPECULATION_H
#define ASM_SPECULATION_H

#include <mullion/types.h>

static inline u64 arch_index_clamp(u64 index, u64 bound)
{
	u64 clamped;

	__asm__ volatile("cmp	%1, %2\n\t"
			 "csel	%0, %1, xzr, lo\n\t"
			 "hint	#20" /* CSDB */
			 : "=r"(clamped)
			 : "r"(index), "rI"(bound)
			 : "cc");
	return clamped;
}

#endif
