/* SPDX-License-Identifier: Apache-2.0 */
/* The vmm as a program of the runtime (lib/runtime.h). */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "components/lib/runtime.h"

#define VMM_MAX_DEVICES 16u

extern const struct program vmm_program;

#endif
