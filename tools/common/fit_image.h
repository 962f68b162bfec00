/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIT images: a device tree that has kernel, tree and initial RAM disk, with hashes and
 * configurations. (U-Boot doc/usage/fit/source_file_format.rst; Flattened Image Tree 1.0.)
 */
#ifndef TOOLS_FIT_IMAGE_H
#define TOOLS_FIT_IMAGE_H

#include <mullion/types.h>

struct fit_part {
	const u8 *data; /* in the image; NULL: there is none */
	size_t bytes;
	bool gzip;
	bool has_load, has_entry;
	u64 load, entry;
};

struct fit_parts {
	struct fit_part kernel, ramdisk, tree;
};

/** tree_is_whole() - whether libfdt's functions may read the tree in the @size bytes at @data.
 * fdt_check_full() alone crashes on a tree of a version before 16, whose root has no slash. */
bool tree_is_whole(const void *data, size_t size);
/** fit_read() - find the parts of a configuration in the @size bytes at @data, which are aligned to
 * 8 and must remain, and verify their hashes. @config: its name; NULL: the default, or the only
 * one. Returns NULL, or the reason of a failure as the end of "the kernel ...", to be freed. */
char *fit_read(const void *data, size_t size, const char *config, struct fit_parts *parts);

#endif
