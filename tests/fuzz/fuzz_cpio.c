/* SPDX-License-Identifier: Apache-2.0 */
/* lib/cpio.c: entries of any archive lie inside it, and the walk ends. */
#include <mullion/cpio.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define MIN_ENTRY 112 /* header and a name of one character */

static const char *plain(const char *name)
{
	return strncmp(name, "./", 2) == 0 ? name + 2 : name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_entry entry, found;
	size_t count = 0;
	enum err err;
	u8 *archive = malloc(size == 0 ? 1 : size);

	CHECK(archive != NULL);
	memcpy(archive, data, size);
	for (err = cpio_first(archive, size, &entry); err == OK;
	     err = cpio_next(archive, size, &entry)) {
		const u8 *name = (const u8 *)entry.name;
		volatile u8 last;

		CHECK(name > archive && name + strlen(entry.name) + 1 <= entry.data);
		CHECK(entry.data <= archive + size);
		CHECK(entry.size <= (size_t)(archive + size - entry.data));
		if (entry.size > 0)
			last = entry.data[entry.size - 1];
		(void)last;
		CHECK(cpio_find(archive, size, entry.name, &found) == OK);
		CHECK(strcmp(plain(found.name), plain(entry.name)) == 0);
		CHECK(found.data <= entry.data);
		CHECK(++count <= size / MIN_ENTRY);
	}
	CHECK(err == ERR_NOT_FOUND || err == ERR_FORMAT);
	err = cpio_find(archive, size, "\1 is no entry's name", &found);
	CHECK(err == OK || err == ERR_NOT_FOUND || err == ERR_FORMAT);
	free(archive);
	return 0;
}
