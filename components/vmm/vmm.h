/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a guest, as the grants name them. The memory "state" preserves the values of their
 * registers, so the vmm's restart is invisible to the guest.
 */
#ifndef VMM_H
#define VMM_H

#include "components/lib/runtime.h"

/* The program, for runtime_run(). */
extern const struct program vmm_program;

#endif
