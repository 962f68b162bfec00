/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a partition table with its copy at the end of the disk, one piece after the other. */
#ifndef BLK_PARTITIONS_H
#define BLK_PARTITIONS_H

#include "components/blk/gpt.h"

enum table_step {
	TABLE_HEADER,
	TABLE_LIST,
	TABLE_BACKUP_HEADER,
	TABLE_BACKUP_LIST,
	TABLE_GOOD,
	TABLE_BAD,
};

struct table {
	enum table_step step;
	u64 capacity; /* sectors of the disk */
	struct gpt primary, backup;
	bool has_primary, has_backup;
	u8 primary_list[GPT_ENTRIES], backup_list[GPT_ENTRIES];
};

/** table_begin() - a disk of @capacity sectors. */
void table_begin(struct table *table, u64 capacity);
/** table_next() - the next piece to read. Returns false if there is none: the step is TABLE_GOOD or
 * TABLE_BAD. */
bool table_next(const struct table *table, u64 *where, u32 *bytes);
/** table_take() - that piece is here; NULL: it cannot be read. It is copied before it is checked.
 */
void table_take(struct table *table, const u8 *data);
/** table_find() - the partition of that name. Returns how many have it, as gpt_find(). */
u32 table_find(const struct table *table, const char *name, u64 *first, u64 *sectors);

#endif
