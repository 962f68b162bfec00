/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture contract: running a component, an unprivileged program whose address space
 * its own. struct arch_user comes from <asm/user.h>: its registers.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include <asm/user.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct space;

/* How a component's run ended. */
enum user_trap {
	USER_INTERRUPTED, /* a host interrupt, already handled; check for work, then continue */
	USER_SYSCALL,     /* its number and arguments: arch_user_number(), arch_user_argument() */
	USER_FAULT,       /* it did what it may not */
};

#define USER_ARGUMENTS 6u /* of a system call */
#define USER_RESULTS   6u

/** arch_user_reset() - set the registers of a program's start. It begins at @entry on @stack, with
 * @argument in the first argument register and 0 in all others. @space: its address space, which
 * must remain. Instructions that were written there before are what it fetches. Own thread. */
void arch_user_reset(struct arch_user *user, const struct space *space, u64 entry, u64 stack,
		     u64 argument);
/** arch_user_run() - run it until a trap. The component's own thread, or the vCPU's that
 * serve_begin() permits; no locks. Loaded registers of a vCPU stay loaded. */
enum user_trap arch_user_run(struct arch_user *user);
/** arch_user_number(), arch_user_argument() - in asm/user.h, inline: of the system call it made;
 * @index below USER_ARGUMENTS. */
/** arch_user_set_result() - in asm/user.h, inline: @index 0: the call's result; above: further
 * values, below USER_RESULTS. */
/** arch_user_dump() - log registers and why it faulted. Its own thread, no locks. */
void arch_user_dump(const struct arch_user *user);

#endif
