/* SPDX-License-Identifier: Apache-2.0 */
/* Will everything find a place in the machine's RAM? */
#ifndef TOOLS_FIT_H
#define TOOLS_FIT_H

#include <mullion/config.h>

/* The core's own memory, without that for the description's objects. */
struct fit_core {
	u64 image_bytes; /* image, bundle and arena: where the loader puts them is not known */
	u64 heap_bytes;
};

/** fit_check() - allocate the RAM of @host as the core does at boot, and report the first thing of
 * @system without a place. @system was checked. Returns true if everything does. */
bool fit_check(const struct system *system, const struct host *host, const struct fit_core *core,
	       struct diag *diag);

#endif
