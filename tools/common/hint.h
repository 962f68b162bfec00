/* SPDX-License-Identifier: Apache-2.0 */
/* Advice about text that dtc has refused. */
#ifndef TOOLS_HINT_H
#define TOOLS_HINT_H

#include "tools/common/file.h"

/** hint_at_syntax() - complain about @path once more, after dtc has, with the most likely
 * mistake. @preprocessed: the text that dtc has read, with cpp's line marks. @search: where dtc
 * looks for included files. */
void hint_at_syntax(const char *path, const struct buffer *preprocessed,
		    const struct search *search);

#endif
