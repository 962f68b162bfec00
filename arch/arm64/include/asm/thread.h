/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread has of arm64: where its registers are while it does not run. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

/* Offsets that thread.S uses; thread.c asserts them. */
#define THREAD_SP 0

#define THREAD_STACK_BYTES 0x2000

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct arch_thread {
	u64 sp;        /* x19-x30 lie there while it is switched away */
	u64 stack_top; /* an unmapped page lies below the stack */
	u32 slot;      /* of the area for stacks, plus 1; 0: a CPU's own stack */
};
#endif

#endif
