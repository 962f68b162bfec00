/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers in the memory of a channel: see link.h. */
#include "components/lib/link.h"

#include "components/lib/runtime.h"

#include <mullion/string.h>

#define SECTOR  512u
#define UNASKED UINT32_MAX /* status of a slot whose request is being made */

#define COMPLAINT_NS UINT64_C(10000000000) /* between two of a link */

static u64 all_slots(const struct link *link)
{
	return UINT64_MAX >> (LINK_SLOTS - link->num);
}

static struct link_slot *slot_of(const struct link *link, u32 slot)
{
	return &link->memory->slots[slot % LINK_SLOTS];
}

static u64 load_word(const struct link *link, _Atomic u64 *word)
{
	return atomic_load_explicit(word, memory_order_acquire) & all_slots(link);
}

/* One fetch of a field that the other end may change. */
static u32 load_field(const u32 *at)
{
	return *(const volatile u32 *)at;
}

/* The first of the slots @set at or behind @from, in a circle. @set is not empty. */
static u32 first_from(const struct link *link, u64 set, u32 from)
{
	u64 behind = set & (UINT64_MAX << (from % link->num));

	return (u32)__builtin_ctzll(behind != 0 ? behind : set);
}

static bool attach_end(struct link *link, const struct component_info *info,
		       const struct grant_info *grant, u32 part, u32 parts, u32 num)
{
	u64 size = ALIGN_DOWN(grant->size / parts, PAGE_SIZE);

	memset(link, 0, sizeof(*link));
	if (grant->kind != GRANT_CHANNEL || grant->bit >= NOTIFY_GRANTS || num == 0 ||
	    num > LINK_SLOTS || size < LINK_DATA + (u64)num * SECTOR || size > UINT32_MAX)
		return false;
	link->memory = (struct link_memory *)(uintptr_t)(grant->address + part * size);
	link->num = num;
	link->slot_bytes = (u32)ALIGN_DOWN((size - LINK_DATA) / num, SECTOR);
	link->channel = (u32)(grant - info->grants);
	link->bit = BIT(grant->bit);
	link->name = grant->name;
	link->unkicked = true;
	return true;
}

bool link_attach_requester(struct link *link, const struct component_info *info,
			   const struct grant_info *grant, u32 part, u32 parts, u32 num)
{
	if (!attach_end(link, info, grant, part, parts, num))
		return false;
	link->asked = load_word(link, &link->memory->words.asked);
	link->held = load_word(link, &link->memory->words.held);
	link->order = atomic_load_explicit(&link->memory->words.order, memory_order_relaxed);
	/* The server changes its word behind the status. */
	link->waiting = link->held & (link->asked ^ load_word(link, &link->memory->words.answered));
	for (u32 i = 0; i < num; i++)
		if (load_field(&slot_of(link, i)->answer.status) != UNASKED)
			link->waiting |= link->held & BIT(i);
	return true;
}

/* The server begins with the oldest request. */
bool link_attach_server(struct link *link, const struct component_info *info,
			const struct grant_info *grant, u32 part, u32 parts, u32 num)
{
	u32 oldest = 0;
	u64 waiting;

	if (!attach_end(link, info, grant, part, parts, num))
		return false;
	link->is_server = true;
	link->answered = load_word(link, &link->memory->words.answered);
	waiting = link->answered ^ load_word(link, &link->memory->words.asked);
	for (u32 i = 0; i < num; i++) {
		u32 order = load_field(&slot_of(link, i)->request.order);

		if ((waiting & BIT(i)) == 0 || (link->next != 0 && (s32)(order - oldest) >= 0))
			continue;
		oldest = order;
		link->next = i + num;
	}
	return true;
}

void link_kick(struct link *link)
{
	struct link_words *words = &link->memory->words;
	_Atomic u32 *waits = link->is_server ? &words->requester_waits : &words->server_waits;

	if (!link->unkicked)
		return;
	link->unkicked = false;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(waits, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(waits, 0, memory_order_relaxed);
	sys_notify(link->channel);
}

/* The next change of the other end is to be notified. The caller looks once more. */
static void await_other(_Atomic u32 *waits)
{
	atomic_store_explicit(waits, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

void link_complain(struct link *link, u32 slot, const char *what)
{
	u64 now = sys_time(NULL).v;

	if (link->complaints != 0 && now - link->complained < COMPLAINT_NS) {
		link->complaints++;
		return;
	}
	log_line("channel '%s', slot %u: %s; %u more before", link->name, slot, what,
		 link->complaints == 0 ? 0 : link->complaints - 1);
	link->complaints = 1;
	link->complained = now;
}

/* --- The requester ----------------------------------------------------------------------------
 */

u32 link_reserve(struct link *link)
{
	u64 unused = ~link->held & all_slots(link);

	return unused != 0 ? first_from(link, unused, link->next) : LINK_NONE;
}

static void set_held(struct link *link, u64 held)
{
	link->held = held;
	atomic_store_explicit(&link->memory->words.held, held, memory_order_release);
}

void link_hold(struct link *link, u32 slot, const struct link_note *note)
{
	struct link_slot *s = slot_of(link, slot);

	s->note = *note;
	s->answer.status = UNASKED;
	set_held(link, link->held | BIT(slot));
	link->next = (slot + 1) % link->num;
}

u64 link_unasked(const struct link *link)
{
	return link->held & ~link->waiting;
}

void link_asking(struct link *link, u32 slot)
{
	slot_of(link, slot)->answer.status = UNASKED;
	keep_order();
}

void link_ask(struct link *link, u32 slot, const struct link_request *request)
{
	struct link_words *words = &link->memory->words;
	struct link_slot *s = slot_of(link, slot);
	u64 answered = load_word(link, &words->answered);

	s->request = *request;
	s->request.order = ++link->order;
	atomic_store_explicit(&words->order, link->order, memory_order_relaxed);
	link->asked = (link->asked & ~BIT(slot)) | (~answered & BIT(slot));
	atomic_store_explicit(&words->asked, link->asked, memory_order_release);
	link->waiting |= BIT(slot);
	link->unkicked = true;
}

static u64 new_answers(const struct link *link)
{
	return link->waiting & ~(link->asked ^ load_word(link, &link->memory->words.answered));
}

u32 link_take_answer(struct link *link, struct link_answer *answer)
{
	u64 ready = new_answers(link);
	u32 slot;

	if (ready == 0) {
		await_other(&link->memory->words.requester_waits);
		ready = new_answers(link);
	}
	if (ready == 0)
		return LINK_NONE;
	slot = (u32)__builtin_ctzll(ready);
	answer->status = load_field(&slot_of(link, slot)->answer.status);
	answer->bytes = load_field(&slot_of(link, slot)->answer.bytes);
	if (answer->status > LINK_UNSUPPORTED || answer->bytes > link->slot_bytes) {
		link_complain(link, slot, "the answer makes no sense, and counts as an error");
		*answer = (struct link_answer){ LINK_ERROR, 0 };
	}
	link->waiting &= ~BIT(slot);
	return slot;
}

struct link_note link_note(const struct link *link, u32 slot)
{
	struct link_note note = slot_of(link, slot)->note;

	keep_order();
	return note;
}

void link_progress(struct link *link, u32 slot, u64 progress)
{
	keep_order();
	*(volatile u64 *)&slot_of(link, slot)->note.progress = progress;
	keep_order();
}

void link_retoken(struct link *link, u32 slot, u64 token)
{
	keep_order();
	*(volatile u64 *)&slot_of(link, slot)->note.token = token;
	keep_order();
}

u32 link_num_held(const struct link *link)
{
	u32 num = 0;

	for (u64 held = link->held; held != 0; held &= held - 1)
		num++;
	return num;
}

void link_release(struct link *link, u32 slot)
{
	set_held(link, link->held & ~BIT(slot));
	link->waiting &= ~BIT(slot);
}

/* --- The server -------------------------------------------------------------------------------
 */

/* Returns the slots with requests that have not been taken. */
static u64 new_requests(const struct link *link, u64 asked)
{
	return (asked ^ link->answered) & ~link->serving;
}

static void mark_taken(struct link *link, u32 slot, u64 asked)
{
	link->serving |= BIT(slot);
	link->parity = (link->parity & ~BIT(slot)) | (asked & BIT(slot));
}

u32 link_take_request(struct link *link, struct link_request *request)
{
	for (u32 i = 0; i < LINK_SLOTS; i++) {
		u64 asked = load_word(link, &link->memory->words.asked);
		u32 slot;

		if (new_requests(link, asked) == 0) {
			await_other(&link->memory->words.server_waits);
			asked = load_word(link, &link->memory->words.asked);
		}
		if (new_requests(link, asked) == 0)
			return LINK_NONE;
		slot = first_from(link, new_requests(link, asked), link->next);
		link->next = (slot + 1) % link->num;
		mark_taken(link, slot, asked);
		*request = slot_of(link, slot)->request;
		keep_order();
		if (request->bytes <= link->slot_bytes)
			return slot;
		link_complain(link, slot, "the request is longer than the slot, and fails");
		link_answer(link, slot, LINK_ERROR, 0);
	}
	await_other(&link->memory->words.server_waits);
	return LINK_NONE;
}

void link_answer(struct link *link, u32 slot, enum link_status status, u32 bytes)
{
	struct link_slot *s = slot_of(link, slot);

	s->answer.bytes = bytes;
	s->answer.status = (u32)status;
	link->answered = (link->answered & ~BIT(slot)) | (link->parity & BIT(slot));
	link->serving &= ~BIT(slot);
	atomic_store_explicit(&link->memory->words.answered, link->answered, memory_order_release);
	link->unkicked = true;
}

void link_publish(struct link *link, u32 number, u64 value)
{
	_Atomic u64 *word = &link->memory->words.about[number & 1];

	if (atomic_load_explicit(word, memory_order_relaxed) == value)
		return;
	atomic_store_explicit(word, value, memory_order_release);
	link->unkicked = true;
}

u64 link_published(const struct link *link, u32 number)
{
	return atomic_load_explicit(&link->memory->words.about[number & 1], memory_order_acquire);
}

bool link_serve_later(struct link *link, u32 slot, u32 order)
{
	u64 asked = load_word(link, &link->memory->words.asked);

	if (slot >= link->num || (new_requests(link, asked) & BIT(slot)) == 0 ||
	    load_field(&slot_of(link, slot)->request.order) != order)
		return false;
	mark_taken(link, slot, asked);
	return true;
}
