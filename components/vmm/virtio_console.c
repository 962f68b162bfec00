/* SPDX-License-Identifier: Apache-2.0 */
/* The console's queues. Each byte is carried once, although the vmm may end at any instruction. */
#include "components/vmm/virtio.h"
#include <mullion/string.h>

#define EMERGENCY 8 /* in the configuration space: virtio 1.2 §5.3.4 */

#define RECEIVE  0
#define TRANSMIT 1

#define PIECE 256u /* bytes copied at once */
/* Bytes each way before the guest's next access is served. The other end of the line may take them
 * as fast as they come, and the guest chooses a chain's length: neither bounds the work. */
#define TURN SERIAL_RING_BYTES

#define CHAIN_KNOWN BIT(16)

struct virtio_console {
	struct virtio_state virtio;
	/* Progress within the chain queue.next, which is named with CHAIN_KNOWN. The step to the
	 * next chain is a single store. */
	u32 send_chain, send_from;       /* index in the line's ring of its first byte */
	u32 receive_chain, receive_upto; /* index in the ring behind the chain before it */
};

_Static_assert(sizeof(struct virtio_console) <= DEVICE_STATE, "device.h");

#define F_EMERGENCY_WRITE 0x4u

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
	const struct virtqueue *queue = &s->virtio.mmio.queues[RECEIVE];
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
	virtio_give(device, RECEIVE, chain, bytes);
	serial_take(&device->serial, bytes);
	return bytes;
}

/* Take bytes out of the line's ring that the guest received before the vmm's restart. */
static void finish_receiving(struct device *device)
{
	const struct virtio_console *s = device->state;
	u32 left;

	if (!device_has_line(device) ||
	    s->receive_chain != (s->virtio.mmio.queues[RECEIVE].next | CHAIN_KNOWN))
		return;
	left = s->receive_upto - device->serial.taken;
	if (left <= serial_waiting(&device->serial))
		serial_take(&device->serial, left);
}

/* Returns true if bytes of the next chain may have been sent. */
static bool is_sending(const struct virtio_console *s)
{
	return s->send_chain == (s->virtio.mmio.queues[TRANSMIT].next | CHAIN_KNOWN);
}

/* Returns how many bytes of the next chain have been sent. */
static u32 sent_already(struct device *device)
{
	struct virtio_console *s = device->state;

	if (!is_sending(s)) {
		s->send_from = device->serial.sent;
		keep_order();
		s->send_chain = s->virtio.mmio.queues[TRANSMIT].next | CHAIN_KNOWN;
		keep_order();
	}
	return device->serial.sent - s->send_from;
}

/* Send at most *@turn bytes of a chain, and reduce it. Returns true if the chain is sent. */
static bool send_chain(struct device *device, const struct chain *chain, u32 *turn)
{
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
	virtio_give(device, TRANSMIT, chain, 0);
	return true;
}

/* Move at most *@left bytes, and reduce it. Returns true if only that bound ended it. */
static bool serve_queue(struct device *device, u32 number, u32 *left)
{
	const struct virtio_console *s = device->state;
	struct chain chain;

	/* The size of a queue that is not set up is 0, which must not look like the bound. */
	if (!virtio_mmio_is_ready(&s->virtio.mmio, number))
		return false;
	for (u32 i = 0; i < s->virtio.mmio.queues[number].size && *left != 0; i++) {
		if (number == RECEIVE &&
		    (!device_has_line(device) || serial_waiting(&device->serial) == 0))
			return false;
		if (virtio_next(device, number, &chain) != OK)
			return false;
		if (chain.num_read != (number == RECEIVE ? 0 : chain.num)) {
			virtio_break(device);
			return false;
		}
		if (number == RECEIVE)
			*left -= receive_chain(device, &chain, *left);
		else if (!send_chain(device, &chain, left))
			return *left == 0 && serial_room(&device->serial) != 0;
	}
	return true;
}

static bool console_serve(struct device *device)
{
	u32 out = TURN, in = TURN;
	bool more = serve_queue(device, TRANSMIT, &out);

	return serve_queue(device, RECEIVE, &in) || more;
}

/* The byte may come between two of a chain's. */
static void send_emergency(struct device *device, u64 offset, u64 value)
{
	struct virtio_console *s = device->state;

	if (offset == EMERGENCY && device_has_line(device) &&
	    serial_put(&device->serial, (u8)value) && is_sending(s))
		s->send_from++;
}

static void console_init(struct device *device, const struct grant_info *region)
{
	device_attach_line(device, region);
}

const struct virtio_model virtio_console_model = {
	.model = VIRTIO_MODEL("virtio-console", struct virtio_console),
	.type = { .id = 3, .queues = 2, .features = F_EMERGENCY_WRITE },
	.init = console_init,
	.serve = console_serve,
	.resumed = finish_receiving,
	.config_write = send_emergency,
};
