/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of a network: the memory of a channel between a guest's vmm and the switch (GRANT_FIRST).
 * It has two links (components/lib/link.h) of equal size, and the vmm is the requester of both. A
 * slot of the first has frames that the guest sends. One of the second is room for frames to the
 * guest, and its answer has them.
 *
 * A slot's data begin with a struct network_batch. Frames follow, each behind a struct
 * network_record and at a multiple of NETWORK_ALIGN.
 */
#ifndef ABI_NETWORK_H
#define ABI_NETWORK_H

#include <mullion/types.h>

#define NETWORK_PORTS 32u    /* of a switch, at most */
#define NETWORK_BYTES MIB(1) /* of the channel */
#define NETWORK_PARTS 2u
#define NETWORK_SEND  0u /* part of the channel */
#define NETWORK_TAKE  1u
#define NETWORK_SLOTS 7u /* of each link */
#define NETWORK_ALIGN 16u

#define NETWORK_MTU       1500u
#define NETWORK_FRAME_MIN 14u
#define NETWORK_FRAME_MAX (65535u + 14u + 4u) /* a segment to be cut, with a tag */

struct network_batch {
	u32 sequence; /* in the switch's order, for the order of the answers */
	u32 reserved[3];
};

/* Offloads of a frame, as a guest has them before it (virtio 1.2 §5.1.6). */
struct network_header {
	u8 flags, gso_type;
	u16 header_bytes, gso_size;
	u16 csum_start, csum_offset;
	u16 num_buffers; /* of the receiving guest */
};

#define NETWORK_NEEDS_CSUM 1u
#define NETWORK_GSO_NONE   0u
#define NETWORK_GSO_TCPV4  1u
#define NETWORK_GSO_TCPV6  4u

struct network_record {
	u32 bytes; /* of the frame */
	struct network_header header;
};

_Static_assert(sizeof(struct network_batch) == NETWORK_ALIGN &&
		       sizeof(struct network_record) == NETWORK_ALIGN,
	       "records are aligned");

/** network_next() - offset of the record behind that at @at, whose frame has @bytes. Pure. */
static inline u32 network_next(u32 at, u32 bytes)
{
	return (u32)ALIGN_UP(at + sizeof(struct network_record) + bytes, NETWORK_ALIGN);
}

#endif
