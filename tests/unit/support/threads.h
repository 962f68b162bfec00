/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on the fake machine, for the tests of scheduler, threads and locks. */
#ifndef TESTS_SUPPORT_THREADS_H
#define TESTS_SUPPORT_THREADS_H

#include <mullion/thread.h>

#include "arch/host/host.h"
#include "support/orphan.h"

#define THREADS_CPUS 4

/* The outputs of say() in all threads, in order. */
extern char said[256];
void say(void *data);

/** threads_begin() - cmocka's set-up: start the machine once, with its scheduler. The clock is not
 * reset between tests. */
int threads_begin(void **state);
/** threads_end() - cmocka's tear-down: check that every thread has ended, and free all. */
int threads_end(void **state);
/** spawn() - create and start a thread of the core on @cpu alone (THREADS_CPUS: on all). */
struct thread *spawn(const char *name, void (*function)(void *data), void *data, u8 priority,
		     u32 cpu);
/** run() - run @cpu until it is idle. */
void run(u32 cpu);
/** run_until() - advance the time to @when, in steps of a millisecond or to the next deadline.
 * After each step every CPU runs until it is idle or busy (HOST_BUSY). */
void run_until(ns_t when);
/** busy() - compute for @ns. The caller is a thread, and other threads may preempt it. */
void busy(u64 ns);

/** must() - assert inside a thread, where cmocka's assertions cannot be used because they jump. */
void thread_must_(bool condition, const char *file, int line, const char *text);
#define must(condition) thread_must_((condition), __FILE__, __LINE__, #condition)

#endif
