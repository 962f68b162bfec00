/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both copies of a partition table. One alone is enough; two that differ are refused, for neither
 * is known to be the right one.
 */
#include "components/blk/partitions.h"

#include <mullion/string.h>

void table_begin(struct table *table, u64 capacity)
{
	memset(table, 0, sizeof(*table));
	table->capacity = capacity;
	table->step = capacity > GPT_PRIMARY + 1 ? TABLE_HEADER : TABLE_BAD;
}

static u64 backup_at(const struct table *table)
{
	return table->has_primary ? table->primary.other : table->capacity - 1;
}

bool table_next(const struct table *table, u64 *where, u32 *bytes)
{
	*bytes = GPT_SECTOR;
	switch (table->step) {
	case TABLE_HEADER: *where = GPT_PRIMARY; return true;
	case TABLE_BACKUP_HEADER: *where = backup_at(table); return true;
	case TABLE_LIST:
		*where = table->primary.entries;
		*bytes = gpt_entries_bytes(&table->primary);
		return true;
	case TABLE_BACKUP_LIST:
		*where = table->backup.entries;
		*bytes = gpt_entries_bytes(&table->backup);
		return true;
	case TABLE_GOOD:
	case TABLE_BAD: break;
	}
	return false;
}

static void decide(struct table *table)
{
	bool one = table->has_primary || table->has_backup;
	bool both = table->has_primary && table->has_backup;

	table->step = one && (!both || gpt_same(&table->primary, &table->backup)) ? TABLE_GOOD
										  : TABLE_BAD;
}

static bool take_header(struct gpt *gpt, const u8 *data, u64 at, u64 capacity)
{
	u8 sector[GPT_SECTOR];

	if (data == NULL)
		return false;
	memcpy(sector, data, sizeof(sector));
	return gpt_read_header(gpt, sector, at, capacity);
}

static bool take_list(const struct gpt *gpt, u8 *list, const u8 *data)
{
	if (data == NULL)
		return false;
	memcpy(list, data, gpt_entries_bytes(gpt));
	return gpt_check_entries(gpt, list);
}

void table_take(struct table *table, const u8 *data)
{
	switch (table->step) {
	case TABLE_HEADER:
		table->step = take_header(&table->primary, data, GPT_PRIMARY, table->capacity)
				      ? TABLE_LIST
				      : TABLE_BACKUP_HEADER;
		break;
	case TABLE_LIST:
		table->has_primary = take_list(&table->primary, table->primary_list, data);
		table->step = TABLE_BACKUP_HEADER;
		break;
	case TABLE_BACKUP_HEADER:
		if (take_header(&table->backup, data, backup_at(table), table->capacity))
			table->step = TABLE_BACKUP_LIST;
		else
			decide(table);
		break;
	case TABLE_BACKUP_LIST:
		table->has_backup = take_list(&table->backup, table->backup_list, data);
		decide(table);
		break;
	case TABLE_GOOD:
	case TABLE_BAD: break;
	}
}

u32 table_find(const struct table *table, const char *name, u64 *first, u64 *sectors)
{
	if (table->step != TABLE_GOOD)
		return 0;
	return table->has_primary
		       ? gpt_find(&table->primary, table->primary_list, name, first, sectors)
		       : gpt_find(&table->backup, table->backup_list, name, first, sectors);
}
