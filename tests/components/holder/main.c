/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holder, for tests: the vmm of a guest whose RAM it reads without end, also when the guest is
 * destroyed. It never waits meanwhile, so nothing but the core's invalidation removes the
 * translations that its CPU has cached.
 */
#include "components/lib/runtime.h"

#define GUEST_RAM UINT64_C(0x40000000)
#define START_NS  UINT64_C(50000000) /* the guest has started by then */

static const volatile u8 *held;

static void init(const struct component_info *info)
{
	held = (const volatile u8 __force *)guest_memory(info, GUEST_RAM, 1);
	sys_timer_set(NS(sys_time(NULL).v + START_NS));
}

static void hold(void)
{
	log_line("%s", held != NULL ? "holds" : "there is no such RAM");
	while (held != NULL)
		(void)*held;
}

static const struct program holder = { .init = init, .timer = hold };

void component_main(const struct component_info *info)
{
	runtime_run(&holder, info);
}
