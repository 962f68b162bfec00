/* SPDX-License-Identifier: Apache-2.0 */
/* Notes below a list or record: each names a fault and its remedy, in a line. */
#ifndef MTERM_NOTES_H
#define MTERM_NOTES_H

#include "components/mterm/record.h"

/** notes_remember() - the counters that notes need into the look that use_begin() began. */
void notes_remember(enum kind kind);
/** notes_show() - print the notes about records of @kind; of guest @guest alone unless that is
 * NULL. They name components that reached their restart limit, vCPUs that were READY and did not
 * run, and the threads that ran instead. */
void notes_show(enum kind kind, const char *guest);

#endif
