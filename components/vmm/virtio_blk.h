/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a virtio disk (virtio 1.2 §5.2.6), for both kinds of disks. */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "components/vmm/virtio.h"

#define SECTOR 512u

#define F_SEG_MAX      BIT(2)
#define F_READ_ONLY    BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH        BIT(9)
#define F_TOPOLOGY     BIT(10)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)
#define F_ALWAYS       (F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY)

enum type { TYPE_IN, TYPE_OUT, TYPE_FLUSH = 4, TYPE_ID = 8, TYPE_DISCARD = 11, TYPE_ZEROES = 13 };
enum status { STATUS_OK, STATUS_ERROR, STATUS_UNSUPPORTED, MORE };

struct header {
	u32 type, reserved;
	u64 sector;
};

/** blk_accepted() - Returns true if the driver has accepted the feature. */
bool blk_accepted(const struct device *device, u64 feature);
/** blk_header() - read the chain's header. Returns false, with the device broken, if the chain is
 * no request. */
bool blk_header(struct device *device, const struct chain *chain, struct header *header);
/** blk_data_bytes() - Returns how many bytes of data the request has. */
u32 blk_data_bytes(const struct chain *chain, const struct header *header);
/** blk_identify() - write the serial number. */
enum status blk_identify(const struct device *device, const struct chain *chain);
/** blk_finish() - write the status, and give the chain back. */
void blk_finish(struct device *device, const struct chain *chain, enum status status);
/** blk_set_status() - write the status. Returns the bytes that the device has written. */
u32 blk_set_status(const struct chain *chain, enum status status);

/* --- A disk at the other end of a link (virtio_blk_link.c) --------------------------------------
 */

/** blk_link_attach() - use the disk at the other end of the channel "GUEST-REGION" or "REGION".
 * Returns false if there is none. */
bool blk_link_attach(struct device *device, const struct grant_info *region);
/** blk_link_serve(), blk_link_resumed(), blk_link_reset() - of struct virtio_model. */
bool blk_link_serve(struct device *device);
void blk_link_resumed(struct device *device);
void blk_link_reset(struct device *device);

/** blk_has_link() - Returns true if the disk is at the other end of a link. */
static inline bool blk_has_link(const struct device *device)
{
	return device->link.bit != 0;
}

#endif
