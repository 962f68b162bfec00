/* SPDX-License-Identifier: Apache-2.0 */
/* The port of the component: system calls, and a line to the console. */
#include "components/mterm/port.h"

#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include <mullion/string.h>

#define CTRL_C 0x03

static struct serial_end line;
static u8 typed[PORT_TYPED]; /* received from the line and not yet read */
static u32 num_typed;
static u64 missed; /* notifications that arrived while port_write() waited */

bool port_open(const struct component_info *info, const struct grant_info *channel)
{
	return channel != NULL && serial_attach(&line, info, channel);
}

s64 port_ctl(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second)
{
	*second = 0;
	return sys_guest_ctl((u32)operation, id, buffer, bytes, argument, second);
}

u64 port_time(u64 *since_1970)
{
	ns_t wall, now = sys_time(&wall);

	*since_1970 = wall.v;
	return now.v;
}

void port_timer(u64 when_ns)
{
	sys_timer_set(NS(when_ns));
}

/* Receive typed bytes. Returns true after Ctrl-C, which removes itself and all bytes before it. */
static bool take_typed(void)
{
	num_typed += serial_receive(&line, typed + num_typed, (u32)sizeof(typed) - num_typed);
	for (u32 i = num_typed; i > 0; i--) {
		if (typed[i - 1] != CTRL_C)
			continue;
		num_typed -= i;
		memmove(typed, typed + i, num_typed);
		return true;
	}
	return false;
}

bool port_write(const char *text, size_t n)
{
	struct component_exit exit;
	size_t done = 0;

	for (;;) {
		done += serial_send(&line, (const u8 *)text + done, (u32)(n - done));
		if (done == n)
			return true;
		if (take_typed())
			return false;
		missed |= sys_wait(&exit);
	}
}

u32 port_read(char batch[PORT_TYPED])
{
	u32 n;

	num_typed += serial_receive(&line, typed + num_typed, (u32)sizeof(typed) - num_typed);
	n = num_typed;
	memcpy(batch, typed, n);
	num_typed = 0;
	return n;
}

u64 port_missed(void)
{
	u64 bits = missed;

	missed = 0;
	return bits;
}
