/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's devices: which there are stands in the grants. What their registers hold is kept in the
 * memory "state", so a guest does not notice when its vmm is restarted.
 */
#ifndef VMM_H
#define VMM_H

#include "components/lib/runtime.h"

/* The program, for runtime_run(). */
extern const struct program vmm_program;

#endif
