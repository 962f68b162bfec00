/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtio console (virtio 1.2 §5.3) behind virtio-mmio (§4.2), small and
 * without interrupts. Everything is open, so that a test can do each step wrong.
 */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include "guest.h"

#define VIRTIO_MAGIC           0x000
#define VIRTIO_VERSION         0x004
#define VIRTIO_DEVICE_ID       0x008
#define VIRTIO_DEVICE_FEATURES 0x010
#define VIRTIO_DEVICE_PAGE     0x014
#define VIRTIO_DRIVER_FEATURES 0x020
#define VIRTIO_DRIVER_PAGE     0x024
#define VIRTIO_QUEUE_SELECT    0x030
#define VIRTIO_QUEUE_MAX       0x034
#define VIRTIO_QUEUE_SIZE      0x038
#define VIRTIO_QUEUE_READY     0x044
#define VIRTIO_QUEUE_NOTIFY    0x050
#define VIRTIO_INTERRUPTS      0x060
#define VIRTIO_INTERRUPT_ACK   0x064
#define VIRTIO_STATUS          0x070
#define VIRTIO_QUEUE_DESC      0x080
#define VIRTIO_QUEUE_DRIVER    0x090
#define VIRTIO_QUEUE_DEVICE    0x0a0

#define VIRTIO_DRIVER      0x03u /* ACKNOWLEDGE and DRIVER */
#define VIRTIO_DRIVER_OK   0x04u
#define VIRTIO_FEATURES_OK 0x08u
#define VIRTIO_RUNNING     0x0fu
#define VIRTIO_NEEDS_RESET 0x40u

#define VIRTIO_RECEIVE  0u
#define VIRTIO_TRANSMIT 1u

#define VIRTIO_ENTRIES 64u

#define VIRTIO_DESC_NEXT     1u
#define VIRTIO_DESC_WRITE    2u
#define VIRTIO_DESC_INDIRECT 4u
#define VIRTIO_NO_INTERRUPT  1u /* avail.flags */

struct virtio_desc {
	u64 address;
	u32 bytes;
	u16 flags, next;
};

/* Of queues; bits of the first feature word. */
#define VIRTIO_INDIRECT    0x10000000u
#define VIRTIO_EVENT_INDEX 0x20000000u

struct virtio_rings {
	struct virtio_desc desc[VIRTIO_ENTRIES] __aligned(16);
	struct {
		u16 flags, idx, ring[VIRTIO_ENTRIES];
		u16 event; /* with VIRTIO_EVENT_INDEX: an interrupt for the chain behind it */
	} avail;
	struct {
		u16 flags, idx;
		struct {
			u32 id, bytes;
		} ring[VIRTIO_ENTRIES];
		u16 event; /* the doorbell for the chain behind it */
	} used __aligned(4);
};

/* Of a console's two queues. */
extern struct virtio_rings virtio_rings[2];
/* The first feature word that virtio_features() accepts; 0 at first. */
extern u32 virtio_wanted;

/* Set-up of a queue; addresses are the guest's. */
struct virtio_queue {
	u64 size, desc, driver, device;
};

/** virtio_find() - the registers of the first virtio-mmio device in the tree; 0: there is none. */
u64 virtio_find(void);
/** virtio_queue() - how virtio_begin() sets up queue @number. */
struct virtio_queue virtio_queue(u32 number);
/** virtio_set_queue() - set queue @number up and make it ready. Returns true if it is. */
bool virtio_set_queue(u64 base, u32 number, const struct virtio_queue *queue);
/** virtio_features() - reset, and as far as FEATURES_OK. Returns true if the device agrees. */
bool virtio_features(u64 base);
/** virtio_begin() - reset, features, queues with empty rings, DRIVER_OK. Returns true if it runs.
 */
bool virtio_begin(u64 base);
/** virtio_put() - write descriptor @entry of queue @number. */
void virtio_put(u32 number, u32 entry, u64 address, u32 bytes, u32 flags, u32 next);
/** virtio_offer() - make the chain at @head available, and ring. */
void virtio_offer(u64 base, u32 number, u32 head);
/** virtio_used() - chains of queue @number that the device gave back, modulo 2^16. */
u16 virtio_used(u32 number);
/** virtio_send() - @text through the transmit queue. Returns true if it was taken. */
bool virtio_send(u64 base, const char *text);

#endif
