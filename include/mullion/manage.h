/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core as a manager sees it: what SYS_GUEST_CTL (abi/manage.h) does and answers. A manager is a
 * component whose description grants it control of all guests, or of some.
 */
#ifndef MULLION_MANAGE_H
#define MULLION_MANAGE_H

#include <abi/manage.h>
#include <mullion/types.h>

struct component;
struct host;
struct system;

/** manage_start() - what there is to manage, all of which stays; @cpu_model for people. Before
 * this, calls are refused and nobody is notified. Boot CPU, once, after the components were
 * created. */
void manage_start(const struct system *system, const struct host *host, const char *cpu_model);

/** manage_call() - SYS_GUEST_CTL of @component, its arguments as they came: operation, id, the
 * component's address of a buffer and its bytes, argument. What the operation gives back beside its
 * result goes to @second. Return: 0 or the bytes copied, or -(enum err): ERR_UNSUPPORTED for an
 * unknown operation, ERR_DENIED without the right to it, ERR_NOT_FOUND without such an object,
 * ERR_TOO_BIG when the buffer is smaller than the record, ERR_FAULT when it is not the component's,
 * ERR_STATE and ERR_BUSY when the object does not allow it (now), and what creating a guest can
 * fail with. The component's own thread, no locks; may sleep. */
s64 manage_call(struct component *component, u64 operation, u64 id, u64 buffer_va, u64 bytes,
		u64 argument, u64 *second);

/** manage_changed() - a guest or a component has changed its state: tell the managers, and give the
 * console to the component that drives its UART, or take it back. Any context; no locks but those
 * of lower rank than RANK_COMPONENT. */
void manage_changed(void);

/** manage_notify() - set @bits of every manager's notification word. As manage_changed(). */
void manage_notify(u64 bits);

#endif
