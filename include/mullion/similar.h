/* SPDX-License-Identifier: Apache-2.0 */
/* The known name that a misspelt one was meant to be. Pure; any context. */
#ifndef MULLION_SIMILAR_H
#define MULLION_SIMILAR_H

#include <mullion/types.h>

#define SIMILAR_MAX      32 /* bytes; a longer name is similar to none */
#define SIMILAR_HINT_MAX 96 /* bytes of a hint with NUL */

struct similar {
	const char *wanted;
	u32 limit;                  /* a candidate needs fewer edits than this */
	char best[SIMILAR_MAX + 1]; /* "": no candidate is similar */
	char hint[SIMILAR_HINT_MAX];
};

/** similar_init() - begin a search for @wanted, which must stay. */
void similar_init(struct similar *similar, const char *wanted);

/** similar_offer() - keep a copy of @candidate if it is nearer to the wanted name than each one
 * before. An edit inserts, deletes or replaces a letter, or swaps two neighbours. A third of the
 * letters and one more may differ, but never all of them. */
void similar_offer(struct similar *similar, const char *candidate);

/** similar_hint() - Returns "; did you mean 'x'?", which lies in @similar, or @otherwise if no
 * candidate was similar. */
const char *similar_hint(struct similar *similar, const char *otherwise);

#endif
