/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/net/service.c: hostile vmms, which write any bytes to the memory of their ports, also
 * between two restarts. The switch touches no other memory. A vmm finds records in each slot that
 * the switch has filled, and none begins or ends outside of it.
 *
 * Input: steps of 4 bytes: kind and port, place (two bytes), value. Some are followed by bytes of a
 * frame.
 */
#include "components/lib/host.h"
#include "components/lib/link.h"
#include "components/net/service.h"
#include "tests/fuzz/fuzz.h"

#include <abi/network.h>
#include <string.h>

#define PORTS 3u
#define TAG   4u  /* of a VLAN */
#define FRAME 32u /* bytes of the input, at most */

static u8 memory[PORTS][NETWORK_BYTES] __aligned(4096);
static struct link send[PORTS], room[PORTS];
static struct component_info info;
static u32 longest; /* request so far */

static void attach(void)
{
	for (u32 i = 0; i < PORTS; i++) {
		CHECK(link_attach_requester(&send[i], &info, &info.grants[i], NETWORK_SEND,
					    NETWORK_PARTS, NETWORK_SLOTS));
		CHECK(link_attach_requester(&room[i], &info, &info.grants[i], NETWORK_TAKE,
					    NETWORK_PARTS, NETWORK_SLOTS));
	}
}

static void describe(u8 flags)
{
	info = (struct component_info){ .magic = COMPONENT_INFO_MAGIC, .num_grants = PORTS };
	for (u32 i = 0; i < PORTS; i++) {
		struct grant_info *g = &info.grants[i];
		bool trunk = (flags >> i & 8) != 0;

		g->kind = GRANT_CHANNEL;
		g->bit = (u16)i;
		g->address = (uintptr_t)memory[i];
		g->size = NETWORK_BYTES;
		g->mac[0] = 2;
		g->mac[5] = (u8)i;
		g->flags = GRANT_NETWORK;
		if ((flags >> i & 1) != 0)
			g->flags |= GRANT_FREE;
		if (trunk)
			g->flags |= GRANT_TRUNK;
		g->vlan = trunk ? 0 : flags >> 7;
	}
}

/* Returns a slot with a request of @bytes, or LINK_NONE. */
static u32 hold(struct link *link)
{
	struct link_note note = { 0 };
	u32 slot = link_reserve(link);

	if (slot != LINK_NONE)
		link_hold(link, slot, &note);
	return slot;
}

/* Several frames of any length, whose first bytes are of the input. */
static void send_frames(u32 port, u32 bytes, u32 count, const u8 *frame, size_t size)
{
	struct link *link = &send[port];
	u32 slot = hold(link), at = sizeof(struct network_batch);
	struct link_request request = { 0 };
	struct network_record record = { .bytes = bytes + (bytes & 7) * 2000 };

	if (slot == LINK_NONE)
		return;
	while (at + sizeof(record) + size <= link->slot_bytes) {
		memcpy(link_data(link, slot) + at, &record, sizeof(record));
		memcpy(link_data(link, slot) + at + sizeof(record), frame, size);
		at = network_next(at, record.bytes);
	}
	request.bytes = MIN(link->slot_bytes, count * 512u);
	longest = MAX(longest, request.bytes);
	link_ask(link, slot, &request);
}

static void give_room(u32 port)
{
	struct link_request request = { 0 };
	u32 slot = hold(&room[port]);

	if (slot != LINK_NONE)
		link_ask(&room[port], slot, &request);
}

static void check_records(const u8 *data, u32 bytes, u32 slot_bytes)
{
	u32 at = sizeof(struct network_batch);
	struct network_record record;

	CHECK(bytes <= slot_bytes);
	while (at < bytes) {
		CHECK(bytes - at >= sizeof(record));
		memcpy(&record, data + at, sizeof(record));
		CHECK(record.bytes <= bytes - at - sizeof(record));
		CHECK(record.bytes <=
		      longest - sizeof(record) - sizeof(struct network_batch) + TAG);
		at = network_next(at, record.bytes);
	}
	CHECK(at == bytes || bytes == 0);
}

static void take(u32 port, bool poked)
{
	struct link_answer answer;
	u32 slot = link_take_answer(&send[port], &answer);

	if (slot != LINK_NONE)
		link_release(&send[port], slot);
	slot = link_take_answer(&room[port], &answer);
	if (slot == LINK_NONE)
		return;
	CHECK(poked || answer.status == LINK_OK);
	if (!poked)
		check_records(link_data(&room[port], slot), answer.bytes, room[port].slot_bytes);
	link_release(&room[port], slot);
}

static void run(u64 bits)
{
	struct component_exit exit = { 0 };

	host_core.log[0] = '\0';
	host_core.now = NS(host_core.now.v + 1000000);
	(void)runtime_serve(&net_program, bits, &exit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool poked = false;

	longest = 0;
	if (size == 0)
		return 0;
	memset(memory, 0, sizeof(memory));
	host_core_reset();
	describe(data[0]);
	attach();
	runtime_start(&net_program, &info);
	for (data++, size--; size >= 4; data += 4, size -= 4) {
		u32 port = (data[0] >> 4) % PORTS, place = (u32)(data[1] | data[2] << 8);
		size_t n = MIN(size - 4, FRAME);

		switch (data[0] & 7) {
		case 0:
		case 1:
			send_frames(port, place, data[3], data + 4, n);
			data += n;
			size -= n;
			break;
		case 2: give_room(port); break;
		case 3: take(port, poked); break;
		case 4: run(BIT(port)); break;
		case 5: run(NOTIFY_TIMER); break;
		case 6:
			memory[port][place * 8u] = data[3];
			poked = true;
			break;
		default: runtime_start(&net_program, &info); break;
		}
	}
	return 0;
}
