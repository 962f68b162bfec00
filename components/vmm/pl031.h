/* SPDX-License-Identifier: Apache-2.0 */
/* A PL031 real-time clock as a guest sees it (DDI 0224C): seconds since 1970, or since the core
 * started where nobody knows the date. */
#ifndef VMM_PL031_H
#define VMM_PL031_H

#include "components/lib/sys.h"

/* Kept over restarts; zeroed memory is the state after power-on. */
struct pl031_registers {
	u32 offset; /* seconds that DR is ahead of the clock */
	u32 mr, lr, imsc, ris;
	u32 armed; /* the match has yet to come */
};

struct pl031 {
	struct pl031_registers *regs;
	u32 interrupt; /* index of its GRANT_LINE; GRANTS_MAX: none */
	bool level;    /* last told to the core */
};

/** pl031_start() - begin with @regs, as left by an earlier incarnation. */
void pl031_start(struct pl031 *clock, struct pl031_registers *regs, u32 interrupt);
/** pl031_reset() - the guest was reset: its alarm is off, the time goes on. */
void pl031_reset(struct pl031 *clock);
/** pl031_read(), pl031_write() - an access of the guest's, @width bytes at @offset. */
u64 pl031_read(struct pl031 *clock, u64 offset, u32 width);
void pl031_write(struct pl031 *clock, u64 offset, u32 width, u64 value);
/** pl031_poll() - time has passed. Return: the core's time at which to look again; NS(UINT64_MAX):
 * no need to. */
ns_t pl031_poll(struct pl031 *clock);

#endif
