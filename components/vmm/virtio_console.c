/* SPDX-License-Identifier: Apache-2.0 */
/* The console's registers and queues. */
#include "components/vmm/virtio_console.h"

#include <mullion/string.h>

/* virtio 1.2 §4.2.2 */
#define MAGIC           0x000u
#define VERSION         0x004u
#define DEVICE_ID       0x008u
#define VENDOR_ID       0x00cu
#define DEVICE_FEATURES 0x010u
#define DEVICE_PAGE     0x014u
#define DRIVER_FEATURES 0x020u
#define DRIVER_PAGE     0x024u
#define QUEUE_SELECT    0x030u
#define QUEUE_MAX       0x034u
#define QUEUE_SIZE      0x038u
#define QUEUE_READY     0x044u
#define QUEUE_NOTIFY    0x050u
#define INTERRUPTS      0x060u
#define INTERRUPT_ACK   0x064u
#define STATUS          0x070u
#define QUEUE_DESC      0x080u
#define QUEUE_DRIVER    0x090u
#define QUEUE_DEVICE    0x0a0u
#define SHM_LENGTH      0x0b0u /* and base: there is none, so all ones */
#define SHM_END         0x0c0u
#define EMERGENCY       0x108u /* of the configuration, §5.3.4 */

#define DRIVER_OK     0x04u
#define FEATURES_OK   0x08u
#define NEEDS_RESET   0x40u
#define STATUS_DRIVER 0x8fu /* what a driver sets */

#define INT_QUEUE  1u
#define INT_CONFIG 2u

#define RECEIVE  0
#define TRANSMIT 1
#define QUEUES   2u

#define PIECE 256u /* bytes copied at once */
/* Bytes each way before the guest's next access has its turn: the other end of the line may take
 * them as fast as they come, and a chain be as long as the guest likes. */
#define TURN SERIAL_RING_BYTES

#define CHAIN_KNOWN BIT(16)

/* VIRTIO_CONSOLE_F_EMERG_WRITE; VIRTIO_F_VERSION_1. */
static const u32 offered[2] = { 0x4, 0x1 };

static void update(struct virtio_console *console)
{
	bool level = console->state->interrupts != 0;

	if (level == console->level || console->interrupt == UINT32_MAX)
		return;
	console->level = level;
	sys_virq_set(console->interrupt, level);
}

static void broken(struct virtio_console_state *s)
{
	s->status |= NEEDS_RESET;
	s->interrupts |= INT_CONFIG;
}

/* Copy what waits behind @skip bytes, and leave it there. */
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

/* As much as waits, up to @turn bytes. Return: how many. */
static u32 receive_chain(struct virtio_console *console, const struct chain *chain, u32 turn)
{
	struct virtio_console_state *s = console->state;
	struct virtqueue *queue = &s->queues[RECEIVE];
	u32 waiting = serial_waiting(console->serial), bytes = MIN(waiting, chain->bytes), done = 0;

	bytes = MIN(bytes, turn);
	for (u32 i = 0; i < chain->num && done < bytes; i++) {
		u32 n = MIN(bytes - done, chain->buffers[i].bytes);

		receive_into(console->serial, done, chain->buffers[i].at, n);
		done += n;
	}
	s->receive_chain = 0;
	keep_order();
	s->receive_upto = console->serial->taken + bytes;
	keep_order();
	s->receive_chain = (u16)(queue->next + 1) | CHAIN_KNOWN;
	keep_order();
	if (virtqueue_push(queue, chain, bytes))
		s->interrupts |= INT_QUEUE;
	serial_take(console->serial, bytes);
	return bytes;
}

/* What an earlier incarnation gave the guest, and did not take out of the line's ring any more. */
static void finish_receiving(struct virtio_console *console)
{
	const struct virtio_console_state *s = console->state;
	u32 left;

	if (console->serial == NULL || s->receive_chain != (s->queues[RECEIVE].next | CHAIN_KNOWN))
		return;
	left = s->receive_upto - console->serial->taken;
	if (left <= serial_waiting(console->serial))
		serial_take(console->serial, left);
}

/* The chain that is next to be sent has begun. */
static bool sending(const struct virtio_console_state *s)
{
	return s->send_chain == (s->queues[TRANSMIT].next | CHAIN_KNOWN);
}

/* Return: how many bytes of the next chain are sent. */
static u32 sent_already(struct virtio_console *console)
{
	struct virtio_console_state *s = console->state;

	if (!sending(s)) {
		s->send_from = console->serial->sent;
		keep_order();
		s->send_chain = s->queues[TRANSMIT].next | CHAIN_KNOWN;
		keep_order();
	}
	return console->serial->sent - s->send_from;
}

/* @turn is what is left of it. Return: all of the chain was sent. */
static bool send_chain(struct virtio_console *console, const struct chain *chain, u32 *turn)
{
	struct virtio_console_state *s = console->state;
	u32 skip = console->serial != NULL ? sent_already(console) : 0;

	for (u32 i = 0; i < chain->num && console->serial != NULL; i++) {
		u32 here = chain->buffers[i].bytes, n;

		if (skip >= here) {
			skip -= here;
			continue;
		}
		here -= skip;
		/* The guest may change them meanwhile: each byte is fetched once. */
		n = serial_send(console->serial, (u8 __force *)chain->buffers[i].at + skip,
				MIN(here, *turn));
		*turn -= n;
		if (n < here)
			return false;
		skip = 0;
	}
	if (virtqueue_push(&s->queues[TRANSMIT], chain, 0))
		s->interrupts |= INT_QUEUE;
	return true;
}

/* Up to *@left bytes; what is left of them is put there. Return: it stopped for its bound alone. */
static bool serve_queue(struct virtio_console *console, u32 number, u32 *left)
{
	struct virtio_console_state *s = console->state;
	struct virtqueue *queue = &s->queues[number];
	struct chain chain;

	if ((s->status & (DRIVER_OK | NEEDS_RESET)) != DRIVER_OK || queue->ready == 0)
		return false;
	for (u32 i = 0; i < queue->size && *left != 0; i++) {
		enum err err;

		if (number == RECEIVE &&
		    (console->serial == NULL || serial_waiting(console->serial) == 0))
			return false;
		err = virtqueue_peek(queue, console->info, number == RECEIVE, &chain);
		if (err == ERR_FORMAT)
			broken(s);
		if (err != OK)
			return false;
		if (number == RECEIVE)
			*left -= receive_chain(console, &chain, *left);
		else if (!send_chain(console, &chain, left))
			return *left == 0 && serial_room(console->serial) != 0;
	}
	return true;
}

/* An interrupt too many does no harm; one that is missing would. */
static void go_on(struct virtio_console *console)
{
	struct virtio_console_state *s = console->state;

	console->resumed = false;
	for (u32 i = 0; i < QUEUES; i++) {
		if (s->queues[i].ready == 0)
			continue;
		virtqueue_resume(&s->queues[i]);
		s->interrupts |= INT_QUEUE;
	}
	finish_receiving(console);
}

bool virtio_console_serve(struct virtio_console *console)
{
	u32 out = TURN, in = TURN;
	bool more;

	if (console->resumed)
		go_on(console);
	more = serve_queue(console, TRANSMIT, &out);
	more = serve_queue(console, RECEIVE, &in) || more;
	update(console);
	return more;
}

void virtio_console_reset(struct virtio_console *console)
{
	memset(console->state, 0, sizeof(*console->state));
	console->resumed = false;
	console->level = true;
	update(console);
}

void virtio_console_resume(struct virtio_console *console)
{
	struct virtio_console_state *s = console->state;

	s->interrupts &= INT_QUEUE | INT_CONFIG;
	for (u32 i = 0; i < QUEUES; i++) {
		if (s->queues[i].ready != 0 && !virtqueue_check(&s->queues[i], console->info)) {
			s->queues[i].ready = 0;
			broken(s);
		}
	}
	console->resumed = true;
	console->level = s->interrupts == 0;
	update(console);
}

static u64 *address_of(struct virtqueue *queue, u64 offset)
{
	switch (offset & ~UINT64_C(4)) {
	case QUEUE_DESC: return &queue->descriptors;
	case QUEUE_DRIVER: return &queue->driver;
	case QUEUE_DEVICE: return &queue->device;
	default: return NULL;
	}
}

static u32 read_queue(const struct virtio_console_state *s, u64 offset)
{
	if (s->selected >= QUEUES)
		return 0;
	return offset == QUEUE_MAX ? VIRTQUEUE_MAX : s->queues[s->selected].ready;
}

u64 virtio_console_read(struct virtio_console *console, u64 offset)
{
	const struct virtio_console_state *s = console->state;

	switch (offset) {
	case MAGIC: return 0x74726976;
	case VERSION: return 2;
	case DEVICE_ID: return 3;
	case VENDOR_ID: return 0x4e4c554d;
	case DEVICE_FEATURES: return s->device_page < 2 ? offered[s->device_page] : 0;
	case QUEUE_MAX:
	case QUEUE_READY: return read_queue(s, offset);
	case INTERRUPTS: return s->interrupts;
	case STATUS: return s->status;
	default: return offset >= SHM_LENGTH && offset < SHM_END ? UINT32_MAX : 0;
	}
}

static void set_status(struct virtio_console *console, u32 value)
{
	struct virtio_console_state *s = console->state;

	if (value == 0) {
		virtio_console_reset(console);
		return;
	}
	value &= STATUS_DRIVER;
	if ((s->features[0] & ~offered[0]) != 0 || s->features[1] != offered[1])
		value &= ~FEATURES_OK;
	if ((value & FEATURES_OK) == 0)
		value &= ~DRIVER_OK;
	s->status = (s->status & NEEDS_RESET) | value;
}

static void set_ready(struct virtio_console *console, struct virtqueue *queue, bool ready)
{
	if (!ready || queue->ready != 0) {
		queue->ready = ready;
		return;
	}
	queue->next = 0;
	queue->ready = virtqueue_check(queue, console->info);
}

static void write_queue(struct virtio_console *console, u64 offset, u32 value)
{
	struct virtio_console_state *s = console->state;
	struct virtqueue *queue = &s->queues[s->selected % QUEUES];
	u64 *address;

	if (s->selected >= QUEUES)
		return;
	if (offset == QUEUE_READY)
		set_ready(console, queue, (value & 1) != 0);
	else if (queue->ready != 0)
		return;
	if (offset == QUEUE_SIZE)
		queue->size = value;
	address = address_of(queue, offset);
	if (address != NULL && (offset & 4) == 0)
		*address = (*address & ~(u64)UINT32_MAX) | value;
	else if (address != NULL)
		*address = (*address & UINT32_MAX) | (u64)value << 32;
}

/* The byte may come between two of a chain's. */
static void send_emergency(struct virtio_console *console, u8 byte)
{
	struct virtio_console_state *s = console->state;

	if (console->serial != NULL && serial_put(console->serial, byte) && sending(s))
		s->send_from++;
}

bool virtio_console_write(struct virtio_console *console, u64 offset, u64 value)
{
	struct virtio_console_state *s = console->state;

	switch (offset) {
	case DEVICE_PAGE: s->device_page = (u32)value; break;
	case DRIVER_PAGE: s->driver_page = (u32)value; break;
	case DRIVER_FEATURES:
		if (s->driver_page < 2 && (s->status & FEATURES_OK) == 0)
			s->features[s->driver_page] = (u32)value;
		break;
	case QUEUE_SELECT: s->selected = (u32)value; break;
	case QUEUE_NOTIFY: break;
	case INTERRUPT_ACK: s->interrupts &= ~(u32)value; break;
	case STATUS: set_status(console, (u32)value); break;
	case EMERGENCY: send_emergency(console, (u8)value); break;
	default: write_queue(console, offset, (u32)value); break;
	}
	update(console);
	return offset == STATUS || offset == QUEUE_READY || offset == QUEUE_NOTIFY;
}
