/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubber: a thread of the core that zeroes what guests and components gave back, on a CPU
 * that has nothing else to do.
 */
#include "core/mem/scrub.h"

#include <mullion/mem.h>
#include <mullion/sync.h>
#include <mullion/thread.h>

static struct semaphore wanted;
static _Atomic bool started;

static void scrubber(void *data)
{
	(void)data;
	for (;;) {
		semaphore_down(&wanted);
		while (ram_scrub())
			thread_breathe();
	}
}

__boot enum err scrub_start(void)
{
	struct thread *thread =
		thread_create("scrubber", scrubber, NULL, PRIORITY_IDLE, SLICE_DEFAULT);

	if (thread == NULL)
		return ERR_NO_MEMORY;
	/* One up at once: for what came back before there was somebody to tell. */
	semaphore_init(&wanted, 1);
	atomic_store(&started, true);
	return thread_start(thread);
}

void scrub_wake(void)
{
	if (atomic_load(&started))
		semaphore_up(&wanted);
}
