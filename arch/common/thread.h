/* SPDX-License-Identifier: Apache-2.0 */
/* The part of an architecture in the start of a thread. */
#ifndef ARCH_COMMON_THREAD_H
#define ARCH_COMMON_THREAD_H

#include <mullion/thread.h>

/** thread_prepare() - write a frame onto the stack of @arch, which is zero, so that the first
 * switch to the thread begins in @start. Context as arch_thread_init(). */
void thread_prepare(struct arch_thread *arch, void (*start)(void));

#endif
