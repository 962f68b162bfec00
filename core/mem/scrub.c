/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubber: work of the core at idle priority. It zeroes memory that guests and components have
 * released.
 */
#include "core/mem/scrub.h"

#include <mullion/cpu.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/sync.h>

static struct thread scrubber;
static struct waitqueue idle; /* the scrubber waits here */
static struct spinlock lock = SPINLOCK_INIT(RANK_WORK);
/* Memory may have been released before there was a scrubber. */
static bool pending GUARDED_BY(lock) = true;
static _Atomic bool requested, started;

static void scrub_loop(void *data)
{
	(void)data;
	while (!thread_stopping()) {
		spin_lock(&lock);
		while (!pending && !thread_stopping())
			waitqueue_sleep(&idle, &lock);
		pending = false;
		spin_unlock(&lock);
		while (!thread_stopping() && ram_scrub())
			thread_preempt_point();
	}
}

void scrub_start(void)
{
	if (atomic_exchange(&requested, true))
		return;
	waitqueue_init(&idle);
	if (thread_init(&scrubber, THREAD_CORE, "scrubber", scrub_loop, NULL, PRIORITY_IDLE,
			SLICE_DEFAULT, MASK(cpu_count - 1, 0)) != OK ||
	    sched_start(&scrubber) != OK) {
		atomic_store(&requested, false);
		return;
	}
	atomic_store(&started, true);
}

void scrub_wake(void)
{
	if (!atomic_load(&started))
		return;
	spin_lock(&lock);
	pending = true;
	spin_unlock(&lock);
	waitqueue_wake(&idle);
}
