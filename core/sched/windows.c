/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time-triggered partitions: a cyclic table assigns time to partitions, as in ARINC 653. In a
 * window only its partition's accounts run, by priority. Unused time and time without a window are
 * for accounts of a priority up to the table's background, of any partition. The cycle begins when
 * the clock is a multiple of it, so all CPUs' tables are in step.
 */
#include "core/sched/internal.h"

/* The window of @now, and the end of it or of the time without a window. */
static struct sched_place find_place(const struct sched_table *table, ns_t now)
{
	u64 start = now.v - now.v % table->cycle.v, at = now.v - start;
	struct sched_place place = { .end = NS(start + table->cycle.v) };

	for (u32 i = 0; i < table->num_windows; i++) {
		const struct sched_window *window = &table->windows[i];

		if (at < window->offset.v) {
			place.end = NS(start + window->offset.v);
			return place;
		}
		if (at < window->offset.v + window->length.v) {
			place.window = window->window;
			place.end = NS(start + window->offset.v + window->length.v);
			return place;
		}
	}
	return place;
}

/* How good @account's claim is: its priority, above all others in its own window; 0: none. */
static u32 claim(const struct sched_queue *queue, const struct account *account)
{
	if (queue->place.window != 0 && account->window == queue->place.window)
		return PRIORITIES + 1u + account->priority;
	/* The original priority counts: an account must not lose the CPU by inheritance. */
	return account->base_priority <= queue->table->background ? 1u + account->priority : 0;
}

static struct account *windows_take(struct sched_queue *queue, ns_t now)
{
	struct account *best = NULL;
	u32 highest = 0;

	if (now.v >= queue->place.end.v)
		queue->place = find_place(queue->table, now);
	list_for_each (&queue->accounts, node) {
		struct account *account = sched_account(node);
		u32 its = claim(queue, account);

		if (its > highest) {
			highest = its;
			best = account;
		}
	}
	if (best != NULL)
		list_remove(&best->link);
	return best;
}

static bool windows_preempts(const struct sched_queue *queue, const struct account *account,
			     const struct account *current)
{
	return claim(queue, account) > claim(queue, current);
}

static ns_t windows_review(const struct sched_queue *queue, const struct account *current)
{
	ns_t end = NS_NEVER;

	/* The window's end matters to the one that runs and to those that wait for theirs. */
	if (current != NULL || !list_is_empty(&queue->accounts))
		end = queue->place.end;
	if (current == NULL)
		return end;
	list_for_each (&queue->accounts, node)
		if (claim(queue, sched_account(node)) == claim(queue, current))
			return NS(MIN(end.v, sched_slice_end(current).v));
	return end;
}

const struct sched_strategy sched_windows = {
	.name = "windows",
	.add = sched_list_add,
	.remove = sched_list_remove,
	.take = windows_take,
	.preempts = windows_preempts,
	.review = windows_review,
};
