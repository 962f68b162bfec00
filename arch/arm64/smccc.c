/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware calls of a guest, by HVC or SMC. Simple calls are answered here; the others become an
 * exit.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/bypass.h"
#include "arch/arm64/pure/config.h"
#include "arch/arm64/pure/psci.h"
#include "drivers/psci.h"
#include <abi/vendor.h>
#include <mullion/random.h>
#include <mullion/string.h>

/* DEN0022 §5.7.2. */
enum affinity_state { AFFINITY_ON = 0, AFFINITY_OFF = 1, AFFINITY_ON_PENDING = 2 };

static enum affinity_state vcpu_affinity_state(const struct vcpu *vcpu)
{
	switch (atomic_load(&vcpu->thread.state)) {
	case VCPU_UNKNOWN:
	case VCPU_RESET:
	case VCPU_HALTED: return AFFINITY_OFF;
	default: return atomic_load(&vcpu->fresh) ? AFFINITY_ON_PENDING : AFFINITY_ON;
	}
}

static s64 affinity_info(const struct guest *guest, u64 target, u64 level)
{
	static const u64 masks[] = { 0xff00ffffff, 0xff00ffff00, 0xff00ff0000, 0xff00000000 };
	s64 state = PSCI_INVALID_PARAMETERS;

	if (level >= ARRAY_SIZE(masks) || (target & ~masks[0]) != 0)
		return PSCI_INVALID_PARAMETERS;
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		enum affinity_state one;

		if ((arm64_vcpu_identity(i) ^ target) & masks[level])
			continue;
		one = vcpu_affinity_state(guest->vcpus[i]);
		/* A group is on if any is, then pending if any is. */
		if (one == AFFINITY_ON)
			return AFFINITY_ON;
		if (state != AFFINITY_ON_PENDING)
			state = one;
	}
	return state;
}

static void trng_random(const struct smccc_call *request, struct smccc_call *answer)
{
	u64 random[3];

	random_fill(random, sizeof(random));
	smccc_trng_pack((u32)request->args[0], (u32)request->args[1], random, answer);
	memset(random, 0, sizeof(random));
}

/* SMCCC 1.1: x4 and above are kept; before it, everything up to x17 may change. */
s64 smccc_firmware(u32 id, u64 argument)
{
	register u64 x0 __asm__("x0") = id;
	register u64 x1 __asm__("x1") = argument;
	register u64 x2 __asm__("x2") = 0;
	register u64 x3 __asm__("x3") = 0;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (s64)x0;
}

/*
 * The branch predictor work-arounds act on the CPU that asks, so the machine's firmware must see
 * the call. WORKAROUND_2's argument says whether speculative store bypass is to be safe: that is
 * the vCPU's own state, and off for it alone (extra.c).
 */
__cold static bool firmware_call(struct vcpu *vcpu, u32 id)
{
	u64 argument = vcpu->arch.x[1] & UINT32_MAX;

	if (id == SMCCC_ARCH_WORKAROUND_2) {
		if (bypass_chosen(argument))
			vcpu->arch.extra |= EXTRA_SSB;
		else
			vcpu->arch.extra &= ~(u32)EXTRA_SSB;
	}
	vcpu->arch.x[0] = (u64)smccc_firmware(id, argument);
	return true;
}

__boot void smccc_ask(s32 workaround[3])
{
	static const u32 ids[] = { SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2,
				   SMCCC_ARCH_WORKAROUND_3 };
	/* Firmware before SMCCC 1.1 must not be asked: the answer to an unknown id was not defined.
	 */
	bool ask = firmware_version() >= 0x10000 &&
		   smccc_firmware(PSCI_FEATURES, SMCCC_VERSION) == 0 &&
		   smccc_firmware(SMCCC_VERSION, 0) >= 0x10001;

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		workaround[i] = ask ? (s32)smccc_firmware(SMCCC_ARCH_FEATURES, ids[i]) : -1;
}

void smccc_offer_init(struct smccc_offer *offer, const struct config_guest *config)
{
	offer->trng = config->trng && random_is_seeded();
	memcpy(offer->workaround, machine_workaround, sizeof(machine_workaround));
}

static bool answer(struct vcpu *vcpu, const struct smccc_call *call)
{
	for (u32 i = 0; i < call->count; i++)
		vcpu->arch.x[i] = call->res[i];
	return true;
}

static bool leave(struct vcpu *vcpu, enum exit_kind kind)
{
	vcpu->arch.exit->kind = kind;
	return false;
}

static bool log_exit(struct vcpu *vcpu, u32 bytes)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	for (u32 i = 0; i < bytes; i++)
		exit->log.text[i] = (char)(vcpu->arch.x[2 + i / 8] >> (i % 8 * 8));
	exit->log.len = bytes;
	return leave(vcpu, EXIT_LOG);
}

/* The index of the vCPU with the identity @target; num_vcpus if there is none. */
static u32 find_vcpu(const struct guest *guest, u64 target)
{
	u32 index = 0;

	while (index < guest->num_vcpus && arm64_vcpu_identity(index) != target)
		index++;
	return index;
}

static bool refuse_entry(struct vcpu *vcpu)
{
	vcpu->arch.x[0] = (u64)PSCI_INVALID_ADDRESS;
	return true;
}

static bool cpu_on_call(struct vcpu *vcpu, const struct smccc_call *call)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	u32 target = find_vcpu(vcpu->guest, call->args[0]);

	if (target < vcpu->guest->num_vcpus && !vcpu_may_enter(vcpu->guest, GPA(call->args[1])))
		return refuse_entry(vcpu);
	exit->cpu_on.target = target;
	exit->cpu_on.start = (struct vcpu_start){ call->args[1], call->args[2] };
	return leave(vcpu, EXIT_CPU_ON);
}

static bool suspend_call(struct vcpu *vcpu, const struct smccc_call *call)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	exit->suspend.power_down = call->args[0] != 0;
	exit->suspend.start = (struct vcpu_start){ call->args[1], call->args[2] };
	if (exit->suspend.power_down && !vcpu_may_enter(vcpu->guest, GPA(call->args[1])))
		return refuse_entry(vcpu);
	vcpu->arch.wait_begins = true;
	return leave(vcpu, EXIT_CPU_SUSPEND);
}

_Static_assert(VENDOR_LOG_MAX <= sizeof(((struct vcpu_exit *)0)->log.text), "fits an exit");

bool smccc_serve(struct vcpu *vcpu)
{
	const struct smccc_offer *offer = &vcpu->guest->arch.firmware;
	struct smccc_call call, packed;

	smccc_decode(vcpu->arch.x, offer, &call);
	switch (call.action) {
	case SMCCC_RESULT: return answer(vcpu, &call);
	case SMCCC_AFFINITY_INFO:
		vcpu->arch.x[0] = (u64)affinity_info(vcpu->guest, call.args[0], call.args[1]);
		return true;
	case SMCCC_TRNG_RND: trng_random(&call, &packed); return answer(vcpu, &packed);
	case SMCCC_FIRMWARE: return firmware_call(vcpu, (u32)call.args[0]);
	case SMCCC_CPU_ON: return cpu_on_call(vcpu, &call);
	case SMCCC_CPU_SUSPEND: return suspend_call(vcpu, &call);
	case SMCCC_LOG: return log_exit(vcpu, (u32)call.args[0]);
	case SMCCC_CPU_OFF: return leave(vcpu, EXIT_CPU_OFF);
	case SMCCC_SYSTEM_OFF: return leave(vcpu, EXIT_SYSTEM_OFF);
	case SMCCC_SYSTEM_RESET: return leave(vcpu, EXIT_SYSTEM_RESET);
	default: vcpu->arch.x[0] = (u64)PSCI_NOT_SUPPORTED; return true;
	}
}
