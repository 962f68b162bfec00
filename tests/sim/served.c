/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components for the guests of guests.c: a vmm for each, a service that all vmms use, and a driver
 * below that. Payers, exits, resets and restarts are the core's. The programs are the simulator's:
 * at each run a component does something at random. At each step the queues of all CPUs and the
 * threads must agree.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include <arch/time.h>
#include <mullion/irq.h>
#include <mullion/mem.h>

#include "core/component/internal.h"
#include "core/sched/internal.h"
#include "support/machine.h"

#define SERVICE     SERVED_GUESTS
#define DRIVER      (SERVED_GUESTS + 1)
#define COMPONENTS  (SERVED_GUESTS + 2)
#define CHANNELS    (SERVED_GUESTS + 1)
#define OWN_BIT     47 /* of the word: nothing else sets it */
#define STACK_BYTES KIB(4)

static struct system system_of_seed;
static struct config_component components_of_seed[COMPONENTS];
static struct config_channel channels_of_seed[CHANNELS];
static bool served, ending;

/* Use of the guests' RAM by the components' programs. */
static struct {
	u32 life;
	bool uses_ram; /* has served the guest since it took NOTIFY_RESET */
	u64 asked_ns;  /* time of a reset that it has not taken; 0: none */
} programs[COMPONENTS];

static void make_config(u32 index)
{
	struct config_component *config = &components_of_seed[index];

	*config = (struct config_component){
		.stack_bytes = STACK_BYTES,
		.serves = index < SERVED_GUESTS ? index : SERVED_GUESTS,
		.priority = (u8)(PRIORITY_COMPONENT + chance(2) * 20),
		.affinity =
			chance(4) == 0 ? BIT(chance(world.num_cpus)) : MASK(world.num_cpus - 1, 0),
		.policy = RESTART_ALWAYS,
		.arguments = "",
		.slice = NS(US(50)),
	};
	strcpy(config->name, index == DRIVER ? "driver" : index == SERVICE ? "service" : "vmm");
}

void served_begin(struct config_guest *guests)
{
	served = true;
	ending = false;
	memset(programs, 0, sizeof(programs));
	for (u32 i = 0; i < COMPONENTS; i++)
		make_config(i);
	for (u32 i = 0; i < CHANNELS; i++)
		channels_of_seed[i] =
			(struct config_channel){ .name = "channel",
						 .ends = { i < SERVICE ? i : DRIVER, SERVICE } };
	for (u32 i = 0; i < SERVED_GUESTS; i++) {
		guests[i].vmm = i;
		for (u32 k = 0; k < guests[i].num_vcpus; k++)
			guests[i].vcpus[k].slice = NS(US(20) + chance(US(100)));
		guests[i].regions[0].device = "virtio-console";
		guests[i].regions[0].doorbell = true;
	}
	system_of_seed = (struct system){ .num_guests = SERVED_GUESTS,
					  .guests = guests,
					  .num_components = COMPONENTS,
					  .components = components_of_seed,
					  .num_channels = CHANNELS,
					  .channels = channels_of_seed };
	MUST(component_setup(&system_of_seed) == OK, "no channels");
	for (u32 i = 0; i < COMPONENTS; i++) {
		struct component *component;

		MUST(component_create(&components_of_seed[i], &component) == OK, "no component");
		if (i >= SERVICE)
			MUST(component_start(component) == OK, "a component does not start");
	}
}

/* --- What a component does ---------------------------------------------------------------------
 */

static bool has_ram(const struct component *component)
{
	u32 flags;
	hpa_t hpa;

	return space_lookup(&component->space, GPA(COMPONENT_GUEST + GUEST_RAM), &hpa, &flags) ==
	       OK;
}

/* The program has taken notifications, or starts again. */
static void see_bits(const struct component *component, const struct arch_user *user)
{
	bool waited = user->number == SYS_WAIT ||
		      (user->number == SYS_VCPU_RESUME && user->arguments[2] == RESUME_WAIT);

	/* A reset after the guest's first accesses would lose the state that they have set. */
	MUST(!waited || (user->results[0] & NOTIFY_RESET) == 0 ||
		     programs[component->id].life != user->resets ||
		     !programs[component->id].uses_ram || component->guest == NULL ||
		     component->guest->state != GUEST_RUNNING,
	     "'%s' resets the devices of a running guest", component->config->name);
	if (programs[component->id].life != user->resets ||
	    (waited && (user->results[0] & NOTIFY_RESET) != 0)) {
		programs[component->id].life = user->resets;
		programs[component->id].uses_ram = false;
		programs[component->id].asked_ns = 0;
	}
	/* After a reset a doorbell that came before it has no effect. */
	if (waited && has_ram(component) && component->guest != NULL &&
	    component->guest->state == GUEST_RUNNING &&
	    (user->results[0] & (NOTIFY_EXIT | BIT(component->doorbell[0]))) != 0)
		programs[component->id].uses_ram = true;
}

/* The RAM of a guest stays until the program has taken NOTIFY_RESET and waits; or for 100 ms. */
static void check_ram(const struct component *component)
{
	u64 asked_ns = programs[component->id].asked_ns;

	MUST(!programs[component->id].uses_ram || has_ram(component) ||
		     (asked_ns != 0 && arch_time_now().v - asked_ns >= MS(100)),
	     "'%s' works on RAM that is gone", component->config->name);
}

/* It computes, and its CPU takes interrupts. */
static void run_program(void)
{
	u32 id = this_cpu()->id;

	(void)host_yield(HOST_BUSY);
	MUST(this_cpu()->id == id, "a running component has moved");
	take_interrupts();
}

static void set_call(struct arch_user *user, u32 number, u64 first, u64 second, u64 third)
{
	user->number = number;
	memset(user->arguments, 0, sizeof(user->arguments));
	user->arguments[0] = first;
	user->arguments[1] = second;
	user->arguments[2] = third;
}

/* The answer to the exit that it was given, if it has not given that. */
static bool answer(const struct component *component, struct arch_user *user)
{
	for (u32 i = 0; i < component->num_vcpus; i++) {
		if (atomic_load(&component->slots[i].state) != SLOT_TAKEN)
			continue;
		set_call(user, SYS_VCPU_RESUME, i, 0, chance(3) != 0 ? RESUME_WAIT : 0);
		return true;
	}
	return false;
}

static enum user_trap choose_call(const struct component *component, struct arch_user *user)
{
	const struct component_grant *grant;
	u64 index;

	switch (ending ? 9 : chance(10)) {
	case 0:
	case 1:
		index = chance(component->num_grants);
		grant = &component->grants[index];
		if (grant->kind == GRANT_CHANNEL)
			set_call(user, SYS_NOTIFY, index, 0, 0);
		return USER_SYSCALL;
	case 2:
		set_call(user, SYS_TIMER_SET, arch_time_now().v + chance(US(200)), 0, 0);
		return USER_SYSCALL;
	case 3: set_call(user, SYS_YIELD, 0, 0, 0); return USER_SYSCALL;
	case 4: return chance(400) == 0 ? USER_FAULT : USER_INTERRUPTED;
	default:
		if (chance(8) == 0 || !answer(component, user))
			set_call(user, SYS_WAIT, 0, 0, 0);
		return USER_SYSCALL;
	}
}

enum user_trap __real_arch_user_run(struct arch_user *user);
enum user_trap __wrap_arch_user_run(struct arch_user *user);

/* Linked in place of arch_user_run(). */
enum user_trap __wrap_arch_user_run(struct arch_user *user)
{
	const struct component *component = container_of(user, struct component, user);

	if (!served)
		return __real_arch_user_run(user);
	user->runs++;
	see_bits(component, user);
	user->results[0] = 0; /* an interrupted program would see them again */
	for (u64 steps = chance(chance(8) == 0 ? 40 : 6); steps > 0; steps--) {
		run_program();
		check_ram(component);
	}
	/* SYS_WAIT unless something else is chosen. */
	set_call(user, SYS_WAIT, 0, 0, 0);
	return choose_call(component, user);
}

/* --- What comes from elsewhere -----------------------------------------------------------------
 */

void served_interrupt(void)
{
	struct component *component = components[chance(COMPONENTS)];

	enum err err = OK;

	switch (chance(400)) {
	case 0: err = component_kill(component); break;
	case 1: err = component_restart(component); break;
	default: component_notify_for(component, BIT(OWN_BIT), NULL);
	}
	MUST(err == OK || err == ERR_STATE, "a request ends in %s", err_name(err));
}

/* --- What happens in between -------------------------------------------------------------------
 * Another CPU may continue between the choice of an account and its use.
 */

static void let_others(void)
{
	if (served && this_cpu()->lock_ranks == 0 && chance(8) == 0)
		(void)host_yield(HOST_BUSY);
}

struct account *__real_sched_charged(void);
struct account *__wrap_sched_charged(void);
struct account *__real_payer_account(struct component *component, struct account *payer);
struct account *__wrap_payer_account(struct component *component, struct account *payer);

/* Linked in place of sched_charged(). */
struct account *__wrap_sched_charged(void)
{
	struct account *account = __real_sched_charged();

	let_others();
	return account;
}

/* Linked in place of payer_account(). */
struct account *__wrap_payer_account(struct component *component, struct account *payer)
{
	struct account *account = __real_payer_account(component, payer);

	let_others();
	return account;
}

/* --- What must hold ----------------------------------------------------------------------------
 */

static struct {
	u32 listed; /* READY threads on accounts of this CPU */
	u32 ready;  /* threads of this CPU that say so */
	bool runs;  /* the account that runs is a thread's */
} seen[SIM_CPUS];

/* Accounts that components know, of which a thread must own each. */
static struct {
	const struct account *account;
	const struct component *component;
} known[COMPONENTS * 66];
static u32 num_known, num_owned;

static void note(const struct component *component, const struct account *account)
{
	if (account != NULL) {
		known[num_known].account = account;
		known[num_known++].component = component;
	}
}

static void note_accounts(void)
{
	num_known = num_owned = 0;
	for (u32 i = 0; i < COMPONENTS; i++) {
		for (u32 bit = 0; bit < ARRAY_SIZE(components[i]->payers); bit++)
			note(components[i], components[i]->payers[bit]);
		note(components[i], components[i]->timer_payer);
		note(components[i], components[i]->thread.account);
	}
}

static void see_thread(const struct thread *thread, void *data)
{
	u32 cpu = thread->cpu;
	const struct sched_queue *queue = cpu_get(cpu)->queue;
	bool listed = list_has(&thread->link) || thread->home.owner_ready;

	(void)data;
	if (listed)
		MUST(thread->state == VCPU_READY, "'%s' is on a list and %s", thread->name,
		     thread_state_name(thread->state));
	if (thread->state == VCPU_READY)
		MUST(listed || thread->on_cpu == STACK_MOVES, "'%s' is READY and on no list",
		     thread->name);
	if (thread->state == VCPU_RUNNING)
		MUST(cpu_get(cpu)->thread == thread && thread->on_cpu == STACK_USED &&
			     queue->account == thread->account,
		     "'%s' runs where another does", thread->name);
	if (list_has(&thread->home.link))
		MUST(queue->account != &thread->home, "the account of '%s' runs, and is queued",
		     thread->name);
	if (thread->on_cpu == STACK_USED && thread->state != VCPU_READY)
		MUST(cpu_get(cpu)->thread == thread || queue->left == thread,
		     "'%s' has a CPU's stack without it", thread->name);
	seen[cpu].ready += listed;
	for (u32 i = 0; i < num_known; i++)
		num_owned += known[i].account == &thread->home;
	for (u32 i = 0; i < world.num_cpus; i++)
		seen[i].runs |= cpu_get(i)->queue->account == &thread->home;
}

static void check_account(u32 cpu, struct account *account)
{
	const struct thread *owner = sched_owner(account);

	MUST(owner->cpu == cpu && owner->state != VCPU_UNKNOWN,
	     "CPU %u queues an account that is not its", cpu);
	list_for_each (&account->donated, node) {
		const struct thread *thread = container_of(node, struct thread, link);

		MUST(thread->account == account && thread->cpu == cpu,
		     "'%s' is READY where it does not belong", thread->name);
		seen[cpu].listed++;
	}
	seen[cpu].listed += account->owner_ready;
}

void served_check(void)
{
	memset(seen, 0, sizeof(seen));
	for (u32 i = 0; i < COMPONENTS; i++)
		if (atomic_load(&components[i]->reset) != RESET_NONE && programs[i].asked_ns == 0)
			programs[i].asked_ns = arch_time_now().v;
	note_accounts();
	for (u32 i = 0; thread_view(i, see_thread, NULL); i++)
		;
	MUST(num_owned == num_known, "components know %u accounts that are gone",
	     num_known - num_owned);
	for (u32 id = 0; id < world.num_cpus; id++) {
		struct sched_queue *queue = cpu_get(id)->queue;

		for (u32 i = 0; i < PRIORITIES; i++) {
			struct list_node *first = queue->first[i], *node = first;

			while (node != NULL) {
				check_account(id, sched_account(node));
				MUST(node->next->prev == node, "a ring is broken");
				node = node->next != first ? node->next : NULL;
			}
		}
		if (queue->account != NULL)
			check_account(id, queue->account);
		MUST(queue->account == NULL || queue->account == &queue->idle.home || seen[id].runs,
		     "CPU %u runs on the account of a thread that is gone", id);
		MUST(seen[id].listed == queue->ready && seen[id].ready == queue->ready,
		     "CPU %u counts %u READY threads, queues %u, has %u", id, queue->ready,
		     seen[id].listed, seen[id].ready);
	}
}

/* --- The end -----------------------------------------------------------------------------------
 */

void served_stop(void)
{
	ending = true;
	for (u32 i = 0; i < COMPONENTS; i++)
		component_stop(components[i]);
}

bool served_stopped(void)
{
	for (u32 i = 0; i < COMPONENTS; i++)
		if (atomic_load(&components[i]->state) == COMPONENT_RUNNING ||
		    (atomic_load(&components[i]->state) != COMPONENT_CREATED &&
		     (atomic_load(&components[i]->thread.state) != VCPU_PAUSED ||
		      atomic_load(&components[i]->thread.on_cpu) != STACK_FREE)))
			return false;
	return true;
}

void served_end(void)
{
	for (u32 i = COMPONENTS; i-- > 0;) {
		struct component *component = components[i];

		for (u32 bit = 0; bit < ARRAY_SIZE(component->payers); bit++)
			MUST(component->payers[bit] == NULL, "'%s' keeps a payer that is gone",
			     component->config->name);
		MUST(component->thread.account == &component->thread.home,
		     "'%s' is on another's account", component->config->name);
		if (component->thread.state == VCPU_PAUSED)
			MUST(thread_set_state(&component->thread, VCPU_RESET) == OK, "no reset");
		component_destroy(component);
	}
	page_free(component_channels, 1);
	served = false;
}
