/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/blk/gpt.c, partitions.c: a disk of foreign bytes. Nothing is read outside
 * of it, and each partition that is found lies within it.
 *
 * Input: sectors, of which the last may be short.
 */
#include "components/blk/partitions.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u64 capacity = (size + GPT_SECTOR - 1) / GPT_SECTOR, where, first, sectors;
	struct table *table = malloc(sizeof(*table));
	u8 *disk = calloc(capacity + 1, GPT_SECTOR);
	u32 bytes;

	CHECK(disk != NULL && table != NULL);
	if (size > 0)
		memcpy(disk, data, size);
	table_begin(table, capacity);
	for (u32 i = 0; table_next(table, &where, &bytes); i++) {
		CHECK(i < 4 && bytes <= GPT_ENTRIES && where < capacity);
		CHECK(bytes / GPT_SECTOR <= capacity - where);
		table_take(table, disk + where * GPT_SECTOR);
	}
	if (table_find(table, "root", &first, &sectors) != 0)
		CHECK(sectors != 0 && first < capacity && sectors <= capacity - first);
	free(disk);
	free(table);
	return 0;
}
