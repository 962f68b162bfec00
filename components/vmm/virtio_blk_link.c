/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio disk whose contents are at the other end of a link (components/lib/disk.h). Requests are
 * served side by side, and end in any order. A request longer than a slot is served in pieces, one
 * behind the other.
 *
 * A slot's note is all that the vmm knows of a request: the chain's head, and the bytes that are
 * done. The queue's next chain lies behind those that were given back and those that are held.
 */
#include "components/vmm/virtio_blk.h"

#include "components/lib/disk.h"

#define TURN KIB(64) /* bytes to copy before the guest's next access is served */

/* The first word of a note: the head of the chain, or this: it was of a queue before a reset. */
#define ABANDONED BIT(63)

/* The second word: bytes that are done. Or the chain is being given back as used chain number
 * GIVEN_INDEX, with GIVEN_BYTES written. */
#define GIVING                BIT(63)
#define GIVEN_INDEX(progress) ((u16)FIELD(progress, 15, 0))
#define GIVEN_BYTES(progress) ((u32)FIELD(progress, 47, 16))

static const struct virtio_type link_type = { 2, 1, (u32)F_ALWAYS },
				link_read_only_type = { 2, 1, (u32)(F_ALWAYS | F_READ_ONLY) };

static struct virtqueue *queue_of(struct device *device)
{
	return &((struct virtio_state *)device->state)->mmio.queues[0];
}

static bool is_running(const struct device *device)
{
	return virtio_mmio_is_ready(&((struct virtio_state *)device->state)->mmio, 0);
}

static bool is_disk_read_only(const struct device *device)
{
	return (link_published(&device->link, DISK_FLAGS) & DISK_READ_ONLY) != 0;
}

static void choose_type(struct device *device)
{
	device->virtio = is_disk_read_only(device) ? &link_read_only_type : &link_type;
}

bool blk_link_attach(struct device *device, const struct grant_info *region)
{
	const struct grant_info *channel = device_find_channel(device->info, region->name);

	if (channel == NULL)
		channel = grant_find(device->info, GRANT_CHANNEL, region->name);
	if (channel == NULL)
		return false;
	if (!link_attach_requester(&device->link, device->info, channel, 0, 1, DISK_SLOTS)) {
		log_line("%s: channel '%s' has %llu bytes; a disk needs more", region->name,
			 channel->name, (unsigned long long)channel->size);
		return false;
	}
	device->bits |= device->link.bit;
	device->abandoned = 0;
	for (u32 slot = 0; slot < device->link.num; slot++)
		if ((device->link.held & BIT(slot)) != 0 &&
		    (link_note(&device->link, slot).token & ABANDONED) != 0)
			device->abandoned |= BIT(slot);
	choose_type(device);
	return true;
}

/* --- Pieces -----------------------------------------------------------------------------------
 */

/* Give the chain back, and release the slot. The note says in which step that is. */
static void give_back(struct device *device, u32 slot, const struct chain *chain,
		      enum status status)
{
	u32 written = blk_set_status(chain, status);

	link_progress(&device->link, slot,
		      GIVING | (u64)written << 16 | (u16)queue_of(device)->next);
	virtio_give(device, 0, chain, written);
	link_release(&device->link, slot);
}

/* Returns whether the piece behind @done bytes can be asked. */
static bool is_piece(const struct device *device, const struct header *header, u32 total, u64 done)
{
	bool out = header->type == TYPE_OUT;

	if (header->type == TYPE_FLUSH)
		return done == 0;
	return (out || header->type == TYPE_IN) && done <= total && done % SECTOR == 0 &&
	       (done != total || out || total == 0) && !(out && is_disk_read_only(device)) &&
	       disk_has(link_published(&device->link, DISK_CAPACITY), header->sector, total);
}

/* Request the piece behind the bytes that are done. Behind the last one of a write, that is a
 * flush, for a driver that knows no flushes. */
static void ask_piece(struct device *device, u32 slot, const struct chain *chain,
		      const struct header *header, u64 done)
{
	u32 total = blk_data_bytes(chain, header);
	struct link_request request = { .kind = DISK_FLUSH };

	if (!is_piece(device, header, total, done)) {
		link_asking(&device->link, slot);
		give_back(device, slot, chain, STATUS_ERROR);
		return;
	}
	link_asking(&device->link, slot);
	link_progress(&device->link, slot, done);
	if (header->type != TYPE_FLUSH && done < total) {
		request.kind = header->type == TYPE_OUT ? DISK_WRITE : DISK_READ;
		request.bytes = MIN(total - (u32)done, device->link.slot_bytes);
		request.where = header->sector + done / SECTOR;
	}
	if (request.kind == DISK_WRITE)
		(void)chain_get(chain, (u32)(sizeof(*header) + done),
				link_data(&device->link, slot), request.bytes);
	link_ask(&device->link, slot, &request);
}

/* Read the chain of a slot again. Returns false if the device is broken. */
static bool read_again(struct device *device, u32 slot, struct chain *chain, struct header *header)
{
	u64 head = link_note(&device->link, slot).token;

	if (!is_running(device))
		return false;
	if (head > UINT16_MAX ||
	    virtqueue_read(queue_of(device), device->info, (u16)head, chain) != OK) {
		virtio_break(device);
		return false;
	}
	return blk_header(device, chain, header);
}

/* The answer of a piece has come. */
static void end_piece(struct device *device, u32 slot, const struct link_answer *answer)
{
	u64 done = link_note(&device->link, slot).progress;
	struct header header;
	struct chain chain;
	u32 total, n;

	if (!read_again(device, slot, &chain, &header))
		return;
	if (answer->status == LINK_ERROR)
		link_complain(&device->link, slot, "the disk reports an error; the guest gets it");
	total = blk_data_bytes(&chain, &header);
	n = (u32)MIN(total - MIN(done, total), device->link.slot_bytes);
	if (answer->status != LINK_OK || !is_piece(device, &header, total, done) ||
	    (header.type == TYPE_IN && answer->bytes != n)) {
		give_back(device, slot, &chain, STATUS_ERROR);
		return;
	}
	if (header.type == TYPE_IN)
		(void)chain_put(&chain, (u32)done, link_data(&device->link, slot), n);
	if (header.type != TYPE_FLUSH && done < total &&
	    (done + n < total || (header.type == TYPE_OUT && !blk_accepted(device, F_FLUSH))))
		ask_piece(device, slot, &chain, &header, done + n);
	else
		give_back(device, slot, &chain, STATUS_OK);
}

/* --- Chains -----------------------------------------------------------------------------------
 */

/* Returns the bytes that were copied. */
static u32 begin_chain(struct device *device, u32 slot, const struct chain *chain)
{
	struct link_note note = { .token = chain->head };
	struct header header;

	if (!blk_header(device, chain, &header))
		return 0;
	switch (header.type) {
	case TYPE_IN:
	case TYPE_OUT:
	case TYPE_FLUSH:
		link_hold(&device->link, slot, &note);
		ask_piece(device, slot, chain, &header, 0);
		return header.type == TYPE_OUT ? chain->read_bytes : 0;
	case TYPE_ID: blk_finish(device, chain, blk_identify(device, chain)); return 0;
	default: blk_finish(device, chain, STATUS_UNSUPPORTED); return 0;
	}
}

static void abandon(struct device *device, u32 slot)
{
	device->abandoned |= BIT(slot);
	link_retoken(&device->link, slot, ABANDONED);
}

static bool end_pieces(struct device *device, u32 *left)
{
	struct link_answer answer;

	while (*left != 0) {
		u32 slot = link_take_answer(&device->link, &answer);

		if (slot == LINK_NONE)
			return true;
		if ((device->abandoned & BIT(slot)) != 0) {
			device->abandoned &= ~BIT(slot);
			link_release(&device->link, slot);
			continue;
		}
		*left -= MIN(*left, answer.bytes);
		end_piece(device, slot, &answer);
	}
	return false;
}

/* The server's words may have changed. */
static void check_published(struct device *device)
{
	struct virtio_state *s = device->state;
	u64 capacity = link_published(&device->link, DISK_CAPACITY);

	if (capacity == device->capacity)
		return;
	device->capacity = capacity;
	choose_type(device);
	if ((s->mmio.status & VIRTIO_DRIVER_OK) != 0)
		s->mmio.interrupts |= VIRTIO_INT_CONFIG;
}

bool blk_link_serve(struct device *device)
{
	struct link *link = &device->link;
	struct chain chain;
	u32 left = TURN, slot;
	bool more = !end_pieces(device, &left);

	check_published(device);
	/* The requests before a reset end before the first one behind it. */
	while (device->abandoned == 0 && left != 0 && (slot = link_reserve(link)) != LINK_NONE) {
		if (virtio_next_ahead(device, 0, link_num_held(link), &chain) != OK)
			break;
		left -= MIN(left, begin_chain(device, slot, &chain));
	}
	link_kick(link);
	return more || left == 0;
}

/* A slot was being given back by the incarnation before. Returns true if so. */
static bool end_giving(struct device *device, u32 slot)
{
	struct link_note note = link_note(&device->link, slot);
	struct chain chain = { .head = (u16)note.token };

	if ((note.progress & GIVING) == 0)
		return false;
	if (GIVEN_INDEX(note.progress) == (u16)queue_of(device)->next)
		virtio_give(device, 0, &chain, GIVEN_BYTES(note.progress));
	link_release(&device->link, slot);
	return true;
}

void blk_link_resumed(struct device *device)
{
	struct link *link = &device->link;
	u64 unasked = link_unasked(link);

	for (u32 slot = 0; slot < link->num && is_running(device); slot++) {
		struct header header;
		struct chain chain;

		if ((link->held & ~device->abandoned & BIT(slot)) == 0 || end_giving(device, slot))
			continue;
		if ((unasked & BIT(slot)) != 0 && read_again(device, slot, &chain, &header))
			ask_piece(device, slot, &chain, &header, link_note(link, slot).progress);
	}
}

void blk_link_reset(struct device *device)
{
	struct link *link = &device->link;
	u64 unasked = link_unasked(link);

	for (u32 slot = 0; slot < link->num; slot++) {
		if ((link->held & BIT(slot)) == 0)
			continue;
		if ((unasked & BIT(slot)) != 0)
			link_release(link, slot);
		else
			abandon(device, slot);
	}
	device->abandoned &= link->held;
}
