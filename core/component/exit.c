/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's access to a region that a component emulates: from the vCPU, which pauses, to the
 * component, and its answer back. Each vCPU has one slot, so nothing is allocated and nothing can
 * be full. A component that is restarted finds what it had taken in the queue again.
 */
#include "core/component/internal.h"

#include <arch/speculation.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/serve.h>

#define DOORBELL_BYTES 4u /* of a write that rings */

static struct component *server_of(const struct guest *guest)
{
	struct component *component = component_get(guest->config->vmm);

	return component != NULL && component->guest == guest ? component : NULL;
}

static struct exit_slot *slot_of(struct list_node *node)
{
	return container_of(node, struct exit_slot, link);
}

/* The first in the queue pays for NOTIFY_EXIT. Lock. */
static void set_payer(struct component *component)
{
	struct list_node *first = list_first(&component->queue);
	struct account *payer = first != NULL ? &slot_of(first)->thread->home : NULL;

	atomic_store_explicit(&component->payers[__builtin_ctzll(NOTIFY_EXIT)], payer,
			      memory_order_relaxed);
}

/* Behind those of its priority, or before them. Lock. */
static void insert(struct component *component, struct exit_slot *slot, bool before)
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

/* Return: the component has to be woken. */
static bool put_in_queue(struct component *component, struct exit_slot *slot)
{
	spin_lock(&component->lock);
	slot->thread = this_cpu()->thread;
	insert(component, slot, false);
	spin_unlock(&component->lock);
	return component_announce(component, NOTIFY_EXIT, NULL);
}

/* Its guest stops: nobody waits for an answer any more. Lock. */
static void drop(struct component *component, struct exit_slot *slot)
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

/* An interrupt that becomes pending meanwhile waits for the access to be done, as on hardware. */
static bool must_leave(struct vcpu *vcpu)
{
	return (atomic_load(&vcpu->requests) & VCPU_REQ_STOP) != 0;
}

/* Pause, and @wake the component at first. The CPU is its next if it can run here. */
static void pause(struct component *component, struct vcpu *vcpu, struct exit_slot *slot, bool wake)
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

/* False: the vCPU has to stop, and there is no answer. */
static bool await_answer(struct component *component, struct vcpu *vcpu, struct exit_slot *slot,
			 bool wake)
{
	for (;;) {
		pause(component, vcpu, slot, wake);
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

/* The vCPU's next access to @region, number @index, can go the short way; not where a doorbell is,
 * nor for a component that may not run here. */
static void remember(struct vcpu *vcpu, struct component *component, const struct region *region,
		     u32 index)
{
	bool can = component->doorbell[index] == COMPONENT_NOTHING &&
		   (component->thread.affinity & BIT(this_cpu()->id)) != 0;

	vcpu->served = (struct served_region){
		.base = region->gpa.v,
		.span = can && region->size >= SERVED_WIDEST ? region->size - SERVED_WIDEST + 1 : 0,
		.where = vcpu->index | (u64)component->virtual_grant[index] << 16,
		.component = component,
	};
}

bool component_serve_exit(struct vcpu *vcpu, const struct region *region,
			  const struct vcpu_exit *exit)
{
	struct guest *guest = vcpu->guest;
	struct component *component = server_of(guest);
	u64 offset = exit->mmio.gpa.v - region->gpa.v;
	bool write = exit->kind == EXIT_MMIO_WRITE;
	struct exit_slot *slot;
	bool wake = false;
	u32 index;

	if (component == NULL || region->config->kind != REGION_VIRTUAL ||
	    exit->mmio.width > region->size - offset)
		return false;
	index = (u32)(region - guest->regions); /* as in the description */
	if (component->virtual_grant[index] == COMPONENT_NOTHING)
		return false;
	if (write && offset == COMPONENT_DOORBELL && exit->mmio.width == DOORBELL_BYTES &&
	    component->doorbell[index] != COMPONENT_NOTHING) {
		component_notify(component, BIT(component->doorbell[index]));
		arch_vcpu_answer(vcpu, exit, OK, 0);
		return true;
	}
	slot = &component->slots[vcpu->index];
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_FREE) {
		remember(vcpu, component, region, index);
		slot->access =
			serve_record(vcpu, offset, (u32)__builtin_ctz(exit->mmio.width), write, 0);
		slot->access.value = write ? exit->mmio.value : 0;
		wake = put_in_queue(component, slot);
	} /* else serve_leave() has been */
	if (await_answer(component, vcpu, slot, wake))
		arch_vcpu_answer(vcpu, exit, slot->fault ? ERR_FAULT : OK, slot->answer);
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

/* The first, if the account that it runs on is the payer's. Lock. */
static struct exit_slot *first_of_payer(struct component *component)
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

enum err exit_answer(struct component *component, u64 index, u64 value, bool fault,
		     struct thread **next)
{
	struct exit_slot *slot;
	enum err err = ERR_STATE;

	if (index >= component->num_vcpus)
		return ERR_RANGE;
	slot = &component->slots[arch_index_clamp(index, component->num_vcpus)];
	spin_lock(&component->lock);
	if (atomic_load_explicit(&slot->state, memory_order_relaxed) == SLOT_TAKEN) {
		slot->answer = value;
		slot->fault = fault;
		atomic_store_explicit(&slot->state, SLOT_ANSWERED, memory_order_release);
		/* Under the lock, which a vCPU takes that leaves without an answer: its thread is
		 * there. One of this CPU cannot run, and so stays, until the CPU is given away. */
		if (next != NULL && slot->thread->cpu == this_cpu()->id)
			*next = slot->thread;
		else
			(void)sched_wake(slot->thread);
		err = OK;
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

/* Where the component sees a region of its guest's; false: not at all. */
static bool seen_at(const struct region *region, gpa_t *at, u32 *flags)
{
	enum region_kind kind = region->config->kind;

	if (kind != REGION_RAM && kind != REGION_ROM)
		return false;
	*at = GPA(COMPONENT_GUEST + region->gpa.v);
	*flags = SPACE_READ | (kind == REGION_RAM ? SPACE_WRITE : 0);
	return true;
}

static void hide_regions(struct component *component, const struct guest *guest, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		const struct region *region = &guest->regions[i];
		gpa_t at;
		u32 flags;

		if (seen_at(region, &at, &flags))
			space_unmap(&component->space, at, region->size);
	}
}

/* What the work for a guest as a whole is charged to. */
static struct account *account_of(const struct guest *guest)
{
	return guest != NULL && guest->num_vcpus != 0 ? &guest->vcpus[0]->thread.home : NULL;
}

enum err component_guest_attach(struct guest *guest)
{
	struct component *component = component_get(guest->config->vmm);

	if (component == NULL || component->serves != guest->config)
		return OK;
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct region *region = &guest->regions[i];
		enum err err;
		gpa_t at;
		u32 flags;

		if (!seen_at(region, &at, &flags))
			continue;
		err = space_map(&component->space, at, region->hpa, region->size, flags);
		if (err != OK) {
			hide_regions(component, guest, i);
			return err;
		}
	}
	spin_lock(&component->lock);
	component->guest = guest;
	spin_unlock(&component->lock);
	component_notify_for(component, NOTIFY_RESET, account_of(guest));
	return OK;
}

/* No vCPU of it runs, so nobody waits any more. @reset: what it is to come to, if it runs. Return:
 * it does. */
static bool forget_exits(struct component *component, struct guest *guest, enum reset reset)
{
	bool runs;

	spin_lock(&component->lock);
	for (u32 i = 0; i < component->num_vcpus; i++)
		drop(component, &component->slots[i]);
	component->guest = guest;
	runs = atomic_load(&component->state) == COMPONENT_RUNNING;
	atomic_store(&component->reset, runs ? reset : RESET_NONE);
	spin_unlock(&component->lock);
	component_notify_for(component, NOTIFY_RESET, account_of(guest));
	return runs;
}

void component_guest_detach(struct guest *guest)
{
	struct component *component = server_of(guest);

	if (component == NULL)
		return;
	(void)forget_exits(component, NULL, RESET_NONE);
	hide_regions(component, guest, guest->num_regions);
	component_notify_for(component, NOTIFY_GONE, NULL);
}

bool component_guest_reset(struct guest *guest)
{
	struct component *component = server_of(guest);

	return component == NULL || !forget_exits(component, guest, RESET_ASKED);
}

/* From @from, or, for RESET_NONE, from anything that is waited for. Return: the guest whose reset
 * it was, or NULL. */
static struct guest *change_reset(struct component *component, enum reset from, enum reset to)
{
	struct guest *guest = NULL;
	u32 now;

	spin_lock(&component->lock);
	now = atomic_load(&component->reset);
	if (now != RESET_NONE && now != RESET_DONE && (from == RESET_NONE || now == from)) {
		atomic_store(&component->reset, to);
		guest = component->guest;
	}
	spin_unlock(&component->lock);
	return guest;
}

bool component_guest_forget(struct guest *guest)
{
	struct component *component = server_of(guest);

	return component != NULL && change_reset(component, RESET_NONE, RESET_NONE) != NULL;
}

void reset_taken(struct component *component)
{
	(void)change_reset(component, RESET_ASKED, RESET_TAKEN);
}

void reset_again(struct component *component)
{
	if (change_reset(component, RESET_NONE, RESET_ASKED) != NULL)
		atomic_fetch_or(&component->word, NOTIFY_RESET);
}

void reset_done(struct component *component)
{
	struct guest *guest = change_reset(component, RESET_NONE, RESET_DONE);
	u32 done = RESET_DONE;

	if (guest == NULL)
		return;
	guest_devices_reset(guest);
	/* Unless the next reset is asked for already. */
	(void)atomic_compare_exchange_strong(&component->reset, &done, RESET_NONE);
}

enum err component_guest_start(const struct guest *guest)
{
	struct component *component = server_of(guest);

	if (component == NULL || atomic_load(&component->state) != COMPONENT_CREATED)
		return OK;
	return component_start(component);
}
