/* SPDX-License-Identifier: Apache-2.0 */
/* The table of components, requests to their threads, and the watchdog. run.c has the thread. */
#include "core/component/internal.h"

#include <abi/manage.h>
#include <arch/cpu.h>
#include <arch/speculation.h>
#include <mullion/guest.h>
#include <mullion/sched.h>
#include <mullion/serve.h>
#include <mullion/string.h>

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

struct component *component_serving(const struct guest *guest)
{
	struct component *component = component_get(guest->config->vmm);

	return component != NULL && component->guest == guest ? component : NULL;
}

/* --- Requests --------------------------------------------------------------------------------- */

static void request(struct component *component, u32 bits)
{
	atomic_fetch_or(&component->requests, bits);
	/* A sleeping thread is woken, and a running one interrupted. A READY one leaves the account
	 * that it works on, whose turn may be late. */
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
	return request_running(component, COMPONENT_REQ_RESTART);
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
 * One timer event, armed when the component returns from a wait and is not guarded yet. The event
 * repeats each period until it finds the component in a wait, so that a wait costs next to nothing.
 * The time that counts is CPU time without a wait since the event's last check.
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
		/* An exchange: a component that found itself guarded is then seen to run. */
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
