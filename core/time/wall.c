/* SPDX-License-Identifier: Apache-2.0 */
/* The wall clock: the core's clock, and the machine's real-time clock at boot. */
#include <mullion/timer.h>

static u64 ahead_ns; /* of the core's clock; 0: unknown */

__boot void wall_start(u64 seconds_since_1970)
{
	if (seconds_since_1970 != 0)
		ahead_ns = seconds_since_1970 * NS_PER_S - arch_time_now().v;
}

ns_t wall_now(ns_t now)
{
	return NS(ahead_ns != 0 ? now.v + ahead_ns : 0);
}
