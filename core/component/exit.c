/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of exits: accesses to regions that a component emulates. The vCPU is PAUSED until the
 * answer. Each vCPU has one slot, so nothing is allocated and the queue cannot be full. After a
 * restart the exits that the component had taken are in the queue again.
 */
#include "core/component/internal.h"

#include <arch/speculation.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/serve.h>

static struct exit_slot *slot_of(struct list_node *node)
{
	return container_of(node, struct exit_slot, link);
}

/* The first in the queue pays for NOTIFY_EXIT. */
static void set_payer(struct component *component) REQUIRES(&component->lock)
{
	struct list_node *first = list_first(&component->queue);
	struct account *payer = first != NULL ? &slot_of(first)->thread->home : NULL;

	atomic_store_explicit(&component->payers[__builtin_ctzll(NOTIFY_EXIT)], payer,
			      memory_order_relaxed);
}

/* Insert behind the slots of the same priority, or before them. */
static void insert(struct component *component, struct exit_slot *slot, bool before)
	REQUIRES(&component->lock)
{
	u32 priority = slot->thread->home.priority + (before ? 1u : 0u);
	struct list_node *at = &component->queue.head;

	/* No longer than the guest has vCPUs. */
	while (at->prev != &component->queue.head &&
	       slot_of(at->prev)->thread->home.priority < priority)
		at = at->prev;
	atomic_store_explicit(&slot->state, SLOT_QUEUED, memory_order_relaxed);
	list_insert_before(at, &slot->link);
	set_payer(component);
}

/* Returns true if the caller has to wake the component. */
static bool put_in_queue(struct component *component, struct exit_slot *slot)
{
	spin_lock(&component->lock);
	slot->thread = this_cpu()->thread;
	insert(component, slot, false);
	spin_unlock(&component->lock);
	return component_announce(component, NOTIFY_EXIT, NULL);
}

/* The vCPU stops and takes no answer any more. */
static void drop(struct component *component, struct exit_slot *slot) REQUIRES(&component->lock)
{
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_QUEUED) {
		list_remove(&slot->link);
		set_payer(component);
	}
	atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_relaxed);
}

static bool answered(struct exit_slot *slot)
{
	return atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_ANSWERED;
}

/* Returns true if the vCPU must stop. A pending interrupt waits until the access is done, as on
 * hardware. */
static bool must_leave(struct vcpu *vcpu)
{
	return (atomic_load(&vcpu->requests) & VCPU_REQ_STOP) != 0;
}

/* Block the vCPU. With @wake the component is woken, and gets this CPU if it may run here. */
static void exit_pause(struct component *component, struct vcpu *vcpu, struct exit_slot *slot,
		       bool wake)
{
	struct account *account = payer_account(component, &this_cpu()->thread->home);

	sched_prepare(PAUSE_IO);
	if (answered(slot) || must_leave(vcpu)) {
		sched_cancel();
		if (wake)
			(void)sched_wake_on(&component->thread, account);
	} else if (wake) {
		sched_hand_over(&component->thread, account);
	} else {
		sched_pause();
	}
}

/* Returns false if the vCPU has to stop without an answer. */
static bool await_answer(struct component *component, struct vcpu *vcpu, struct exit_slot *slot,
			 bool wake)
{
	for (;;) {
		exit_pause(component, vcpu, slot, wake);
		wake = false;
		if (answered(slot))
			break;
		if (must_leave(vcpu)) {
			spin_lock(&component->lock);
			drop(component, slot);
			spin_unlock(&component->lock);
			return false;
		}
	}
	atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_relaxed);
	return true;
}

/* Ports are narrow: the architecture compares the width of an access as well. */
static u64 served_span(const struct region *region)
{
	if (!space_has(region->gpa.v))
		return region->size;
	return region->size >= SERVED_WIDEST ? region->size - SERVED_WIDEST + 1 : 0;
}

/* Permit inline service of the next access to @region, number @index. Writes of a region with a
 * doorbell are excluded, and so are an alias and a component that may not run on this CPU. */
static void remember(struct vcpu *vcpu, struct component *component, const struct region *region,
		     u32 index)
{
	bool can = (component->thread.affinity & BIT(this_cpu()->id)) != 0 &&
		   region->config->kind == REGION_VIRTUAL;
	u64 span = can ? served_span(region) : 0;

	vcpu->served = (struct served_region){
		.base = region->gpa.v,
		.span = component->doorbell[index] == COMPONENT_NOTHING ? span : 0,
		.read_span = span,
		.where = vcpu->index | (u64)component->virtual_grant[index] << 16,
		.component = component,
	};
}

void exit_drop_all(struct component *component)
{
	for (u32 i = 0; i < component->num_vcpus; i++)
		drop(component, &component->slots[i]);
}

/* Block until the answer, and finish the exit by it. */
static void finish_exit(struct component *component, struct vcpu *vcpu, struct exit_slot *slot,
			const struct vcpu_exit *exit, bool wake, u32 *power)
{
	bool done;

	if (!await_answer(component, vcpu, slot, wake))
		return;
	*power = slot->flags & (u32)(RESUME_RESET | RESUME_OFF);
	done = (slot->flags & RESUME_FAULT) == 0 &&
	       (exit->kind == EXIT_INSN) == ((slot->flags & RESUME_STATE) != 0);
	arch_vcpu_answer(vcpu, exit, done ? OK : ERR_FAULT, slot->answer);
}

/* Returns true if the access rings a doorbell, which needs no answer. */
static bool is_doorbell(const struct component *component, u32 index, const struct vcpu_exit *exit,
			u64 offset)
{
	return exit->kind == EXIT_WRITE && offset == DOORBELL_OFFSET &&
	       exit->access.width == DOORBELL_WIDTH &&
	       component->doorbell[index] != COMPONENT_NOTHING;
}

static void fill_insn(struct exit_slot *slot, const struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	slot->access = (struct component_exit){
		.where = vcpu->index | EXIT_IS_INSN | EXIT_NO_REGION,
	};
	slot->insn = exit->insn.state;
	slot->insn_bytes = exit->insn.state_bytes;
}

bool component_serve_exit(struct vcpu *vcpu, const struct region *region,
			  const struct vcpu_exit *exit, u32 *power)
{
	struct component *component = component_serving(vcpu->guest);
	bool insn = exit->kind == EXIT_INSN, wake = false, fresh = true;
	struct exit_slot *slot;

	*power = 0;
	if (component == NULL)
		return false;
	slot = &component->slots[vcpu->index];
	if (insn) {
		fill_insn(slot, vcpu, exit);
	} else {
		u32 index = (u32)(region - vcpu->guest->regions); /* as in the description */
		u64 offset = exit->access.at.v - region->gpa.v, room = region->size - offset;

		if (__builtin_expect(region->config->kind == REGION_ALIAS, 0)) {
			index = region->config->alias_of;
			offset += region->config->offset;
		}
		/* Regions of other kinds have no grant. */
		if (exit->access.width > room ||
		    component->virtual_grant[index] == COMPONENT_NOTHING)
			return false;
		if (is_doorbell(component, index, exit, offset)) {
			component_notify(component, BIT(component->doorbell[index]));
			arch_vcpu_answer(vcpu, exit, OK, 0);
			return true;
		}
		/* Else serve_leave() has filled it. */
		fresh = atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE;
		if (fresh) {
			bool write = exit->kind == EXIT_WRITE;

			remember(vcpu, component, region, index);
			slot->access = serve_record(
				vcpu, offset, (u32)__builtin_ctz(exit->access.width), write, 0);
			slot->access.value = write ? exit->access.value : 0;
		}
	}
	if (fresh)
		wake = put_in_queue(component, slot);
	finish_exit(component, vcpu, slot, exit, wake, power);
	return true;
}

void exit_left(struct component *component, const struct vcpu *vcpu,
	       const struct component_exit *record)
{
	struct exit_slot *slot = &component->slots[vcpu->index];

	slot->thread = this_cpu()->thread;
	slot->access = *record;
	atomic_store_explicit(&slot->state, SLOT_TAKEN, memory_order_relaxed);
}

/* Returns the first slot if the component works on its account, else NULL. */
static struct exit_slot *first_of_payer(struct component *component) REQUIRES(&component->lock)
{
	struct list_node *first = list_first(&component->queue);

	if (first == NULL ||
	    payer_account(component, &slot_of(first)->thread->home) != component->thread.account)
		return NULL;
	return slot_of(first);
}

bool exit_take(struct component *component)
{
	struct exit_slot *slot;

	spin_lock(&component->lock);
	slot = first_of_payer(component);
	if (slot != NULL) {
		list_remove(&slot->link);
		set_payer(component);
		atomic_store_explicit(&slot->state, SLOT_TAKEN, memory_order_relaxed);
		/* An exit that a restart presents again keeps its number. */
		if (slot->access.number == 0)
			slot->access.number = ++component->exits;
		serve_present(&component->user, &slot->access);
	}
	if (!list_is_empty(&component->queue))
		atomic_fetch_or(&component->word, NOTIFY_EXIT);
	spin_unlock(&component->lock);
	return slot != NULL;
}

/* Returns the slot of vCPU @index, or NULL. */
static struct exit_slot *indexed_slot(struct component *component, u64 index)
{
	if (index >= component->num_vcpus)
		return NULL;
	return &component->slots[arch_index_clamp(index, component->num_vcpus)];
}

/* Copy the state of an instruction to the component's address @va, or back. */
static enum err copy_state(const struct component *component, const struct exit_slot *slot, u64 va,
			   bool back) REQUIRES(&component->lock)
{
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) != SLOT_TAKEN ||
	    (slot->access.where & EXIT_IS_INSN) == 0)
		return ERR_STATE;
	if (back)
		return component_copy_in(component, slot->insn, va, slot->insn_bytes);
	return component_copy_out(component, va, slot->insn, slot->insn_bytes);
}

enum err exit_state(struct component *component, u64 index, u64 va)
{
	const struct exit_slot *slot = indexed_slot(component, index);
	enum err err;

	if (slot == NULL)
		return ERR_RANGE;
	spin_lock(&component->lock);
	err = copy_state(component, slot, va, false);
	spin_unlock(&component->lock);
	return err;
}

enum err exit_answer(struct component *component, u64 index, u64 value, u32 flags,
		     struct thread **next)
{
	struct exit_slot *slot = indexed_slot(component, index);
	enum err err = OK;

	if (slot == NULL)
		return ERR_RANGE;
	spin_lock(&component->lock);
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) != SLOT_TAKEN)
		err = ERR_STATE;
	else if ((flags & RESUME_STATE) != 0)
		err = copy_state(component, slot, value, true);
	if (err == OK) {
		slot->answer = value;
		slot->flags = flags;
		atomic_store_explicit(&slot->state, SLOT_ANSWERED, memory_order_release);
		/* A vCPU that leaves without an answer takes the lock first, so its thread exists.
		 * A thread of this CPU stays until the caller yields the CPU. */
		if (next != NULL && slot->thread->cpu == this_cpu()->id)
			*next = slot->thread;
		else
			(void)sched_wake(slot->thread);
	}
	spin_unlock(&component->lock);
	return err;
}

void exit_again(struct component *component)
{
	spin_lock(&component->lock);
	for (u32 i = component->num_vcpus; i-- > 0;) {
		struct exit_slot *slot = &component->slots[i];

		if (atomic_load_explicit(&slot->state, memory_order_relaxed) != SLOT_TAKEN)
			continue;
		insert(component, slot, true);
	}
	if (!list_is_empty(&component->queue))
		atomic_fetch_or(&component->word, NOTIFY_EXIT);
	spin_unlock(&component->lock);
}
