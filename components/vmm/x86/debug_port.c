/* SPDX-License-Identifier: Apache-2.0 */
/* The debug port of Bochs and QEMU: its lines go to the core's log. */
#include "components/vmm/x86/devices.h"

#include "components/lib/runtime.h"
#include <mullion/string.h>

#define ANSWER_BYTE 0xe9u /* by which a guest knows the port */
#define LINE_MAX    120u

struct debug_state {
	u32 used;
	char line[LINE_MAX];
};

_Static_assert(sizeof(struct debug_state) <= DEVICE_STATE, "device.h");

static u64 debug_read(struct device *device, u64 offset, u64 number, u64 where)
{
	(void)device;
	(void)offset;
	(void)number;
	(void)where;
	return ANSWER_BYTE;
}

static bool debug_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct debug_state *s = device->state;
	char c = (char)value;

	(void)offset;
	(void)number;
	(void)where;
	s->used = MIN(s->used, LINE_MAX - 1);
	if (c != '\n' && c != '\r')
		s->line[s->used++] = c;
	if ((c != '\n' && s->used < LINE_MAX) || s->used == 0)
		return false;
	log_line("[%.31s] %.*s", device->info->guest, (int)s->used, s->line);
	s->used = 0;
	return false;
}

static void debug_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct debug_state));
}

static void debug_resume(struct device *device)
{
	(void)device;
}

static ns_t debug_timer(struct device *device)
{
	(void)device;
	return NS(UINT64_MAX);
}

const struct device_model debug_port_model = {
	.name = "debug-port",
	.size = sizeof(struct debug_state),
	.reset = debug_reset,
	.resume = debug_resume,
	.read = debug_read,
	.write = debug_write,
	.timer = debug_timer,
};
