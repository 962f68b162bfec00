/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs: the state machine and the loop that runs one.
 *
 * One table holds the allowed edges and one function changes a state, so that a forbidden change is
 * refused wherever it comes from.
 */
#include <mullion/guest.h>

#include <arch/cpu.h>
#include <mullion/cpu.h>
#include <mullion/log.h>

#define TO(state) (1u << (state))

static const u32 edges[VCPU_STATES] = {
	[VCPU_UNKNOWN] = TO(VCPU_RESET),
	[VCPU_RESET] = TO(VCPU_READY) | TO(VCPU_UNKNOWN),
	[VCPU_READY] = TO(VCPU_RUNNING) | TO(VCPU_PAUSED) | TO(VCPU_HALTED) | TO(VCPU_RESET),
	[VCPU_RUNNING] = TO(VCPU_READY) | TO(VCPU_PAUSED) | TO(VCPU_HALTED) | TO(VCPU_RESET),
	[VCPU_PAUSED] = TO(VCPU_READY) | TO(VCPU_RESET),
	[VCPU_HALTED] = TO(VCPU_RESET),
};

static const char *const names[VCPU_STATES] = {
	[VCPU_UNKNOWN] = "unknown", [VCPU_RESET] = "reset",   [VCPU_READY] = "ready",
	[VCPU_RUNNING] = "running", [VCPU_PAUSED] = "paused", [VCPU_HALTED] = "halted",
};

const char *vcpu_state_name(enum vcpu_state state)
{
	return state < VCPU_STATES ? names[state] : "invalid";
}

enum err vcpu_set_state(struct vcpu *vcpu, enum vcpu_state to)
{
	u32 from = atomic_load(&vcpu->state);

	do {
		if (to >= VCPU_STATES || (edges[from] & TO(to)) == 0) {
			atomic_fetch_add(&vcpu->refused_edges, 1);
			return ERR_STATE;
		}
	} while (!atomic_compare_exchange_weak(&vcpu->state, &from, to));
	return OK;
}

/* A change that the caller knows to be allowed. */
static void set_state(struct vcpu *vcpu, enum vcpu_state to)
{
	enum err err = vcpu_set_state(vcpu, to);

	ASSERT(err == OK);
}

void vcpu_request(struct vcpu *vcpu, u64 bits)
{
	atomic_fetch_or(&vcpu->requests, bits);
	arch_cpu_kick(vcpu->cpu);
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
	} else if (atomic_load(&vcpu->state) == VCPU_RESET) {
		vcpu->start_pc = entry;
		vcpu->start_context = context;
		atomic_store(&vcpu->requests, guest_is_paused(guest) ? VCPU_REQ_PAUSE : 0);
		atomic_store(&vcpu->fresh, true);
		guest->running++;
		set_state(vcpu, VCPU_READY);
	} else {
		err = atomic_load(&vcpu->fresh) ? ERR_BUSY : ERR_EXISTS;
	}
	spin_unlock(&guest->lock);
	if (err == OK)
		arch_cpu_kick(vcpu->cpu);
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
	set_state(vcpu, VCPU_PAUSED);
	vcpu->pause_reason = PAUSE_WFI;
	/* What comes between the question and the sleep is a pending interrupt: it ends the sleep.
	 */
	do
		arch_cpu_idle();
	while (!has_reason_to_run(vcpu));
	vcpu->pause_reason = PAUSE_NONE;
	set_state(vcpu, VCPU_READY);
	set_state(vcpu, VCPU_RUNNING);
}

void vcpu_pause(struct vcpu *vcpu)
{
	if (!guest_is_paused(vcpu->guest))
		return;
	set_state(vcpu, VCPU_PAUSED);
	vcpu->pause_reason = PAUSE_ASKED;
	/* What ends the pause is a request as well, and kicks. */
	do
		arch_cpu_idle();
	while (guest_is_paused(vcpu->guest));
	vcpu->pause_reason = PAUSE_NONE;
	set_state(vcpu, VCPU_READY);
	set_state(vcpu, VCPU_RUNNING);
}

/* Act on what others asked for; false: the vCPU has stopped. */
static bool serve_requests(struct vcpu *vcpu)
{
	u64 requests = atomic_load(&vcpu->requests);

	if (requests == 0)
		return true;
	if (requests & VCPU_REQ_PAUSE)
		vcpu_pause(vcpu);
	requests = atomic_exchange(&vcpu->requests, 0);
	if ((requests & VCPU_REQ_STOP) == 0)
		return true; /* VCPU_REQ_VIRQ: being here is enough, the next run flushes */
	if (requests & VCPU_REQ_DUMP)
		arch_vcpu_dump(vcpu);
	set_state(vcpu, requests & VCPU_REQ_DUMP ? VCPU_HALTED : VCPU_RESET);
	return false;
}

/* From READY until it is stopped. */
static void run(struct vcpu *vcpu)
{
	struct vcpu_exit exit;

	set_state(vcpu, VCPU_RUNNING);
	arch_vcpu_reset(vcpu, vcpu->start_pc, vcpu->start_context);
	arch_vcpu_load(vcpu);
	atomic_store(&vcpu->fresh, false);
	while (serve_requests(vcpu)) {
		arch_vcpu_run(vcpu, &exit);
		vcpu->exits[exit.kind]++;
		exit_handle(vcpu, &exit);
		if (atomic_load(&vcpu->state) != VCPU_RUNNING)
			break;
	}
	arch_vcpu_put(vcpu);
	guest_vcpu_stopped(vcpu);
}

void vcpu_loop(void)
{
	struct cpu *cpu = this_cpu();

	for (;;) {
		struct vcpu *vcpu = cpu->assigned;

		if (vcpu != NULL && atomic_load(&vcpu->state) == VCPU_READY)
			run(vcpu);
		else
			arch_cpu_idle();
	}
}
