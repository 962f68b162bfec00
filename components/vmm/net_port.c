/* SPDX-License-Identifier: Apache-2.0 */
/* The vmm's end of a port of a network: see net_port.h. */
#include "components/vmm/net_port.h"

#include "components/lib/runtime.h"

#include <mullion/string.h>

/* Each has a region, a line, a doorbell and a channel. */
#define PORTS_MAX (GRANTS_MAX / 4u)
#define FIRST     ((u32)sizeof(struct network_batch))

static struct net_port ports[PORTS_MAX];

static void ask(struct net_port *port, u32 slot)
{
	struct link_request request = { .bytes = port->take.slot_bytes };

	link_asking(&port->take, slot);
	link_progress(&port->take, slot, FIRST);
	link_ask(&port->take, slot, &request);
}

/* Slots that an earlier incarnation had not sent are released, with their frames. */
static void attach(struct net_port *port)
{
	const struct link_note note = { 0, FIRST };
	u64 unasked = link_unasked(&port->send);
	u32 slot;

	for (u32 i = 0; i < NETWORK_SLOTS; i++)
		if ((unasked & BIT(i)) != 0)
			link_release(&port->send, i);
	unasked = link_unasked(&port->take);
	while ((slot = link_reserve(&port->take)) != LINK_NONE) {
		link_hold(&port->take, slot, &note);
		unasked |= BIT(slot);
	}
	for (u32 i = 0; i < NETWORK_SLOTS; i++)
		if ((unasked & BIT(i)) != 0)
			ask(port, i);
	link_kick(&port->take);
}

/* Returns the channel's port, or an unused one; NULL if there is none. */
static struct net_port *find_port(const struct grant_info *channel)
{
	for (u32 i = 0; i < PORTS_MAX; i++)
		if (ports[i].channel == NULL || ports[i].channel == channel)
			return &ports[i];
	return NULL;
}

struct net_port *net_port_attach(const struct component_info *info,
				 const struct grant_info *channel)
{
	struct net_port *port = find_port(channel);

	if (channel == NULL || (channel->flags & GRANT_NETWORK) == 0 || port == NULL)
		return NULL;
	memset(port, 0, sizeof(*port));
	port->channel = channel;
	port->slot = LINK_NONE;
	port->taking = LINK_NONE;
	if (!link_attach_requester(&port->send, info, channel, NETWORK_SEND, NETWORK_PARTS,
				   NETWORK_SLOTS) ||
	    !link_attach_requester(&port->take, info, channel, NETWORK_TAKE, NETWORK_PARTS,
				   NETWORK_SLOTS) ||
	    port->send.slot_bytes < network_next(FIRST, NETWORK_FRAME_MAX))
		return NULL;
	attach(port);
	return port;
}

/* --- Frames of the guest ------------------------------------------------------------------------
 */

/* Answers say nothing but that a slot is free again, so they are taken when one is needed. */
static u32 reserve_slot(struct net_port *port)
{
	const struct link_note note = { 0 };
	struct link_answer answer;
	u32 slot = link_reserve(&port->send);

	if (slot == LINK_NONE) {
		slot = link_take_answer(&port->send, &answer);
		if (slot == LINK_NONE)
			return slot;
		link_release(&port->send, slot);
		slot = link_reserve(&port->send);
	}
	link_hold(&port->send, slot, &note);
	return slot;
}

struct network_record *net_port_room(struct net_port *port, u32 bytes)
{
	if (port->slot != LINK_NONE && network_next(port->used, bytes) > port->send.slot_bytes)
		net_port_flush(port);
	if (port->slot == LINK_NONE) {
		port->slot = reserve_slot(port);
		port->used = FIRST;
	}
	if (port->slot == LINK_NONE)
		return NULL;
	return (struct network_record *)(void *)(link_data(&port->send, port->slot) + port->used);
}

void net_port_add(struct net_port *port, u32 bytes)
{
	port->used = network_next(port->used, bytes);
}

void net_port_flush(struct net_port *port)
{
	struct link_request request = { .bytes = port->used };

	if (port->slot == LINK_NONE)
		return;
	link_ask(&port->send, port->slot, &request);
	link_kick(&port->send);
	port->slot = LINK_NONE;
}

/* --- Frames to the guest ------------------------------------------------------------------------
 */

void net_port_collect(struct net_port *port)
{
	struct link_answer answer;
	u32 slot;

	while ((slot = link_take_answer(&port->take, &answer)) != LINK_NONE) {
		port->filled |= BIT(slot);
		port->bytes[slot] = answer.status == LINK_OK ? answer.bytes : 0;
	}
}

static u32 oldest(const struct net_port *port)
{
	u32 slot = LINK_NONE, first = 0;

	for (u32 i = 0; i < NETWORK_SLOTS; i++) {
		struct network_batch batch;

		if ((port->filled & BIT(i)) == 0)
			continue;
		memcpy(&batch, link_data(&port->take, i), sizeof(batch));
		if (slot != LINK_NONE && (s32)(batch.sequence - first) >= 0)
			continue;
		slot = i;
		first = batch.sequence;
	}
	return slot;
}

static bool has_frame(const struct net_port *port, struct net_frame *frame)
{
	u8 *at = link_data(&port->take, port->taking) + port->at;
	u32 left = port->bytes[port->taking];
	struct network_record record;

	if (port->at > left || left - port->at < sizeof(record))
		return false;
	left -= port->at + (u32)sizeof(record);
	memcpy(&record, at, sizeof(record));
	keep_order();
	frame->header = record.header;
	frame->bytes = record.bytes;
	frame->at = at + sizeof(record);
	return record.bytes >= NETWORK_FRAME_MIN && record.bytes <= NETWORK_FRAME_MAX &&
	       record.bytes <= left;
}

bool net_port_next(struct net_port *port, struct net_frame *frame)
{
	for (;;) {
		if (port->taking == LINK_NONE) {
			port->taking = oldest(port);
			if (port->taking == LINK_NONE)
				return false;
			port->at = (u32)link_note(&port->take, port->taking).progress;
			port->at = port->at < FIRST ? FIRST : port->at;
		}
		if (has_frame(port, frame))
			return true;
		port->filled &= ~BIT(port->taking);
		ask(port, port->taking);
		link_kick(&port->take);
		port->taking = LINK_NONE;
	}
}

void net_port_done(struct net_port *port, const struct net_frame *frame)
{
	port->at = network_next(port->at, frame->bytes);
	link_progress(&port->take, port->taking, port->at);
}
