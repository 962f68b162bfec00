/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of a vCPU that only some machines have or only some vCPUs use (EXTRA_*). It is apart so
 * that the switch on a machine without costs one test.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/bypass.h"
#include "arch/arm64/pure/idregs.h"
#include "arch/arm64/pure/psci.h"
#include <mullion/string.h>

/* APIB, APDA, APDB, APGA: X(index in pac[], register). APIA is apart, see vectors.S. */
#define PAC_KEYS(X)        \
	X(0, S3_0_C2_C1_2) \
	X(1, S3_0_C2_C1_3) \
	X(2, S3_0_C2_C2_0) \
	X(3, S3_0_C2_C2_1) \
	X(4, S3_0_C2_C2_2) \
	X(5, S3_0_C2_C2_3) \
	X(6, S3_0_C2_C3_0) \
	X(7, S3_0_C2_C3_1)

__cold u32 extra_state(const u64 *raw)
{
	u32 extra = 0;

	if (idregs_has_pauth(raw))
		extra |= EXTRA_PAUTH;
	if (FIELD(raw[IDREG_AA64PFR1], 27, 24) != 0)
		extra |= EXTRA_SME;
	if (FIELD(raw[IDREG_AA64PFR0], 31, 28) != 0)
		extra |= EXTRA_RAS;
	return extra;
}

__cold void extra_reset(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	memset(&arch->options, 0, sizeof(arch->options));
	debug_reset(&arch->debug);
	arch->extra = vcpu->guest->arch.extra;
}

static void save_keys(struct arch_vcpu *arch)
{
#define X(index, name) arch->options.pac[index] = read_sysreg(name);
	PAC_KEYS(X)
#undef X
	if (arch->way & BIT(WAY_KEYS_BIT))
		return;
	arch->apia[0] = read_sysreg(SYS_APIAKEYLO_EL1);
	arch->apia[1] = read_sysreg(SYS_APIAKEYHI_EL1);
}

static void load_keys(const struct arch_vcpu *arch)
{
#define X(index, name) write_sysreg(arch->options.pac[index], name);
	PAC_KEYS(X)
#undef X
	if (arch->way & BIT(WAY_KEYS_BIT))
		return;
	write_sysreg(arch->apia[0], SYS_APIAKEYLO_EL1);
	write_sysreg(arch->apia[1], SYS_APIAKEYHI_EL1);
}

static void call_bypass(s32 argument)
{
	if (argument != BYPASS_NO_CALL)
		(void)smccc_firmware(SMCCC_ARCH_WORKAROUND_2, (u64)argument);
}

void extra_save(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	if (arch->extra & EXTRA_PAUTH)
		save_keys(arch);
	if (arch->extra & EXTRA_SME)
		arch->options.tpidr2 = read_sysreg(SYS_TPIDR2_EL0);
	call_bypass(bypass_at_save((arch->extra & EXTRA_SSB) != 0));
	if (arch->extra & EXTRA_RAS) {
		arch->options.vdisr = read_sysreg(SYS_VDISR_EL2);
		arch->options.vsesr = read_sysreg(SYS_VSESR_EL2);
	}
}

void extra_load(const struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;

	if (arch->extra & EXTRA_PAUTH)
		load_keys(arch);
	if (arch->extra & EXTRA_SME)
		write_sysreg(arch->options.tpidr2, SYS_TPIDR2_EL0);
	if (arch->extra & EXTRA_RAS) {
		write_sysreg(arch->options.vdisr, SYS_VDISR_EL2);
		write_sysreg(arch->options.vsesr, SYS_VSESR_EL2);
	}
	call_bypass(bypass_at_load((arch->extra & EXTRA_SSB) != 0));
	if (arch->extra & EXTRA_DEBUG)
		debug_load(&arch->debug);
}
