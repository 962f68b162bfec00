/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of a virtio disk (virtio 1.2 §5.2) behind virtio-mmio, version 2, or virtio-pci.
 * It is the server of one link (components/lib/disk.h). The device reads and writes the data in the
 * link's memory, so the driver copies nothing.
 *
 * Nothing is kept but the memory that the device reaches. A restarted driver resets the device,
 * which ends all of its accesses, and serves again all requests without an answer.
 */
#ifndef VIRTIO_BLK_DRIVER_H
#define VIRTIO_BLK_DRIVER_H

#include "components/lib/runtime.h"

extern const struct program virtio_blk_program;

#endif
