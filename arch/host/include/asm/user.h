/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted component: arch_user_run() returns the system calls and faults of a script one by one.
 * See arch/host/host.h.
 */
#ifndef ASM_USER_H
#define ASM_USER_H

#include <mullion/types.h>

struct host_call;

struct arch_user {
	const struct host_call *script; /* stays over a reset */
	u32 script_length, script_at;
	u32 number;
	u64 arguments[6], results[6];
	u64 entry, stack, argument;
	u32 resets, runs;
};

static inline u32 arch_user_number(const struct arch_user *user)
{
	return user->number;
}

static inline u64 arch_user_argument(const struct arch_user *user, u32 index)
{
	return user->arguments[index];
}

static inline void arch_user_set_result(struct arch_user *user, u32 index, u64 value)
{
	user->results[index] = value;
}

#endif
