/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own interrupts: vectors from VECTOR_PRIVATE on. */
#ifndef X86_64_IRQ_H
#define X86_64_IRQ_H

#include <asm/trap.h>

#define VECTOR_KICK  VECTOR_PRIVATE
#define VECTOR_TIMER (VECTOR_PRIVATE + 1)

#endif
