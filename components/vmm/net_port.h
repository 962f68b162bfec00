/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vmm's end of a port of a network (abi/network.h). Frames of the guest are gathered in a slot
 * and sent as one request. The slots for received frames always wait at the switch or have frames.
 */
#ifndef VMM_NET_PORT_H
#define VMM_NET_PORT_H

#include "components/lib/link.h"

#include <abi/network.h>

struct net_port {
	const struct grant_info *channel;
	struct link send, take;
	u32 slot, used;           /* of `send`: gathers frames; LINK_NONE: none */
	u64 filled;               /* of `take`: slots with frames */
	u32 bytes[NETWORK_SLOTS]; /* that they have */
	u32 taking, at;           /* the one whose frames are being taken; LINK_NONE: none */
	u32 part;                 /* of its next frame, a segment that is being cut */
};

/* A received frame. The switch may change its bytes at any time. */
struct net_frame {
	struct network_header header;
	u8 *at;
	u32 bytes; /* NETWORK_FRAME_MIN to NETWORK_FRAME_MAX */
};

/** net_port_attach() - use the channel, and continue where an earlier incarnation stopped. Returns
 * NULL if it is no port of a network, or there are too many. */
struct net_port *net_port_attach(const struct component_info *info,
				 const struct grant_info *channel);
/** net_port_room() - Returns room for a record and a frame of @bytes; NULL: not before a
 * notification. net_port_add() adds the frame, and net_port_flush() sends all that were added. */
struct network_record *net_port_room(struct net_port *port, u32 bytes);
void net_port_add(struct net_port *port, u32 bytes);
void net_port_flush(struct net_port *port);
/** net_port_collect() - look for received frames, before net_port_next(). */
void net_port_collect(struct net_port *port);
/** net_port_next() - the next received frame. Returns false if there is none. It stays the next one
 * until net_port_done(). */
bool net_port_next(struct net_port *port, struct net_frame *frame);
void net_port_done(struct net_port *port, const struct net_frame *frame);

#endif
