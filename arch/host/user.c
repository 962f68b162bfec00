/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted component: see arch/host/host.h. */
#include <abi/component.h>
#include <arch/irq.h>
#include <arch/user.h>
#include <mullion/log.h>
#include <mullion/string.h>

#include "arch/host/host.h"

void host_user_script(struct arch_user *user, const struct host_call *calls, u32 count)
{
	user->script = calls;
	user->script_length = count;
	user->script_at = 0;
}

void arch_user_reset(struct arch_user *user, const struct space *space, u64 entry, u64 stack,
		     u64 argument)
{
	(void)space;
	user->entry = entry;
	user->stack = stack;
	user->argument = argument;
	user->number = 0;
	memset(user->arguments, 0, sizeof(user->arguments));
	memset(user->results, 0, sizeof(user->results));
	user->resets++;
}

enum user_trap arch_user_run(struct arch_user *user)
{
	static const struct host_call wait = { .trap = USER_SYSCALL, .number = SYS_WAIT };
	const struct host_call *call = &wait;

	user->runs++;
	if (user->script_at < user->script_length)
		call = &user->script[user->script_at++];
	if (call->trap == USER_INTERRUPTED)
		(void)host_yield(HOST_BUSY);
	arch_irq_take();
	user->number = call->number;
	memcpy(user->arguments, call->arguments, sizeof(user->arguments));
	return call->trap;
}

void arch_user_dump(const struct arch_user *user)
{
	log_error("  a dump, entry %lx", user->entry);
}
