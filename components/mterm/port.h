/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal's view of its surroundings. port.c takes it from the core and the console; tests
 * replace port.c.
 */
#ifndef MTERM_PORT_H
#define MTERM_PORT_H

#include <abi/component.h>
#include <mullion/types.h>

#define PORT_TYPED 512u /* bytes of a batch of typed bytes */

/** port_ctl() - SYS_GUEST_CTL (abi/manage.h); @second: the second result. */
s64 port_ctl(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second);
/** port_time() - Returns nanoseconds of the core's clock; @since_1970: of the wall clock, 0:
 * unknown.
 */
u64 port_time(u64 *since_1970);
/** port_timer() - have term_timer() called at @when_ns of the core's clock; UINT64_MAX: never. */
void port_timer(u64 when_ns);
/** port_write() - send @n bytes to the console, in order. Waits for room. Returns false after
 * Ctrl-C: the user wants no more output. */
bool port_write(const char *text, size_t n);

/** port_open() - attach the line @channel. Returns false without one. main.c alone uses this and
 * the following. */
bool port_open(const struct component_info *info, const struct grant_info *channel);
/** port_read() - take a batch of typed bytes. Returns their number. */
u32 port_read(char batch[PORT_TYPED]);
/** port_missed() - Returns the notifications that arrived in port_write() since the last call. */
u64 port_missed(void);

#endif
