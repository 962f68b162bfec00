/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offloads of received frames. A guest sends frames without checksum, and TCP segments that are to
 * be cut. For a receiver that does not take them, its vmm computes the checksum and cuts the
 * segment. Header and frame come from another guest: all numbers are checked.
 * Pure.
 */
#ifndef VMM_NET_OFFLOAD_H
#define VMM_NET_OFFLOAD_H

#include <abi/network.h>

#define OFFLOAD_HEAD 160u /* bytes of a frame that its headers may have */
#define OFFLOAD_PART (14u + 4u + NETWORK_MTU)

/* A segment that is to be cut. */
struct offload {
	u32 ip, tcp, payload; /* offsets of the headers, and of the rest */
	bool v6;
	u32 bytes, size, parts; /* of the frame; of a part's payload; how many parts */
	u8 head[OFFLOAD_HEAD];
};

/** offload_check() - is @header right for the frame of @bytes at @frame? Changes it to what a
 * receiver may rely on, and fills @offload if it is a segment that is to be cut. Returns false if
 * the frame is to be dropped. */
bool offload_check(struct network_header *header, const u8 *frame, u32 bytes,
		   struct offload *offload);
/** offload_checksum() - complete the checksum in @frame; offload_check() has passed @header. */
void offload_checksum(const struct network_header *header, u8 *frame, u32 bytes);
/** offload_part() - write part @index of the segment in @frame, a whole frame, to @out. Returns its
 * bytes; 0 if it is larger than a frame of the network. */
u32 offload_part(const struct offload *offload, const u8 *frame, u32 index, u8 out[OFFLOAD_PART]);

#endif
