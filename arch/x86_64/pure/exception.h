/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exception that comes while another event is being delivered: both become one. SDM vol. 3,
 * table 6-5; APM vol. 2, table 8-2.
 */
#ifndef X86_64_PURE_EXCEPTION_H
#define X86_64_PURE_EXCEPTION_H

#include <mullion/types.h>

#define EXCEPTION_DF       8u
#define EXCEPTION_SHUTDOWN 32u /* no vector: the CPU shuts down (a triple fault) */

/** exception_combine() - the vector to deliver if the delivery of exception @first causes @second:
 * @second, EXCEPTION_DF or EXCEPTION_SHUTDOWN. Any context. */
u32 exception_combine(u32 first, u32 second);

#endif
