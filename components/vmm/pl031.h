/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Arm PrimeCell real time clock (PL031, DDI 0224): seconds since 1970, or since the machine
 * started where the core does not know better, and one alarm.
 */
#ifndef VMM_PL031_H
#define VMM_PL031_H

#include "components/lib/sys.h"

struct pl031_state {
	u32 offset; /* what the guest's clock is ahead of the core's, seconds; survives a reset */
	u32 match, load, mask, raw;
	u32 armed; /* an alarm is to come */
};

struct pl031 {
	struct pl031_state *state;
	u32 interrupt; /* GRANT_LINE index; UINT32_MAX: none */
	bool level;    /* as last set */
};

/** pl031_reset() - as at power-on; the clock goes on. */
void pl031_reset(struct pl031 *rtc);
/** pl031_resume() - go on with a state that an earlier incarnation left; sets the line again. */
void pl031_resume(struct pl031 *rtc);
/** pl031_read(), pl031_write() - an access at @offset bytes into its registers. */
u64 pl031_read(struct pl031 *rtc, u64 offset);
void pl031_write(struct pl031 *rtc, u64 offset, u64 value);
/** pl031_alarm() - ring if it is time. Return: the core's time at which to call again;
 * NS(UINT64_MAX): never. */
ns_t pl031_alarm(struct pl031 *rtc);

#endif
