/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on the fake machine, for the tests of what schedules them. */
#ifndef TESTS_SUPPORT_THREADS_H
#define TESTS_SUPPORT_THREADS_H

#include <mullion/thread.h>

#include "arch/host/host.h"

#define THREADS_CPUS 4

/* What the threads said, in order. */
extern char said[256];
void say(void *data);

/** threads_begin(), threads_end() - cmocka's set-up and tear-down: the machine (started once) with
 * its scheduler, the clock going on from where it was; every thread of the test has ended by the
 * end and is given back. */
int threads_begin(void **state);
int threads_end(void **state);
/** spawn() - a thread of the core that may run on @cpu alone (THREADS_CPUS: on all), started. */
struct thread *spawn(const char *name, void (*function)(void *data), void *data, u8 priority,
		     u32 cpu);
/** run() - let @cpu go on until it is idle. */
void run(u32 cpu);
/** run_until() - let time pass up to @when, by a millisecond or to the next deadline, with every
 * CPU going on until it is idle or busy (HOST_BUSY) in between. */
void run_until(ns_t when);
/** busy() - inside a thread: take the CPU for @ns, as one that computes; others get it when they
 * should. */
void busy(u64 ns);

/** must() - cmocka's assertions, which jump, are not for threads. */
void thread_must_(bool condition, const char *file, int line, const char *text);
#define must(condition) thread_must_((condition), __FILE__, __LINE__, #condition)

#endif
