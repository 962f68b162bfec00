/* SPDX-License-Identifier: Apache-2.0 */
/* From requests of the link to chains of the device, and back: see driver.h. */
#include "components/virtio_blk/driver.h"

#include "components/lib/disk.h"
#include "components/lib/virtio_device.h"
#include "components/lib/virtqueue_driver.h"

#include <mullion/string.h>

#define DISK_ID     2u
#define F_READ_ONLY BIT(5)
#define F_FLUSH     BIT(9)

enum type { TYPE_IN, TYPE_OUT, TYPE_FLUSH = 4 };
enum status { STATUS_OK, STATUS_ERROR, STATUS_UNSUPPORTED };

#define ENTRIES      128u /* of the queue: three for each slot */
#define RESETS_MAX   4u   /* without a request that ended well in between */
#define PATIENCE_NS  UINT64_C(5000000000)
#define STATUS_UNSET 0xffu

_Static_assert(ENTRIES >= 3 * DISK_SLOTS, "header, data and status");

struct header {
	u32 type, reserved;
	u64 sector;
};

/* Memory of the driver that the device reaches; the queue lies behind it. */
struct window {
	struct header headers[DISK_SLOTS];
	u8 statuses[DISK_SLOTS];
};

#define QUEUE_AT ALIGN_UP(sizeof(struct window), 64)

static struct {
	const struct component_info *info;
	struct virtio_device device;
	struct virtqueue_driver queue;
	struct link link;
	struct window *window;
	u64 window_device; /* its address as the device sees it, and that of the link */
	u64 link_device;
	const struct grant_info *channel;
	u32 interrupt; /* index of the grant */
	u64 interrupt_bit;
	struct link_request requests[DISK_SLOTS]; /* of those that the device has */
	u32 in_device;                            /* how many */
	u32 resets;                               /* since the last request that ended well */
	bool failed;                              /* the device stays off */
	u64 capacity;
	u64 served;      /* requests that came to an end */
	u64 served_then; /* at the last check of the time */
	bool watched;    /* the timer is set */
} disk;

/* --- The device -------------------------------------------------------------------------------
 */

static bool start_device(void)
{
	u64 queue = disk.window_device + QUEUE_AT, descriptors, driver, used;

	if (!device_begin(&disk.device, (u32)(F_READ_ONLY | F_FLUSH)))
		return false;
	driver_queue_init(&disk.queue, (u8 *)disk.window + QUEUE_AT, queue, ENTRIES, 0);
	driver_queue_address(&disk.queue, &descriptors, &driver, &used);
	if (!device_add_queue(&disk.device, ENTRIES, descriptors, driver, used))
		return false;
	disk.in_device = 0;
	device_go(&disk.device);
	disk.capacity = device_config(&disk.device, 0) | (u64)device_config(&disk.device, 4) << 32;
	return true;
}

static bool is_read_only(void)
{
	return (disk.device.features & F_READ_ONLY) != 0;
}

/* Begin with the device again, and with all requests that it had. After some resets without a
 * request that ended well, the device stays off, and all requests fail. */
static void restart_device(const char *cause)
{
	while (!disk.failed) {
		if (disk.resets == RESETS_MAX) {
			log_line("%s: %s: the device stays off after %u resets, and requests fail",
				 disk.info->name, cause, RESETS_MAX);
			disk.failed = true;
			(void)device_stop(&disk.device);
			break;
		}
		disk.resets++;
		log_line("%s: %s: reset", disk.info->name, cause);
		if (start_device())
			break;
		cause = "the device refuses its driver";
	}
	disk.in_device = 0;
	(void)link_attach_server(&disk.link, disk.info, disk.channel, 0, 1, DISK_SLOTS);
}

/* --- Requests ---------------------------------------------------------------------------------
 */

static u64 data_address(u32 slot)
{
	return disk.link_device + (u64)(link_data(&disk.link, slot) - (u8 *)disk.link.memory);
}

static bool is_request(const struct link_request *request)
{
	switch (request->kind) {
	case DISK_READ: break;
	case DISK_WRITE:
		if (is_read_only())
			return false;
		break;
	case DISK_FLUSH: return true;
	default: return false;
	}
	return request->bytes != 0 && disk_has(disk.capacity, request->where, request->bytes);
}

/* One chain: the header, the data of the slot, the status. */
static void give_device(u32 slot, const struct link_request *request)
{
	static const u32 types[] = {
		[DISK_READ] = TYPE_IN, [DISK_WRITE] = TYPE_OUT, [DISK_FLUSH] = TYPE_FLUSH
	};
	bool data = request->kind != DISK_FLUSH;
	u32 num = data ? 3 : 2;
	struct driver_buffer buffers[3] = {
		{ disk.window_device + offsetof(struct window, headers[0]) +
			  slot * sizeof(struct header),
		  sizeof(struct header) },
		{ data_address(slot), request->bytes },
		{ 0, 0 },
	};

	buffers[num - 1] = (struct driver_buffer){
		disk.window_device + offsetof(struct window, statuses[0]) + slot, 1
	};
	disk.window->headers[slot] =
		(struct header){ types[request->kind], 0, data ? request->where : 0 };
	disk.window->statuses[slot] = STATUS_UNSET;
	disk.requests[slot] = *request;
	if (driver_queue_add(&disk.queue, buffers, num,
			     request->kind == DISK_WRITE || !data ? num - 1 : 1, slot) == OK)
		disk.in_device++;
	else
		link_answer(&disk.link, slot, LINK_ERROR, 0);
}

static void take_requests(void)
{
	struct link_request request;

	for (u32 i = 0; i < DISK_SLOTS; i++) {
		u32 slot = link_take_request(&disk.link, &request);

		if (slot == LINK_NONE)
			break;
		if (disk.failed || !is_request(&request)) {
			link_answer(&disk.link, slot, LINK_ERROR, 0);
			continue;
		}
		/* A device without a cache has nothing to flush. */
		if (request.kind == DISK_FLUSH && (disk.device.features & F_FLUSH) == 0)
			link_answer(&disk.link, slot, LINK_OK, 0);
		else
			give_device(slot, &request);
	}
	if (!disk.failed && driver_queue_kick(&disk.queue))
		device_ring(&disk.device);
}

static void end_request(u32 slot)
{
	const struct link_request *request = &disk.requests[slot];
	u8 status = *(volatile u8 *)&disk.window->statuses[slot];

	disk.in_device--;
	disk.served++;
	if (status == STATUS_OK) {
		disk.resets = 0;
		link_answer(&disk.link, slot, LINK_OK,
			    request->kind == DISK_READ ? request->bytes : 0);
	} else {
		link_answer(&disk.link, slot,
			    status == STATUS_UNSUPPORTED ? LINK_UNSUPPORTED : LINK_ERROR, 0);
	}
}

/* Returns false if the device has violated the rules. */
static bool take_completions(void)
{
	u64 slot;
	u32 written;

	for (u32 i = 0; i < 2 * DISK_SLOTS; i++) {
		enum err err = driver_queue_take(&disk.queue, &slot, &written);

		if (err == ERR_NOT_FOUND && !driver_queue_arm(&disk.queue))
			return true;
		if (err == ERR_NOT_FOUND)
			continue;
		if (err != OK)
			return false;
		end_request((u32)slot);
	}
	return true;
}

static void publish(void)
{
	link_publish(&disk.link, DISK_FLAGS, is_read_only() ? DISK_READ_ONLY : 0);
	link_publish(&disk.link, DISK_CAPACITY, disk.capacity);
}

/* A device that has requests must end one in time. */
static void watch(void)
{
	if (disk.watched || disk.in_device == 0)
		return;
	disk.watched = true;
	disk.served_then = disk.served;
	sys_timer_set(NS(sys_time(NULL).v + PATIENCE_NS));
}

static void serve(void)
{
	if (!disk.failed && !take_completions())
		restart_device("the used ring makes no sense");
	take_requests();
	publish();
	link_kick(&disk.link);
	watch();
}

/* --- The program ------------------------------------------------------------------------------
 */

static void driver_timer(void)
{
	disk.watched = false;
	if (disk.in_device != 0 && disk.served == disk.served_then)
		restart_device("no request has ended for 5 seconds");
	serve();
}

static void driver_notified(u64 bits)
{
	if ((bits & disk.interrupt_bit) != 0) {
		bool usable = disk.failed || device_interrupt(&disk.device);

		if (!usable)
			restart_device("the device needs a reset");
		serve();
		sys_irq_done(disk.interrupt);
		return;
	}
	serve();
}

static const struct grant_info *need(enum grant_kind kind, const char *what)
{
	const struct grant_info *grant = grant_find(disk.info, kind, NULL);

	if (grant == NULL) {
		log_line("%s: the description gives it no %s", disk.info->name, what);
		sys_exit(1);
	}
	return grant;
}

static void attach_memory(void)
{
	const struct grant_info *memory = need(GRANT_MEMORY, "memory");

	disk.channel = need(GRANT_CHANNEL, "channel");
	if (memory->device_address == 0 || (memory->flags & GRANT_KEPT) == 0 ||
	    memory->size < QUEUE_AT + driver_queue_bytes(ENTRIES, 0)) {
		log_line("%s: memory '%s': write trusted-dma; in the component, and kept; and "
			 "size = <0x2000>; in the region",
			 disk.info->name, memory->name);
		sys_exit(1);
	}
	disk.window = (struct window *)(uintptr_t)memory->address;
	disk.window_device = memory->device_address;
	disk.link_device = disk.channel->device_address;
}

/* Of virtio-mmio, the device at the argument `at`, or else the first disk. */
static bool find_disk(const struct grant_info *registers)
{
	const struct grant_info *function = grant_find(disk.info, GRANT_PCI, NULL);
	u64 at = argument_number(disk.info, "at", UINT64_MAX);
	enum err err;

	if (function != NULL) {
		err = device_find_pci(&disk.device, function, registers, DISK_ID);
		if (err == ERR_TOO_BIG)
			log_line("%s: the BARs of '%s' do not fit into region '%s'",
				 disk.info->name, function->name, registers->name);
		return err == OK;
	}
	if (at < registers->size)
		return device_find(&disk.device, registers->address + at, VIRTIO_DEVICE_BYTES,
				   DISK_ID);
	return device_find(&disk.device, registers->address, registers->size, DISK_ID);
}

static void driver_init(const struct component_info *info)
{
	const struct grant_info *registers, *interrupt;

	memset(&disk, 0, sizeof(disk));
	disk.info = info;
	registers = need(GRANT_DEVICE, "device");
	interrupt = need(GRANT_INTERRUPT, "interrupt");
	disk.interrupt = grant_index(info, interrupt);
	disk.interrupt_bit = BIT(interrupt->bit);
	attach_memory();
	if (!link_attach_server(&disk.link, info, disk.channel, 0, 1, DISK_SLOTS)) {
		log_line("%s: channel '%s' has %llu bytes; a disk needs more", info->name,
			 disk.channel->name, (unsigned long long)disk.channel->size);
		sys_exit(1);
	}
	if (!find_disk(registers)) {
		log_line("%s: no virtio disk of version 2 in region '%s'; requests fail",
			 info->name, registers->name);
		disk.failed = true;
	} else if (!start_device()) {
		restart_device("the device refuses its driver");
	}
	sys_irq_done(disk.interrupt);
	serve();
}

const struct program virtio_blk_program = {
	.init = driver_init,
	.timer = driver_timer,
	.notified = driver_notified,
};
