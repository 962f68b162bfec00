/* SPDX-License-Identifier: Apache-2.0 */
/* From grants to devices, and from exits and notifications to their models. */
#include "components/vmm/vmm.h"

#include "components/vmm/pl011.h"
#include "components/vmm/pl031.h"
#include "components/vmm/virtio_console.h"
#include <mullion/format.h>
#include <mullion/string.h>

#define DEVICES_MAX 8u

enum device_kind { DEVICE_NONE, DEVICE_PL011, DEVICE_PL031, DEVICE_VIRTIO_CONSOLE };

/* What is kept over a restart. */
struct slot {
	u32 kind; /* enum device_kind; of memory that is fresh: none */
	union {
		struct pl011_state pl011;
		struct pl031_state pl031;
		struct virtio_console_state console;
	};
};

struct device {
	enum device_kind kind;
	struct serial_end serial;
	union {
		struct pl011 pl011;
		struct pl031 pl031;
		struct virtio_console console;
	};
};

static struct slot unkept[DEVICES_MAX]; /* where there is no memory "state" */
static struct device devices[DEVICES_MAX];
static u32 num_devices;
static const char *guest_name;
static ns_t alarm;                           /* as last set */
static struct device *device_of[GRANTS_MAX]; /* by virtual region; NULL: none */

_Static_assert(sizeof(unkept) <= PAGE_SIZE, "the memory \"state\" is a page");

static enum device_kind kind_of(const struct grant_info *grant)
{
	if (str_equal(grant->detail, "pl011"))
		return DEVICE_PL011;
	if (str_equal(grant->detail, "pl031"))
		return DEVICE_PL031;
	return str_equal(grant->detail, "virtio-console") ? DEVICE_VIRTIO_CONSOLE : DEVICE_NONE;
}

static struct slot *slots(const struct component_info *info)
{
	const struct grant_info *grant = grant_find(info, GRANT_MEMORY, "state");

	if (grant == NULL || grant->size < sizeof(unkept))
		return unkept;
	return (struct slot *)(uintptr_t)grant->address;
}

static u32 interrupt_of(const struct component_info *info, const struct grant_info *region)
{
	const struct grant_info *line = grant_find(info, GRANT_LINE, region->name);

	return line != NULL ? grant_index(info, line) : UINT32_MAX;
}

/* The line "GUEST-REGION", for at a console the lines of all guests have names of their own; else
 * "REGION"; else the guest's, which the first that asks for it has. */
static const struct grant_info *find_line(const struct component_info *info, const char *region)
{
	const struct grant_info *channel;
	char name[2 * GRANT_NAME];

	(void)format(name, sizeof(name), "%.31s-%.31s", info->guest, region);
	channel = grant_find(info, GRANT_CHANNEL, name);
	if (channel == NULL)
		channel = grant_find(info, GRANT_CHANNEL, region);
	return channel != NULL ? channel : grant_find(info, GRANT_CHANNEL, info->guest);
}

static bool attach(struct serial_end *serial, const struct component_info *info, const char *region)
{
	const struct grant_info *channel = find_line(info, region);

	if (channel == NULL)
		return false;
	for (u32 i = 0; i < num_devices; i++)
		if (devices[i].serial.bit == BIT(channel->bit))
			return false;
	if (serial_attach(serial, info, channel))
		return true;
	log_line("%s: channel '%s' has %llu bytes; a serial line needs %u", region, channel->name,
		 (unsigned long long)channel->size, (u32)sizeof(struct serial_line));
	return false;
}

static void set_up_uart(struct device *device, struct pl011_state *state, bool kept, u32 interrupt,
			bool attached)
{
	device->pl011 = (struct pl011){
		.state = state,
		.interrupt = interrupt,
		.serial = attached ? &device->serial : NULL,
	};
	if (kept)
		pl011_resume(&device->pl011);
	else
		pl011_reset(&device->pl011);
}

static void set_up_clock(struct device *device, struct pl031_state *state, bool kept, u32 interrupt)
{
	device->pl031 = (struct pl031){ .state = state, .interrupt = interrupt };
	if (kept) {
		pl031_resume(&device->pl031);
		return;
	}
	state->offset = 0;
	pl031_reset(&device->pl031);
}

static u64 doorbell_of(const struct component_info *info, const struct grant_info *region)
{
	const struct grant_info *grant = grant_find(info, GRANT_DOORBELL, region->name);

	return grant != NULL && grant->bit < NOTIFY_GRANTS ? BIT(grant->bit) : 0;
}

static void set_up_console(struct device *device, struct virtio_console_state *state, bool kept,
			   const struct component_info *info, const struct grant_info *region)
{
	device->console = (struct virtio_console){
		.state = state,
		.info = info,
		.serial = attach(&device->serial, info, region->name) ? &device->serial : NULL,
		.interrupt = interrupt_of(info, region),
		.doorbell = doorbell_of(info, region),
	};
	if (kept)
		virtio_console_resume(&device->console);
	else
		virtio_console_reset(&device->console);
}

static void set_up(struct device *device, struct slot *slot, const struct component_info *info,
		   const struct grant_info *region)
{
	bool kept = slot->kind == (u32)device->kind;
	u32 interrupt = interrupt_of(info, region);

	slot->kind = device->kind;
	if (device->kind == DEVICE_PL011)
		set_up_uart(device, &slot->pl011, kept, interrupt,
			    attach(&device->serial, info, region->name));
	else if (device->kind == DEVICE_PL031)
		set_up_clock(device, &slot->pl031, kept, interrupt);
	else
		set_up_console(device, &slot->console, kept, info, region);
}

/* When @device wants to be served again. */
static ns_t serve_device(struct device *device)
{
	if (device->kind == DEVICE_PL011)
		return pl011_serve(&device->pl011);
	if (device->kind == DEVICE_PL031)
		return pl031_alarm(&device->pl031);
	/* At once, and not now: others have their turn in between. */
	if (device->kind == DEVICE_VIRTIO_CONSOLE && virtio_console_serve(&device->console))
		return NS(0);
	return NS(UINT64_MAX);
}

static void set_alarm(ns_t when)
{
	if (when.v != alarm.v)
		sys_timer_set(when);
	alarm = when;
}

static void serve_devices(void)
{
	ns_t next = NS(UINT64_MAX);

	for (u32 i = 0; i < num_devices; i++) {
		ns_t when = serve_device(&devices[i]);

		next.v = MIN(next.v, when.v);
	}
	set_alarm(next);
}

static void vmm_timer(void)
{
	alarm = NS(UINT64_MAX);
	serve_devices();
}

static void vmm_init(const struct component_info *info)
{
	struct slot *kept = slots(info);

	guest_name = info->guest;
	num_devices = 0;
	memset(devices, 0, sizeof(devices));
	memset(device_of, 0, sizeof(device_of));
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind != GRANT_VIRTUAL || kind_of(grant) == DEVICE_NONE)
			continue;
		if (num_devices == DEVICES_MAX) {
			log_line("%s: more than %u devices; it stays away", grant->name,
				 DEVICES_MAX);
			continue;
		}
		devices[num_devices].kind = kind_of(grant);
		set_up(&devices[num_devices], &kept[num_devices], info, grant);
		num_devices++;
		device_of[i] = &devices[num_devices - 1];
	}
	/* In a moment and not now: NOTIFY_RESET, if it waits, comes before the timer. */
	alarm = NS(UINT64_MAX);
	set_alarm(NS(0));
}

static void vmm_reset(void)
{
	for (u32 i = 0; i < num_devices; i++) {
		if (devices[i].kind == DEVICE_PL011)
			pl011_reset(&devices[i].pl011);
		else if (devices[i].kind == DEVICE_PL031)
			pl031_reset(&devices[i].pl031);
		else
			virtio_console_reset(&devices[i].console);
	}
	serve_devices();
}

/* Whoever looks at its lines sees it end there: a guest that is off may start again. */
static void vmm_gone(void)
{
	char text[64 + GRANT_NAME];
	size_t n = format(text, sizeof(text), "\r\n[vmm: guest '%.31s' was destroyed]\r\n",
			  guest_name);

	for (u32 i = 0; i < num_devices; i++)
		if (devices[i].serial.bit != 0)
			(void)serial_send(&devices[i].serial, (const u8 *)text, (u32)n);
}

static void vmm_end(void)
{
	for (u32 i = 0; i < num_devices; i++)
		if (devices[i].serial.bit != 0)
			serial_tell(&devices[i].serial);
}

static void vmm_notified(u64 bits)
{
	bool serve = false;

	for (u32 i = 0; i < num_devices; i++) {
		struct device *device = &devices[i];
		bool line = (bits & device->serial.bit) != 0;

		if (device->kind == DEVICE_PL011 && line)
			pl011_notified(&device->pl011);
		else if (device->kind == DEVICE_VIRTIO_CONSOLE)
			serve = serve || line || (bits & device->console.doorbell) != 0;
	}
	if (serve)
		serve_devices();
}

static u64 read_device(struct device *device, u64 offset, u64 number)
{
	if (device->kind == DEVICE_PL011)
		return pl011_read(&device->pl011, offset, number);
	if (device->kind == DEVICE_PL031)
		return pl031_read(&device->pl031, offset);
	return virtio_console_read(&device->console, offset);
}

/* Return: the device wants to be served. */
static bool write_device(struct device *device, u64 offset, u64 value, u64 number)
{
	/* What a guest writes most by far are characters. */
	if (device->kind == DEVICE_PL011 && offset == 0)
		return pl011_send(&device->pl011, (u8)value, number);
	if (device->kind == DEVICE_VIRTIO_CONSOLE)
		return virtio_console_write(&device->console, offset, value);
	if (device->kind == DEVICE_PL031) {
		pl031_write(&device->pl031, offset, value);
		return true;
	}
	pl011_write(&device->pl011, offset, value);
	return false;
}

static struct answer vmm_exit(u64 where, u64 offset, u64 value, u64 number)
{
	u32 region = EXIT_REGION(where);
	struct device *device = region < GRANTS_MAX ? device_of[region] : NULL;

	if (device == NULL)
		return ANSWER_FAULT;
	if ((where & EXIT_IS_WRITE) == 0)
		return ANSWER(read_device(device, offset, number));
	if (write_device(device, offset, value, number))
		serve_devices();
	return ANSWER(0);
}

const struct program vmm_program = {
	.init = vmm_init,
	.reset = vmm_reset,
	.timer = vmm_timer,
	.gone = vmm_gone,
	.end = vmm_end,
	.notified = vmm_notified,
	.exit = vmm_exit,
};
