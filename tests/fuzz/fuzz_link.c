/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/lib/link.c: a hostile other end, of a requester and of a server at once. Neither
 * touches anything but its link, and each call returns values within its bounds.
 *
 * Input: steps of 4 bytes: kind, place (two bytes), value.
 */
#include "components/lib/host.h"
#include "components/lib/link.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define BYTES (2 * PAGE_SIZE)
#define SLOTS 5u

static struct component_info info = {
	.num_grants = 1,
	.grants = { { .kind = GRANT_CHANNEL, .size = BYTES, .name = "line" } },
};
static struct link requester, server;

static void attach(void)
{
	CHECK(link_attach_requester(&requester, &info, info.grants, 0, 1, SLOTS));
	CHECK(link_attach_server(&server, &info, info.grants, 0, 1, SLOTS));
}

static void ask(u8 value)
{
	struct link_note note = { value, value };
	struct link_request request = { .kind = value, .bytes = value };
	u32 slot = link_reserve(&requester);

	if (slot == LINK_NONE)
		return;
	CHECK(slot < SLOTS);
	link_hold(&requester, slot, &note);
	if (value == 0)
		return;
	link_asking(&requester, slot);
	memset(link_data(&requester, slot), value, requester.slot_bytes);
	link_ask(&requester, slot, &request);
}

static void take_answer(u8 value)
{
	struct link_answer answer;
	u32 slot = link_take_answer(&requester, &answer);

	if (slot == LINK_NONE)
		return;
	CHECK(slot < SLOTS && answer.status <= LINK_UNSUPPORTED &&
	      answer.bytes <= requester.slot_bytes);
	(void)link_note(&requester, slot);
	if (value != 0)
		link_release(&requester, slot);
}

static void serve(u8 value)
{
	struct link_request request;
	u32 slot = link_take_request(&server, &request);

	if (slot == LINK_NONE)
		return;
	CHECK(slot < SLOTS && request.bytes <= server.slot_bytes);
	memset(link_data(&server, slot), value, request.bytes);
	if (value != 0)
		link_answer(&server, slot, value & 1 ? LINK_OK : LINK_ERROR, request.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *memory = aligned_alloc(PAGE_SIZE, BYTES);

	CHECK(memory != NULL);
	memset(memory, 0, BYTES);
	host_core_reset();
	info.grants[0].address = (uintptr_t)memory;
	attach();
	for (; size >= 4; data += 4, size -= 4) {
		u32 place = (u32)(data[1] | data[2] << 8);

		switch (data[0] & 7) {
		case 0: ask(data[3]); break;
		case 1: take_answer(data[3]); break;
		case 2: serve(data[3]); break;
		case 3: memory[place % BYTES] = data[3]; break;
		case 4: (void)link_serve_later(&server, data[3], place); break;
		case 5: attach(); break;
		case 6: memory[place % 128] ^= data[3]; break;
		default:
			link_kick(&requester);
			link_kick(&server);
			break;
		}
	}
	free(memory);
	return 0;
}
