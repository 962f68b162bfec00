/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the core as a Linux process: a ucontext and a stack each; one host thread runs all. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

#include <mullion/types.h>

#define THREAD_STACK_BYTES 0 /* of the core's heap */

struct arch_thread {
	void *context; /* struct host_fiber */
};

#endif
