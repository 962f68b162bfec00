/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle: a newc cpio archive of the compiled tree and the files that it names. */
#ifndef TOOLS_BUNDLE_H
#define TOOLS_BUNDLE_H

#include <mullion/fdt.h>

#include "tools/common/file.h"

#define BUNDLE_TREE  "system.dtb"
#define BUNDLE_ALIGN 4096 /* of each file's bytes, from the archive's start */

/** bundle_build() - append an archive to @out (empty). It has @dtb as system.dtb, and then, sorted
 * by name, each file that @tree names and @dirs have; the first directory wins. gzip'd kernels and
 * trees are decompressed. A file that is nowhere is left out: the checks report it.
 * @hints: add empty entries for all other names in @dirs, so that the checks can propose them; such
 * an archive is only for the checks. Returns 0, or 2 after a complaint. */
int bundle_build(const struct fdt *tree, const struct buffer *dtb, const struct search *dirs,
		 bool hints, struct buffer *out);

/** inflate_gzip() - replace gzip'd @data by what it holds. @path: for the complaint. Returns false
 * after one. */
bool inflate_gzip(const char *path, struct buffer *data);

#endif
