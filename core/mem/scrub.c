/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubber: a thread of the core that zeroes what guests and components gave back, on a CPU
 * that has nothing else to do.
 */
#include "core/mem/scrub.h"

#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sync.h>
#include <mullion/thread.h>

static struct semaphore wanted;
static _Atomic bool asked, started;

static void scrubber(void *data)
{
	(void)data;
	for (;;) {
		semaphore_down(&wanted);
		while (ram_scrub())
			thread_breathe();
	}
}

void scrub_start(void)
{
	struct thread *thread;
	enum err err;

	if (atomic_exchange(&asked, true))
		return;
	thread = thread_create("scrubber", scrubber, NULL, PRIORITY_IDLE, SLICE_DEFAULT);
	if (thread == NULL) {
		atomic_store(&asked, false);
		return;
	}
	/* One up at once: for what came back before there was somebody to tell. */
	semaphore_init(&wanted, 1);
	atomic_store(&started, true);
	err = thread_start(thread);
	ASSERT(err == OK);
}

void scrub_wake(void)
{
	if (atomic_load(&started))
		semaphore_up(&wanted);
}
