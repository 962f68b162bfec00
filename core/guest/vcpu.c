/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs: the loop that runs one, and what others can ask of it. */
#include <mullion/guest.h>

#include "core/guest/life.h"
#include <abi/component.h>
#include <arch/cpu.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/sched.h>

/* A change that the caller knows to be allowed. */
static void set_state(struct vcpu *vcpu, enum vcpu_state to)
{
	enum err err = thread_set_state(&vcpu->thread, to);

	ASSERT(err == OK);
}

/* This CPU is in the core, and each way back into a guest looks: only another CPU must be told. */
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

/* The vCPU of this CPU that has just woken another may be in a fast handler, on its way back into
 * its guest, and into a WFI that was left to it while it was alone: make it look around first. */
static void look_around(void)
{
	const struct cpu *cpu = this_cpu();

	if (sched_needed() && cpu->interrupts == 0 && cpu->thread != NULL &&
	    cpu->thread->kind == THREAD_VCPU)
		arch_cpu_kick(cpu->id);
}

void vcpu_kick(struct vcpu *vcpu)
{
	/* It runs here, or sleeps here in WFI: it looks next. */
	if (&vcpu->thread == this_cpu()->thread)
		return;
	/* After what was changed: the vCPU looks for that once it is PAUSED (sched_prepare()). */
	atomic_thread_fence(memory_order_seq_cst);
	switch (atomic_load_explicit(&vcpu->thread.state, memory_order_relaxed)) {
	case VCPU_PAUSED:
		if (atomic_load_explicit(&vcpu->thread.pause_reason, memory_order_relaxed) ==
			    PAUSE_WFI &&
		    sched_wake(&vcpu->thread))
			look_around();
		break;
	case VCPU_RUNNING: kick_cpu(vcpu); break;
	default: break; /* it looks before it runs */
	}
}

__cold void guest_watch(struct guest *guest, ns_t until)
{
	if (atomic_exchange(&guest->watch_until, until.v) != 0)
		return;
	/* A kick alone does not end a run: one that sleeps in WFI would go on sleeping. */
	for (u32 i = 0; i < guest->num_vcpus; i++)
		vcpu_request(guest->vcpus[i], VCPU_REQ_WATCH);
}

__cold void guest_unwatch(struct guest *guest)
{
	u64 until = atomic_load(&guest->watch_until);

	if (until != 0 && arch_time_now().v >= until)
		(void)atomic_compare_exchange_strong(&guest->watch_until, &until, 0);
}

struct vcpu *vcpu_find(const struct guest *guest, u64 identity)
{
	for (u32 i = 0; i < guest->num_vcpus; i++)
		if (arch_vcpu_identity(i) == identity)
			return guest->vcpus[i];
	return NULL;
}

bool vcpu_may_enter(const struct guest *guest, u64 entry)
{
	const struct region *region = region_find(guest, GPA(entry));
	const struct config_region *config;

	if (region == NULL)
		return false;
	config = region->config;
	if (config->kind == REGION_ALIAS)
		config = &guest->config->regions[config->alias_of];
	return config->kind == REGION_RAM || config->kind == REGION_ROM;
}

enum err vcpu_start(struct vcpu *vcpu, u64 entry, u64 context)
{
	struct guest *guest = vcpu->guest;
	enum err err = OK;

	if (!vcpu_may_enter(guest, entry))
		return ERR_RANGE;
	spin_lock(&guest->lock);
	if (atomic_load(&guest->state) != GUEST_RUNNING && !guest_is_paused(guest)) {
		err = ERR_DENIED;
	} else if (atomic_load(&vcpu->thread.state) == VCPU_RESET) {
		vcpu->start_pc = entry;
		vcpu->start_context = context;
		atomic_store(&vcpu->requests, guest_is_paused(guest) ? VCPU_REQ_PAUSE : 0);
		atomic_store(&vcpu->fresh, true);
		guest->running++;
		err = sched_start(&vcpu->thread);
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
	if (has_reason_to_run(vcpu)) {
		arch_vcpu_resample(vcpu);
		if (has_reason_to_run(vcpu))
			return;
	}
	do {
		sched_prepare(PAUSE_WFI);
		/* What was asked for or posted since wakes a vCPU only if it saw it PAUSED. */
		if (atomic_load(&vcpu->requests) != 0 || arch_vcpu_posted(vcpu)) {
			sched_cancel();
			return;
		}
		sched_pause();
	} while (!arch_vcpu_posted(vcpu) && !has_reason_to_run(vcpu));
}

/* For as long as the guest is paused and nobody wants it to stop, which ends the pause. */
static void stay_paused(struct vcpu *vcpu)
{
	while (guest_is_paused(vcpu->guest)) {
		sched_prepare(PAUSE_ASKED);
		if (guest_is_paused(vcpu->guest))
			sched_pause();
		else
			sched_cancel();
	}
}

/* Act on what others asked for; false: the vCPU has stopped. */
static bool serve_requests(struct vcpu *vcpu)
{
	u64 requests = atomic_load(&vcpu->requests);

	while (requests != 0) {
		requests = atomic_exchange(&vcpu->requests, 0);
		if ((requests & VCPU_REQ_STOP) != 0) {
			if ((requests & VCPU_REQ_DUMP) != 0)
				arch_vcpu_dump(vcpu);
			set_state(vcpu, (requests & VCPU_REQ_DUMP) != 0 ? VCPU_HALTED : VCPU_RESET);
			return false;
		}
		if ((requests & VCPU_REQ_PAUSE) != 0)
			stay_paused(vcpu);
		if ((requests & VCPU_REQ_SWEEP) != 0 && vcpu_sweep_piece(vcpu)) {
			atomic_fetch_or(&vcpu->requests, VCPU_REQ_SWEEP);
			thread_breathe();
		}
		/* VCPU_REQ_WATCH: being here is enough, arch_vcpu_run() chooses. */
		requests = atomic_load(&vcpu->requests);
	}
	return true;
}

bool vcpu_breathe(const struct vcpu *vcpu)
{
	thread_breathe();
	return (atomic_load(&vcpu->requests) & VCPU_REQ_STOP) == 0;
}

/* The first vCPU of a new life. */
static void __cold load_guest(struct vcpu *vcpu)
{
	vcpu->guest->fresh = false;
	if (guest_load_images(vcpu) != OK)
		guest_stop(vcpu->guest, true); /* unless it was asked to stop */
}

/* From its start until it is stopped. */
static void run(struct vcpu *vcpu)
{
	struct vcpu_exit exit;

	if (vcpu->guest->fresh)
		load_guest(vcpu);
	arch_vcpu_reset(vcpu, vcpu->start_pc, vcpu->start_context);
	atomic_store(&vcpu->fresh, false);
	while (serve_requests(vcpu)) {
		if (sched_needed()) {
			/* A kick that found the guest running was taken without its handler. */
			if (log_take_news()) {
				manage_notify(NOTIFY_LOG);
				log_continue();
			}
			sched();
			/* A request that found the vCPU READY has sent no kick. */
			continue;
		}
		arch_vcpu_run(vcpu, &exit);
		vcpu->exits[exit.kind]++;
		exit_handle(vcpu, &exit);
		if (atomic_load(&vcpu->thread.state) != VCPU_RUNNING)
			break;
	}
	arch_vcpu_put(vcpu);
	guest_vcpu_stopped(vcpu);
}

void vcpu_main(void *data)
{
	for (;;) {
		run(data);
		sched_leave();
	}
}
