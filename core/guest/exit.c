/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits that arch_vcpu_run() did not serve itself. One table has a row for each kind. Each row ends
 * in an answer, an injected fault, or a stop of that guest.
 */
#include <mullion/guest.h>

#include "core/guest/life.h"
#include <abi/component.h>
#include <mullion/component.h>
#include <mullion/log.h>

#define MAX_WARNINGS 8 /* messages about accesses per guest; more have nothing new */

static bool may_warn(struct guest *guest)
{
	if (guest->warnings >= MAX_WARNINGS)
		return false;
	guest->warnings++;
	return true;
}

static void crash(struct vcpu *vcpu, const char *why)
{
	struct guest *guest = vcpu->guest;

	log_error("guest '%s' stopped: %s", guest->config->name, why);
	arch_vcpu_dump(vcpu);
	if (thread_set_state(&vcpu->thread, VCPU_HALTED) != OK)
		log_error("guest '%s': vcpu %u is %s", guest->config->name, vcpu->index,
			  thread_state_name(atomic_load(&vcpu->thread.state)));
	guest_stop(guest, true);
}

static void handle_none(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)vcpu;
	(void)exit;
}

/* A register of the guest's own machine has done so. */
static void handle_power(struct vcpu *vcpu, u32 power)
{
	if ((power & RESUME_OFF) != 0)
		guest_stop(vcpu->guest, false);
	else
		(void)guest_reset(vcpu->guest);
}

static void handle_access(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct region *region = region_find(vcpu->guest, exit->access.at);
	u32 power;

	if (region != NULL && component_serve_exit(vcpu, region, exit, &power)) {
		if (power != 0)
			handle_power(vcpu, power);
		return;
	}
	if (may_warn(vcpu->guest))
		log_warn("guest '%s': vcpu %u: %s of %u bytes at 0x%lx, where nothing is: external "
			 "abort",
			 vcpu->guest->config->name, vcpu->index,
			 exit->kind == EXIT_READ ? "read" : "write", exit->access.width,
			 exit->access.at.v);
	arch_vcpu_answer(vcpu, exit, ERR_FAULT, 0);
}

static void handle_insn(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	u32 power;

	if (!component_serve_exit(vcpu, NULL, exit, &power))
		arch_vcpu_answer(vcpu, exit, ERR_FAULT, 0);
	else if (power != 0)
		handle_power(vcpu, power);
}

static const char *exit_fault_name(const struct vcpu_exit *exit)
{
	if (exit->fault.walk)
		return "table walk";
	if (exit->fault.exec)
		return "instruction fetch";
	return exit->fault.write ? "write" : "read";
}

static void handle_fault(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const char *why = exit->fault.permission ? "is not permitted" : "cannot be served";
	const char *what = exit_fault_name(exit);
	u64 gpa = exit->fault.gpa.v, gva = exit->fault.gva.v;

	/* Either address may be unknown: then it is UINT64_MAX. */
	if (may_warn(vcpu->guest)) {
		if (gva == UINT64_MAX)
			log_warn("guest '%s': vcpu %u: %s %s: external abort",
				 vcpu->guest->config->name, vcpu->index, what, why);
		else if (gpa == UINT64_MAX)
			log_warn("guest '%s': vcpu %u: %s at virtual 0x%lx %s: external abort",
				 vcpu->guest->config->name, vcpu->index, what, gva, why);
		else
			log_warn("guest '%s': vcpu %u: %s at 0x%lx (virtual 0x%lx) %s: external "
				 "abort",
				 vcpu->guest->config->name, vcpu->index, what, gpa, gva, why);
	}
	arch_vcpu_answer(vcpu, exit, ERR_FAULT, 0);
}

static void handle_wait(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)exit;
	if (atomic_load_explicit(&vcpu->guest->watch_until, memory_order_relaxed) != 0)
		guest_unwatch(vcpu->guest);
	vcpu_wait(vcpu);
}

static void handle_cpu_on(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct guest *guest = vcpu->guest;
	enum err err = ERR_NOT_FOUND;

	if (exit->cpu_on.target < guest->num_vcpus)
		err = vcpu_start(guest->vcpus[exit->cpu_on.target], &exit->cpu_on.start);
	arch_vcpu_answer(vcpu, exit, err, 0);
}

static void handle_cpu_off(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	enum err err = thread_set_state(&vcpu->thread, VCPU_RESET);

	(void)exit;
	ASSERT(err == OK);
}

static void handle_cpu_suspend(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (!exit->suspend.power_down) {
		vcpu_wait(vcpu);
		arch_vcpu_answer(vcpu, exit, OK, 0);
		return;
	}
	vcpu_wait(vcpu);
	/* Registers are lost as on real hardware; the interrupt that woke it stays pending. */
	arch_vcpu_reset(vcpu, &exit->suspend.start);
}

static void handle_system_off(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)exit;
	guest_stop(vcpu->guest, false);
}

static void handle_system_reset(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)exit;
	(void)guest_reset(vcpu->guest);
}

static void handle_log(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	log_lines(&vcpu->line, vcpu->guest->config->name, exit->log.text,
		  MIN(exit->log.len, (u32)sizeof(exit->log.text)));
}

static void handle_error(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	crash(vcpu, exit->error.why);
}

static void (*const handlers[EXIT_COUNT])(struct vcpu *vcpu, struct vcpu_exit *exit) = {
	[EXIT_NONE] = handle_none,
	[EXIT_READ] = handle_access,
	[EXIT_WRITE] = handle_access,
	[EXIT_INSN] = handle_insn,
	[EXIT_FAULT] = handle_fault,
	[EXIT_WAIT] = handle_wait,
	[EXIT_CPU_ON] = handle_cpu_on,
	[EXIT_CPU_OFF] = handle_cpu_off,
	[EXIT_CPU_SUSPEND] = handle_cpu_suspend,
	[EXIT_SYSTEM_OFF] = handle_system_off,
	[EXIT_SYSTEM_RESET] = handle_system_reset,
	[EXIT_LOG] = handle_log,
	[EXIT_ERROR] = handle_error,
};

void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	ASSERT(exit->kind < EXIT_COUNT);
	handlers[exit->kind](vcpu, exit);
}
