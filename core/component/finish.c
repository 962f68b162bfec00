/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's end. The last output of guests may still be in a vmm, in a ring, or in the console
 * before a slow UART. So every component gets NOTIFY_END, and the machine goes off when all of them
 * wait again. A component that does not wait delays that, but does not prevent it.
 */
#include "core/component/internal.h"

#include <arch/time.h>
#include <mullion/log.h>
#include <mullion/timer.h>

#define CHECK_NS  UINT64_C(200000)     /* between two checks of all of them */
#define FINISH_NS UINT64_C(1000000000) /* 8 KiB take 700 ms at 115,200 baud */

static _Atomic bool finishing;
static void (*end_machine)(void);
static u64 until_ns;
static struct timer_event next_check;

static __cold bool all_wait(void)
{
	for (u32 i = 0; i < component_count; i++)
		if (atomic_load(&components[i]->state) == COMPONENT_RUNNING &&
		    (!component_waits(components[i]) || atomic_load(&components[i]->word) != 0))
			return false;
	return true;
}

static __cold void finish_check(struct timer_event *event)
{
	u64 now = arch_time_now().v;

	if (!all_wait() && now < until_ns) {
		timer_arm(event, NS(now + CHECK_NS));
		return;
	}
	atomic_store(&finishing, false);
	log_flush(); /* with what its component has yet to print */
	end_machine();
}

static __cold u32 notify_all(void)
{
	u32 notified = 0;

	for (u32 i = 0; i < component_count; i++) {
		if (atomic_load(&components[i]->state) != COMPONENT_RUNNING)
			continue;
		component_notify_for(components[i], NOTIFY_END, NULL);
		notified++;
	}
	return notified;
}

__cold void component_finish(void (*end)(void))
{
	if (atomic_exchange(&finishing, true))
		return;
	end_machine = end;
	until_ns = arch_time_now().v + FINISH_NS;
	timer_init(&next_check, finish_check);
	if (notify_all() == 0)
		finish_check(&next_check);
	else
		timer_arm(&next_check, NS(arch_time_now().v + CHECK_NS));
}
