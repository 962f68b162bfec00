/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of a thread: the place of its registers while it does not run. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

#define THREAD_SP          0  /* offset that switch.S uses; thread.c asserts it */
#define THREAD_FRAME_BYTES 56 /* rbx, rbp, r12 to r15, and the return address */

#define THREAD_STACK_BYTES CONFIG_STACK_SIZE

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct arch_thread {
	u64 sp;        /* of the saved frame, while it is switched away */
	u64 stack_top; /* below the reserved bytes of its slot; an unmapped page is below the stack
			*/
	void *pages;   /* of the heap, that the stack consists of; NULL: a CPU's own stack */
};
#endif

#endif
