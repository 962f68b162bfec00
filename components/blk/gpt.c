/* SPDX-License-Identifier: Apache-2.0 */
/* The partition table of a disk: see gpt.h. */
#include "components/blk/gpt.h"

#include <mullion/string.h>

#define HEADER_BYTES 92u
#define ENTRY_BYTES  128u
#define NAME_AT      56u
#define NAME_UNITS   36u /* of two bytes */

static u32 get32(const u8 *at)
{
	return (u32)at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24;
}

static u64 get64(const u8 *at)
{
	return get32(at) | (u64)get32(at + 4) << 32;
}

static u32 crc_add(u32 crc, u8 byte)
{
	crc ^= byte;
	for (u32 i = 0; i < 8; i++)
		crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
	return crc;
}

static u32 crc_of(const u8 *bytes, u32 n)
{
	u32 crc = UINT32_MAX;

	for (u32 i = 0; i < n; i++)
		crc = crc_add(crc, bytes[i]);
	return ~crc;
}

/* Its own checksum counts as zero. */
static u32 header_crc(const u8 *bytes, u32 n)
{
	u32 crc = UINT32_MAX;

	for (u32 i = 0; i < n; i++)
		crc = crc_add(crc, i >= 16 && i < 20 ? 0 : bytes[i]);
	return ~crc;
}

u32 gpt_entries_bytes(const struct gpt *gpt)
{
	return (u32)ALIGN_UP(gpt->num * gpt->size, GPT_SECTOR);
}

bool gpt_read_header(struct gpt *gpt, const u8 *bytes, u64 at, u64 capacity)
{
	u32 size = get32(bytes + 12);
	u64 behind;

	if (memcmp(bytes, "EFI PART", 8) != 0 || get32(bytes + 8) != 0x10000 ||
	    size < HEADER_BYTES || size > GPT_SECTOR ||
	    header_crc(bytes, size) != get32(bytes + 16))
		return false;
	memcpy(gpt->guid, bytes + 56, sizeof(gpt->guid));
	gpt->other = get64(bytes + 32);
	gpt->first = get64(bytes + 40);
	gpt->last = get64(bytes + 48);
	gpt->entries = get64(bytes + 72);
	gpt->num = get32(bytes + 80);
	gpt->size = get32(bytes + 84);
	gpt->crc = get32(bytes + 88);
	if (get64(bytes + 24) != at || gpt->other >= capacity || gpt->other == at ||
	    gpt->size < ENTRY_BYTES || gpt->size > GPT_SECTOR ||
	    (gpt->size & (gpt->size - 1)) != 0 || gpt->num == 0 ||
	    gpt->num > GPT_ENTRIES / gpt->size)
		return false;
	behind = gpt_entries_bytes(gpt) / GPT_SECTOR;
	if (gpt->first <= GPT_PRIMARY || gpt->first > gpt->last || gpt->last >= capacity ||
	    gpt->entries <= GPT_PRIMARY || gpt->entries > capacity - behind)
		return false;
	behind += gpt->entries;
	/* Neither header nor entries lie among the partitions. */
	return (at < gpt->first || at > gpt->last) &&
	       (gpt->other < gpt->first || gpt->other > gpt->last) &&
	       (behind <= gpt->first || gpt->entries > gpt->last) &&
	       (at < gpt->entries || at >= behind);
}

static const u8 *entry_of(const struct gpt *gpt, const u8 *entries, u32 index)
{
	return entries + (size_t)index * gpt->size;
}

static bool is_used(const u8 *entry)
{
	for (u32 i = 0; i < 16; i++)
		if (entry[i] != 0)
			return true;
	return false;
}

static bool overlap(const u8 *a, const u8 *b)
{
	return get64(a + 32) <= get64(b + 40) && get64(b + 32) <= get64(a + 40);
}

bool gpt_check_entries(const struct gpt *gpt, const u8 *entries)
{
	if (crc_of(entries, gpt->num * gpt->size) != gpt->crc)
		return false;
	for (u32 i = 0; i < gpt->num; i++) {
		const u8 *entry = entry_of(gpt, entries, i);

		if (!is_used(entry))
			continue;
		if (get64(entry + 32) < gpt->first || get64(entry + 40) > gpt->last ||
		    get64(entry + 32) > get64(entry + 40))
			return false;
		for (u32 j = 0; j < i; j++)
			if (is_used(entry_of(gpt, entries, j)) &&
			    overlap(entry, entry_of(gpt, entries, j)))
				return false;
	}
	return true;
}

bool gpt_same(const struct gpt *a, const struct gpt *b)
{
	return memcmp(a->guid, b->guid, sizeof(a->guid)) == 0 && a->first == b->first &&
	       a->last == b->last && a->num == b->num && a->size == b->size && a->crc == b->crc;
}

static bool has_name(const u8 *entry, const char *name)
{
	for (u32 i = 0; i < NAME_UNITS; i++) {
		const u8 *unit = entry + NAME_AT + 2 * (size_t)i;

		if (unit[0] != (u8)name[i] || unit[1] != 0)
			return false;
		if (name[i] == '\0')
			return true;
	}
	return name[NAME_UNITS] == '\0';
}

u32 gpt_find(const struct gpt *gpt, const u8 *entries, const char *name, u64 *first, u64 *sectors)
{
	u32 found = 0;

	for (u32 i = 0; i < gpt->num; i++) {
		const u8 *entry = entry_of(gpt, entries, i);

		if (!is_used(entry) || !has_name(entry, name))
			continue;
		*first = get64(entry + 32);
		*sectors = get64(entry + 40) - *first + 1;
		found++;
	}
	return found;
}
