/* SPDX-License-Identifier: Apache-2.0 */
/* The queue before the UART: see screen.h. */
#include "components/console/screen.h"

#include "components/console/uart.h"

_Static_assert((SCREEN_BYTES & (SCREEN_BYTES - 1)) == 0, "indices wrap");

static u8 queue[SCREEN_BYTES];
static u32 in, out;
static bool at_start; /* of a line */

void screen_start(void)
{
	in = out = 0;
	at_start = true;
}

u32 screen_room(void)
{
	return SCREEN_BYTES - (in - out);
}

static void put(u8 byte)
{
	if (screen_room() == 0)
		return;
	queue[in++ % SCREEN_BYTES] = byte;
	if (byte == '\n')
		at_start = true;
	else if (byte != '\r')
		at_start = false;
}

void screen_put(const u8 *from, u32 n)
{
	for (u32 i = 0; i < n; i++)
		put(from[i]);
}

void screen_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			put('\r');
		put((u8)*text);
	}
}

void screen_fresh_line(void)
{
	if (!at_start)
		screen_text("\n");
}

bool screen_drain(void)
{
	while (out != in && uart_put(queue[out % SCREEN_BYTES]))
		out++;
	return out == in;
}
