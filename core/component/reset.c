/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest that a component serves: its RAM in the component's address space, and the reset
 * protocol. A guest that starts again waits until the component has reset the devices, which it
 * shows by its next wait after NOTIFY_RESET. So no device writes into RAM that is being loaded.
 */
#include "core/component/internal.h"

#include <arch/time.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/sched.h>

#define LEAVE_NS UINT64_C(100000000) /* most that a destroy waits for a component */
#define LOOK_NS  UINT64_C(100000)    /* between two checks of that */

/* Finds the address of a guest's region in the component's space. Returns false if it has none. */
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

/* The account for work that concerns the guest as a whole. */
static struct account *account_of(const struct guest *guest)
{
	return guest != NULL && guest->num_vcpus != 0 ? &guest->vcpus[0]->thread.home : NULL;
}

/* No vCPU of the guest runs: drop all exits. A component that runs gets a reset, which calls @done
 * (NULL: nothing). Returns true if it runs. */
static bool ask_reset(struct component *component, struct guest *guest, struct account *payer,
		      void (*done)(struct guest *guest))
{
	bool runs, wakes;

	spin_lock(&component->lock);
	exit_drop_all(component);
	component->guest = guest;
	component->reset_done = done;
	runs = atomic_load(&component->state) == COMPONENT_RUNNING;
	atomic_store(&component->reset, runs ? RESET_ASKED : RESET_NONE);
	/* With the state: a restart at this moment sets the bit, too (reset_again). A bit that is
	 * set after that reset would reset the devices of a guest that runs. */
	wakes = component_announce(component, NOTIFY_RESET, payer);
	spin_unlock(&component->lock);
	if (wakes)
		(void)sched_wake_on(&component->thread, payer_account(component, payer));
	return runs;
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
	/* The program may still work for the guest that was here before. */
	(void)ask_reset(component, guest, account_of(guest), NULL);
	return OK;
}

static bool resets(const struct component *component)
{
	return atomic_load(&component->reset) != RESET_NONE;
}

void component_guest_leave(struct guest *guest)
{
	struct component *component = component_serving(guest);
	u64 until = arch_time_now().v + LEAVE_NS;

	if (component == NULL || !ask_reset(component, guest, NULL, NULL))
		return;
	while (resets(component) && arch_time_now().v < until)
		thread_sleep(NS(LOOK_NS));
}

void component_guest_detach(struct guest *guest)
{
	struct component *component = component_serving(guest);

	if (component == NULL)
		return;
	spin_lock(&component->lock);
	component->guest = NULL;
	atomic_store(&component->reset, RESET_NONE);
	spin_unlock(&component->lock);
	hide_regions(component, guest, guest->num_regions);
	component_notify_for(component, NOTIFY_GONE, NULL);
}

bool component_guest_resets(const struct guest *guest)
{
	const struct component *component = component_serving(guest);

	return component != NULL && resets(component);
}

bool component_guest_reset(struct guest *guest, void (*done)(struct guest *guest))
{
	struct component *component = component_serving(guest);

	return component == NULL || !ask_reset(component, guest, account_of(guest), done);
}

/* Change the reset's state from @from, or with RESET_NONE from every state of a pending reset.
 * Returns the guest of that reset, or NULL if nothing changed. @done: the function of that reset,
 * or NULL. */
static struct guest *change_reset(struct component *component, enum reset from, enum reset to,
				  void (**done)(struct guest *guest))
{
	struct guest *guest = NULL;
	u32 now;

	spin_lock(&component->lock);
	now = atomic_load(&component->reset);
	if (now != RESET_NONE && now != RESET_DONE && (from == RESET_NONE || now == from)) {
		atomic_store(&component->reset, to);
		guest = component->guest;
		*done = component->reset_done;
	}
	spin_unlock(&component->lock);
	return guest;
}

bool component_guest_forget(struct guest *guest)
{
	struct component *component = component_serving(guest);
	void (*done)(struct guest * guest) = NULL;

	return component != NULL &&
	       change_reset(component, RESET_NONE, RESET_NONE, &done) != NULL && done != NULL;
}

void reset_taken(struct component *component)
{
	void (*done)(struct guest * guest);

	(void)change_reset(component, RESET_ASKED, RESET_TAKEN, &done);
}

void reset_again(struct component *component)
{
	void (*done)(struct guest * guest);

	if (change_reset(component, RESET_NONE, RESET_ASKED, &done) != NULL)
		atomic_fetch_or(&component->word, NOTIFY_RESET);
}

void reset_done(struct component *component)
{
	void (*done)(struct guest * guest);
	struct guest *guest = change_reset(component, RESET_NONE, RESET_DONE, &done);
	u32 state = RESET_DONE;

	if (guest == NULL)
		return;
	if (done != NULL)
		done(guest);
	/* The next reset may be pending already. */
	(void)atomic_compare_exchange_strong(&component->reset, &state, RESET_NONE);
}

enum err component_guest_start(const struct guest *guest)
{
	struct component *component = component_serving(guest);

	if (component == NULL || atomic_load(&component->state) != COMPONENT_CREATED)
		return OK;
	return component_start(component);
}
