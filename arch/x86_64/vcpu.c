/* SPDX-License-Identifier: Apache-2.0 */
/* Guests on x86-64: refused, as long as the core has no virtualisation there. Nothing of a vCPU is
 * ever reached. */
#include <arch/vcpu.h>
#include <arch/virq.h>
#include <mullion/guest.h>
#include <mullion/log.h>

#define UNREACHABLE() panic("%s: the core has no vCPUs", __func__)

enum err arch_guest_init(struct guest *guest)
{
	log_error("guest '%s': this core cannot run guests on x86-64 yet", guest->config->name);
	return ERR_UNSUPPORTED;
}

void arch_guest_destroy(struct guest *guest)
{
	(void)guest;
}

void arch_guest_reset(struct guest *guest)
{
	(void)guest;
}

enum err arch_boot_write(struct vcpu *vcpu)
{
	(void)vcpu;
	UNREACHABLE();
}

void arch_vcpu_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	(void)vcpu;
	(void)start;
	UNREACHABLE();
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	(void)vcpu;
}

void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)vcpu;
	(void)exit;
	UNREACHABLE();
}

void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value)
{
	(void)vcpu;
	(void)exit;
	(void)result;
	(void)value;
	UNREACHABLE();
}

bool arch_vcpu_wants_irq(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

void arch_vcpu_resample(struct vcpu *vcpu)
{
	(void)vcpu;
}

bool arch_vcpu_posted(const struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures)
{
	(void)vcpu;
	*figures = (struct vcpu_figures){ 0 };
}

void arch_vcpu_dump(struct vcpu *vcpu)
{
	(void)vcpu;
}

void arch_virq_set(struct guest *guest, u32 line, bool level)
{
	(void)guest;
	(void)line;
	(void)level;
}

void arch_virq_deliver(const struct irq_route *route)
{
	(void)route;
}
