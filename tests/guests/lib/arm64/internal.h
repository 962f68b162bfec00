/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the files of this library share, hidden from programs. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

void guest_start(void) __noreturn;
void guest_secondary(struct cpu_start *start) __noreturn;
void exception(struct frame *frame, u64 vector);

#endif
