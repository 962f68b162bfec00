/* SPDX-License-Identifier: Apache-2.0 */
/* The core's log: see corelog.h. */
#include "components/console/corelog.h"

#include "components/console/screen.h"
#include "components/lib/sys.h"

#include <abi/manage.h>

#define PIECE 512u

static bool more;   /* the core may have text that was not asked for yet */
static u64 next_at; /* number of the next byte to show */

void corelog_start(bool wanted)
{
	more = wanted;
	next_at = 0;
}

void corelog_news(void)
{
	more = true;
}

/* How much of @text is whole lines; all of it when it is full without a line's end. */
static u32 whole_lines(const char *text, u32 n)
{
	for (u32 i = n; i > 0; i--)
		if (text[i - 1] == '\n')
			return i;
	return n == PIECE ? n : 0;
}

void corelog_show(void)
{
	char text[PIECE + 1];

	/* A line's end takes two bytes on the screen. */
	while (more && screen_room() >= 2 * PIECE + 2) {
		u64 behind = next_at;
		s64 got = sys_guest_ctl(MANAGE_LOG, 0, text, PIECE, next_at, &behind);
		u32 n = got > 0 ? whole_lines(text, (u32)got) : 0;

		if (n == 0) {
			more = false;
			return;
		}
		/* What the ring had lost before this piece is skipped. */
		next_at = behind - ((u32)got - n);
		text[n] = '\0';
		screen_fresh_line();
		screen_text(text);
	}
}
