/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk (virtio 1.2 §5.2) at the other end of a link, or in memory of the vmm. That memory is the
 * region of its own address space that has the device's name. A file of the bundle is a read-only
 * disk, kept memory a writable one.
 *
 * A request to memory is served in turns, so that no length keeps the guest from its next access.
 * It stays in the queue until all of it is done. A vmm that ends meanwhile serves it again after
 * its restart, which changes nothing: all that a request does can be done twice.
 */
#include "components/vmm/virtio_blk.h"

#include "components/lib/disk.h"
#include <mullion/string.h>

#define TURN KIB(64) /* bytes before the guest's next access is served */

#define ID_BYTES 20u /* of the serial number, which ends at a NUL or there */

#define ZEROES_MAY_UNMAP 1u

/* Of a discard or of zeroes. */
struct range {
	u64 sector;
	u32 sectors, flags;
};

/* The configuration space, up to the last offered field. */
struct config {
	u64 capacity; /* sectors */
	u32 size_max, seg_max;
	u16 cylinders;
	u8 heads, sectors;
	u32 blk_size;
	u8 physical_exponent, alignment;
	u16 min_io_blocks;
	u32 opt_io_blocks;
	u8 writeback, unused;
	u16 num_queues;
	u32 max_discard_sectors, max_discard_ranges, discard_alignment;
	u32 max_zeroes_sectors, max_zeroes_ranges;
	u8 zeroes_may_unmap, unused_too[3];
};

_Static_assert(sizeof(struct config) <= VIRTIO_CONFIG_BYTES, "virtio.h");
_Static_assert(offsetof(struct config, blk_size) == 20 &&
		       offsetof(struct config, writeback) == 32 &&
		       offsetof(struct config, zeroes_may_unmap) == 56,
	       "virtio 1.2 §5.2.4");

#define CHAIN_KNOWN BIT(16)

struct virtio_blk {
	struct virtio_state virtio;
	u32 chain; /* of which bytes have been done: queue.next, with CHAIN_KNOWN */
	u32 done;
};

_Static_assert(sizeof(struct virtio_blk) <= DEVICE_STATE, "device.h");

static const struct virtio_type read_only_type = { 2, 1, (u32)(F_ALWAYS | F_READ_ONLY) };

static bool is_read_only(const struct device *device)
{
	return device->disk == NULL || device->disk->kind != GRANT_MEMORY;
}

static u64 capacity(const struct device *device)
{
	if (blk_has_link(device))
		return link_published(&device->link, DISK_CAPACITY);
	return device->disk != NULL ? device->disk->size / SECTOR : 0;
}

static u8 *bytes_at(const struct device *device, u64 sector)
{
	return (u8 *)(uintptr_t)(device->disk->address + sector * SECTOR);
}

static bool has_sectors(const struct device *device, u64 sector, u64 sectors)
{
	return sector <= capacity(device) && sectors <= capacity(device) - sector;
}

/* The next part of @total bytes of which *@done are done, at most *@left; both are moved on. */
static u32 next_part(u64 total, u32 *done, u32 *left)
{
	u32 n = (u32)MIN(total - MIN(*done, total), *left);

	*done += n;
	*left -= n;
	return n;
}

u32 blk_data_bytes(const struct chain *chain, const struct header *header)
{
	return header->type == TYPE_OUT ? chain->read_bytes - (u32)sizeof(*header)
					: chain->bytes - chain->read_bytes - 1;
}

static enum status transfer(const struct device *device, const struct chain *chain,
			    const struct header *header, u32 *done, u32 *left)
{
	bool out = header->type == TYPE_OUT;
	u32 total = blk_data_bytes(chain, header);
	u32 from = MIN(*done, total), n;
	u8 *at;

	if (total % SECTOR != 0 || !has_sectors(device, header->sector, total / SECTOR) ||
	    (out && is_read_only(device)))
		return STATUS_ERROR;
	if (total == 0)
		return STATUS_OK;
	at = bytes_at(device, header->sector) + from;
	n = next_part(total, done, left);
	if (out)
		(void)chain_get(chain, (u32)sizeof(*header) + from, at, n);
	else
		(void)chain_put(chain, from, at, n);
	return *done < total ? MORE : STATUS_OK;
}

/* A discarded sector reads as zeroes, too. The configuration space allows one range. No read-only
 * disk offers this. */
static enum status clear(const struct device *device, const struct chain *chain,
			 const struct header *header, u32 *done, u32 *left)
{
	u32 known = header->type == TYPE_DISCARD ? 0 : ZEROES_MAY_UNMAP;
	struct range range;
	u64 total;
	u32 from;

	if (chain->read_bytes != sizeof(*header) + sizeof(range))
		return STATUS_ERROR;
	(void)chain_get(chain, sizeof(*header), &range, sizeof(range));
	if ((range.flags & ~known) != 0)
		return STATUS_UNSUPPORTED;
	if (range.sectors > UINT32_MAX / SECTOR ||
	    !has_sectors(device, range.sector, range.sectors))
		return STATUS_ERROR;
	total = (u64)range.sectors * SECTOR;
	from = (u32)MIN(*done, total);
	memset(bytes_at(device, range.sector) + from, 0, next_part(total, done, left));
	return *done < total ? MORE : STATUS_OK;
}

enum status blk_identify(const struct device *device, const struct chain *chain)
{
	char id[ID_BYTES] = "";

	if (device->disk == NULL && !blk_has_link(device))
		return STATUS_ERROR;
	for (u32 i = 0; i < ID_BYTES && device->name[i] != '\0'; i++)
		id[i] = device->name[i];
	(void)chain_put(chain, 0, id, MIN(ID_BYTES, chain->bytes - chain->read_bytes - 1));
	return STATUS_OK;
}

bool blk_accepted(const struct device *device, u64 feature)
{
	const struct virtio_state *s = device->state;

	return (s->mmio.features[0] & device->virtio->features & feature) != 0;
}

static enum status serve_request(const struct device *device, const struct chain *chain,
				 const struct header *header, u32 *done, u32 *left)
{
	switch (header->type) {
	case TYPE_IN:
	case TYPE_OUT: return transfer(device, chain, header, done, left);
	case TYPE_FLUSH: return STATUS_OK; /* memory alone: there is no cache before it */
	case TYPE_ID: return blk_identify(device, chain);
	case TYPE_DISCARD:
		return blk_accepted(device, F_DISCARD) ? clear(device, chain, header, done, left)
						       : STATUS_UNSUPPORTED;
	case TYPE_ZEROES:
		return blk_accepted(device, F_WRITE_ZEROES)
			       ? clear(device, chain, header, done, left)
			       : STATUS_UNSUPPORTED;
	default: return STATUS_UNSUPPORTED;
	}
}

/* Where the work on the next chain continues: behind the first bytes if they are done. */
static void continue_chain(struct virtio_blk *s)
{
	u32 chain = (u16)s->virtio.mmio.queues[0].next | (u32)CHAIN_KNOWN;

	if (s->chain == chain)
		return;
	s->done = 0;
	keep_order();
	s->chain = chain;
}

/* The last byte that the device writes is the status. */
u32 blk_set_status(const struct chain *chain, enum status status)
{
	u32 room = chain->bytes - chain->read_bytes - 1;
	u8 byte = (u8)status;

	(void)chain_put(chain, room, &byte, 1);
	return room + 1;
}

void blk_finish(struct device *device, const struct chain *chain, enum status status)
{
	virtio_give(device, 0, chain, blk_set_status(chain, status));
}

bool blk_header(struct device *device, const struct chain *chain, struct header *header)
{
	if (chain->read_bytes < sizeof(*header) || chain->bytes == chain->read_bytes) {
		virtio_break(device);
		return false;
	}
	(void)chain_get(chain, 0, header, sizeof(*header));
	return true;
}

static bool blk_serve(struct device *device)
{
	struct virtio_blk *s = device->state;
	u32 left = TURN;
	struct header header;
	struct chain chain;

	if (blk_has_link(device))
		return blk_link_serve(device);
	for (u32 i = 0; i < VIRTQUEUE_MAX && left != 0; i++) {
		enum status status;
		u32 done;

		if (virtio_next(device, 0, &chain) != OK)
			return false;
		if (!blk_header(device, &chain, &header))
			return false;
		continue_chain(s);
		done = s->done;
		status = serve_request(device, &chain, &header, &done, &left);
		keep_order();
		s->done = done;
		if (status != MORE)
			blk_finish(device, &chain, status);
	}
	return true;
}

static void blk_config(const struct device *device, u8 bytes[VIRTIO_CONFIG_BYTES])
{
	struct config config = {
		.capacity = capacity(device),
		.seg_max = CHAIN_MAX - 2, /* beside header and status */
		.blk_size = SECTOR,
		.physical_exponent = 3,
		.min_io_blocks = 8,
		.num_queues = 1,
	};

	if (!is_read_only(device) && !blk_has_link(device)) {
		config.max_discard_sectors = UINT32_MAX / SECTOR;
		config.max_discard_ranges = 1;
		config.discard_alignment = 1;
		config.max_zeroes_sectors = UINT32_MAX / SECTOR;
		config.max_zeroes_ranges = 1;
	}
	memcpy(bytes, &config, sizeof(config));
}

static void blk_init(struct device *device, const struct grant_info *region)
{
	if (blk_link_attach(device, region))
		return;
	device->disk = grant_find(device->info, GRANT_MEMORY, region->name);
	if (device->disk == NULL)
		device->disk = grant_find(device->info, GRANT_FILE, region->name);
	if (device->disk == NULL)
		log_line("%s: the vmm has no region or channel of this name: the disk is empty",
			 region->name);
	if (is_read_only(device))
		device->virtio = &read_only_type;
}

static void blk_resumed(struct device *device)
{
	if (blk_has_link(device))
		blk_link_resumed(device);
}

static void blk_reset(struct device *device)
{
	if (blk_has_link(device))
		blk_link_reset(device);
}

const struct virtio_model virtio_blk_model = {
	.model = VIRTIO_MODEL("virtio-blk", struct virtio_blk),
	.type = { .id = 2, .queues = 1, .features = (u32)(F_ALWAYS | F_DISCARD | F_WRITE_ZEROES) },
	.init = blk_init,
	.serve = blk_serve,
	.reset = blk_reset,
	.resumed = blk_resumed,
	.config = blk_config,
};
