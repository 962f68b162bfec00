/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of a split virtqueue (virtio 1.2 §2.7) in the served guest's RAM. The guest
 * may write any value there at any time: each field is fetched once, checked, and the copy used.
 * A chain stays in the queue until virtqueue_push(),
 * so that a restarted component serves it again.
 */
#ifndef COMPONENTS_VIRTQUEUE_H
#define COMPONENTS_VIRTQUEUE_H

#include "components/lib/runtime.h"
#include "components/lib/virtqueue_ring.h"

#include <mullion/err.h>

/* Plain values, which may be kept over a restart. */
struct virtqueue {
	u32 size; /* entries: a power of two */
	u32 ready;
	u64 descriptors, driver, device; /* guest addresses of the three areas */
	u32 next;                        /* chains served, modulo 2^16 */
	u32 features;                    /* VIRTIO_INDIRECT, VIRTIO_EVENT_INDEX, as accepted */
};

/* Buffers that the device reads come first, then those that it writes (§2.7.4.2). */
struct chain {
	u16 head;
	u32 num, num_read;     /* of all its buffers; of those that the device reads */
	u32 bytes, read_bytes; /* the same */
	struct {
		u8 __guest *at;
		u32 bytes;
	} buffers[CHAIN_MAX];
};

/** virtqueue_check() - whether size and addresses are usable: aligned, and all in RAM. */
bool virtqueue_check(const struct virtqueue *queue, const struct component_info *info);
/** virtqueue_peek() - read the next chain. Returns ERR_NOT_FOUND if there is none; the doorbell is
 * then armed. Returns ERR_FORMAT if the queue or the chain is broken. A broken chain has
 * more than CHAIN_MAX buffers, one outside of RAM, one in the wrong order, or a bad table. */
enum err __must_check virtqueue_peek(const struct virtqueue *queue,
				     const struct component_info *info, struct chain *chain);
/** virtqueue_peek_ahead() - the same for the chain @ahead behind the next one. All before it have
 * been peeked. */
enum err __must_check virtqueue_peek_ahead(const struct virtqueue *queue,
					   const struct component_info *info, u32 ahead,
					   struct chain *chain);
/** virtqueue_read() - read the chain with @head again. Returns ERR_FORMAT as before. */
enum err __must_check virtqueue_read(const struct virtqueue *queue,
				     const struct component_info *info, u16 head,
				     struct chain *chain);
/** virtqueue_push() - give a peeked chain back, with @written bytes in it. Returns the guest
 * wants an interrupt. */
bool virtqueue_push(struct virtqueue *queue, const struct chain *chain, u32 written);
/** virtqueue_fill() - write the used entry of the chain @ahead behind the next one. The guest does
 * not see it before virtqueue_push_filled(), which gives the first @count chains back at once and
 * returns as virtqueue_push(). */
void virtqueue_fill(const struct virtqueue *queue, u32 ahead, const struct chain *chain,
		    u32 written);
bool virtqueue_push_filled(struct virtqueue *queue, u32 count);
/** chain_get() - copy at most @bytes behind the first @skip of those that the device reads. Returns
 * how many there were. */
u32 chain_get(const struct chain *chain, u32 skip, void *to, u32 bytes);
/** chain_put() - the same of those that the device writes. */
u32 chain_put(const struct chain *chain, u32 skip, const void *from, u32 bytes);
/** virtqueue_resume() - repeat the used index of the pushed chains. A component may end in the
 * middle of a push, after the step of queue->next. */
void virtqueue_resume(const struct virtqueue *queue);

#endif
