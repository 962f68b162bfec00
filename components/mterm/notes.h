/* SPDX-License-Identifier: Apache-2.0 */
/* What a list or record cannot tell in its columns: what is wrong, and the cure, a line each. */
#ifndef MTERM_NOTES_H
#define MTERM_NOTES_H

#include "components/mterm/record.h"

/** notes_remember() - the counters that notes need into the look that use_begin() began. */
void notes_remember(enum kind kind);
/** notes_show() - below records of @kind, of guest @guest alone unless that is NULL: components
 * that reached their restart limit; vCPUs that were READY and did not run, and what ran instead. */
void notes_show(enum kind kind, const char *guest);

#endif
