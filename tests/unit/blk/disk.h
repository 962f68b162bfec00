/* SPDX-License-Identifier: Apache-2.0 */
/* A disk with a partition table and its copy, in memory. */
#ifndef TESTS_BLK_DISK_H
#define TESTS_BLK_DISK_H

#include "components/blk/partitions.h"
#include <string.h>

#define SECTORS 256u

static u8 image[SECTORS][GPT_SECTOR];

static inline void put32(u8 *at, u32 value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void put64(u8 *at, u64 value)
{
	memcpy(at, &value, sizeof(value));
}

static inline u32 crc_of(const u8 *bytes, size_t n)
{
	u32 crc = UINT32_MAX;

	for (size_t i = 0; i < n * 8; i++) {
		u32 bit = (crc ^ (u32)(bytes[i / 8] >> i % 8)) & 1;

		crc = (crc >> 1) ^ (bit != 0 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Both checksums of the header at @at, whose entries begin at @entries. */
static inline void seal(u32 at, u32 entries)
{
	put32(image[at] + 88, crc_of(image[entries], GPT_ENTRIES));
	put32(image[at] + 16, 0);
	put32(image[at] + 16, crc_of(image[at], 92));
}

static inline void put_header(u32 at, u32 other, u32 entries)
{
	u8 *h = image[at];

	memset(h, 0, GPT_SECTOR);
	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, at);
	put64(h + 32, other);
	put64(h + 40, 34);
	put64(h + 48, SECTORS - 34);
	memset(h + 56, 0xd5, 16);
	put64(h + 72, entries);
	put32(h + 80, 128);
	put32(h + 84, 128);
	seal(at, entries);
}

/* Entry @index of both copies. */
static inline void put_entry(u32 index, u64 first, u64 last, const char *name)
{
	u8 entry[128] = { 1 };

	put64(entry + 32, first);
	put64(entry + 40, last);
	for (u32 i = 0; name[i] != '\0'; i++)
		entry[56 + 2 * i] = (u8)name[i];
	memcpy(image[2] + 128 * index, entry, sizeof(entry));
	memcpy(image[SECTORS - 33] + 128 * index, entry, sizeof(entry));
}

static inline void seal_both(void)
{
	put_header(1, SECTORS - 1, 2);
	put_header(SECTORS - 1, 1, SECTORS - 33);
}

/* The partitions root, of 40 sectors, and home. */
static inline void make_disk(void)
{
	memset(image, 0, sizeof(image));
	put_entry(0, 34, 73, "root");
	put_entry(5, 100, 199, "home");
	seal_both();
}

static inline bool read_table(struct table *table)
{
	u64 where;
	u32 bytes;

	table_begin(table, SECTORS);
	for (u32 i = 0; table_next(table, &where, &bytes); i++)
		table_take(table,
			   i < 8 && where + bytes / GPT_SECTOR <= SECTORS ? image[where] : NULL);
	return table->step == TABLE_GOOD;
}

#endif
