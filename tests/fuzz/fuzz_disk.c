/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/blk and components/virtio_blk: hostile requesters, a hostile device, and a hostile
 * program at the other end of each link. The driver gives the device no addresses but those of its
 * own memory and of its link. While only requesters are hostile, no request reaches sectors of
 * another.
 *
 * Input: a byte of flags, then steps of 4 bytes: kind, place (two bytes), value.
 */
#include "components/blk/blk.h"
#include "components/lib/host.h"
#include "components/lib/virtio_mmio.h"
#include "components/lib/virtqueue_ring.h"
#include "components/virtio_blk/driver.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define SECTORS     64u
#define REQUESTERS  3u
#define WINDOW      0x2000u
#define DEVICE_LINK (PAGE_SIZE + DISK_SLOTS * KIB(16))
#define LINK_BYTES  (PAGE_SIZE + DISK_SLOTS * 2 * DISK_SECTOR)
#define REGISTERS   0x100000000u

/* Addresses of the driver's memory, as the device sees it. */
#define WINDOW_AT 0x10000u
#define LINK_AT   0x20000u

#define ALL_HOSTILE BIT(0)
#define READ_ONLY   BIT(1)

enum { G_REGISTERS, G_INTERRUPT, G_WINDOW, G_LINK };

/* Parts of the disk: the third is behind a partition table. */
static const struct {
	const char *name;
	u32 first, sectors;
} parts[] = { { "a", 0, 32 }, { "b", 32, 20 } };

static struct component_info service_info, driver_info;
static struct link requesters[REQUESTERS];
static u8 device_link[DEVICE_LINK] __aligned(4096); /* large: not allocated for each input */
static u8 *window, *links[REQUESTERS];
static u32 status, features, queue_at;
static u8 flags;

/* --- The device -------------------------------------------------------------------------------
 */

static u32 read_register(u64 address)
{
	switch (address - REGISTERS) {
	case VIRTIO_MMIO_MAGIC: return VIRTIO_MAGIC_VALUE;
	case VIRTIO_MMIO_VERSION: return 2;
	case VIRTIO_MMIO_DEVICE_ID: return 2;
	case VIRTIO_MMIO_DEVICE_FEATURES: return features;
	case VIRTIO_MMIO_QUEUE_MAX: return VIRTQUEUE_MAX;
	case VIRTIO_MMIO_STATUS: return status;
	case 0x100: return SECTORS;
	default: return 0;
	}
}

static void write_register(u64 address, u32 value)
{
	u64 offset = address - REGISTERS;

	if (offset == VIRTIO_MMIO_STATUS)
		status = value;
	if (offset == VIRTIO_MMIO_DEVICE_PAGE)
		features = value == 0 ? (flags & READ_ONLY ? 0x220u : 0x200u) : VIRTIO_VERSION_1;
	if (offset == VIRTIO_MMIO_QUEUE_DESC)
		queue_at = value;
}

static bool lies_in(const struct ring_desc *d, u64 at, u64 bytes)
{
	return d->address >= at && d->address - at <= bytes &&
	       d->bytes <= bytes - (d->address - at);
}

/* The device itself changes no descriptor here. */
static void check_descriptors(void)
{
	const u8 *table = window + (queue_at - WINDOW_AT);
	struct ring_desc d;

	if (queue_at == 0)
		return;
	for (u32 i = 0; i < 128; i++) {
		memcpy(&d, table + i * sizeof(d), sizeof(d));
		if (d.bytes == 0)
			continue;
		CHECK(d.next < 128 && (d.flags & DESC_INDIRECT) == 0);
		CHECK(lies_in(&d, WINDOW_AT, queue_at - WINDOW_AT) ||
		      lies_in(&d, LINK_AT + LINK_DATA, DEVICE_LINK - LINK_DATA));
	}
}

/* --- The programs -----------------------------------------------------------------------------
 */

static struct grant_info *grant(struct component_info *info, u32 index, enum grant_kind kind,
				const char *name, void *at, u64 size)
{
	struct grant_info *g = &info->grants[index];

	info->num_grants = index + 1;
	*g = (struct grant_info){
		.kind = kind, .bit = (u16)index, .address = (uintptr_t)at, .size = size
	};
	strcpy(g->name, name);
	return g;
}

static void describe(void)
{
	struct grant_info *g;

	service_info = (struct component_info){ .magic = COMPONENT_INFO_MAGIC, .name = "blk" };
	driver_info = (struct component_info){ .magic = COMPONENT_INFO_MAGIC, .name = "disk" };
	strcpy(service_info.arguments, "a=0+32 b=32+20,ro,weight=9 c=root,ro");
	(void)grant(&service_info, 0, GRANT_CHANNEL, "device", device_link, DEVICE_LINK);
	for (u32 i = 0; i < REQUESTERS; i++) {
		g = grant(&service_info, 1 + i, GRANT_CHANNEL, i < 2 ? parts[i].name : "c",
			  links[i], LINK_BYTES);
		CHECK(link_attach_requester(&requesters[i], &service_info, g, 0, 1, DISK_SLOTS));
	}
	g = grant(&driver_info, G_REGISTERS, GRANT_DEVICE, "registers", NULL, 0x200);
	g->address = REGISTERS;
	(void)grant(&driver_info, G_INTERRUPT, GRANT_INTERRUPT, "registers", NULL, 0);
	g = grant(&driver_info, G_WINDOW, GRANT_MEMORY, "queue", window, WINDOW);
	g->flags = GRANT_KEPT;
	g->device_address = WINDOW_AT;
	g = grant(&driver_info, G_LINK, GRANT_CHANNEL, "device", device_link, DEVICE_LINK);
	g->device_address = LINK_AT;
}

static void run(const struct program *program, u64 bits)
{
	struct component_exit exit = { 0 };

	host_core.log[0] = '\0';
	(void)runtime_serve(program, bits, &exit);
}

/* All that the service passes on lies in the part of one requester, or is of the table. */
static void check_requests(void)
{
	const struct link_memory *memory = (const struct link_memory *)(void *)device_link;
	u64 waiting = atomic_load(&memory->words.asked) ^ atomic_load(&memory->words.answered);

	for (u32 i = 0; i < DISK_SLOTS; i++) {
		const struct link_request *r = &memory->slots[i].request;
		u64 end = r->where + r->bytes / DISK_SECTOR;

		if ((waiting & BIT(i)) == 0 || r->kind == DISK_FLUSH)
			continue;
		CHECK(r->kind == DISK_READ || (r->kind == DISK_WRITE && end <= 32));
		CHECK(end <= SECTORS && (r->where < 32) <= (end <= 32 || r->bytes == KIB(16)));
	}
}

static void run_service(void)
{
	run(&blk_program, BIT(0));
	if ((flags & ALL_HOSTILE) == 0)
		check_requests();
}

static void run_driver(u8 value)
{
	if ((value & 4) != 0)
		host_core.now = NS(host_core.now.v + UINT64_C(6000000000));
	run(&virtio_blk_program,
	    (value & 4) != 0 ? NOTIFY_TIMER : BIT(value & 1 ? G_INTERRUPT : G_LINK));
	check_descriptors();
}

/* --- The others -------------------------------------------------------------------------------
 */

static void ask(u32 place, u8 value)
{
	struct link *link = &requesters[value % REQUESTERS];
	struct link_request request = { .kind = value >> 6,
					.where = place & 0xff,
					.bytes = (place >> 8) * DISK_SECTOR / 2 };
	struct link_note note = { 0 };
	u32 slot = link_reserve(link);

	if (slot == LINK_NONE)
		return;
	link_hold(link, slot, &note);
	link_ask(link, slot, &request);
}

static void take(u32 which)
{
	struct link_answer answer;
	u32 slot = link_take_answer(&requesters[which], &answer);

	if (slot == LINK_NONE)
		return;
	CHECK(slot < DISK_SLOTS && answer.bytes <= requesters[which].slot_bytes);
	link_release(&requesters[which], slot);
}

/* The device gives a chain back, or writes anything to the used ring and to statuses. */
static void poke_device(u32 place, u8 value)
{
	u32 used = (u32)ALIGN_UP(128 * sizeof(struct ring_desc) + ring_avail_bytes(128) + 2, 4);
	u8 *ring = window + (queue_at - WINDOW_AT) + used;
	u16 index;

	if (queue_at == 0)
		return;
	if ((place & 0x8000) != 0) {
		window[DISK_SLOTS * 16 + value % DISK_SLOTS] = (u8)(place & 3);
		memcpy(&index, ring + RING_INDEX, sizeof(index));
		memcpy(ring + RING_ENTRIES + 8 * (index % 128), &(u32[2]){ value, place & 0x7fff },
		       8);
		index++;
		memcpy(ring + RING_INDEX, &index, sizeof(index));
	} else {
		ring[place % (u32)ring_used_bytes(128)] = value;
	}
}

static void poke_link(u32 place, u8 value)
{
	if ((place & 0x8000) == 0)
		links[place >> 13][place % PAGE_SIZE] = value;
	else if ((flags & ALL_HOSTILE) != 0)
		device_link[place % (2 * PAGE_SIZE)] = value;
}

static void step(const u8 *data)
{
	u32 place = (u32)(data[1] | data[2] << 8);

	switch (data[0] & 7) {
	case 0: ask(place, data[3]); break;
	case 1: run_service(); break;
	case 2: run_driver(data[3]); break;
	case 3: poke_device(place, data[3]); break;
	case 4: poke_link(place % 0x6000 | (place & 0x8000), data[3]); break;
	case 5: take(data[3] % REQUESTERS); break;
	case 6: status = (flags & ALL_HOSTILE) != 0 ? data[3] : status; break;
	default:
		runtime_start(data[3] & 1 ? &blk_program : &virtio_blk_program,
			      data[3] & 1 ? &service_info : &driver_info);
		break;
	}
}

static u8 *memory_of(size_t bytes)
{
	u8 *at = aligned_alloc(PAGE_SIZE, bytes);

	CHECK(at != NULL);
	memset(at, 0, bytes);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	flags = data[0];
	status = features = queue_at = 0;
	window = memory_of(WINDOW);
	memset(device_link, 0, sizeof(device_link));
	for (u32 i = 0; i < REQUESTERS; i++)
		links[i] = memory_of(LINK_BYTES);
	host_core_reset();
	host_core.mmio_read = read_register;
	host_core.mmio_write = write_register;
	describe();
	runtime_start(&virtio_blk_program, &driver_info);
	runtime_start(&blk_program, &service_info);
	for (data++, size--; size >= 4; data += 4, size -= 4)
		step(data);
	for (u32 i = 0; i < REQUESTERS; i++)
		free(links[i]);
	free(window);
	return 0;
}
