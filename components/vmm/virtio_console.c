/* SPDX-License-Identifier: Apache-2.0 */
/* The console's queues. Each byte is carried once, although the vmm may end at any instruction. */
#include "components/vmm/virtio_console.h"

#include "components/lib/virtio_mmio.h"
#include <mullion/string.h>

#define EMERGENCY (VIRTIO_MMIO_CONFIG + 8) /* virtio 1.2 §5.3.4 */

#define RECEIVE  0
#define TRANSMIT 1

#define PIECE 256u /* bytes copied at once */
/* Bytes each way before the guest's next access is served. The other end of the line may take them
 * as fast as they come, and the guest chooses a chain's length: neither bounds the work. */
#define TURN SERIAL_RING_BYTES

#define CHAIN_KNOWN BIT(16)

struct virtio_console {
	struct virtio_mmio mmio;
	u32 resumed; /* guest memory is untouched since the vmm's restart */
	/* Progress within the chain queue.next, which is named with CHAIN_KNOWN. The step to the
	 * next chain is a single store. */
	u32 send_chain, send_from;       /* index in the line's ring of its first byte */
	u32 receive_chain, receive_upto; /* index in the ring behind the chain before it */
};

_Static_assert(sizeof(struct virtio_console) <= DEVICE_STATE, "device.h");

/* VIRTIO_CONSOLE_F_EMERG_WRITE. */
static const struct virtio_type console_type = { 3, 2, 0x4 };

static void console_update(struct device *device)
{
	const struct virtio_console *s = device->state;

	device_set_level(device, s->mmio.interrupts != 0);
}

/* Copy received bytes behind the first @skip; the line keeps them. */
static void receive_into(const struct serial_end *serial, u32 skip, u8 __guest *to, u32 bytes)
{
	u8 piece[PIECE];

	for (u32 done = 0, n; done < bytes; done += n) {
		n = serial_look(serial, skip + done, piece, MIN(bytes - done, PIECE));
		if (n == 0)
			return;
		memcpy((u8 __force *)to + done, piece, n);
	}
}

/* Fill a chain with received bytes, at most @turn. Returns how many. */
static u32 receive_chain(struct device *device, const struct chain *chain, u32 turn)
{
	struct virtio_console *s = device->state;
	struct virtqueue *queue = &s->mmio.queues[RECEIVE];
	u32 waiting = serial_waiting(&device->serial), bytes = MIN(waiting, chain->bytes), done = 0;

	bytes = MIN(bytes, turn);
	for (u32 i = 0; i < chain->num && done < bytes; i++) {
		u32 n = MIN(bytes - done, chain->buffers[i].bytes);

		receive_into(&device->serial, done, chain->buffers[i].at, n);
		done += n;
	}
	s->receive_chain = 0;
	keep_order();
	s->receive_upto = device->serial.taken + bytes;
	keep_order();
	s->receive_chain = (u16)(queue->next + 1) | CHAIN_KNOWN;
	keep_order();
	if (virtqueue_push(queue, chain, bytes))
		s->mmio.interrupts |= VIRTIO_INT_QUEUE;
	serial_take(&device->serial, bytes);
	return bytes;
}

/* Take bytes out of the line's ring that the guest received before the vmm's restart. */
static void finish_receiving(struct device *device)
{
	const struct virtio_console *s = device->state;
	u32 left;

	if (!device_has_line(device) ||
	    s->receive_chain != (s->mmio.queues[RECEIVE].next | CHAIN_KNOWN))
		return;
	left = s->receive_upto - device->serial.taken;
	if (left <= serial_waiting(&device->serial))
		serial_take(&device->serial, left);
}

/* Returns true if bytes of the next chain may have been sent. */
static bool is_sending(const struct virtio_console *s)
{
	return s->send_chain == (s->mmio.queues[TRANSMIT].next | CHAIN_KNOWN);
}

/* Returns how many bytes of the next chain have been sent. */
static u32 sent_already(struct device *device)
{
	struct virtio_console *s = device->state;

	if (!is_sending(s)) {
		s->send_from = device->serial.sent;
		keep_order();
		s->send_chain = s->mmio.queues[TRANSMIT].next | CHAIN_KNOWN;
		keep_order();
	}
	return device->serial.sent - s->send_from;
}

/* Send at most *@turn bytes of a chain, and reduce it. Returns true if the chain is sent. */
static bool send_chain(struct device *device, const struct chain *chain, u32 *turn)
{
	struct virtio_console *s = device->state;
	u32 skip = device_has_line(device) ? sent_already(device) : 0;

	for (u32 i = 0; i < chain->num && device_has_line(device); i++) {
		u32 bytes = chain->buffers[i].bytes, n;

		if (skip >= bytes) {
			skip -= bytes;
			continue;
		}
		bytes -= skip;
		/* The guest may change the bytes meanwhile: each is fetched once. */
		n = serial_send(&device->serial, (u8 __force *)chain->buffers[i].at + skip,
				MIN(bytes, *turn));
		*turn -= n;
		if (n < bytes)
			return false;
		skip = 0;
	}
	if (virtqueue_push(&s->mmio.queues[TRANSMIT], chain, 0))
		s->mmio.interrupts |= VIRTIO_INT_QUEUE;
	return true;
}

/* Move at most *@left bytes, and reduce it. Returns true if only that bound ended it. */
static bool serve_queue(struct device *device, u32 number, u32 *left)
{
	struct virtio_console *s = device->state;
	struct virtqueue *queue = &s->mmio.queues[number];
	struct chain chain;

	if (!virtio_mmio_is_ready(&s->mmio, number))
		return false;
	for (u32 i = 0; i < queue->size && *left != 0; i++) {
		enum err err;

		if (number == RECEIVE &&
		    (!device_has_line(device) || serial_waiting(&device->serial) == 0))
			return false;
		err = virtqueue_peek(queue, device->info, &chain);
		if (err == OK && chain.num_read != (number == RECEIVE ? 0 : chain.num))
			err = ERR_FORMAT;
		if (err == ERR_FORMAT)
			virtio_mmio_break(&s->mmio);
		if (err != OK)
			return false;
		if (number == RECEIVE)
			*left -= receive_chain(device, &chain, *left);
		else if (!send_chain(device, &chain, left))
			return *left == 0 && serial_room(&device->serial) != 0;
	}
	return true;
}

static ns_t virtio_console_timer(struct device *device)
{
	struct virtio_console *s = device->state;
	u32 out = TURN, in = TURN;
	bool more;

	if (s->resumed != 0) {
		s->resumed = 0;
		virtio_mmio_repeat(&s->mmio, &console_type);
		finish_receiving(device);
	}
	more = serve_queue(device, TRANSMIT, &out);
	more = serve_queue(device, RECEIVE, &in) || more;
	console_update(device);
	return more ? NS(0) : NS(UINT64_MAX);
}

static void virtio_console_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct virtio_console));
	device_force_level(device, false);
}

static void virtio_console_resume(struct device *device)
{
	struct virtio_console *s = device->state;

	virtio_mmio_resume(&s->mmio, &console_type, device->info);
	s->resumed = 1;
	device_force_level(device, s->mmio.interrupts != 0);
}

static bool virtio_console_notify(struct device *device)
{
	(void)device;
	return true;
}

static u64 virtio_console_read(struct device *device, u64 offset, u64 number, u64 where)
{
	const struct virtio_console *s = device->state;

	(void)number;
	(void)where;
	return virtio_mmio_read(&s->mmio, &console_type, offset);
}

/* The byte may come between two of a chain's. */
static void send_emergency(struct device *device, u8 byte)
{
	struct virtio_console *s = device->state;

	if (device_has_line(device) && serial_put(&device->serial, byte) && is_sending(s))
		s->send_from++;
}

static bool virtio_console_write(struct device *device, u64 offset, u64 value, u64 number,
				 u64 where)
{
	struct virtio_console *s = device->state;
	bool due;

	(void)number;
	(void)where;
	if (virtio_mmio_is_reset(offset, (u32)value)) {
		virtio_console_reset(device);
		return true;
	}
	if (offset == EMERGENCY) {
		send_emergency(device, (u8)value);
		return false;
	}
	due = virtio_mmio_write(&s->mmio, &console_type, device->info, offset, (u32)value);
	console_update(device);
	return due;
}

static void virtio_console_init(struct device *device, const struct grant_info *region)
{
	const struct grant_info *doorbell = grant_find(device->info, GRANT_DOORBELL, region->name);

	device_attach_line(device, region);
	if (doorbell != NULL && doorbell->bit < NOTIFY_GRANTS)
		device->bits |= BIT(doorbell->bit);
}

const struct device_model virtio_console_model = {
	.name = "virtio-console",
	.size = sizeof(struct virtio_console),
	.init = virtio_console_init,
	.reset = virtio_console_reset,
	.resume = virtio_console_resume,
	.read = virtio_console_read,
	.write = virtio_console_write,
	.timer = virtio_console_timer,
	.notify = virtio_console_notify,
};
