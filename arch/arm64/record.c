/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording of exits (mullion/profile.h). While a guest runs whose exits are recorded, another
 * vector table is active. The core's own one is active again before any handler runs.
 */
#include <asm/trap.h>
#include <mullion/profile.h>

#include "arch/arm64/guest.h"
#include "arch/arm64/pure/esr.h"
#include "arch/arm64/regime.h"

enum { SLOT_SYNC, SLOT_IRQ, SLOT_FIQ, SLOT_SERROR };

#define CODE_ASYNC ESR_EC_COUNT /* and the slot: behind the exception classes */

extern const u8 arm64_vectors_recorded[];

void record_entry(struct vcpu *vcpu)
{
	profile_entry(vcpu);
	write_sysreg((u64)arm64_vectors_recorded, vbar_el2);
}

void arch_vcpu_profile(struct vcpu *vcpu, bool on)
{
	u64 *way = &vcpu->arch.way;

	*way = on ? *way | BIT(WAY_RECORDED_BIT) : *way & ~BIT(WAY_RECORDED_BIT);
}

static void record_exit(struct vcpu *vcpu, u32 slot, u64 esr)
{
	static const char *const names[] = { "", "interrupt", "FIQ", "system error" };
	u64 address = read_sysreg(elr_el2);
	const char *name = names[slot];
	u32 code = CODE_ASYNC + slot;

	if (slot == SLOT_SYNC) {
		code = (u32)ESR_EC(esr);
		name = trap_class_name(esr);
		if (code == ESR_EC_DABT_LOW || code == ESR_EC_IABT_LOW)
			address = abort_ipa(read_sysreg(hpfar_el2), read_sysreg(far_el2));
	}
	profile_exit(vcpu, code, name, address);
}

static bool serve_slot(struct vcpu *vcpu, u32 slot, u64 esr)
{
	switch (slot) {
	case SLOT_SYNC:
		return ESR_EC(esr) == ESR_EC_HVC64 ? exit_hvc(vcpu, esr) : exit_sync(vcpu, esr);
	case SLOT_IRQ: return exit_irq(vcpu);
	case SLOT_FIQ: return exit_fiq(vcpu);
	default: return exit_serror(vcpu);
	}
}

bool exit_recorded(struct vcpu *vcpu, u32 slot)
{
	u64 esr = read_sysreg(esr_el2);

	write_sysreg((u64)arm64_vectors, vbar_el2);
	record_exit(vcpu, slot, esr);
	if (!serve_slot(vcpu, slot, esr))
		return false;
	record_entry(vcpu);
	return true;
}
