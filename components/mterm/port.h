/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the terminal needs of the world around it: main.c has it from the core and the console,
 * tests from a machine that they make up.
 */
#ifndef MTERM_PORT_H
#define MTERM_PORT_H

#include <mullion/types.h>

/** port_ctl() - SYS_GUEST_CTL (abi/manage.h); @second: what comes in x1. */
s64 port_ctl(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second);
/** port_time() - nanoseconds of the core's clock; @since_1970: of the wall clock, 0 unknown. */
u64 port_time(u64 *since_1970);
/** port_timer() - term_timer() is to be called at @when_ns of the core's clock; UINT64_MAX: never.
 */
void port_timer(u64 when_ns);
/** port_write() - @n bytes to the console, in their order. Waits for room. Return: false when the
 * user wants no more of it (Ctrl-C meanwhile). */
bool port_write(const char *text, size_t n);

#endif
