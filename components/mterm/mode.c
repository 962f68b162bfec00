/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's mode: a command that takes time sets it, a key or the timer ends it. */
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#define NS_PER_MS UINT64_C(1000000)

void mode_wait(struct term *t, enum term_mode mode, u64 ms)
{
	u64 since_1970;

	t->mode = mode;
	port_timer(port_time(&since_1970) + ms * NS_PER_MS);
}

void mode_end(struct term *t)
{
	port_timer(UINT64_MAX);
	t->mode = MODE_EDIT;
}
