/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a vCPU for a manager. It may be running: every word is read once, and none is
 * trusted.
 */
#include <arch/vcpu.h>
#include <mullion/guest.h>

void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures)
{
	const struct vgic_bank *bank = &vcpu->arch.virq.vgic.bank;

	figures->pc = vcpu->arch.trap.pc;
	figures->virqs_pending =
		bit_count(atomic_load(&bank->enabled) &
			  (atomic_load(&bank->latch) | (bank->line & ~bank->edge)));
	figures->virqs_active = bit_count(bank->active);
}
