/* SPDX-License-Identifier: Apache-2.0 */
/* From grants to devices, and from events to the device that they are for. */
#include "components/vmm/vmm.h"

#include "components/vmm/pl011.h"
#include "components/vmm/pl031.h"

#include <mullion/err.h>
#include <mullion/string.h>

enum device_kind { DEVICE_NONE, DEVICE_PL011, DEVICE_PL031 };

struct device {
	enum device_kind kind;
	union {
		struct pl011 uart;
		struct pl031 clock;
	};
};

/* What a device keeps over a restart of this component, in memory granted under the name "state".
 */
union kept {
	struct pl011_registers uart;
	struct pl031_registers clock;
};

static struct device devices[VMM_MAX_DEVICES];
static u32 num_devices;
static struct device *by_grant[GRANTS_MAX];
static union kept not_kept[VMM_MAX_DEVICES]; /* without such memory */
static struct serial_end line;
static struct serial_end *free_line; /* of the first UART */

static enum device_kind kind_of(const char *name)
{
	if (str_equal(name, "pl011"))
		return DEVICE_PL011;
	return str_equal(name, "pl031") ? DEVICE_PL031 : DEVICE_NONE;
}

/* The clocks' alarms share the component's one timer. */
static void set_timer(void)
{
	ns_t next = NS(UINT64_MAX);

	for (u32 i = 0; i < num_devices; i++) {
		if (devices[i].kind == DEVICE_PL031) {
			ns_t when = pl031_poll(&devices[i].clock);

			next = NS(MIN(next.v, when.v));
		}
	}
	sys_timer_set(next);
}

static void add_device(const struct component_info *info, const struct grant_info *grant,
		       union kept *kept)
{
	const struct grant_info *interrupt = grant_find(info, GRANT_LINE, grant->name);
	u32 index = interrupt != NULL ? grant_index(info, interrupt) : GRANTS_MAX;
	enum device_kind kind = kind_of(grant->detail);
	struct device *device = &devices[num_devices];

	if (kind == DEVICE_NONE) {
		log_line("region '%s': device '%s' is not known; accesses get a fault", grant->name,
			 grant->detail);
		return;
	}
	device->kind = kind;
	if (kind == DEVICE_PL011) {
		pl011_start(&device->uart, &kept->uart, free_line, index);
		free_line = NULL;
	} else {
		pl031_start(&device->clock, &kept->clock, index);
	}
	by_grant[grant_index(info, grant)] = device;
	num_devices++;
}

static void init(const struct component_info *info)
{
	const struct grant_info *channel = grant_find(info, GRANT_CHANNEL, info->guest);
	const struct grant_info *state = grant_find(info, GRANT_MEMORY, "state");
	union kept *kept = not_kept;

	if (channel != NULL && serial_attach(&line, info, channel))
		free_line = &line;
	else if (channel != NULL)
		log_line("channel '%s' is no serial line", channel->name);
	if (state != NULL && state->size >= sizeof(not_kept))
		kept = (union kept *)(uintptr_t)state->address;
	for (u32 i = 0; i < grant_count(info); i++) {
		if (info->grants[i].kind != GRANT_VIRTUAL)
			continue;
		if (num_devices == VMM_MAX_DEVICES) {
			log_line("more than %u virtual regions", VMM_MAX_DEVICES);
			break;
		}
		add_device(info, &info->grants[i], &kept[num_devices]);
	}
	set_timer();
}

static void reset(void)
{
	for (u32 i = 0; i < num_devices; i++) {
		if (devices[i].kind == DEVICE_PL011)
			pl011_reset(&devices[i].uart);
		else
			pl031_reset(&devices[i].clock);
	}
	set_timer();
}

static void notified(u64 bits)
{
	if ((bits & line.bit) == 0)
		return;
	for (u32 i = 0; i < num_devices; i++)
		if (devices[i].kind == DEVICE_PL011 && devices[i].uart.line == &line)
			pl011_poll(&devices[i].uart);
}

static u64 serve_clock(struct device *device, const struct component_exit *exit)
{
	u32 width = EXIT_WIDTH(exit->where);

	if (!(exit->where & EXIT_IS_WRITE))
		return pl031_read(&device->clock, exit->offset, width);
	pl031_write(&device->clock, exit->offset, width, exit->value);
	set_timer();
	return 0;
}

static u64 serve_exit(const struct component_exit *exit, u32 *flags)
{
	u32 region = EXIT_REGION(exit->where);
	struct device *device = region < GRANTS_MAX ? by_grant[region] : NULL;

	if (device == NULL) {
		*flags = RESUME_FAULT;
		return 0;
	}
	if (device->kind != DEVICE_PL011)
		return serve_clock(device, exit);
	if (!(exit->where & EXIT_IS_WRITE))
		return pl011_read(&device->uart, exit->offset, EXIT_WIDTH(exit->where));
	pl011_write(&device->uart, exit->offset, EXIT_WIDTH(exit->where), exit->value);
	return 0;
}

const struct program vmm_program = {
	.init = init,
	.reset = reset,
	.timer = set_timer,
	.notified = notified,
	.exit = serve_exit,
};
