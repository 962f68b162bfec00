/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's life. Its thread loads it and runs it until it ends: because it was asked to,
 * because it wanted to, or because of a fault. Then its restart policy says what comes next. While
 * it is stopped its thread sleeps, and vCPUs that it serves stay where they are.
 */
#include "core/component/internal.h"

#include <abi/manage.h>
#include <arch/cpu.h>
#include <arch/speculation.h>
#include <mullion/format.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/sched.h>
#include <mullion/serve.h>
#include <mullion/string.h>

/* Between an end and the next start, so that one that ends at once takes no CPU from others. */
#define RESTART_DELAY_NS UINT64_C(10000000)

#define REQ_END (COMPONENT_REQ_STOP | COMPONENT_REQ_KILL | COMPONENT_REQ_WATCHDOG)

enum ending { END_STOPPED, END_EXIT, END_FAULT, END_KILLED, END_WATCHDOG };

u32 component_count;
struct component *components[CONFIG_MAX_COMPONENTS];
const struct system *component_system;

struct component *component_get(u32 id)
{
	return id < component_count ? components[arch_index_clamp(id, component_count)] : NULL;
}

struct component *component_find(const char *name)
{
	for (u32 i = 0; i < component_count; i++)
		if (strcmp(components[i]->config->name, name) == 0)
			return components[i];
	return NULL;
}

/* --- Asked for from elsewhere ------------------------------------------------------------------
 */

static void request(struct component *component, u32 bits)
{
	atomic_fetch_or(&component->requests, bits);
	/* Asleep it is woken; at EL0 on some CPU it is interrupted there; READY, it does not wait
	 * for the turn of the account that it works on. */
	if (!sched_wake_on(&component->thread, &component->thread.home))
		arch_cpu_kick(component->thread.cpu);
}

enum err component_start(struct component *component)
{
	u32 state = atomic_load(&component->state);

	do {
		if (state == COMPONENT_RUNNING)
			return ERR_STATE;
	} while (!atomic_compare_exchange_weak(&component->state, &state, COMPONENT_RUNNING));
	atomic_fetch_or(&component->requests, COMPONENT_REQ_START);
	if (state == COMPONENT_CREATED)
		return sched_start(&component->thread);
	(void)sched_wake(&component->thread);
	return OK;
}

void component_stop(struct component *component)
{
	if (atomic_load(&component->state) == COMPONENT_RUNNING)
		request(component, COMPONENT_REQ_STOP);
}

static enum err request_running(struct component *component, u32 bits)
{
	if (atomic_load(&component->state) != COMPONENT_RUNNING)
		return ERR_STATE;
	request(component, bits);
	return OK;
}

enum err component_restart(struct component *component)
{
	return request_running(component, COMPONENT_REQ_STOP | COMPONENT_REQ_START);
}

enum err component_kill(struct component *component)
{
	return request_running(component, COMPONENT_REQ_KILL);
}

void component_describe(const struct component *component, struct manage_component *record)
{
	record->state = atomic_load(&component->state);
	record->cpu = component->thread.cpu;
	record->priority = component->thread.home.priority;
	record->restarts = component->restarts;
	record->faults = component->faults;
	record->grants = component->num_grants;
	record->gave_up = component->gave_up;
	record->memory_bytes = component->memory_bytes;
	record->core = (struct manage_core_memory){ component->object_pages * PAGE_SIZE,
						    THREAD_STACK_BYTES,
						    component->space.table_pages * PAGE_SIZE };
	record->run_ns = sched_run_ns(&component->thread);
	record->syscalls = component->syscalls;
	record->notifications = component->notifications;
	record->exits = component->exits;
	record->helps = component->thread.helps;
	record->help_ends = component->thread.help_ends;
}

bool component_waits(struct component *component)
{
	return serve_is(component, SERVE_READY) || atomic_load(&component->reset) == RESET_DONE;
}

/* --- Watchdog ----------------------------------------------------------------------------------
 * One event, armed when the component goes on after a wait and is not guarded yet. It looks again
 * each period until it finds the component waiting: so a wait costs next to nothing. The time that
 * counts is what the component had of a CPU without a wait since the event last looked.
 */

static void guard(struct component *component, u64 run_ns, u64 after_ns)
{
	component->seen_waits = atomic_load(&component->waits);
	component->seen_run_ns = run_ns;
	timer_arm(&component->watchdog, NS(arch_time_now().v + after_ns));
}

void component_watch(struct component *component)
{
	u64 period = component->config->watchdog.v;

	if (period == 0)
		return;
	atomic_fetch_add(&component->waits, 1);
	if (!atomic_exchange(&component->guarded, true))
		guard(component, sched_run_ns(&component->thread), period);
}

void component_watchdog(struct timer_event *event)
{
	struct component *component = container_of(event, struct component, watchdog);
	u64 period = component->config->watchdog.v;
	u64 run = sched_run_ns(&component->thread);
	u64 had = run - component->seen_run_ns;

	if (component_waits(component)) {
		/* An exchange, so that who found itself guarded before is seen to go on. */
		(void)atomic_exchange(&component->guarded, false);
		if (component_waits(component) || atomic_exchange(&component->guarded, true))
			return;
		guard(component, run, period);
	} else if (atomic_load(&component->waits) != component->seen_waits) {
		guard(component, run, period);
	} else if (had < period) {
		timer_arm(event, NS(arch_time_now().v + period - had));
	} else {
		request(component, COMPONENT_REQ_WATCHDOG);
	}
}

/* --- Its thread --------------------------------------------------------------------------------
 */

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

static void load(struct component *component)
{
	space_load(component);
	arch_user_reset(&component->user, &component->space, component->config->entry,
			COMPONENT_STACK, COMPONENT_INFO);
	component->starts++;
	component->line.used = 0;
	serve_reset(component);
	/* A reset of the guest that came meanwhile is news to what it keeps, too. */
	atomic_fetch_and(&component->word, NOTIFY_RESET);
	reset_again(component);
	exit_again(component);
	channel_greet(component);
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_INTERRUPT)
			irq_unmask(component->grants[i].value);
	component_watch(component);
}

static enum ending run(struct component *component)
{
	for (;;) {
		u32 requests = atomic_load_explicit(&component->requests, memory_order_relaxed);

		if (__builtin_expect((requests & REQ_END) != 0, 0)) {
			if ((requests & COMPONENT_REQ_STOP) != 0)
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

static void tell(struct component *component, enum ending ending)
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

static void give_up(struct component *component)
{
	const struct config_component *config = component->config;
	char period[FORMAT_TIME_MAX];

	component->gave_up = true;
	log_error("component '%s' is not restarted: its restart limit, %u in %s, is reached; "
		  "'component start %s' starts it anew",
		  config->name, config->restart_limit,
		  format_time(period, sizeof(period), config->restart_period.v), config->name);
}

/* Does its policy let it start again by itself? */
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
	give_up(component);
	return false;
}

/* It is over: true when it starts again at once. */
static bool goes_on(struct component *component, enum ending ending)
{
	bool fault = ending != END_STOPPED && ending != END_EXIT;

	(void)timer_stop(&component->timer);
	(void)timer_stop(&component->watchdog);
	atomic_store(&component->guarded, false);
	(void)take_requests(component, REQ_END);
	component->faults += fault;
	tell(component, ending);
	if (ending != END_STOPPED && may_restart(component)) {
		component->restarts++;
		log_info("component '%s' is restarted (%u)", component->config->name,
			 component->restarts);
		thread_sleep(NS(RESTART_DELAY_NS));
		return true;
	}
	/* What the manager asked for begins a new account. */
	component->period_restarts = 0;
	component->period_start = NS(0);
	if ((atomic_load(&component->requests) & COMPONENT_REQ_START) == 0)
		atomic_store(&component->state, fault ? COMPONENT_FAULTED : COMPONENT_STOPPED);
	return false;
}

void component_main(void *data)
{
	struct component *component = data;
	enum ending ending;

	for (;;) {
		await_start(component);
		manage_changed();
		do {
			load(component);
			ending = run(component);
			payer_home(component); /* a guest that has no time keeps none from a new
						  start */
		} while (goes_on(component, ending));
		reset_done(component);
		channel_notify_all(component);
		manage_changed();
	}
}
