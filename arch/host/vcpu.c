/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted vCPU: see arch/host/host.h. */
#include <arch/irq.h>
#include <arch/vcpu.h>
#include <arch/virq.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/profile.h>
#include <mullion/string.h>

#include "arch/arm64/pure/config.h"
#include "arch/host/host.h"

static void record(struct vcpu *vcpu, enum host_event_kind kind, u64 a, u64 b)
{
	struct arch_vcpu *arch = &vcpu->arch;

	arch->counts[kind]++;
	arch->events[arch->num_events++ % HOST_EVENTS] = (struct host_event){ kind, a, b };
}

const struct host_event *host_last_event(const struct vcpu *vcpu, enum host_event_kind kind)
{
	const struct arch_vcpu *arch = &vcpu->arch;

	for (u32 back = 1; back <= MIN(arch->num_events, HOST_EVENTS); back++) {
		const struct host_event *event =
			&arch->events[(arch->num_events - back) % HOST_EVENTS];

		if (event->kind == kind)
			return event;
	}
	return NULL;
}

void host_script(struct vcpu *vcpu, const struct vcpu_exit *exits, u32 count)
{
	vcpu->arch.script = exits;
	vcpu->arch.script_length = count;
	vcpu->arch.script_at = 0;
}

void host_set_wants_irq(struct vcpu *vcpu, bool wants)
{
	vcpu->arch.wants_irq = wants;
	if (wants)
		vcpu_kick(vcpu);
}

void host_step(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { 0 };

	arch_vcpu_run(vcpu, &exit);
	exit_handle(vcpu, &exit);
}

bool host_line(const struct guest *guest, u32 line)
{
	return line < HOST_LINES && (guest->arch.levels[line / 64] & BIT(line % 64)) != 0;
}

enum err arch_guest_init(struct guest *guest)
{
	guest->arch.inits++;
	return OK;
}

void arch_guest_destroy(struct guest *guest)
{
	(void)guest;
}

void arch_guest_reset(struct guest *guest)
{
	guest->arch.resets++;
	memset(guest->arch.levels, 0, sizeof(guest->arch.levels));
	memset(guest->arch.linked, 0, sizeof(guest->arch.linked));
}

enum err arch_boot_write(struct vcpu *vcpu)
{
	const struct config_guest *config = vcpu->guest->config;

	vcpu->start = (struct vcpu_start){ config->entry.v, config->tree.load.v };
	return guest_load_images(vcpu, &arm64_guest_nodes);
}

void arch_vcpu_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	vcpu->arch.start = *start;
	record(vcpu, HOST_VCPU_RESET, start->pc, start->argument);
}

static void put(struct vcpu *vcpu)
{
	ASSERT(vcpu->arch.loaded && this_cpu()->current == vcpu);
	vcpu->arch.loaded = false;
	this_cpu()->current = NULL;
	record(vcpu, HOST_VCPU_PUT, 0, 0);
}

static void load(struct vcpu *vcpu)
{
	if (this_cpu()->current == vcpu)
		return;
	if (this_cpu()->current != NULL)
		put(this_cpu()->current);
	ASSERT(!vcpu->arch.loaded);
	vcpu->arch.loaded = true;
	this_cpu()->current = vcpu;
	record(vcpu, HOST_VCPU_LOAD, 0, 0);
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	if (this_cpu()->current == vcpu)
		put(vcpu);
}

void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *arch = &vcpu->arch;

	load(vcpu);
	if (arch->recorded)
		profile_entry(vcpu);
	if (arch->script_at == arch->script_length)
		(void)host_yield(HOST_WANTS_EXIT);
	if (arch->script_at < arch->script_length)
		*exit = arch->script[arch->script_at++];
	else
		*exit = (struct vcpu_exit){ .kind = EXIT_NONE };
	if (arch->recorded)
		profile_exit(vcpu, (u32)exit->kind, "scripted", arch->start.pc);
	arch_irq_take();
	record(vcpu, HOST_VCPU_RUN, (u64)exit->kind, 0);
}

void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value)
{
	bool fault = exit->kind == EXIT_FAULT;

	if (!fault && exit->kind != EXIT_READ && exit->kind != EXIT_WRITE)
		record(vcpu, HOST_VCPU_RESULT, (u64)result, 0);
	else if (result != OK)
		record(vcpu, HOST_VCPU_FAULT, fault ? exit->fault.gpa.v : exit->access.at.v,
		       (u64)exit->kind);
	else if (exit->kind == EXIT_READ)
		record(vcpu, HOST_VCPU_READ, exit->access.at.v, value);
	else
		record(vcpu, HOST_VCPU_SKIP, 0, 0);
}

bool arch_vcpu_posted(const struct vcpu *vcpu)
{
	return vcpu->arch.wants_irq;
}

bool arch_vcpu_wants_irq(struct vcpu *vcpu)
{
	vcpu->arch.wants_irq &= !vcpu->arch.line_fell;
	return vcpu->arch.wants_irq;
}

void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures)
{
	*figures = (struct vcpu_figures){ .pc = vcpu->arch.start.pc,
					  .virqs_pending = vcpu->arch.wants_irq };
}

void arch_vcpu_profile(struct vcpu *vcpu, bool on)
{
	vcpu->arch.recorded = on;
}

void arch_vcpu_dump(struct vcpu *vcpu)
{
	record(vcpu, HOST_VCPU_DUMP, 0, 0);
}

bool arch_virq_set(struct guest *guest, u32 line, bool level)
{
	ASSERT(line < HOST_LINES);
	if (level)
		guest->arch.levels[line / 64] |= BIT(line % 64);
	else
		guest->arch.levels[line / 64] &= ~BIT(line % 64);
	return guest->arch.merges;
}

u32 arch_virq_request(struct guest *guest, u32 vector)
{
	u32 before = guest->arch.requests ? guest->arch.request : VIRQ_NONE;

	guest->arch.request = vector;
	guest->arch.requests = vector != VIRQ_NONE;
	return before;
}

void arch_virq_deliver(const struct irq_route *route)
{
	struct guest *guest = route->owner;

	ASSERT(route->target < HOST_LINES);
	guest->arch.linked[route->target / 64] |= BIT(route->target % 64);
}
