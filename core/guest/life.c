/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a guest: start, stop, pause, reset, end.
 *
 * An act sets the guest's state and requests a stop of every vCPU. The last vCPU that stops
 * finishes the work on its own CPU. Only guest_tear_down() waits for that, and makes the vCPUs the
 * most urgent threads of their CPUs: the wait must end however busy those are.
 */
#include "core/guest/life.h"

#include <mullion/guest.h>

#include <arch/boot.h>
#include <arch/cpu.h>
#include <mullion/component.h>
#include <mullion/log.h>
#include <mullion/sched.h>

bool guests_stay;
static _Atomic u32 guests_alive; /* started and not ended */

static bool is_alive(u32 state)
{
	return state == GUEST_RUNNING || state == GUEST_PAUSED;
}

static enum err start_first(struct guest *guest)
{
	enum err err = OK;

	spin_lock(&guest->lock);
	if (guest->tearing_down)
		err = ERR_STATE;
	else
		atomic_store(&guest->state, GUEST_RUNNING);
	guest->fresh = true;
	guest->asked = false;
	spin_unlock(&guest->lock);
	if (err == OK)
		err = vcpu_start(guest->vcpus[0], NULL);
	component_changed();
	return err;
}

/* Reset the guest to its state after creation. No vCPU of it runs. Returns false if its devices are
 * not yet reset: guest_devices_reset() will be called. */
static bool make_anew(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		enum err err = OK;

		/* A vCPU that crashed, perhaps during the stop, starts with the others. */
		if (atomic_load(&guest->vcpus[i]->thread.state) == VCPU_HALTED)
			err = thread_set_state(&guest->vcpus[i]->thread, VCPU_RESET);
		/* The table has the edge, and no thread is left that could take another. */
		ASSERT(err == OK);
	}
	arch_guest_reset(guest);
	guest->warnings = 0;
	return component_guest_reset(guest, guest_devices_reset);
}

enum err guest_start(struct guest *guest)
{
	enum err err = OK;
	bool anew;
	u32 state;

	spin_lock(&guest->lock);
	state = atomic_load(&guest->state);
	if (is_alive(state))
		err = ERR_STATE;
	else if (state == GUEST_RESETTING || guest->running != 0)
		err = ERR_BUSY;
	anew = state != GUEST_CREATED || component_guest_resets(guest);
	if (err == OK && anew)
		atomic_store(&guest->state, GUEST_RESETTING);
	spin_unlock(&guest->lock);
	if (err != OK)
		return err;
	if (anew) {
		atomic_fetch_add(&guests_alive, 1);
		if (make_anew(guest))
			guest_devices_reset(guest);
		return OK;
	}
	err = component_guest_start(guest);
	if (err != OK)
		return err;
	atomic_fetch_add(&guests_alive, 1);
	err = start_first(guest);
	if (err != OK)
		atomic_fetch_sub(&guests_alive, 1);
	return err;
}

/* Stop every vCPU on the way to @state. Only the first of several requests to end the guest takes
 * effect. */
static enum err end_vcpus(struct guest *guest, enum guest_state state, u64 requests, bool asked)
{
	enum err err = OK;
	u32 from;

	spin_lock(&guest->lock);
	from = atomic_load(&guest->state);
	if (is_alive(from)) {
		atomic_store(&guest->state, state);
		guest->asked = asked;
		if (state == GUEST_CRASHED)
			guest->crashes++;
		/* Under the lock: the last vCPU to stop must not restart the guest before all were
		 * asked. */
		for (u32 i = 0; i < guest->num_vcpus; i++) {
			atomic_store(&guest->vcpus[i]->held, false);
			guest->vcpus[i]->restart = false;
			vcpu_request(guest->vcpus[i], requests);
		}
	} else {
		err = from == GUEST_RESETTING ? ERR_BUSY : ERR_STATE;
	}
	spin_unlock(&guest->lock);
	if (err == OK)
		component_changed();
	return err;
}

void guest_stop(struct guest *guest, bool crashed)
{
	(void)end_vcpus(guest, crashed ? GUEST_CRASHED : GUEST_STOPPED, VCPU_REQ_STOP, false);
}

enum err guest_reset(struct guest *guest)
{
	return end_vcpus(guest, GUEST_RESETTING, VCPU_REQ_STOP, false);
}

enum err guest_end(struct guest *guest, bool halt)
{
	if (!halt)
		return end_vcpus(guest, GUEST_STOPPED, VCPU_REQ_STOP, true);
	return end_vcpus(guest, GUEST_CRASHED, VCPU_REQ_STOP | VCPU_REQ_DUMP, true);
}

/* Between running and paused; the vCPUs see the state for themselves. */
static enum err change(struct guest *guest, enum guest_state from, enum guest_state to)
{
	enum err err = OK;

	spin_lock(&guest->lock);
	if (atomic_load(&guest->state) != from) {
		err = ERR_STATE;
	} else {
		atomic_store(&guest->state, to);
		for (u32 i = 0; i < guest->num_vcpus; i++)
			vcpu_request(guest->vcpus[i], VCPU_REQ_PAUSE);
	}
	spin_unlock(&guest->lock);
	if (err == OK)
		component_changed();
	return err;
}

enum err guest_pause(struct guest *guest)
{
	return change(guest, GUEST_RUNNING, GUEST_PAUSED);
}

enum err guest_resume(struct guest *guest)
{
	return change(guest, GUEST_PAUSED, GUEST_RUNNING);
}

/* --- One vCPU --------------------------------------------------------------------------------- */

static bool guest_has_on(const struct guest *guest, const struct vcpu *vcpu) REQUIRES(&guest->lock)
{
	u32 state = atomic_load(&vcpu->thread.state);

	return is_alive(atomic_load(&guest->state)) && state != VCPU_RESET && state != VCPU_HALTED;
}

static enum err hold(struct vcpu *vcpu, bool held)
{
	struct guest *guest = vcpu->guest;
	enum err err = ERR_STATE;

	spin_lock(&guest->lock);
	if (guest_has_on(guest, vcpu) && atomic_load(&vcpu->held) != held) {
		atomic_store(&vcpu->held, held);
		vcpu_request(vcpu, VCPU_REQ_PAUSE);
		err = OK;
	}
	spin_unlock(&guest->lock);
	return err;
}

enum err vcpu_pause(struct vcpu *vcpu)
{
	return hold(vcpu, true);
}

enum err vcpu_continue(struct vcpu *vcpu)
{
	return hold(vcpu, false);
}

/* Stop it. Returns true if it was on. */
static bool stop_one(const struct guest *guest, struct vcpu *vcpu, bool restart, u64 requests)
	REQUIRES(&guest->lock)
{
	if (!guest_has_on(guest, vcpu))
		return false;
	vcpu->restart = restart;
	atomic_store(&vcpu->held, false);
	vcpu_request(vcpu, VCPU_REQ_STOP | requests);
	return true;
}

enum err vcpu_halt(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	bool stops;

	spin_lock(&guest->lock);
	stops = stop_one(guest, vcpu, false, VCPU_REQ_DUMP);
	spin_unlock(&guest->lock);
	return stops ? OK : ERR_STATE;
}

enum err vcpu_reset(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	enum err err = ERR_STATE;

	spin_lock(&guest->lock);
	if (stop_one(guest, vcpu, true, 0)) {
		err = OK;
	} else if (is_alive(atomic_load(&guest->state)) &&
		   atomic_load(&vcpu->thread.state) == VCPU_HALTED) {
		err = thread_set_state(&vcpu->thread, VCPU_RESET);
		if (err == OK) {
			guest->running++;
			err = vcpu_begin(vcpu);
		}
	}
	spin_unlock(&guest->lock);
	return err;
}

/* --- The end ---------------------------------------------------------------------------------- */

/* A vCPU that was reset starts again, if its guest did not end meanwhile. */
static bool starts_again(const struct guest *guest, struct vcpu *vcpu) REQUIRES(&guest->lock)
{
	bool again = vcpu->restart && is_alive(atomic_load(&guest->state));

	vcpu->restart = false;
	return again && vcpu_begin(vcpu) == OK;
}

/* @asked: by the manager, which can start another guest. */
static void ended(struct guest *guest, bool asked)
{
	/* The manager that destroys a guest reports its end. */
	if (atomic_load(&guest->state) == GUEST_STOPPED && !guest->tearing_down)
		log_info("guest '%s' %s", guest->config->name,
			 asked ? "stopped by its manager" : "powered off");
	if (atomic_fetch_sub(&guests_alive, 1) == 1) {
		log_info("no guest is running");
		if (!guests_stay && !asked)
			component_finish(arch_poweroff);
	}
	component_changed();
	waitqueue_wake(&guest->stopped);
}

void guest_devices_reset(struct guest *guest)
{
	bool asked;

	if (start_first(guest) == OK)
		return;
	spin_lock(&guest->lock);
	/* It may have been stopped since, before its first vCPU was there to do so. */
	if (atomic_load(&guest->state) == GUEST_RESETTING || is_alive(atomic_load(&guest->state)))
		atomic_store(&guest->state, guest->tearing_down ? GUEST_STOPPED : GUEST_CRASHED);
	asked = guest->asked || guest->tearing_down;
	spin_unlock(&guest->lock);
	ended(guest, asked);
}

void guest_vcpu_stopped(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	enum guest_state state;
	bool last, asked;

	spin_lock(&guest->lock);
	last = !starts_again(guest, vcpu) && --guest->running == 0;
	state = atomic_load(&guest->state);
	/* Every vCPU is off and none can start another, or none may. */
	if (last && (is_alive(state) || (state == GUEST_RESETTING && guest->tearing_down))) {
		state = GUEST_STOPPED;
		atomic_store(&guest->state, state);
	}
	asked = guest->asked || guest->tearing_down;
	spin_unlock(&guest->lock);
	if (!last)
		return;
	if (state != GUEST_RESETTING) {
		ended(guest, asked);
		return;
	}
	guest->resets++;
	log_info("guest '%s' reset (%u)", guest->config->name, guest->resets);
	if (make_anew(guest))
		guest_devices_reset(guest);
}

/* The way of a vCPU to its stop is bounded. A busy CPU must not delay it. */
static void __cold hurry(const struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++)
		sched_set_priority(&guest->vcpus[i]->thread, PRIORITY_MAX);
}

void guest_tear_down(struct guest *guest)
{
	spin_lock(&guest->lock);
	guest->tearing_down = true;
	spin_unlock(&guest->lock);
	(void)end_vcpus(guest, GUEST_STOPPED, VCPU_REQ_STOP, true);
	hurry(guest);
	if (component_guest_forget(guest)) {
		atomic_store(&guest->state, GUEST_STOPPED);
		ended(guest, true);
	}
	spin_lock(&guest->lock);
	while (guest->running != 0 || atomic_load(&guest->state) == GUEST_RESETTING)
		waitqueue_sleep(&guest->stopped, &guest->lock);
	spin_unlock(&guest->lock);
}
