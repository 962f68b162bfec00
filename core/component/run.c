/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a component. It loads the program, runs it until it ends, and restarts it as the
 * restart policy permits. While the component is stopped the thread sleeps, and the vCPUs that wait
 * for its answers stay blocked.
 */
#include "core/component/internal.h"

#include <mullion/format.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/serve.h>

/* From an end to the next start: a component that ends at once must not use up its CPU. */
#define RESTART_DELAY_NS UINT64_C(10000000)

#define REQ_STOP (COMPONENT_REQ_STOP | COMPONENT_REQ_RESTART)
#define REQ_END  (REQ_STOP | COMPONENT_REQ_KILL | COMPONENT_REQ_WATCHDOG)

enum ending { END_STOPPED, END_EXIT, END_FAULT, END_KILLED, END_WATCHDOG };

static u32 take_requests(struct component *component, u32 bits)
{
	return atomic_fetch_and(&component->requests, ~bits) & bits;
}

static void await_start(struct component *component)
{
	while (take_requests(component, COMPONENT_REQ_START) == 0) {
		sched_prepare(PAUSE_WAIT);
		if ((atomic_load(&component->requests) & COMPONENT_REQ_START) != 0)
			sched_cancel();
		else
			sched_pause();
	}
	component->gave_up = false;
	atomic_store(&component->state, COMPONENT_RUNNING);
}

static void load_program(struct component *component)
{
	space_load(component);
	arch_user_reset(&component->user, &component->space, component->config->entry,
			COMPONENT_STACK, COMPONENT_INFO);
	component->starts++;
	component->line.used = 0;
	serve_reset(component);
	/* A reset of the guest that came meanwhile concerns kept memory, too. */
	atomic_fetch_and(&component->word, NOTIFY_RESET);
	reset_again(component);
	exit_again(component);
	channel_announce(component);
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_INTERRUPT)
			irq_unmask(component->grants[i].host_line);
	component_watch(component);
}

static enum ending run_until_end(struct component *component)
{
	for (;;) {
		u32 requests = atomic_load_explicit(&component->requests, memory_order_relaxed);

		if (__builtin_expect((requests & REQ_END) != 0, 0)) {
			if ((requests & REQ_STOP) != 0)
				return END_STOPPED;
			return requests & COMPONENT_REQ_KILL ? END_KILLED : END_WATCHDOG;
		}
		switch (serve_trap(component)) {
		case USER_SYSCALL:
			if (!syscall_serve(component))
				return END_EXIT;
			break;
		case USER_FAULT: return END_FAULT;
		case USER_INTERRUPTED: break;
		}
		if (sched_needed()) {
			payer_offer(component);
			sched();
		}
	}
}

static void log_ending(struct component *component, enum ending ending)
{
	static const char *const words[] = {
		[END_STOPPED] = "stopped",
		[END_EXIT] = "has ended with code",
		[END_FAULT] = "faulted",
		[END_KILLED] = "was killed",
		[END_WATCHDOG] = "did not wait in time",
	};
	const char *name = component->config->name;

	if (ending == END_EXIT)
		log_info("component '%s' %s %ld", name, words[ending],
			 (long)arch_user_argument(&component->user, 0));
	else if (ending == END_STOPPED)
		log_info("component '%s' %s", name, words[ending]);
	else
		log_error("component '%s' %s", name, words[ending]);
	if (ending == END_FAULT || ending == END_WATCHDOG)
		arch_user_dump(&component->user);
}

static void log_limit(struct component *component)
{
	const struct config_component *config = component->config;
	char period[FORMAT_TIME_MAX];

	log_error("component '%s' is not restarted: its restart limit, %u in %s, is reached; "
		  "'component start %s' starts it anew",
		  config->name, config->restart_limit,
		  format_time(period, sizeof(period), config->restart_period.v), config->name);
}

/* Returns true if the restart policy permits a new start without a request. */
static bool may_restart(struct component *component)
{
	const struct config_component *config = component->config;
	u64 now = arch_time_now().v;

	if (config->policy != RESTART_LIMITED)
		return config->policy == RESTART_ALWAYS;
	if (now - component->period_start.v >= config->restart_period.v) {
		component->period_start.v = now;
		component->period_restarts = 0;
	}
	if (component->period_restarts++ < config->restart_limit)
		return true;
	component->gave_up = true;
	log_limit(component);
	return false;
}

/* After an end. Returns true if the component starts again without a request. */
static bool goes_on(struct component *component, enum ending ending)
{
	bool fault = ending != END_STOPPED && ending != END_EXIT;
	u32 requests;

	(void)timer_stop(&component->timer);
	(void)timer_stop(&component->watchdog);
	atomic_store(&component->guarded, false);
	requests = take_requests(component, REQ_END);
	component->faults += fault;
	log_ending(component, ending);
	if (ending != END_STOPPED && (requests & COMPONENT_REQ_STOP) == 0 &&
	    may_restart(component)) {
		component->restarts++;
		log_info("component '%s' is restarted (%u)", component->config->name,
			 component->restarts);
		thread_sleep(NS(RESTART_DELAY_NS));
		return true;
	}
	/* A start by the manager begins a new restart period. */
	component->period_restarts = 0;
	component->period_start = NS(0);
	if ((requests & REQ_STOP) == COMPONENT_REQ_RESTART)
		atomic_fetch_or(&component->requests, COMPONENT_REQ_START);
	else
		atomic_store(&component->state, fault ? COMPONENT_FAULTED : COMPONENT_STOPPED);
	return false;
}

void component_main(void *data)
{
	struct component *component = data;
	enum ending ending;

	for (;;) {
		await_start(component);
		component_changed();
		do {
			load_program(component);
			ending = run_until_end(component);
			/* A guest without budget must not delay the next start. */
			payer_home(component);
		} while (goes_on(component, ending));
		reset_done(component);
		channel_notify_all(component);
		component_changed();
	}
}
