/* SPDX-License-Identifier: Apache-2.0 */
/* Missed ticks come between the regular ones. */
#include "components/lib/ticks.h"

#include "components/lib/runtime.h"

#define DROP  0u
#define SLEW  4u
#define BURST 32u

static u32 speed = SLEW; /* missed ticks that may come in a period */

void ticks_init(const struct component_info *info)
{
	const char *text = argument_find(info, "missed-ticks");

	speed = SLEW;
	if (text == NULL || argument_is(text, "slew"))
		return;
	if (argument_is(text, "burst"))
		speed = BURST;
	else if (argument_is(text, "drop"))
		speed = DROP;
	else
		log_line("%s: missed-ticks=%.16s is not drop, slew or burst; slew is used",
			 info->name, text);
}

void ticks_start(struct ticks *ticks, u64 next, u64 period)
{
	*ticks = (struct ticks){ .period = period, .next = next };
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
	ticks->owed =
		MIN(MIN(ticks->owed, TICKS_OWED_MAX) + missed, speed == DROP ? 1 : TICKS_OWED_MAX);
}

bool ticks_due(struct ticks *ticks, u64 now)
{
	ticks_count(ticks, now);
	if (ticks->owed == 0 || now < ticks->late)
		return false;
	ticks->owed--;
	ticks->late = now + (speed == DROP ? 0 : ticks->period / speed);
	return true;
}

void ticks_again(struct ticks *ticks)
{
	if (speed != DROP)
		ticks->owed = MIN(ticks->owed, TICKS_OWED_MAX - 1) + 1;
}

u64 ticks_when(const struct ticks *ticks)
{
	if (ticks->period == 0)
		return UINT64_MAX;
	return ticks->owed != 0 ? MIN(ticks->late, ticks->next) : ticks->next;
}
