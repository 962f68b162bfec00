/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers between two components, in the memory of a channel. The requester asks, the
 * server answers in any order. The memory outlasts both ends, and nothing else knows the requests.
 * A restarted requester finds all that were asked, a restarted server all without an answer.
 *
 * A link has up to 64 slots, each for one request with its data. Three words have a bit for each
 * slot. `held` and `asked` belong to the requester, `answered` to the server. A slot is in use
 * while `held` has its bit, and waits for the server while `asked` and `answered` differ in it. So
 * each step of either end takes effect by one store, and an end may stop between any two
 * instructions.
 *
 * Both ends can write all of the memory. So each end keeps copies of its own words, and fetches
 * fields of the other end once. Any value there leads to a wrong answer at most, of this link.
 */
#ifndef COMPONENTS_LINK_H
#define COMPONENTS_LINK_H

#include "components/lib/sys.h"

#define LINK_SLOTS 64u
#define LINK_NONE  UINT32_MAX

enum link_status { LINK_OK, LINK_ERROR, LINK_UNSUPPORTED };

/* Both ends agree on the meaning of all but @order. */
struct link_request {
	u32 kind, bytes; /* bytes of data, in the slot or wanted there */
	u64 where;
	u32 flags;
	u32 order; /* of link_ask(): no two requests of a slot have the same */
};

struct link_answer {
	u32 status; /* enum link_status */
	u32 bytes;
};

/* The requester's own, for its next incarnation. */
struct link_note {
	u64 token, progress;
};

struct link_slot {
	struct link_request request;
	struct link_answer answer;
	struct link_note note;
};

struct link_words {
	_Atomic u64 asked, held;     /* the requester's */
	_Atomic u32 order;           /* the requester's: of its latest request */
	_Atomic u32 requester_waits; /* set by the requester, cleared with its notification */
	u64 reserved[5];
	_Atomic u64 answered;     /* the server's */
	_Atomic u32 server_waits; /* the same */
	u32 reserved_too;
	_Atomic u64 about[2]; /* the server's: link_publish() */
	u64 reserved_three[4];
};

struct link_memory {
	struct link_words words;
	struct link_slot slots[LINK_SLOTS];
};

#define LINK_DATA PAGE_SIZE /* offset of the first slot's data */

_Static_assert(sizeof(struct link_words) == 128 && sizeof(struct link_memory) <= LINK_DATA,
	       "a page describes all slots");

/* One end of a link. */
struct link {
	struct link_memory *memory;
	u32 num;        /* slots */
	u32 slot_bytes; /* of data, a multiple of 512 */
	u32 channel;    /* index of the grant */
	u32 next;       /* where the search for a slot begins */
	u64 bit;        /* of the notification word; 0: not attached */
	const char *name;
	bool is_server;
	bool unkicked;  /* a change without notification */
	u32 complaints; /* since the last one in the log, and its time */
	u64 complained;
	/* Of a requester. */
	u64 asked, held;
	u64 waiting; /* held slots that were asked, and whose answer is not taken */
	u32 order;
	/* Of a server. */
	u64 answered;
	u64 serving, parity; /* slots that were taken, and their bits of `asked` then */
};

/** link_attach_requester(), link_attach_server() - use part @part of @parts equal parts of the
 * channel's memory with @num slots, and continue where an earlier incarnation stopped. Both ends
 * give the same numbers. Returns false if it is no channel or too small; nothing is done then. */
bool link_attach_requester(struct link *link, const struct component_info *info,
			   const struct grant_info *grant, u32 part, u32 parts, u32 num);
bool link_attach_server(struct link *link, const struct component_info *info,
			const struct grant_info *grant, u32 part, u32 parts, u32 num);

/** link_data() - the data of @slot. The other end may write there at any time. */
static inline u8 *link_data(const struct link *link, u32 slot)
{
	return (u8 *)link->memory + LINK_DATA + (size_t)slot * link->slot_bytes;
}

/** link_complain() - a line in the log about @slot, at most one in ten seconds. */
void link_complain(struct link *link, u32 slot, const char *what);

/* --- The requester ----------------------------------------------------------------------------
 */

/** link_reserve() - Returns a free slot, or LINK_NONE. It is in use from link_hold() on. Slots are
 * free in the order of their use, if they are released in that order. */
u32 link_reserve(struct link *link);
/** link_hold() - use the slot, with @note for the next incarnation. */
void link_hold(struct link *link, u32 slot, const struct link_note *note);
/** link_unasked() - Returns the held slots that do not wait for the server, one bit each. Right
 * after link_attach_requester() those are slots whose data and requests are to be made again. */
u64 link_unasked(const struct link *link);
/** link_asking() - before the data or the request of a held slot change. An incarnation that ends
 * now leaves the slot unasked. */
void link_asking(struct link *link, u32 slot);
/** link_ask() - ask the server, behind link_asking(). The data are in the slot. */
void link_ask(struct link *link, u32 slot, const struct link_request *request);
/** link_kick() - notify the other end of requests or answers, if it waits. Either end. */
void link_kick(struct link *link);
/** link_take_answer() - take the next answer. Returns the slot, or LINK_NONE: the next answer is
 * notified. @answer is right: a known status, and at most slot_bytes. */
u32 link_take_answer(struct link *link, struct link_answer *answer);
/** link_note() - the slot's note. A hostile server may have changed it: check it. */
struct link_note link_note(const struct link *link, u32 slot);
/** link_progress() - change the second word of the note, by one store, behind link_asking(). */
void link_progress(struct link *link, u32 slot, u64 progress);
/** link_retoken() - change the first word of the note, by one store. */
void link_retoken(struct link *link, u32 slot, u64 token);
/** link_num_held() - Returns how many slots are in use. */
u32 link_num_held(const struct link *link);
/** link_release() - the slot is free. */
void link_release(struct link *link, u32 slot);

/* --- The server -------------------------------------------------------------------------------
 */

/** link_take_request() - take the next request, in the order of slots. Returns the slot, or
 * LINK_NONE: the next request is notified. @request->bytes is at most slot_bytes, else the
 * request is answered with an error and passed over. */
u32 link_take_request(struct link *link, struct link_request *request);
/** link_answer() - answer a request that was taken. */
void link_answer(struct link *link, u32 slot, enum link_status status, u32 bytes);
/** link_publish() - let the requester know word @number of two. Both are zero at first, and outlast
 * both ends. A change is notified by link_kick(). */
void link_publish(struct link *link, u32 number, u64 value);
/** link_published() - Returns the word; for either end. */
u64 link_published(const struct link *link, u32 number);
/** link_serve_later() - the request of @slot with @order waits for an answer: it is taken, as by
 * link_take_request(). For a server that finds in its own notes, after a restart, that the work
 * has begun. Returns false if there is no such request. */
bool link_serve_later(struct link *link, u32 slot, u32 order);

#endif
