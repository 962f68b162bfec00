/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle: a newc cpio archive ("070701"), read in place. Any context; read-only. */
#ifndef MULLION_CPIO_H
#define MULLION_CPIO_H

#include <mullion/err.h>
#include <mullion/types.h>

struct cpio_entry {
	const char *name; /* in the archive, NUL-terminated */
	const u8 *data;
	size_t size; /* bytes */
	size_t next; /* offset of the next header; private */
};

/** cpio_first()/cpio_next() - entry by entry. ERR_NOT_FOUND at the trailer, ERR_FORMAT for a broken
 * archive. */
enum err __must_check cpio_first(const void *archive, size_t size, struct cpio_entry *entry);
enum err __must_check cpio_next(const void *archive, size_t size, struct cpio_entry *entry);
/** cpio_find() - the entry called @name ("./x" and "x" are the same). */
enum err __must_check cpio_find(const void *archive, size_t size, const char *name,
				struct cpio_entry *entry);

#endif
