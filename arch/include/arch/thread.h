/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: a thread's stack and the switch between two. struct arch_thread comes
 * from <asm/thread.h>. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <asm/thread.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct thread;

/** arch_thread_init() - give @thread a stack with an unmapped page below it. The first switch to
 * @thread begins in @start, which never returns. Any context that may allocate. Returns
 * ERR_NO_MEMORY. */
enum err __must_check arch_thread_init(struct thread *thread, void (*start)(void));
/** arch_thread_used() - bytes of @thread's stack that it has used at most so far; 0: not known. Any
 * context in which the thread cannot be destroyed. */
u64 arch_thread_used(const struct thread *thread);
/** arch_thread_destroy() - give the stack back. @thread runs nowhere. Contexts as page_free(). */
void arch_thread_destroy(struct thread *thread);
/** arch_thread_adopt() - the running context, on its CPU's own stack, is @thread from now on (an
 * idle thread). */
void arch_thread_adopt(struct thread *thread);
/** arch_thread_switch() - switch from the running thread @from to @to, interrupts masked. It
 * returns when another switch goes back to @from. A vCPU's registers stay in the hardware:
 * arch_vcpu_run() and arch_user_run() load theirs. */
void arch_thread_switch(struct thread *from, struct thread *to);

#endif
