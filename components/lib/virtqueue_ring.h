/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a split virtqueue (virtio 1.2 §2.7): descriptors, the available ring of the driver
 * and the used ring of the device. Only
 * virtqueue.c (the device's side) and virtqueue_driver.c access it.
 */
#ifndef COMPONENTS_VIRTQUEUE_RING_H
#define COMPONENTS_VIRTQUEUE_RING_H

#include <mullion/types.h>
#include <stdatomic.h>

#define VIRTQUEUE_MAX 256u /* entries */
#define CHAIN_MAX     32u  /* buffers of a chain */

/* Features of queues, bits of the first feature word (§6). */
#define VIRTIO_INDIRECT    0x10000000u
#define VIRTIO_EVENT_INDEX 0x20000000u

struct ring_desc {
	u64 address;
	u32 bytes;
	u16 flags, next;
};

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

struct ring_used {
	u32 head, bytes;
};

/* Both rings begin with flags and index. Behind the entries lies the other side's event index. */
#define RING_INDEX    2u
#define RING_ENTRIES  4u
#define RING_NO_EVENT 1u /* flags: no interrupt, or no doorbell */

/** ring_avail_bytes(), ring_used_bytes() - of a ring with @size entries, its event index apart. */
static inline u64 ring_avail_bytes(u32 size)
{
	return RING_ENTRIES + sizeof(u16) * (u64)size;
}

static inline u64 ring_used_bytes(u32 size)
{
	return RING_ENTRIES + sizeof(struct ring_used) * (u64)size;
}

/** ring_crosses() - Returns true if the step of an index from @before to @after passes @event, all
 * modulo 2^16 (§2.7.7.1). */
static inline bool ring_crosses(u16 event, u16 before, u16 after)
{
	return (u16)(after - event - 1) < (u16)(after - before);
}

#endif
