/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks over links (link.h): the protocol of vmms, the service blk and drivers. A request's `where`
 * is a sector, and its data are in the slot. A write that ends well is in the disk's cache.
 * A flush that ends well makes all writes durable that had been answered when it was asked.
 */
#ifndef COMPONENTS_DISK_H
#define COMPONENTS_DISK_H

#include "components/lib/link.h"

#define DISK_SECTOR 512u
#define DISK_SLOTS  32u

enum disk_kind { DISK_READ, DISK_WRITE, DISK_FLUSH };

/* The words of link_published(). */
#define DISK_CAPACITY 0u /* sectors; 0: not known yet */
#define DISK_FLAGS    1u

#define DISK_READ_ONLY BIT(0)

/** disk_has() - Returns true if @bytes from sector @where on are whole sectors of a disk of
 * @capacity sectors. */
static inline bool disk_has(u64 capacity, u64 where, u32 bytes)
{
	return bytes % DISK_SECTOR == 0 && where <= capacity &&
	       bytes / DISK_SECTOR <= capacity - where;
}

#endif
