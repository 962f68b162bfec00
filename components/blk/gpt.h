/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition table of a disk (UEFI 2.10 §5.3), for sectors of 512 bytes. All bytes are foreign:
 * they are checked, and nothing is read behind them.
 */
#ifndef BLK_GPT_H
#define BLK_GPT_H

#include <mullion/types.h>

#define GPT_SECTOR  512u
#define GPT_PRIMARY 1u     /* sector of the first header; the other one is in the last sector */
#define GPT_ENTRIES 16384u /* bytes of entries, at most: 128 entries */

struct gpt {
	u8 guid[16];
	u64 other;          /* sector of the other header */
	u64 first, last;    /* sectors that partitions may have */
	u64 entries;        /* sector of the first entry */
	u32 num, size, crc; /* of the entries; bytes of one; of all */
};

/** gpt_read_header() - read the header @bytes (GPT_SECTOR of them) of sector @at. Returns false if
 * it is none, or wrong, or does not fit a disk of @capacity sectors. */
bool gpt_read_header(struct gpt *gpt, const u8 *bytes, u64 at, u64 capacity);
/** gpt_entries_bytes() - Returns the bytes of all entries: a multiple of GPT_SECTOR, at most
 * GPT_ENTRIES. */
u32 gpt_entries_bytes(const struct gpt *gpt);
/** gpt_check_entries() - Returns false if the checksum is wrong, a partition does not lie where it
 * may, or two overlap. */
bool gpt_check_entries(const struct gpt *gpt, const u8 *entries);
/** gpt_same() - Returns true if both headers describe the same partitions. */
bool gpt_same(const struct gpt *a, const struct gpt *b);
/** gpt_find() - the partition of that name, of printable ASCII. Returns how many have it; @first
 * and @sectors are those of the last. */
u32 gpt_find(const struct gpt *gpt, const u8 *entries, const char *name, u64 *first, u64 *sectors);

#endif
