/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The use of CPUs by each record, from two readings of the core's counters. In between the core
 * traps a guest's wait instructions (MANAGE_GUEST_WATCH), which distinguishes an idle guest from a
 * busy one.
 */
#ifndef MTERM_USE_H
#define MTERM_USE_H

#include "components/mterm/record.h"

#define USE_LIST_MS 100u  /* between the two looks, for a list */
#define USE_TOP_MS  1000u /* and for top */

struct use {
	u64 permille; /* of one CPU */
	u64 exits, switches;
};

/** use_begin() - forget all looks, and take the first one. */
void use_begin(void);
/** use_look() - one more look: from now on use_of() compares with the one before. */
void use_look(void);
/** use_remember() - all records of @kind into this look. */
void use_remember(enum kind kind);
/** use_of() - what @r used since the look before, exits and switches each second; all 0 for a
 * record that was not there then. @remember: it is part of this look, too. */
struct use use_of(enum kind kind, const struct record *r, bool remember);

#endif
