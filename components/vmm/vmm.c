/* SPDX-License-Identifier: Apache-2.0 */
/* From grants to devices, and from exits and notifications to their models. */
#include "components/vmm/vmm.h"

#include "components/lib/ticks.h"
#include "components/vmm/device.h"
#include <mullion/format.h>
#include <mullion/string.h>

#define NUMBER_OF_WRITE BIT(63) /* of an instruction that may have read before */

/* Preserved over a restart. */
struct slot {
	u32 model; /* position in device_models and 1; 0 in fresh memory */
	u32 reserved;
	u64 state[DEVICE_STATE / sizeof(u64)];
};
_Static_assert(sizeof(struct slot) == VMM_DEVICE_BYTES, "the checks count the pages of \"state\"");

/* Devices from the start, further regions of joined devices from the end: one for each grant. */
static struct device devices[GRANTS_MAX];
static u32 num_devices, num_parts;
static const struct component_info *own_info;
static bool timer_due; /* an instruction's write wants the models' timers */
static u32 power;      /* what an access wants of the guest: see device_power() */
static const char *guest_name;
static ns_t alarm;                           /* as last set */
static struct device *device_of[GRANTS_MAX]; /* by virtual region; NULL: none */

/* Returns the position of the region's model and 1; 0 if there is none. */
static u32 find_model(const struct grant_info *region)
{
	for (u32 i = 0; device_models[i] != NULL; i++)
		if (str_equal(region->detail, device_models[i]->name))
			return i + 1;
	return 0;
}

static struct slot *slots(const struct component_info *info)
{
	const struct grant_info *grant = grant_find(info, GRANT_MEMORY, "state");
	u32 count = 0;

	for (u32 i = 0; i < grant_count(info); i++)
		count += info->grants[i].kind == GRANT_VIRTUAL;
	if (grant == NULL || grant->size < count * sizeof(struct slot)) {
		log_line("%s: the description gives it no memory \"state\" of that size",
			 info->name);
		sys_exit(1);
	}
	return (struct slot *)(uintptr_t)grant->address;
}

static u32 interrupt_of(const struct component_info *info, const struct grant_info *region)
{
	const struct grant_info *line = grant_find(info, GRANT_LINE, region->name);

	return line != NULL ? grant_index(info, line) : UINT32_MAX;
}

const struct grant_info *device_find_channel(const struct component_info *info, const char *region)
{
	char name[2 * GRANT_NAME];

	(void)format(name, sizeof(name), "%.31s-%.31s", info->guest, region);
	return grant_find(info, GRANT_CHANNEL, name);
}

/* At a console, the lines of all guests have distinct names: "GUEST-REGION" comes first. */
static const struct grant_info *find_line(const struct component_info *info, const char *region)
{
	const struct grant_info *channel = device_find_channel(info, region);

	if (channel == NULL)
		channel = grant_find(info, GRANT_CHANNEL, region);
	return channel != NULL ? channel : grant_find(info, GRANT_CHANNEL, info->guest);
}

void device_attach_line(struct device *device, const struct grant_info *region)
{
	const struct grant_info *channel = find_line(device->info, region->name);

	if (channel == NULL)
		return;
	for (u32 i = 0; i < num_devices; i++)
		if (devices[i].serial.bit == BIT(channel->bit))
			return;
	if (serial_attach(&device->serial, device->info, channel)) {
		device->bits |= device->serial.bit;
		return;
	}
	log_line("%s: channel '%s' has %llu bytes; a serial line needs %u", region->name,
		 channel->name, (unsigned long long)channel->size, (u32)sizeof(struct serial_line));
}

static void set_up(struct device *device, struct slot *slot, const struct component_info *info,
		   const struct grant_info *region)
{
	u32 model = find_model(region);

	device->model = device_models[model - 1];
	device->state = slot->state;
	device->info = info;
	device->name = region->name;
	device->base = device->model->joined ? region->address - PORT_BASE : 0;
	device->interrupt = interrupt_of(info, region);
	if (device->model->init != NULL)
		device->model->init(device, region);
	if (slot->model == model) {
		device->model->resume(device);
		return;
	}
	slot->model = model;
	memset(slot->state, 0, device->model->size);
	device->model->reset(device);
}

/* Returns the part of the joined device that is the region; NULL if it begins a device. */
static struct device *join(const struct component_info *info, const struct grant_info *region)
{
	const struct device_model *model = device_models[find_model(region) - 1];
	struct device *part = &devices[GRANTS_MAX - 1 - num_parts];

	for (u32 i = 0; i < num_devices && model->joined; i++) {
		if (devices[i].model != model)
			continue;
		num_parts++;
		*part = devices[i];
		part->base = region->address - PORT_BASE;
		if (devices[i].interrupt == UINT32_MAX)
			devices[i].interrupt = interrupt_of(info, region);
		return part;
	}
	return NULL;
}

void device_power(u32 flags)
{
	power = flags;
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
		ns_t when = devices[i].model->timer(&devices[i]);

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
	ticks_init(info);
	own_info = info;
	num_devices = 0;
	num_parts = 0;
	memset(devices, 0, sizeof(devices));
	memset(device_of, 0, sizeof(device_of));
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind != GRANT_VIRTUAL || find_model(grant) == 0)
			continue;
		device_of[i] = join(info, grant);
		if (device_of[i] != NULL)
			continue;
		set_up(&devices[num_devices], &kept[num_devices], info, grant);
		device_of[i] = &devices[num_devices];
		num_devices++;
	}
	/* Soon and not now: a pending NOTIFY_RESET comes before the timer. */
	alarm = NS(UINT64_MAX);
	set_alarm(NS(0));
}

static void vmm_reset(void)
{
	for (u32 i = 0; i < num_devices; i++)
		devices[i].model->reset(&devices[i]);
	serve_devices();
}

/* The other ends show where the guest's output ends: a guest that is off may start again. */
static void vmm_gone(void)
{
	char text[64 + GRANT_NAME];
	size_t n = format(text, sizeof(text), "\r\n[vmm: guest '%.31s' was destroyed]\r\n",
			  guest_name);

	for (u32 i = 0; i < num_devices; i++)
		if (device_has_line(&devices[i]))
			(void)serial_send(&devices[i].serial, (const u8 *)text, (u32)n);
}

static void vmm_end(void)
{
	for (u32 i = 0; i < num_devices; i++)
		if (device_has_line(&devices[i]))
			serial_notify(&devices[i].serial);
}

static void vmm_notified(u64 bits)
{
	bool due = false;

	for (u32 i = 0; i < num_devices; i++)
		if ((bits & devices[i].bits) != 0 && devices[i].model->notify(&devices[i]))
			due = true;
	if (due)
		serve_devices();
}

/* The region of @bytes at guest address @gpa, with its device. */
static const struct grant_info *find_region(u64 gpa, u32 bytes, struct device **device)
{
	for (u32 i = 0; i < grant_count(own_info); i++) {
		const struct grant_info *region = &own_info->grants[i];
		u64 offset = gpa - region->address;

		*device = device_of[i];
		if (*device != NULL && offset < region->size && bytes <= region->size - offset)
			return region;
	}
	return NULL;
}

#define WIDTH_OF(bytes) ((u64)(bytes) << EXIT_WIDTH_SHIFT)

bool device_read_at(u64 gpa, u32 bytes, u64 number, u64 *value)
{
	struct device *device;
	const struct grant_info *region = find_region(gpa, bytes, &device);

	if (region == NULL || (bytes & (bytes - 1)) != 0)
		return false;
	*value = device->model->read(device, gpa - region->address, number, WIDTH_OF(bytes));
	return true;
}

bool device_write_at(u64 gpa, u32 bytes, u64 number, u64 value)
{
	struct device *device;
	const struct grant_info *region = find_region(gpa, bytes, &device);

	if (region == NULL || (bytes & (bytes - 1)) != 0)
		return false;
	if (device->model->write(device, gpa - region->address, value, number | NUMBER_OF_WRITE,
				 WIDTH_OF(bytes) | EXIT_IS_WRITE))
		timer_due = true;
	return true;
}

static struct answer execute(u64 where, u64 number)
{
	struct answer answer = ANSWER_FAULT;

	if (device_execute != NULL)
		answer = device_execute(own_info, where, number);
	if (timer_due)
		serve_devices();
	timer_due = false;
	answer.flags |= power;
	power = 0;
	return answer;
}

static struct answer vmm_exit(u64 where, u64 offset, u64 value, u64 number)
{
	u32 region = EXIT_REGION(where);
	struct device *device = region < GRANTS_MAX ? device_of[region] : NULL;

	if (device == NULL)
		return (where & EXIT_IS_INSN) != 0 ? execute(where, number) : ANSWER_FAULT;
	if ((where & EXIT_IS_WRITE) == 0)
		return ANSWER(device->model->read(device, offset, number, where));
	if (device->model->write(device, offset, value, number, where)) {
		struct answer answer;

		serve_devices();
		answer = (struct answer){ 0, power };
		power = 0;
		return answer;
	}
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
