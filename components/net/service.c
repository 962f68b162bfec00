/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of a network. A request of a port has frames that its guest sends. They are copied
 * into slots that other ports have offered. Those slots are answered when all requests at hand are
 * served. A port without a free slot loses the frame, so no guest delays
 * another.
 *
 * After a restart, the requests that were waiting are answered and their frames lost: some of them
 * have been forwarded, and none shall be twice.
 */
#include "components/net/service.h"

#include "components/lib/link.h"
#include "components/net/switch.h"

#include <abi/network.h>
#include <mullion/string.h>

#define FIRST ((u32)sizeof(struct network_batch))
#define TURN  NETWORK_SLOTS /* requests of a port, before other work is looked for */

#define BURST_NS     (NS_PER_S / 50)
#define BURST_BYTES  KIB(128)
#define BURST_FRAMES 64u

struct port {
	struct link in, out; /* from and to the guest */
	u32 slot, used;      /* of `out`: is being filled; LINK_NONE: none */
	u32 sequence;        /* of filled slots */
};

_Static_assert(SWITCH_PORTS == NETWORK_PORTS, "the checks know it");

/* A frame that goes to some ports. */
struct frame {
	struct network_record record;
	u8 header[SWITCH_HEADER];
	const u8 *at; /* its sender may change the bytes at any time */
};

static struct net_switch net;
static struct port ports[SWITCH_PORTS];
static u32 ready; /* ports that may have requests */

/* --- To a port -----------------------------------------------------------------------------------
 */

static void answer(struct port *port)
{
	struct network_batch batch = { .sequence = port->sequence++ };

	if (port->slot == LINK_NONE)
		return;
	memcpy(link_data(&port->out, port->slot), &batch, sizeof(batch));
	link_answer(&port->out, port->slot, LINK_OK, port->used);
	port->slot = LINK_NONE;
}

/* Returns the place of the next record; NULL if the port has no free slot. */
static u8 *find_room(struct port *port, u32 bytes)
{
	struct link_request request;

	if (port->slot != LINK_NONE && network_next(port->used, bytes) > port->out.slot_bytes)
		answer(port);
	if (port->slot == LINK_NONE) {
		port->slot = link_take_request(&port->out, &request);
		port->used = FIRST;
	}
	return port->slot == LINK_NONE ? NULL : link_data(&port->out, port->slot) + port->used;
}

/* The checked bytes of the header come from the copy, and the rest from the sender's memory. */
static void deliver(const struct frame *frame, const struct switch_way *way, u32 number)
{
	struct network_record record = frame->record;
	u32 head = MIN(record.bytes, SWITCH_HEADER), rest = record.bytes - head, skip;
	u8 tag[SWITCH_HEADER], *to;
	u32 n = switch_header(&net, way, number, frame->header, tag, &skip);

	record.bytes += n - skip;
	if (record.header.flags != 0)
		record.header.csum_start = (u16)(record.header.csum_start + n - skip);
	to = find_room(&ports[number], record.bytes);
	if (to == NULL) {
		net.ports[number].counters.lost++;
		return;
	}
	ports[number].used = network_next(ports[number].used, record.bytes);
	net.ports[number].counters.out_frames++;
	net.ports[number].counters.out_bytes += record.bytes;
	memcpy(to, &record, sizeof(record));
	to += sizeof(record);
	memcpy(to, tag, n);
	memcpy(to + n, frame->header + skip, head - skip);
	memcpy(to + n + head - skip, frame->at + head, rest);
}

/* --- From a port ---------------------------------------------------------------------------------
 */

static void forward(u32 number, const struct frame *frame, u64 now)
{
	struct switch_way way = switch_input(&net, number, frame->header, frame->record.bytes, now);

	while (way.ports != 0) {
		u32 to = (u32)__builtin_ctz(way.ports);

		way.ports &= way.ports - 1;
		deliver(frame, &way, to);
	}
}

static void forward_all(u32 number, const u8 *data, u32 bytes, u64 now)
{
	struct frame frame;
	u32 at = FIRST;

	while (at <= bytes && bytes - at >= sizeof(frame.record)) {
		u32 left = bytes - at - (u32)sizeof(frame.record);

		memcpy(&frame.record, data + at, sizeof(frame.record));
		keep_order();
		if (frame.record.bytes > left)
			return;
		frame.at = data + at + sizeof(frame.record);
		memset(frame.header, 0, sizeof(frame.header));
		memcpy(frame.header, frame.at, MIN(frame.record.bytes, SWITCH_HEADER));
		keep_order();
		forward(number, &frame, now);
		at = network_next(at, frame.record.bytes);
	}
}

/* Returns false if the port has no more requests. */
static bool serve_request(u32 number, u64 now)
{
	struct port *port = &ports[number];
	struct link_request request;
	u32 slot = link_take_request(&port->in, &request);

	if (slot == LINK_NONE)
		return false;
	forward_all(number, link_data(&port->in, slot), request.bytes, now);
	link_answer(&port->in, slot, LINK_OK, 0);
	return true;
}

/* A request of each port in turn. */
static void serve(void)
{
	u64 now = sys_time(NULL).v;

	for (u32 turn = 0; turn < TURN && ready != 0; turn++)
		for (u32 i = 0; i < net.num_ports; i++)
			if ((ready & BIT(i)) != 0 && !serve_request(i, now))
				ready &= ~(u32)BIT(i);
	for (u32 i = 0; i < net.num_ports; i++) {
		answer(&ports[i]);
		link_kick(&ports[i].in);
		link_kick(&ports[i].out);
	}
	if (ready != 0)
		sys_timer_set(NS(0));
}

static void net_notified(u64 bits)
{
	for (u32 i = 0; i < net.num_ports; i++)
		if ((bits & ports[i].in.bit) != 0)
			ready |= (u32)BIT(i);
	serve();
}

/* --- Start ---------------------------------------------------------------------------------------
 */

static void set_up(const struct grant_info *channel)
{
	struct switch_port *p = &net.ports[net.num_ports];

	p->mac = switch_mac(channel->mac);
	p->vlan = channel->vlan;
	p->free = (channel->flags & GRANT_FREE) != 0;
	p->trunk = (channel->flags & GRANT_TRUNK) != 0;
	rate_set(&p->frames, channel->frames_per_second,
		 MAX(channel->frames_per_second / (NS_PER_S / BURST_NS), BURST_FRAMES));
	rate_set(&p->bytes, KIB(channel->kib_per_second),
		 MAX(KIB(channel->kib_per_second) / (NS_PER_S / BURST_NS), BURST_BYTES));
	net.num_ports++;
}

static void drop_waiting(struct link *in)
{
	struct link_request request;
	u32 slot;

	for (u32 i = 0; i < NETWORK_SLOTS; i++) {
		slot = link_take_request(in, &request);
		if (slot == LINK_NONE)
			return;
		link_answer(in, slot, LINK_OK, 0);
	}
}

static void add_port(const struct component_info *info, const struct grant_info *channel)
{
	struct port *port = &ports[net.num_ports];

	port->slot = LINK_NONE;
	if (!link_attach_server(&port->in, info, channel, NETWORK_SEND, NETWORK_PARTS,
				NETWORK_SLOTS) ||
	    !link_attach_server(&port->out, info, channel, NETWORK_TAKE, NETWORK_PARTS,
				NETWORK_SLOTS)) {
		log_line("%s: %llu bytes are no port of a network", channel->name,
			 (unsigned long long)channel->size);
		return;
	}
	drop_waiting(&port->in);
	set_up(channel);
}

static void net_init(const struct component_info *info)
{
	memset(&net, 0, sizeof(net));
	memset(ports, 0, sizeof(ports));
	for (u32 i = 0; i < grant_count(info); i++)
		if (info->grants[i].kind == GRANT_CHANNEL &&
		    (info->grants[i].flags & GRANT_NETWORK) != 0 && net.num_ports < SWITCH_PORTS)
			add_port(info, &info->grants[i]);
	ready = (u32)(BIT(net.num_ports) - 1);
	serve();
}

const struct program net_program = {
	.init = net_init,
	.timer = serve,
	.notified = net_notified,
};
