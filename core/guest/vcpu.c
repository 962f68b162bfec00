/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs: requests from other CPUs, start, and the wait for an interrupt. run.c has the thread. */
#include <mullion/guest.h>

#include "core/guest/life.h"
#include <arch/cpu.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/sched.h>

/* This CPU is in the core and checks requests before it enters a guest: kick only another CPU. */
static void kick_cpu(const struct vcpu *vcpu)
{
	u32 cpu = atomic_load_explicit(&vcpu->thread.cpu, memory_order_relaxed);

	if (cpu != this_cpu()->id)
		arch_cpu_kick(cpu);
}

void vcpu_request(struct vcpu *vcpu, u64 bits)
{
	atomic_fetch_or(&vcpu->requests, bits);
	if (!sched_wake(&vcpu->thread))
		kick_cpu(vcpu);
}

void vcpu_kick(struct vcpu *vcpu)
{
	/* The vCPU of this CPU checks before it enters the guest. */
	if (&vcpu->thread == this_cpu()->thread)
		return;
	/* Behind the change: the vCPU checks for that once it is PAUSED (sched_prepare()). */
	atomic_thread_fence(memory_order_seq_cst);
	switch (atomic_load_explicit(&vcpu->thread.state, memory_order_relaxed)) {
	case VCPU_PAUSED:
		if (atomic_load_explicit(&vcpu->thread.pause_reason, memory_order_relaxed) !=
		    PAUSE_WFI)
			break;
		if (atomic_load_explicit(&vcpu->thread.cpu, memory_order_relaxed) == this_cpu()->id)
			(void)sched_wake(&vcpu->thread);
		else
			sched_rouse(&vcpu->thread);
		break;
	case VCPU_RUNNING: kick_cpu(vcpu); break;
	default: break; /* it checks before it runs */
	}
}

__cold void guest_watch(struct guest *guest, ns_t until)
{
	if (atomic_exchange(&guest->watch_until, until.v) != 0)
		return;
	/* A kick alone does not end a run: a vCPU that waits in the guest would continue to
	 * wait. */
	for (u32 i = 0; i < guest->num_vcpus; i++)
		vcpu_request(guest->vcpus[i], VCPU_REQ_WATCH);
}

__cold void guest_unwatch(struct guest *guest)
{
	u64 until = atomic_load(&guest->watch_until);

	if (until != 0 && arch_time_now().v >= until)
		(void)atomic_compare_exchange_strong(&guest->watch_until, &until, 0);
}

bool vcpu_may_enter(const struct guest *guest, gpa_t entry)
{
	const struct region *region = region_find(guest, entry);
	const struct config_region *config;

	if (region == NULL)
		return false;
	config = region->config;
	if (config->kind == REGION_ALIAS)
		config = &guest->config->regions[config->alias_of];
	return config->kind == REGION_RAM || config->kind == REGION_ROM;
}

enum err vcpu_begin(struct vcpu *vcpu)
{
	atomic_store(&vcpu->requests, guest_is_paused(vcpu->guest) ? VCPU_REQ_PAUSE : 0);
	atomic_store(&vcpu->fresh, true);
	return sched_start(&vcpu->thread);
}

enum err vcpu_start(struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct guest *guest = vcpu->guest;
	enum err err = OK;

	spin_lock(&guest->lock);
	if (atomic_load(&guest->state) != GUEST_RUNNING && !guest_is_paused(guest)) {
		err = ERR_DENIED;
	} else if (atomic_load(&vcpu->thread.state) == VCPU_RESET) {
		if (start != NULL)
			vcpu->start = *start;
		guest->running++;
		err = vcpu_begin(vcpu);
	} else {
		err = atomic_load(&vcpu->fresh) ? ERR_BUSY : ERR_EXISTS;
	}
	spin_unlock(&guest->lock);
	return err;
}

static bool has_reason_to_run(struct vcpu *vcpu)
{
	return atomic_load(&vcpu->requests) != 0 || arch_vcpu_wants_irq(vcpu);
}

void vcpu_wait(struct vcpu *vcpu)
{
	if (has_reason_to_run(vcpu))
		return;
	do {
		sched_prepare(PAUSE_WFI);
		/* A request or an interrupt posted since has woken nothing: the vCPU was not
		 * PAUSED yet. */
		if (atomic_load(&vcpu->requests) != 0 || arch_vcpu_posted(vcpu)) {
			sched_cancel();
			return;
		}
		sched_pause();
	} while (!arch_vcpu_posted(vcpu) && !has_reason_to_run(vcpu));
}

bool vcpu_preempt_point(const struct vcpu *vcpu)
{
	thread_preempt_point();
	return (atomic_load(&vcpu->requests) & VCPU_REQ_STOP) == 0;
}
