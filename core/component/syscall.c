/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls. A component names objects by small numbers that index its own grants. Every
 * argument is checked here, and a bad one is answered with an error.
 */
#include "core/component/internal.h"

#include <arch/speculation.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/random.h>
#include <mullion/sched.h>
#include <mullion/serve.h>

#define LOG_MAX   1024u /* bytes of one call */
#define LOG_PIECE 64u

#define FAILED(err) ((u64) - (s64)(err))

static manage_function *manager;

__boot void component_set_manager(manage_function *call)
{
	manager = call;
}

/* Returns grant number @index if it is of that kind, else NULL. */
static const struct component_grant *grant_of(const struct component *component, u64 index,
					      enum grant_kind kind)
{
	const struct component_grant *grant;

	if (index >= component->num_grants)
		return NULL;
	grant = &component->grants[arch_index_clamp(index, component->num_grants)];
	return grant->kind == (u8)kind ? grant : NULL;
}

/* Block until a notification is pending. Returns the bits of one payer, and with NOTIFY_EXIT a
 * record. Returns 0 if a request is pending or an inline run has left a trap. @next: a thread to be
 * woken, or NULL. */
static u64 take_notifications(struct component *component, struct thread *next)
{
	for (;;) {
		u64 bits = payer_choose(component, &next);

		if (bits != 0) {
			atomic_fetch_and(&component->word, ~bits);
			/* The exit may have been dropped since its announcement. */
			if ((bits & NOTIFY_EXIT) != 0 && !exit_take(component))
				bits &= ~NOTIFY_EXIT;
			if ((bits & NOTIFY_RESET) != 0)
				reset_taken(component);
			if (bits != 0) {
				if (next != NULL)
					(void)sched_wake(next);
				return bits;
			}
		}
		if (atomic_load(&component->word) != 0 && atomic_load(&component->requests) == 0)
			continue;
		if (!serve_sleep(component, next) || atomic_load(&component->requests) != 0)
			return 0;
		next = NULL;
	}
}

static u64 wait(struct component *component, struct thread *next)
{
	u64 bits;

	if (__builtin_expect(atomic_load_explicit(&component->reset, memory_order_relaxed) ==
				     RESET_TAKEN,
			     0))
		reset_done(component);
	bits = take_notifications(component, next);
	component_watch(component);
	return bits;
}

static u64 notify(struct component *component, u64 index)
{
	const struct component_grant *grant = grant_of(component, index, GRANT_CHANNEL);

	if (grant == NULL)
		return FAILED(ERR_NOT_FOUND);
	channel_notify(grant);
	return OK;
}

static u64 irq_done(const struct component *component, u64 index)
{
	const struct component_grant *grant = grant_of(component, index, GRANT_INTERRUPT);

	if (grant == NULL)
		return FAILED(ERR_NOT_FOUND);
	irq_unmask(grant->host_line);
	return OK;
}

static u64 timer_set(struct component *component, u64 when)
{
	if (when == NS_NEVER.v)
		(void)timer_stop(&component->timer);
	else {
		atomic_store(&component->timer_payer, sched_charged());
		timer_arm(&component->timer, NS(when));
	}
	return OK;
}

static u64 time(struct arch_user *user)
{
	ns_t now = arch_time_now();

	arch_user_set_result(user, 1, wall_now(now).v);
	return now.v;
}

/* ERR_STATE is no error for a wait: a guest that stops withdraws its exits. */
static u64 vcpu_resume(struct component *component, u64 index, u64 value, u64 flags)
{
	bool waits = (flags & RESUME_WAIT) != 0;
	struct thread *next = NULL;
	enum err err;

	if ((flags & ~(RESUME_WAIT | RESUME_FAULT | RESUME_RESET | RESUME_OFF | RESUME_STATE)) != 0)
		return FAILED(ERR_INVALID);
	err = exit_answer(component, index, value, (u32)flags, waits ? &next : NULL);
	if (waits && (err == OK || err == ERR_STATE))
		return wait(component, next);
	return FAILED(err);
}

static u64 virq_set(struct component *component, u64 index, u64 level)
{
	const struct component_grant *grant = grant_of(component, index, GRANT_LINE);
	u64 result = FAILED(ERR_STATE);

	if (grant == NULL)
		return FAILED(ERR_NOT_FOUND);
	if (level > 1)
		return FAILED(ERR_INVALID);
	/* The lock keeps the guest from being destroyed. */
	spin_lock(&component->lock);
	if (component->guest != NULL)
		result = arch_virq_set(component->guest, grant->guest_line, level != 0);
	spin_unlock(&component->lock);
	return result;
}

static u64 virq_request(struct component *component, u64 vector)
{
	u64 result = FAILED(ERR_STATE);

	if (vector > VIRQ_NONE)
		return FAILED(ERR_INVALID);
	spin_lock(&component->lock);
	if (component->guest != NULL)
		result = arch_virq_request(component->guest, (u32)vector);
	spin_unlock(&component->lock);
	return result;
}

static u64 random_words(struct arch_user *user)
{
	u64 words[RANDOM_WORDS];

	if (!random_is_seeded())
		return FAILED(ERR_UNSUPPORTED);
	random_fill(words, sizeof(words));
	for (u32 i = 0; i < RANDOM_WORDS; i++)
		arch_user_set_result(user, 1 + i, words[i]);
	return OK;
}

static u64 log_text(struct component *component, u64 text, u64 bytes)
{
	char piece[LOG_PIECE];

	if (bytes > LOG_MAX)
		return FAILED(ERR_TOO_BIG);
	while (bytes != 0) {
		u64 here = MIN(bytes, sizeof(piece));
		enum err err = component_copy_in(component, piece, text, here);

		if (err != OK)
			return FAILED(err);
		log_lines(&component->line, component->config->name, piece, (u32)here);
		text += here;
		bytes -= here;
	}
	return OK;
}

static u64 guest_ctl(struct component *component)
{
	const struct arch_user *user = &component->user;
	u64 second = 0;
	s64 result;

	if (manager == NULL)
		return FAILED(ERR_DENIED);
	result = manager(component, arch_user_argument(user, 0), arch_user_argument(user, 1),
			 arch_user_argument(user, 2), arch_user_argument(user, 3),
			 arch_user_argument(user, 4), &second);
	arch_user_set_result(&component->user, 1, second);
	return (u64)result;
}

/* The less frequent system calls. */
static u64 serve_other(struct component *component, u32 number)
{
	struct arch_user *user = &component->user;
	u64 first = arch_user_argument(user, 0), second = arch_user_argument(user, 1);

	switch (number) {
	case SYS_NOTIFY: return notify(component, first);
	case SYS_IRQ_DONE: return irq_done(component, first);
	case SYS_TIMER_SET: return timer_set(component, first);
	case SYS_TIME: return time(user);
	case SYS_VCPU_STATE: return FAILED(exit_state(component, first, second));
	case SYS_VIRQ_SET: return virq_set(component, first, second);
	case SYS_VIRQ_REQUEST: return virq_request(component, first);
	case SYS_RANDOM: return random_words(user);
	case SYS_GUEST_CTL: return guest_ctl(component);
	case SYS_LOG: return log_text(component, first, second);
	case SYS_YIELD: sched_pass(); return OK;
	default: return FAILED(ERR_UNSUPPORTED);
	}
}

bool syscall_serve(struct component *component)
{
	struct arch_user *user = &component->user;
	u32 number = arch_user_number(user);
	u64 result;

	component->syscalls++;
	if (number == SYS_VCPU_RESUME)
		result = vcpu_resume(component, arch_user_argument(user, 0),
				     arch_user_argument(user, 1), arch_user_argument(user, 2));
	else if (number == SYS_WAIT)
		result = wait(component, NULL);
	else if (number == SYS_EXIT)
		return false;
	else
		result = serve_other(component, number);
	/* After an inline run the registers are not those of this system call. */
	if (!serve_is(component, SERVE_RETURNED))
		arch_user_set_result(user, 0, result);
	return true;
}
