/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of a thread: the place of its registers while it does not run. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

/* Offsets that switch.S uses; thread.c asserts them. */
#define THREAD_SP          0
#define THREAD_FRAME_BYTES 96 /* x29, x30, x19 to x28 */

#define THREAD_STACK_BYTES CONFIG_STACK_SIZE

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct arch_thread {
	u64 sp;        /* of the frame with x19 to x30, while it is switched away */
	u64 stack_top; /* an unmapped page lies below the stack */
	void *pages;   /* of the heap, that the stack consists of; NULL: a CPU's own stack */
};
#endif

#endif
