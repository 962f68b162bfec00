/* SPDX-License-Identifier: Apache-2.0 */
/* Orphans of tests, that run functions of the test. */
#ifndef TESTS_SUPPORT_ORPHAN_H
#define TESTS_SUPPORT_ORPHAN_H

#include <mullion/thread.h>

enum thread_phase { THREAD_CREATED, THREAD_RUNNING, THREAD_SLEEPING, THREAD_STOPPED };

/** thread_phase() - the state of @thread in four words. */
enum thread_phase thread_phase(const struct thread *thread);
/** thread_create() - an orphan that may run on every CPU. Returns NULL without memory. */
struct thread *thread_create(const char *name, void (*function)(void *data), void *data,
			     u8 priority, ns_t slice);
/** thread_start() - start a thread that has STOPPED or was never started. Returns ERR_STATE for
 * others. */
enum err __must_check thread_start(struct thread *thread);
/** thread_release() - free a thread that has STOPPED or was never started. */
void thread_release(struct thread *thread);

#endif
