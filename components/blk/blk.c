/* SPDX-License-Identifier: Apache-2.0 */
/* From requesters' links to the driver's, and back: see blk.h. */
#include "components/blk/blk.h"

#include "components/blk/partitions.h"

#include <mullion/string.h>

#define DEVICE       "device" /* name of the driver's channel */
#define REQUESTERS   16u
#define QUANTUM      KIB(32) /* of a requester of weight 1, each time round */
#define REQUEST_COST KIB(4)  /* beside the bytes */
#define STEPS_MAX    256u    /* requests and rounds, until the runtime is served again */

/* In a note: a request of this requester. */
#define NOTE(requester, slot, order) ((u64)(requester) | (u64)(slot) << 8 | (u64)(order) << 32)
#define NOTE_REQUESTER(token)        ((u32)FIELD(token, 7, 0))
#define NOTE_SLOT(token)             ((u32)FIELD(token, 15, 8))
#define NOTE_ORDER(token)            ((u32)FIELD(token, 63, 32))
#define OF_TABLE                     0xfeu /* a piece of the partition table */
#define OF_NONE                      0xffu /* the answer is wanted no more */

_Static_assert(REQUESTERS < OF_TABLE, "numbers of requesters");

struct requester {
	struct link link;
	const char *name;
	struct place place;
	bool placed; /* sectors 0: it has no disk, and all requests fail */
	u64 first, sectors;
	bool read_only;
	/* Deficit round robin. */
	u64 credit;
	bool credited; /* this time round */
	u32 slot;      /* of the request that was taken and not passed on, or LINK_NONE */
	struct link_request request;
};

static struct {
	const struct component_info *info;
	struct link device;
	struct requester requesters[REQUESTERS];
	u32 num;
	u32 next;               /* of requesters, in the circle */
	u8 of[LINK_SLOTS];      /* of each slot of the driver's link: its requester */
	u8 of_slot[LINK_SLOTS]; /* and the slot there */
	struct table table;
	bool table_begun;
	u64 requests, wakes; /* passed on; times that the driver was given some */
} blk;

/* --- Places -----------------------------------------------------------------------------------
 */

static bool needs_table(void)
{
	for (u32 i = 0; i < blk.num; i++)
		if (blk.requesters[i].place.partition[0] != '\0')
			return true;
	return false;
}

/* Sectors that two requesters have, and that one of them writes. */
static const struct requester *conflict_with(const struct requester *r)
{
	for (u32 i = 0; i < blk.num; i++) {
		const struct requester *other = &blk.requesters[i];

		if (other != r && other->placed && other->sectors != 0 &&
		    !(other->read_only && r->read_only) && other->first < r->first + r->sectors &&
		    r->first < other->first + other->sectors)
			return other;
	}
	return NULL;
}

static const char *find_place(struct requester *r, u64 capacity)
{
	const struct place *place = &r->place;
	u32 found;

	r->first = place->first;
	r->sectors = place->sectors;
	if (place->partition[0] != '\0') {
		if (blk.table.step != TABLE_GOOD)
			return "the disk has no usable partition table";
		found = table_find(&blk.table, place->partition, &r->first, &r->sectors);
		if (found != 1)
			return found == 0 ? "the disk has no such partition"
					  : "several partitions have that name";
	} else if (r->sectors == 0) {
		r->sectors = capacity;
	}
	if (r->first > capacity || r->sectors > capacity - r->first)
		return "the disk is too small for it";
	return NULL;
}

static void place_requester(struct requester *r, u64 capacity)
{
	const char *fault = find_place(r, capacity);
	const struct requester *other;

	r->read_only = r->place.read_only ||
		       (link_published(&blk.device, DISK_FLAGS) & DISK_READ_ONLY) != 0;
	other = fault == NULL ? conflict_with(r) : NULL;
	if (other != NULL)
		log_line("%s: the disk of '%s' overlaps that of '%s'; write ,ro for both, or other "
			 "sectors",
			 blk.info->name, r->name, other->name);
	else if (fault != NULL)
		log_line("%s: disk of '%s': %s", blk.info->name, r->name, fault);
	if (other != NULL || fault != NULL)
		r->sectors = 0;
	r->placed = true;
	link_publish(&r->link, DISK_FLAGS, r->read_only ? DISK_READ_ONLY : 0);
	link_publish(&r->link, DISK_CAPACITY, r->sectors);
}

static void ask_table(void)
{
	struct link_request request = { .kind = DISK_READ };
	struct link_note note = { .token = OF_TABLE };
	u32 slot = link_reserve(&blk.device);

	if (slot == LINK_NONE || !table_next(&blk.table, &request.where, &request.bytes))
		return;
	link_hold(&blk.device, slot, &note);
	blk.of[slot] = OF_TABLE;
	link_ask(&blk.device, slot, &request);
}

/* The disk is known, and the partition table where a requester needs it. */
static void place_all(void)
{
	u64 capacity = link_published(&blk.device, DISK_CAPACITY);

	if (capacity == 0)
		return;
	if (needs_table() && !blk.table_begun) {
		blk.table_begun = true;
		table_begin(&blk.table, capacity);
		ask_table();
	}
	if (blk.table_begun && blk.table.step < TABLE_GOOD)
		return;
	for (u32 i = 0; i < blk.num; i++)
		if (!blk.requesters[i].placed)
			place_requester(&blk.requesters[i], capacity);
}

/* --- Answers ----------------------------------------------------------------------------------
 */

static void answer_requester(u32 slot, const struct link_answer *answer)
{
	struct requester *r = &blk.requesters[blk.of[slot]];
	u32 bytes = MIN(answer->bytes, r->link.slot_bytes);

	memcpy(link_data(&r->link, blk.of_slot[slot]), link_data(&blk.device, slot), bytes);
	link_answer(&r->link, blk.of_slot[slot], (enum link_status)answer->status, bytes);
}

static void take_answers(void)
{
	struct link_answer answer;

	for (u32 i = 0; i < 2 * LINK_SLOTS; i++) {
		u32 slot = link_take_answer(&blk.device, &answer), of;

		if (slot == LINK_NONE)
			return;
		of = blk.of[slot];
		if (of < blk.num)
			answer_requester(slot, &answer);
		if (of == OF_TABLE)
			table_take(&blk.table,
				   answer.status == LINK_OK ? link_data(&blk.device, slot) : NULL);
		keep_order();
		link_release(&blk.device, slot);
		if (of == OF_TABLE)
			ask_table();
	}
}

/* --- Requests ---------------------------------------------------------------------------------
 */

static bool has_request(struct requester *r)
{
	if (r->placed && r->slot == LINK_NONE)
		r->slot = link_take_request(&r->link, &r->request);
	return r->slot != LINK_NONE;
}

static u64 cost_of(const struct requester *r)
{
	return REQUEST_COST + r->request.bytes;
}

static bool is_right(const struct requester *r)
{
	const struct link_request *request = &r->request;

	if (r->sectors == 0)
		return false;
	if (request->kind == DISK_FLUSH)
		return true;
	return (request->kind == DISK_READ || (request->kind == DISK_WRITE && !r->read_only)) &&
	       disk_has(r->sectors, request->where, request->bytes);
}

static void pass_on(struct requester *r, u32 slot)
{
	struct link_note note = {
		.token = NOTE(r - blk.requesters, r->slot, r->request.order),
	};
	struct link_request request = { .kind = r->request.kind };
	u32 from = r->slot;

	r->credit -= cost_of(r);
	r->slot = LINK_NONE;
	if (!is_right(r)) {
		link_answer(&r->link, from, LINK_ERROR, 0);
		return;
	}
	if (request.kind != DISK_FLUSH) {
		request.bytes = r->request.bytes;
		request.where = r->first + r->request.where;
	}
	link_hold(&blk.device, slot, &note);
	blk.of[slot] = (u8)(r - blk.requesters);
	blk.of_slot[slot] = (u8)from;
	if (request.kind == DISK_WRITE)
		memcpy(link_data(&blk.device, slot), link_data(&r->link, from), request.bytes);
	link_ask(&blk.device, slot, &request);
	blk.requests++;
}

/* Serve one requester for its credit. Returns false if the driver's link is full meanwhile: it
 * continues here. */
static bool serve_requester(struct requester *r, u32 *steps)
{
	if (!r->credited)
		r->credit += (u64)QUANTUM * r->place.weight;
	r->credited = true;
	while (has_request(r) && cost_of(r) <= r->credit) {
		u32 slot = link_reserve(&blk.device);

		if (slot == LINK_NONE || *steps == STEPS_MAX)
			return false;
		++*steps;
		pass_on(r, slot);
	}
	if (r->slot == LINK_NONE)
		r->credit = 0;
	r->credited = false;
	return true;
}

/* Deficit round robin. Returns true if only the bound of steps has ended it. */
static bool pass_requests_on(void)
{
	u32 steps = 0, idle = 0;

	while (idle < blk.num && steps < STEPS_MAX) {
		struct requester *r = &blk.requesters[blk.next];

		idle = has_request(r) ? 0 : idle + 1;
		if (!serve_requester(r, &steps))
			return steps == STEPS_MAX;
		blk.next = (blk.next + 1) % blk.num;
		steps++;
	}
	return steps >= STEPS_MAX;
}

static void serve(void)
{
	take_answers();
	place_all();
	if (pass_requests_on())
		sys_timer_set(NS(0));
	blk.wakes += blk.device.unkicked;
	link_kick(&blk.device);
	for (u32 i = 0; i < blk.num; i++)
		link_kick(&blk.requesters[i].link);
}

/* --- The program ------------------------------------------------------------------------------
 */

static void blk_notified(u64 bits)
{
	(void)bits;
	serve();
}

static void blk_end(void)
{
	log_line("%s: %llu requests, given to the driver %llu times", blk.info->name,
		 (unsigned long long)blk.requests, (unsigned long long)blk.wakes);
}

/* Continue with the requests that an earlier incarnation had passed on. Those that it had not asked
 * yet are taken from their requesters again. */
static void recover(void)
{
	u64 unasked = link_unasked(&blk.device);

	for (u32 slot = 0; slot < blk.device.num; slot++) {
		u64 token = link_note(&blk.device, slot).token;
		u32 of = NOTE_REQUESTER(token);

		blk.of[slot] = OF_NONE;
		if ((blk.device.held & BIT(slot)) == 0)
			continue;
		if ((unasked & BIT(slot)) != 0) {
			link_release(&blk.device, slot);
			continue;
		}
		if (of >= blk.num || !link_serve_later(&blk.requesters[of].link, NOTE_SLOT(token),
						       NOTE_ORDER(token)))
			continue;
		blk.of[slot] = (u8)of;
		blk.of_slot[slot] = (u8)NOTE_SLOT(token);
	}
}

static void add_requester(const struct component_info *info, const struct grant_info *grant)
{
	const char *place = argument_find(info, grant->name);
	struct requester *r = &blk.requesters[blk.num];

	if (blk.num == REQUESTERS) {
		log_line("%s: more than %u disks: '%s' has none", info->name, REQUESTERS,
			 grant->name);
		return;
	}
	if (place == NULL || !place_parse(&r->place, place)) {
		log_line("%s: channel '%s' has no disk; write %s=all, =FIRST+SECTORS or =PARTITION "
			 "in arguments, perhaps with ,ro or ,weight=N behind",
			 info->name, grant->name, grant->name);
		return;
	}
	if (!link_attach_server(&r->link, info, grant, 0, 1, DISK_SLOTS) ||
	    r->link.slot_bytes > blk.device.slot_bytes) {
		log_line("%s: channel '%s' has %llu bytes; it needs more, and not more than '%s'",
			 info->name, grant->name, (unsigned long long)grant->size, DEVICE);
		return;
	}
	r->name = grant->name;
	r->slot = LINK_NONE;
	blk.num++;
}

static void blk_init(const struct component_info *info)
{
	const struct grant_info *device = grant_find(info, GRANT_CHANNEL, DEVICE);

	memset(&blk, 0, sizeof(blk));
	blk.info = info;
	if (device == NULL || !link_attach_requester(&blk.device, info, device, 0, 1, DISK_SLOTS) ||
	    blk.device.slot_bytes < GPT_ENTRIES) {
		log_line("%s: it needs a channel '%s' to the driver, with size = <0x100000>",
			 info->name, DEVICE);
		sys_exit(1);
	}
	for (u32 i = 0; i < grant_count(info); i++)
		if (info->grants[i].kind == GRANT_CHANNEL && &info->grants[i] != device)
			add_requester(info, &info->grants[i]);
	recover();
	serve();
}

const struct program blk_program = {
	.init = blk_init,
	.timer = serve,
	.notified = blk_notified,
	.end = blk_end,
};
