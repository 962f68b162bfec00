/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a vCPU: it serves requests, runs the guest, and has each exit handled. */
#include <mullion/guest.h>

#include <mullion/log.h>
#include <mullion/profile.h>
#include <mullion/sched.h>

/* The caller knows that the edge is allowed. */
static void set_state(struct vcpu *vcpu, enum vcpu_state to)
{
	enum err err = thread_set_state(&vcpu->thread, to);

	ASSERT(err == OK);
}

/* Block while the vCPU or its guest is paused. A stop ends the pause. */
static void stay_paused(struct vcpu *vcpu)
{
	while (vcpu_is_paused(vcpu)) {
		sched_prepare(PAUSE_ASKED);
		if (vcpu_is_paused(vcpu))
			sched_pause();
		else
			sched_cancel();
	}
}

/* Serve the requests. Returns false if the vCPU has stopped. */
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
		if ((requests & VCPU_REQ_PROFILE) != 0)
			vcpu_profile(vcpu);
		if ((requests & VCPU_REQ_PAUSE) != 0)
			stay_paused(vcpu);
		if ((requests & VCPU_REQ_SWEEP) != 0 && vcpu_sweep_piece(vcpu)) {
			atomic_fetch_or(&vcpu->requests, VCPU_REQ_SWEEP);
			thread_preempt_point();
		}
		/* VCPU_REQ_WATCH has served its purpose: arch_vcpu_run() chooses again. */
		requests = atomic_load(&vcpu->requests);
	}
	return true;
}

/* The first vCPU after a start or reset. */
static void __cold load_guest(struct vcpu *vcpu)
{
	vcpu->guest->fresh = false;
	if (arch_boot_write(vcpu) != OK)
		guest_stop(vcpu->guest, true); /* no effect if it stops already */
}

/* Run the vCPU from its start until it stops. */
static void run_vcpu(struct vcpu *vcpu)
{
	struct vcpu_exit exit;

	if (vcpu->guest->fresh)
		load_guest(vcpu);
	arch_vcpu_reset(vcpu, &vcpu->start);
	vcpu->starts++;
	atomic_store(&vcpu->fresh, false);
	vcpu_profile(vcpu);
	while (serve_requests(vcpu)) {
		if (sched_needed()) {
			/* The exit took a kick without the kick's handler. */
			log_news();
			sched();
			/* A request to a READY vCPU has sent no kick. */
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
		run_vcpu(data);
		sched_leave();
	}
}
