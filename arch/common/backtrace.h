/* SPDX-License-Identifier: Apache-2.0 */
/* Call chains of the core. asm/trap.h has trap_call(), the address of a call by its return address.
 */
#ifndef ARCH_COMMON_BACKTRACE_H
#define ARCH_COMMON_BACKTRACE_H

#include <mullion/types.h>

/** trap_on_stack() - the architecture's: Returns true if a frame record at @fp lies on a stack of
 * this CPU. Any context. */
bool trap_on_stack(u64 fp);
/** backtrace() - log the chain of calls that the frame record at @fp begins. Any context. */
void backtrace(u64 fp);

#endif
