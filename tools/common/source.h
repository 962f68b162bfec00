/* SPDX-License-Identifier: Apache-2.0 */
/* A system's or machine's tree from its source, with the file and line that each piece came from.
 */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <mullion/fdt.h>

#include "tools/common/file.h"

struct source_place {
	char *node;     /* full path */
	char *property; /* NULL: the node itself */
	char *file;
	unsigned long line;
};

struct source {
	char *path;
	struct buffer dtb;
	struct fdt tree; /* a view of dtb */
	struct source_place *places;
	size_t num_places;
};

/** source_load() - read @path: compiled (starts with the magic of a blob), or DTS, which goes
 * through cpp and dtc. A name that ends in .system is a Microkit system, which tools/from-microkit
 * turns into DTS. @search: where included files are looked for, after the file's own directory.
 * @machine: the machine's tree, for a Microkit system; or NULL. Returns 0, 1 when the text is wrong
 * (a program said where), 2 when it cannot be read; after a complaint. */
int source_load(struct source *source, const char *path, const struct search *search,
		const char *machine);
/** source_free() - release what source_load() made. */
void source_free(struct source *source);

/** source_find() - the place of @property (NULL: the node) of @node; of the node if there is none.
 * NULL if unknown. */
const struct source_place *source_find(const struct source *source, const char *node,
				       const char *property);

#endif
