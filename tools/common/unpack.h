/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels in one piece: FIT images, and Images with a tree behind them. They become the files of an
 * ordinary guest before the description is checked. */
#ifndef TOOLS_UNPACK_H
#define TOOLS_UNPACK_H

#include <stdio.h>

#include "tools/common/source.h"

/** unpack_kernels() - replace what guests of @source name by its parts, which are added to
 * @search. A mistake is printed to @out as "FILE:LINE: error: ...". Returns 0, 1 after mistakes, 2
 * after a complaint. */
int unpack_kernels(struct source *source, struct search *search, FILE *out);

#endif
