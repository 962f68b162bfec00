/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants that hold after every step, and others that hold when all CPUs are idle. */
#include "tests/sim/sim.h"

#include <arch/time.h>

#include "core/sched/internal.h"

#define WINDOW_LATENESS US(20)

static struct actor *actor_of(const struct thread *thread)
{
	return container_of(thread, struct actor, thread);
}

static bool is_actor(const struct thread *thread)
{
	return (const char *)thread >= (const char *)world.actors &&
	       (const char *)thread < (const char *)(world.actors + MAX_ACTORS);
}

/* A thread that is READY on an account of @queue's: each is seen once. */
static void check_ready(const struct sched_queue *queue, const struct account *account,
			const struct thread *thread, u32 *seen)
{
	u32 index = actor_of(thread)->index;

	MUST(is_actor(thread), "CPU %u queues what is no thread", queue->cpu->id);
	MUST((*seen & BIT(index)) == 0, "thread %u is READY twice", index);
	*seen |= (u32)BIT(index);
	MUST(thread->state == VCPU_READY, "thread %u is queued and %s", index,
	     thread_state_name(thread->state));
	MUST(thread->account == account, "thread %u is READY on an account that is not its", index);
	MUST(thread->cpu == queue->cpu->id, "thread %u is in another CPU's queue", index);
	MUST((thread->affinity & BIT(queue->cpu->id)) != 0, "thread %u is where it may not be",
	     index);
}

/* All that is READY on @account. Returns how many. */
static u32 check_account(const struct sched_queue *queue, struct account *account, u32 *seen)
{
	u32 count = 0;

	list_for_each (&account->donated, node) {
		check_ready(queue, account, container_of(node, struct thread, link), seen);
		count++;
	}
	if (account->owner_ready) {
		check_ready(queue, account, sched_owner(account), seen);
		count++;
	}
	return count;
}

static u32 check_queued(const struct sched_queue *queue, struct list_node *node, u32 *seen)
{
	struct account *account = sched_account(node);
	u32 count = check_account(queue, account, seen);

	MUST(count != 0 || world.scene != SCENE_RANDOM,
	     "CPU %u queues an account with nothing READY", queue->cpu->id);
	MUST(account != queue->account, "CPU %u queues the account that runs", queue->cpu->id);
	return count;
}

static void check_queue(const struct sched_queue *queue, u32 *seen)
{
	u32 count = 0;

	list_for_each (&queue->accounts, node)
		count += check_queued(queue, node, seen);
	for (u32 i = 0; i < PRIORITIES; i++) {
		struct list_node *first = queue->first[i], *node = first;

		MUST((first != NULL) == ((queue->levels[i / 64] & BIT(i % 64)) != 0),
		     "priority %u: its bit is wrong", i);
		if (first == NULL)
			continue;
		do {
			count += check_queued(queue, node, seen);
			MUST(sched_account(node)->priority == i, "an account in the wrong ring");
			node = node->next;
		} while (node != first);
	}
	if (queue->account != NULL)
		count += check_account(queue, queue->account, seen);
	MUST(count == queue->ready, "CPU %u counts %u, has %u", queue->cpu->id, queue->ready,
	     count);
}

static void check_thread(const struct actor *actor, u32 seen)
{
	const struct thread *thread = &actor->thread;
	const struct cpu *cpu = cpu_get(thread->cpu);
	bool queued = (seen & BIT(actor->index)) != 0;

	if (thread->state != VCPU_READY || thread->on_cpu != STACK_MOVES)
		MUST(queued == (thread->state == VCPU_READY), "thread %u is %s and %s queue",
		     actor->index, thread_state_name(thread->state), queued ? "in a" : "in no");
	if (thread->state == VCPU_RUNNING)
		MUST(cpu->thread == thread && cpu->queue->account == thread->account,
		     "thread %u runs where another does", actor->index);
	if (thread->on_cpu == STACK_USED)
		MUST(cpu->thread == thread || cpu->queue->left == thread,
		     "thread %u has a CPU's stack without it", actor->index);
	if (cpu->thread == thread)
		MUST(thread->on_cpu != STACK_FREE, "thread %u runs on a free stack", actor->index);
}

/* Whose window it is at @now, by the table alone; 0: of no partition. */
static u32 window_at(const struct sched_table *table, u64 now)
{
	for (u32 i = 0; i < table->num_windows; i++) {
		const struct sched_window *window = &table->windows[i];
		u64 at = now % table->cycle.v;

		if (at >= window->offset.v && at - window->offset.v < window->length.v)
			return window->window;
	}
	return 0;
}

/* 0: may not run now; else the higher the sooner. */
static u32 claim(u32 cpu, const struct account *account)
{
	const struct sched_strategy *strategy = sched_strategy_of(cpu);
	const struct sched_table *table = &world.cpus[cpu].table;

	if (strategy == &sched_round_robin)
		return 1;
	if (strategy == &sched_priority)
		return 1u + account->priority;
	if (account->window != 0 && account->window == window_at(table, arch_time_now().v))
		return 1000u + account->priority;
	return account->base_priority <= table->background ? 1u + account->priority : 0;
}

/* A thread whose window is over, or has not begun, leaves within the bound. */
static void check_window(u32 id)
{
	const struct cpu *cpu = cpu_get(id);
	u64 now = arch_time_now().v, *strays = &world.cpus[id].strays;

	if (cpu->queue->idling || !is_actor(cpu->thread) || claim(id, cpu->queue->account) > 0) {
		*strays = 0;
		return;
	}
	if (*strays == 0)
		*strays = now;
	MUST(now - *strays <= WINDOW_LATENESS, "CPU %u: a window is overrun by %lu ns", id,
	     (unsigned long)(now - *strays));
}

static void check_cpu(u32 id)
{
	const struct cpu *cpu = cpu_get(id);

	check_window(id);
	MUST(cpu->lock_ranks == 0, "CPU %u paused with a lock", id);
	if (world.cpus[id].in_guest) {
		MUST(!cpu->queue->idling && cpu->thread->state == VCPU_RUNNING,
		     "CPU %u is in a guest without running one", id);
		MUST(!world.cpus[id].alone || cpu->queue->ready == 0 || interrupted(id),
		     "CPU %u lets its guest sleep although another thread is READY", id);
		MUST(!cpu->resched || interrupted(id),
		     "CPU %u has a pending reschedule but no interrupt", id);
	}
	if (world.cpus[id].pause == HOST_IDLE && sched_strategy_of(id) != &sched_windows)
		MUST(cpu->queue->ready == 0 || interrupted(id),
		     "CPU %u is idle although a thread is READY", id);
}

void check_step(void)
{
	u32 seen = 0;

	for (u32 i = 0; i < world.num_cpus; i++)
		check_queue(cpu_get(i)->queue, &seen);
	for (u32 i = 0; i < world.num_actors; i++)
		check_thread(&world.actors[i], seen);
	for (u32 i = 0; world.scene == SCENE_DONATION && i < SERVERS; i++)
		donate_check_server(&world.actors[i]);
	for (u32 i = SERVERS; world.scene == SCENE_DONATION && i < world.num_actors; i++)
		donate_check_asker(&world.actors[i]);
	for (u32 i = 0; i < world.num_cpus; i++)
		check_cpu(i);
}

/* @thread, which is READY, against the thread that runs on its CPU. */
static void check_choice(const struct thread *thread)
{
	u32 id = thread->cpu, its = claim(id, thread->account);
	const struct cpu *cpu = cpu_get(id);
	const struct account *current = cpu->queue->account;

	if (thread->state != VCPU_READY || its == 0)
		return;
	MUST(!cpu->queue->idling, "CPU %u is idle over a thread that may run", id);
	if (thread->account == current) {
		u64 turn = current->since.v + current->ahead_ns / SCHED_OWNER_COUNTS + 1;

		MUST(current == &thread->home || current != &cpu->thread->home ||
			     (current->owner_first && cpu->arch.has_deadline &&
			      cpu->arch.deadline.v <= turn),
		     "CPU %u runs an account's owner before a donated thread", id);
		return;
	}
	MUST(its <= claim(id, current), "CPU %u runs a thread of less claim", id);
	if (its == claim(id, current))
		MUST(cpu->arch.has_deadline && cpu->arch.deadline.v <= sched_slice_end(current).v,
		     "CPU %u: equals wait, and no time ends the slice", id);
}

void check_rest(void)
{
	for (u32 i = 0; i < world.num_actors; i++) {
		struct actor *actor = &world.actors[i];

		check_choice(&actor->thread);
		MUST(world.scene != SCENE_DONATION || donate_is_idle(actor),
		     "server %u is blocked although work is wanted", i);
		MUST(world.scene == SCENE_DONATION || atomic_load(&actor->tokens) == 0 ||
			     actor->thread.state != VCPU_PAUSED || actor->thread.timer.cpu != 0 ||
			     list_has(&actor->thread.waiter),
		     "thread %u is blocked although it has a token", i);
	}
}

void check_times(void)
{
	u64 booked = 0, charged = 0, passed = arch_time_now().v - world.begin;

	for (u32 i = 0; i < world.num_actors; i++) {
		booked += sched_run_ns(&world.actors[i].thread);
		charged += sched_charged_ns(&world.actors[i].thread);
	}
	MUST(booked == charged, "threads have run for %lu ns, accounts have paid for %lu",
	     (unsigned long)booked, (unsigned long)charged);
	for (u32 i = 0; i < world.num_cpus; i++)
		booked += sched_idle_ns(i) - world.idle[i];
	MUST(booked == passed * world.num_cpus, "%lu ns have passed, %lu are booked",
	     (unsigned long)(passed * world.num_cpus), (unsigned long)booked);
}

/* Equals share all, what the server does for them included, within 2 % and two slices. */
void check_fair(void)
{
	u64 passed = arch_time_now().v - world.begin;
	u64 share = passed / (world.num_actors - 1);

	MUST(sched_charged_ns(&world.actors[SERVER].thread) <=
		     world.actors[SERVER].thread.home.slice.v,
	     "the server had time of its own");

	for (u32 i = SERVER + 1; i < world.num_actors; i++) {
		const struct thread *thread = &world.actors[i].thread;
		u64 ran = sched_charged_ns(thread), slack = share / 50 + 2 * thread->home.slice.v;

		MUST(ran + slack >= share && ran <= share + slack,
		     "thread %u had %lu ns, its share is %lu", i, (unsigned long)ran,
		     (unsigned long)share);
	}
}
