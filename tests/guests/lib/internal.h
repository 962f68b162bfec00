/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the guest library know of each other and guests do not. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

void guest_start(void) __noreturn;
void guest_secondary(struct cpu_start *start) __noreturn;
void exception(struct frame *frame, u64 vector);

#endif
