/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service of disks: several requesters share one disk of a driver. Each has a part of it, by a
 * range of sectors or by a partition's name. The service is the server of a link for each requester
 * and the requester of the driver's link (components/lib/disk.h).
 *
 * It keeps nothing: a slot of the driver's link has a note of the request that it serves. So a
 * restarted service finds all that it has begun, and the rest is asked again.
 */
#ifndef BLK_BLK_H
#define BLK_BLK_H

#include "components/lib/disk.h"
#include "components/lib/runtime.h"

extern const struct program blk_program;

/* share.c */

#define PLACE_NAME 37u /* of a partition, with its end */

/* The place of a requester's disk, as the arguments give it. */
struct place {
	u64 first, sectors;         /* sectors 0: to the end of the disk */
	char partition[PLACE_NAME]; /* "": the range above */
	bool read_only;
	u32 weight; /* 1 to 100 */
};

/** place_parse() - read `all`, `FIRST+SECTORS` or a partition's name, then `,ro` and `,weight=N`,
 * up to a blank or the end. Returns false if it is none of that. */
bool place_parse(struct place *place, const char *text);

#endif
