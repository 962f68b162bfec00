/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubber: work of the core at idle priority. It zeroes memory that guests and components have
 * released.
 */
#include "core/mem/scrub.h"

#include <mullion/mem.h>
#include <mullion/sync.h>
#include <mullion/thread.h>

static struct workqueue scrubber;
static struct work work;
static _Atomic bool requested, started;

static void scrub_all(struct work *self)
{
	(void)self;
	while (ram_scrub())
		thread_preempt_point();
}

void scrub_start(void)
{
	if (atomic_exchange(&requested, true))
		return;
	work_init(&work, scrub_all);
	if (workqueue_start(&scrubber, "scrubber", PRIORITY_IDLE) != OK) {
		atomic_store(&requested, false);
		return;
	}
	atomic_store(&started, true);
	/* Memory may have been released before there was a queue. */
	work_submit(&scrubber, &work);
}

void scrub_wake(void)
{
	if (atomic_load(&started))
		work_submit(&scrubber, &work);
}
