/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUs alternate, time advances from deadline to deadline, and interrupts are asserted. */
#include "tests/sim/sim.h"

#include <string.h>

#include <arch/irq.h>
#include <arch/time.h>
#include <mullion/format.h>

#define ROUNDS     600
#define FAIR_NS    MS(300)
#define MOST_STEPS 100000

struct world world;

void __real_spin_unlock(struct spinlock *lock);
void __wrap_spin_unlock(struct spinlock *lock);

/* Linked in place of spin_unlock(): without a lock held, others may continue from here. */
void __wrap_spin_unlock(struct spinlock *lock)
{
	__real_spin_unlock(lock);
	if (this_cpu()->lock_ranks == 0 && world.scene != SCENE_FAIR && chance(16) == 0)
		(void)host_yield(HOST_BUSY);
}

bool interrupted(u32 id)
{
	const struct arch_cpu *arch = &cpu_get(id)->arch;

	return world.cpus[id].poked || arch->kicks != world.cpus[id].kicks ||
	       (arch->has_deadline && arch->deadline.v <= arch_time_now().v);
}

void take_interrupts(void)
{
	u32 id = this_cpu()->id;

	world.cpus[id].poked = false;
	world.cpus[id].kicks = this_cpu()->arch.kicks;
	arch_irq_take();
}

static bool rests(u32 id)
{
	return (world.cpus[id].pause == HOST_IDLE || world.cpus[id].in_guest) && !interrupted(id);
}

/* A CPU continues up to its next pause; an idle one only after a wake. */
static bool go(u32 id)
{
	if (world.cpus[id].pause == HOST_IDLE) {
		if (!interrupted(id))
			return false;
		world.cpus[id].poked = false;
		world.cpus[id].kicks = cpu_get(id)->arch.kicks;
	}
	world.cpus[id].pause = host_loop(id);
	check_step();
	return true;
}

/* Until every CPU sleeps or is in a guest, with no interrupt pending. */
static void settle(void)
{
	bool all;
	u32 steps = 0;

	do {
		all = true;
		for (u32 i = 0; i < world.num_cpus; i++) {
			u32 id = (u32)chance(world.num_cpus);

			if (!rests(id))
				(void)go(id);
		}
		for (u32 i = 0; i < world.num_cpus; i++)
			all &= rests(i);
		MUST(steps++ < MOST_STEPS, "the CPUs do not come to rest");
	} while (!all);
	check_rest();
}

void pass_time(u64 most)
{
	u64 now = arch_time_now().v, next = now + chance(most);

	for (u32 i = 0; i < world.num_cpus; i++) {
		const struct arch_cpu *arch = &cpu_get(i)->arch;

		if (arch->has_deadline && arch->deadline.v < next)
			next = arch->deadline.v + chance(US(2));
	}
	if (next > now)
		host_time_set(NS(next));
}

/* A device's interrupt on an idle CPU: its handler wakes a thread, or starts one again. */
static void interrupt(void)
{
	u32 id = (u32)chance(world.num_cpus);
	struct actor *actor = &world.actors[chance(world.num_actors)];
	struct thread *thread = &actor->thread;

	if (!rests(id))
		return;
	host_cpu_select(id);
	sched_interrupt_begin();
	if (thread->state == VCPU_HALTED && actor->left > 0)
		MUST(thread_set_state(thread, VCPU_RESET) == OK, "HALTED to RESET is refused");
	if (thread->state == VCPU_RESET)
		MUST(sched_start(thread) == OK, "RESET to READY is refused");
	else if (world.scene == SCENE_DONATION && (actor->index < SERVERS || chance(2) == 0))
		donate_interrupt(actor->index);
	else
		give_token(actor);
	sched_interrupt_end();
	world.cpus[id].poked = true;
	check_step();
}

static void choose_strategy(u32 id)
{
	static const struct sched_strategy *const strategies[] = {
		&sched_priority,    &sched_priority, &sched_priority,
		&sched_round_robin, &sched_windows,
	};
	u32 which = world.scene == SCENE_FAIR ? 0 : (u32)chance(ARRAY_SIZE(strategies));
	struct sched_table *table = &world.cpus[id].table;
	struct sched_window *windows = world.cpus[id].windows;
	u64 at = 0;

	host_cpu_select(id);
	if (strategies[which] != &sched_windows) {
		sched_choose(id, strategies[which], NULL);
		return;
	}
	table->num_windows = 1 + (u32)chance(PARTITIONS);
	table->background = (u8)chance(5);
	table->windows = windows;
	for (u32 i = 0; i < table->num_windows; i++) {
		at += chance(2) * chance(US(200));
		windows[i].offset = NS(at);
		windows[i].length = NS(US(30) + chance(US(300)));
		windows[i].window = 1 + i;
		at += windows[i].length.v;
	}
	table->cycle = NS(at + chance(US(100)));
	sched_choose(id, &sched_windows, table);
}

static void make_actor(u32 index)
{
	struct actor *actor = &world.actors[index];
	enum thread_kind kind = chance(2) == 0 ? THREAD_VCPU : THREAD_CORE;
	u32 cpu = (u32)chance(world.num_cpus);
	u64 affinity = MASK(world.num_cpus - 1, 0);
	bool fair = world.scene == SCENE_FAIR;
	char name[THREAD_NAME_MAX];

	if (world.scene == SCENE_DONATION)
		kind = index < SERVERS ? THREAD_COMPONENT : THREAD_VCPU;
	if (kind == THREAD_VCPU || fair || (kind == THREAD_COMPONENT && chance(4) == 0))
		affinity = BIT(fair ? 0 : cpu);
	(void)format(name, sizeof(name), "%u", index);
	actor->index = index;
	actor->payer = MAX_ACTORS;
	actor->floods = world.scene == SCENE_DONATION && index >= SERVERS && index % 2 == 0;
	actor->left = fair ? 1000000 : 20 + (u32)chance(80);
	MUST(thread_init(&actor->thread, kind, name, actor_main, actor,
			 fair ? (index == SERVER ? 6 : 5) : (u8)(1 + chance(6)),
			 NS(fair ? MS(2) : US(20) + chance(US(80))), affinity) == OK,
	     "no memory for a thread");
	actor->thread.home.window = (u32)chance(PARTITIONS + 1);
}

void world_begin(u64 seed)
{
	u64 which = chance(20);
	enum scene scene = which == 0 ? SCENE_FAIR : which < 6 ? SCENE_DONATION : SCENE_RANDOM;
	u32 kicks[SIM_CPUS];

	for (u32 i = 0; i < SIM_CPUS; i++)
		kicks[i] = cpu_get(i)->arch.kicks;
	memset(&world, 0, sizeof(world));
	world.scene = scene;
	world.num_cpus = scene == SCENE_FAIR ? 1 : 1 + (u32)chance(SIM_CPUS);
	world.num_actors = 2 + (u32)chance(scene == SCENE_FAIR ? 5 : MAX_ACTORS - 1);
	if (scene == SCENE_DONATION)
		world.num_actors = MAX(world.num_actors, SERVERS + 1u);
	/* The same time for the same seed, whatever ran before. */
	host_time_set(NS(seed * SEED_NS));
	world.begin = arch_time_now().v;
	world.limit = 1 + (u32)chance(3);
	spin_init(&world.door, RANK_WORK);
	waitqueue_init(&world.outside);
	for (u32 i = 0; i < SIM_CPUS; i++) {
		world.cpus[i].kicks = kicks[i];
		world.cpus[i].pause = HOST_IDLE;
		world.idle[i] = sched_idle_ns(i);
	}
	for (u32 i = 0; i < world.num_cpus; i++)
		choose_strategy(i);
	for (u32 i = 0; i < world.num_actors; i++)
		make_actor(i);
	host_cpu_select(0);
	for (u32 i = 0; i < world.num_actors; i++)
		MUST(sched_start(&world.actors[i].thread) == OK, "a thread does not start");
	world.cpus[0].poked = true;
}

static void run_random(void)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = 0; i < world.num_cpus; i++)
			(void)go((u32)chance(world.num_cpus));
		if (chance(4) == 0)
			interrupt();
		/* Windows are kept as closely as interrupts are served: at once. */
		settle();
		pass_time(US(30));
		if (round % 16 == 0)
			check_times();
	}
}

static void run_fair(void)
{
	while (arch_time_now().v - world.begin < FAIR_NS) {
		(void)go(0);
		settle();
		pass_time(MS(1));
	}
	check_fair();
}

static bool all_stopped(void)
{
	for (u32 i = 0; i < world.num_actors; i++)
		if (!thread_stopped(&world.actors[i].thread))
			return false;
	return true;
}

void world_run(void)
{
	if (world.scene == SCENE_FAIR)
		run_fair();
	else
		run_random();
	/* Every thread ends now. A thread that waits for a token gets one; no other needs help. */
	settle();
	world.finishing = true;
	for (u32 i = 0; i < world.num_cpus; i++) /* some have no window on their CPU */
		world.cpus[i].table.background = PRIORITY_MAX;
	host_cpu_select(0);
	sched_interrupt_begin();
	for (u32 i = 0; i < world.num_actors; i++)
		(void)sched_wake(&world.actors[i].thread);
	sched_interrupt_end();
	world.cpus[0].poked = true;
	for (u32 step = 0; !all_stopped(); step++) {
		MUST(step < MOST_STEPS, "a thread never ends");
		for (u32 i = 0; i < world.num_cpus; i++)
			(void)go(i);
		pass_time(US(100));
	}
	settle();
	check_times();
}

void world_end(void)
{
	for (u32 i = 0; i < world.num_actors; i++) {
		struct thread *thread = &world.actors[i].thread;

		MUST(thread->home.priority == thread->home.base_priority,
		     "a raised priority has stayed");
		MUST(thread->refused_edges == 0, "an edge was refused");
		if (thread->state == VCPU_HALTED)
			MUST(thread_set_state(thread, VCPU_RESET) == OK, "no reset");
		thread_destroy(thread);
	}
	MUST(world.inside == 0, "%u threads have stayed in", world.inside);
	/* A CPU's own review may still come. Then nothing is left for the next seed. */
	MUST(arch_time_now().v - world.begin < SEED_NS / 2, "a seed took too long");
	host_time_set(NS(world.begin + SEED_NS / 2));
	settle();
	for (u32 i = 0; i < SIM_CPUS; i++) {
		MUST(timer_count(i, NULL) == 0, "a timer is still armed");
		sched_choose(i, &sched_priority, NULL);
	}
}
