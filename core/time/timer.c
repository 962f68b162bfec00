/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timer events: each CPU keeps its own in a leftist heap.
 *
 * The heap's links lie inside the events, so arming never allocates. Inserting and removing walk at
 * most log2(n) nodes, without recursion. `rank` is the number of nodes on the way down the right
 * links. A node's left rank is never below its right one, which keeps that way short.
 */
#include <mullion/timer.h>

#include <mullion/cpu.h>
#include <mullion/spinlock.h>

struct timer_queue {
	struct spinlock lock;
	u32 count;
	u64 fired;
	struct timer_event *first;
	ns_t deadline; /* what the hardware is set to */
	/* The event whose handler runs. The handler may free its event. */
	struct timer_event *_Atomic running;
} __aligned(64);

static struct timer_queue queues[CONFIG_MAX_CPUS] = {
	[0 ... CONFIG_MAX_CPUS - 1] = { .lock = SPINLOCK_INIT(RANK_TIMER),
					.deadline = { UINT64_MAX } },
};

static u32 rank_of(const struct timer_event *event)
{
	return event != NULL ? event->rank : 0;
}

/* Orders the children of a node. Returns true if its rank has changed. */
static bool heap_settle(struct timer_event *event)
{
	u32 before = event->rank;

	if (rank_of(event->left) < rank_of(event->right)) {
		struct timer_event *left = event->left;

		event->left = event->right;
		event->right = left;
	}
	event->rank = rank_of(event->right) + 1;
	return event->rank != before;
}

/* Two heaps to one: down along the right links, and up again to settle what was changed. */
static struct timer_event *heap_merge(struct timer_event *a, struct timer_event *b)
{
	struct timer_event *first = NULL, *parent = NULL;
	struct timer_event **link = &first;

	while (a != NULL && b != NULL) {
		if (b->when.v < a->when.v) {
			struct timer_event *later = a;

			a = b;
			b = later;
		}
		*link = a;
		a->parent = parent;
		parent = a;
		link = &a->right;
		a = a->right;
	}
	if (a == NULL)
		a = b;
	*link = a;
	if (a != NULL)
		a->parent = parent;
	for (; parent != NULL; parent = parent->parent)
		(void)heap_settle(parent);
	return first;
}

static void heap_insert(struct timer_queue *queue, struct timer_event *event) REQUIRES(&queue->lock)
{
	event->parent = event->left = event->right = NULL;
	event->rank = 1;
	queue->first = heap_merge(queue->first, event);
	queue->count++;
}

static void heap_remove(struct timer_queue *queue, struct timer_event *event) REQUIRES(&queue->lock)
{
	struct timer_event *parent = event->parent;
	struct timer_event *rest = heap_merge(event->left, event->right);

	queue->count--;
	if (rest != NULL)
		rest->parent = parent;
	if (parent == NULL) {
		queue->first = rest;
		return;
	}
	if (parent->left == event)
		parent->left = rest;
	else
		parent->right = rest;
	while (parent != NULL && heap_settle(parent))
		parent = parent->parent;
}

/* This CPU's queue. */
static void set_deadline(struct timer_queue *queue) REQUIRES(&queue->lock)
{
	ns_t when = queue->first != NULL ? queue->first->when : NS_NEVER;

	if (when.v == queue->deadline.v)
		return;
	queue->deadline = when;
	arch_time_set_deadline(when);
}

void timer_init(struct timer_event *event, void (*handler)(struct timer_event *event))
{
	event->handler = handler;
	event->when = NS_NEVER;
	atomic_init(&event->cpu, 0);
}

/* Out of whichever queue it is in. Another CPU's deadline is left as it is: at worst it finds
 * nothing due. */
static bool disarm(struct timer_event *event)
{
	struct timer_queue *queue;
	u32 at;

	while ((at = atomic_load(&event->cpu)) != 0) {
		bool found;

		queue = &queues[at - 1];
		spin_lock(&queue->lock);
		found = atomic_load_explicit(&event->cpu, memory_order_relaxed) == at;
		if (found) {
			heap_remove(queue, event);
			atomic_store(&event->cpu, 0);
			if (at - 1 == this_cpu()->id)
				set_deadline(queue);
		}
		spin_unlock(&queue->lock);
		if (found)
			return true;
	}
	return false;
}

void timer_arm(struct timer_event *event, ns_t when)
{
	u32 id = this_cpu()->id;
	struct timer_queue *queue = &queues[id];
	bool armed = false;

	while (!armed) {
		u32 at = atomic_load(&event->cpu);

		if (at != 0 && at != id + 1)
			(void)disarm(event);
		spin_lock(&queue->lock);
		at = atomic_load_explicit(&event->cpu, memory_order_relaxed);
		if (at == id + 1)
			heap_remove(queue, event);
		/* Another CPU may arm the same event meanwhile: then move it again. */
		armed = at == id + 1 ||
			(at == 0 && atomic_compare_exchange_strong(&event->cpu, &at, id + 1));
		if (armed) {
			event->when = when;
			heap_insert(queue, event);
			set_deadline(queue);
		}
		spin_unlock(&queue->lock);
	}
}

/* Waits until no other CPU is in the event's handler. Returns true if one was: the event may be
 * armed again. */
static bool wait_for_handler(const struct timer_event *event)
{
	bool waited = false;

	for (u32 i = 0; i < cpu_count; i++) {
		if (i == this_cpu()->id)
			continue;
		while (atomic_load(&queues[i].running) == event) {
			waited = true;
			arch_cpu_relax();
		}
	}
	return waited;
}

bool timer_stop(struct timer_event *event)
{
	bool armed = false;

	do
		armed |= disarm(event);
	while (wait_for_handler(event));
	return armed;
}

bool timer_is_armed(const struct timer_event *event)
{
	return atomic_load(&event->cpu) != 0;
}

void timer_expire(void)
{
	struct timer_queue *queue = &queues[this_cpu()->id];
	ns_t now = arch_time_now();
	u32 most;

	spin_lock(&queue->lock);
	/* Not more than there are now: one that arms itself for the past must not hold us here. */
	for (most = queue->count; most > 0; most--) {
		struct timer_event *event = queue->first;

		if (event == NULL || event->when.v > now.v)
			break;
		heap_remove(queue, event);
		queue->fired++;
		atomic_store(&queue->running, event);
		atomic_store(&event->cpu, 0);
		spin_unlock(&queue->lock);
		event->handler(event);
		atomic_store(&queue->running, NULL);
		spin_lock(&queue->lock);
	}
	/* The deadline is spent: set it again, even to the same time. */
	queue->deadline = NS_NEVER;
	if (queue->first == NULL)
		arch_time_set_deadline(NS_NEVER);
	set_deadline(queue);
	spin_unlock(&queue->lock);
}

u32 timer_count(u32 cpu, u64 *fired)
{
	struct timer_queue *queue = &queues[cpu];
	u32 count;

	spin_lock(&queue->lock);
	count = queue->count;
	if (fired != NULL)
		*fired = queue->fired;
	spin_unlock(&queue->lock);
	return count;
}
