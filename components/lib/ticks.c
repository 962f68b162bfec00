/* SPDX-License-Identifier: Apache-2.0 */
/* Missed ticks come at four times the rate, between the regular ones. */
#include "components/lib/ticks.h"

#define CATCH_UP 4

void ticks_start(struct ticks *ticks, u64 now, u64 period)
{
	*ticks = (struct ticks){ .period = period, .next = now + period };
}

void ticks_stop(struct ticks *ticks)
{
	*ticks = (struct ticks){ 0 };
}

void ticks_count(struct ticks *ticks, u64 now)
{
	u64 missed;

	if (ticks->period == 0 || now < ticks->next)
		return;
	missed = (now - ticks->next) / ticks->period + 1;
	ticks->next += missed * ticks->period;
	ticks->owed = MIN(MIN(ticks->owed, TICKS_OWED_MAX) + missed, TICKS_OWED_MAX);
}

bool ticks_due(struct ticks *ticks, u64 now)
{
	ticks_count(ticks, now);
	if (ticks->owed == 0 || now < ticks->late)
		return false;
	ticks->owed--;
	ticks->late = now + ticks->period / CATCH_UP;
	return true;
}

u64 ticks_when(const struct ticks *ticks)
{
	if (ticks->period == 0)
		return UINT64_MAX;
	return ticks->owed != 0 ? MIN(ticks->late, ticks->next) : ticks->next;
}
