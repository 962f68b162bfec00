/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own checks, run on the developer's machine. */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include <stdio.h>

#include <mullion/config.h>

#include "tools/common/source.h"

struct verify {
	const struct source *source;
	const struct host *host;   /* or NULL */
	const struct search *dirs; /* where images are; NULL: images are not checked */
	FILE *out;                 /* where messages go */
};

/** verify_host() - the machine: of @machine (its tree), or of the hardware nodes in @system; NULL
 * in *@host when there is neither. Returns 0, or 2 after a complaint. */
int verify_host(const struct source *machine, const struct source *system, struct host *space,
		const struct host **host);

/** verify_system() - check, and print every mistake as "FILE:LINE: error: ...", by place.
 * @bundle: filled with the bundle when dirs is given. @system: whole only if 0 is returned; free
 * @arena after. Returns 0, 1 if there are mistakes, 2 if the checks cannot run, after a complaint.
 */
int verify_system(const struct verify *verify, struct buffer *bundle, struct system *system,
		  void **arena);

#endif
