/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a split virtqueue (virtio 1.2 §2.7). The device may write any value to the
 * used ring: each field is fetched once and checked. All that the driver needs of its own chains
 * lies in private memory, and descriptors are only written.
 */
#ifndef COMPONENTS_VIRTQUEUE_DRIVER_H
#define COMPONENTS_VIRTQUEUE_DRIVER_H

#include "components/lib/virtqueue_ring.h"

#include <mullion/err.h>

/* A buffer at an address as the device sees it. */
struct driver_buffer {
	u64 address;
	u32 bytes;
};

struct virtqueue_driver {
	u8 *memory; /* shared with the device: DRIVER_QUEUE_BYTES */
	u64 device; /* its address as the device sees it */
	u32 size;   /* entries: a power of two, at most VIRTQUEUE_MAX */
	u32 features;
	u16 free, num_free; /* the first free entry, and how many */
	u16 offered, kicked, taken;
	struct {
		u64 token;
		u32 written; /* bytes that the device may write */
		u16 num;     /* entries of the chain; 0: no chain begins here */
		u16 next;
	} entries[VIRTQUEUE_MAX];
};

/** driver_queue_bytes() - size of the shared memory for @size entries. With VIRTIO_INDIRECT in
 * @features, each entry has a table of CHAIN_MAX descriptors. */
size_t driver_queue_bytes(u32 size, u32 features);
/** driver_queue_init() - an empty queue in @memory, aligned to 16 bytes, which the device sees at
 * @device. @features: those of queues that both sides have accepted. */
void driver_queue_init(struct virtqueue_driver *queue, void *memory, u64 device, u32 size,
		       u32 features);
/** driver_queue_address() - addresses for the device's registers: those of the three areas. */
void driver_queue_address(const struct virtqueue_driver *queue, u64 *descriptors, u64 *driver,
			  u64 *used);
/** driver_queue_add() - offer a chain of @num buffers, of which the device reads the first
 * @num_read. driver_queue_take() returns @token. Returns ERR_NO_MEMORY if too few entries are free,
 * and ERR_RANGE if @num is 0, or more than CHAIN_MAX or @size. */
enum err __must_check driver_queue_add(struct virtqueue_driver *queue,
				       const struct driver_buffer *buffers, u32 num, u32 num_read,
				       u64 token);
/** driver_queue_kick() - Returns true if the device wants its doorbell for the chains that were
 * offered since the last call. */
bool driver_queue_kick(struct virtqueue_driver *queue);
/** driver_queue_take() - the next chain that the device gave back, with the bytes that it wrote.
 * Returns ERR_NOT_FOUND if there is none. Returns ERR_FORMAT if the device has no such chain, or
 * has written more bytes than fit: it must be reset. */
enum err __must_check driver_queue_take(struct virtqueue_driver *queue, u64 *token, u32 *written);
/** driver_queue_arm() - request an interrupt with the next chain given back. Returns true if one
 * was given back meanwhile, and may have no interrupt. */
bool driver_queue_arm(struct virtqueue_driver *queue);

#endif
