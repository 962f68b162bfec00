/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call SYS_GUEST_CTL (abi/manage.h). A manager is a component whose description grants
 * it control of all guests or of some.
 */
#ifndef MULLION_MANAGE_H
#define MULLION_MANAGE_H

#include <abi/manage.h>
#include <mullion/types.h>

struct component;
struct host;
struct system;

/** manage_start() - serve SYS_GUEST_CTL and notify managers from now on. @system and @host must
 * stay; @cpu_model is text for output. Boot CPU, once, after the components were created. */
void manage_start(const struct system *system, const struct host *host, const char *cpu_model);

/** manage_call() - serve SYS_GUEST_CTL of @component with unchecked arguments: operation, id, the
 * component's address of a buffer and its bytes, argument. The operation's second result goes to
 * @second. The component's own thread, no locks; may sleep. Returns 0 or the bytes copied, or
 * -(enum err). ERR_UNSUPPORTED: the operation is unknown. ERR_DENIED: the component has no right to
 * it. ERR_NOT_FOUND: there is no such object. ERR_TOO_BIG: the buffer is smaller than the record.
 * ERR_FAULT: the buffer is not the component's. ERR_STATE, ERR_BUSY: the object's state forbids the
 * operation. A creation has the errors of guest_create() as well. */
s64 manage_call(struct component *component, u64 operation, u64 id, u64 buffer_va, u64 bytes,
		u64 argument, u64 *second);

#endif
