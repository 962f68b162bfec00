/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware calls of a guest: which action an id and its arguments stand for. One switch over the
 * whole 32-bit id (owner, width and fast bit included), because guests probe neighbours of real
 * ids.
 */
#include "arch/arm64/pure/psci.h"

#include <abi/vendor.h>

/* Linux requests 3 words at most: DEN0098 bounds a request to 192 bits (96 for the 32-bit form). */
#define TRNG_MAX_BITS_64 192
#define TRNG_MAX_BITS_32 96

/* SYSTEM_RESET2: bit 31 of reset_type marks vendor types; 0 is the architected warm reset. */
#define RESET2_SYSTEM_WARM 0

/* CPU_SUSPEND's power_state, original format (DEN0022 §5.4.2). */
#define POWER_STATE_TYPE     BIT(16)
#define POWER_STATE_LEVEL    MASK(25, 24)
#define POWER_STATE_ID       MASK(15, 0)
#define POWER_STATE_RESERVED (MASK(63, 26) | MASK(23, 17))

static void result(struct smccc_call *call, s64 value)
{
	call->action = SMCCC_RESULT;
	call->count = 1;
	call->res[0] = (u64)value;
}

/* Returns true if @id is a supported PSCI call. PSCI_FEATURES and smccc_decode() share this
 * list. */
static bool psci_served(u32 id)
{
	switch (id) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64BIT:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64BIT:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMCCC_64BIT:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMCCC_64BIT:
	case SMCCC_VERSION: return true;
	default: return false;
	}
}

static bool trng_served(u32 id)
{
	switch (id) {
	case TRNG_VERSION:
	case TRNG_FEATURES:
	case TRNG_GET_UUID:
	case TRNG_RND:
	case TRNG_RND | SMCCC_64BIT: return true;
	default: return false;
	}
}

/* Index of a work-around call, or 3. */
static u32 workaround_index(u32 id)
{
	switch (id) {
	case SMCCC_ARCH_WORKAROUND_1: return 0;
	case SMCCC_ARCH_WORKAROUND_2: return 1;
	case SMCCC_ARCH_WORKAROUND_3: return 2;
	default: return 3;
	}
}

static void arch_features(u32 id, const struct smccc_offer *offer, struct smccc_call *call)
{
	u32 index = workaround_index(id);

	if (id == SMCCC_VERSION || id == SMCCC_ARCH_FEATURES)
		result(call, PSCI_SUCCESS);
	else if (index < 3 && offer->workaround[index] >= 0)
		result(call, offer->workaround[index]);
	else
		result(call, PSCI_NOT_SUPPORTED);
}

static void workaround(u32 id, const struct smccc_offer *offer, struct smccc_call *call)
{
	if (offer->workaround[workaround_index(id)] < 0) {
		result(call, PSCI_NOT_SUPPORTED);
		return;
	}
	call->action = SMCCC_FIRMWARE;
	call->args[0] = id;
}

static void cpu_suspend(u64 state, u64 entry, u64 context, struct smccc_call *call)
{
	/* One state of each type, at the level of the core: nothing else is described to the guest.
	 */
	if (state & (POWER_STATE_RESERVED | POWER_STATE_LEVEL | POWER_STATE_ID)) {
		result(call, PSCI_INVALID_PARAMETERS);
		return;
	}
	call->action = SMCCC_CPU_SUSPEND;
	call->args[0] = (state & POWER_STATE_TYPE) != 0;
	call->args[1] = entry;
	call->args[2] = context;
}

static void psci_decode(u32 id, const u64 a[3], struct smccc_call *call)
{
	call->args[0] = a[0];
	call->args[1] = a[1];
	call->args[2] = a[2];
	switch (id & ~SMCCC_64BIT) {
	case PSCI_VERSION: result(call, PSCI_VERSION_1_1); break;
	case PSCI_CPU_SUSPEND: cpu_suspend(a[0] & UINT32_MAX, a[1], a[2], call); break;
	case PSCI_CPU_OFF: call->action = SMCCC_CPU_OFF; break;
	case PSCI_CPU_ON: call->action = SMCCC_CPU_ON; break;
	case PSCI_AFFINITY_INFO: call->action = SMCCC_AFFINITY_INFO; break;
	/* 2: no trusted OS, or one that needs no migration. */
	case PSCI_MIGRATE_INFO_TYPE: result(call, 2); break;
	case PSCI_SYSTEM_OFF: call->action = SMCCC_SYSTEM_OFF; break;
	case PSCI_SYSTEM_RESET: call->action = SMCCC_SYSTEM_RESET; break;
	case PSCI_FEATURES:
		result(call, psci_served((u32)a[0]) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
		break;
	case PSCI_SYSTEM_RESET2:
		if ((u32)a[0] == RESET2_SYSTEM_WARM)
			call->action = SMCCC_SYSTEM_RESET;
		else
			result(call, PSCI_INVALID_PARAMETERS);
		break;
	default: result(call, PSCI_NOT_SUPPORTED); break;
	}
}

/* DEN0098: the 128-bit id of this TRNG back-end, chosen at random once and for all. */
static void trng_uuid(struct smccc_call *call)
{
	result(call, 0x6a1e5c0d);
	call->res[1] = 0x4f27b893;
	call->res[2] = 0x91d4e6a2;
	call->res[3] = 0x3b705fc8;
	call->count = 4;
}

static void trng_decode(u32 id, u64 a1, struct smccc_call *call)
{
	u32 word_bits = (id & SMCCC_64BIT) != 0 ? 64 : 32;
	u32 max_bits = word_bits == 64 ? TRNG_MAX_BITS_64 : TRNG_MAX_BITS_32;

	switch (id) {
	case TRNG_VERSION: result(call, TRNG_VERSION_1_0); break;
	case TRNG_FEATURES:
		result(call, trng_served((u32)a1) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
		break;
	case TRNG_GET_UUID: trng_uuid(call); break;
	case TRNG_RND:
	case TRNG_RND | SMCCC_64BIT:
		if (a1 == 0 || a1 > max_bits) {
			result(call, TRNG_INVALID_PARAMETERS);
			break;
		}
		call->action = SMCCC_TRNG_RND;
		call->args[0] = a1;
		call->args[1] = word_bits;
		break;
	default: result(call, PSCI_NOT_SUPPORTED); break;
	}
}

static void vendor_decode(u32 id, u64 a1, struct smccc_call *call)
{
	switch (id) {
	case VENDOR_CALL_UID:
		result(call, VENDOR_UID_0);
		call->res[1] = VENDOR_UID_1;
		call->res[2] = VENDOR_UID_2;
		call->res[3] = VENDOR_UID_3;
		call->count = 4;
		break;
	case VENDOR_REVISION:
		result(call, 1);
		call->res[1] = 0;
		call->count = 2;
		break;
	case VENDOR_LOG:
		if (a1 == 0 || a1 > VENDOR_LOG_MAX) {
			result(call, SMCCC_INVALID_PARAMETER);
			break;
		}
		call->action = SMCCC_LOG;
		call->args[0] = a1;
		break;
	default: result(call, PSCI_NOT_SUPPORTED); break;
	}
}

void smccc_decode(const u64 x[8], const struct smccc_offer *offer, struct smccc_call *call)
{
	u32 id = (u32)x[0];
	u64 limit = (id & SMCCC_64BIT) != 0 ? UINT64_MAX : UINT32_MAX;
	u64 a[3] = { x[1] & limit, x[2] & limit, x[3] & limit };

	if (psci_served(id) && id != SMCCC_VERSION) {
		psci_decode(id, a, call);
		return;
	}
	if (offer->trng && trng_served(id)) {
		trng_decode(id, a[0], call);
		return;
	}
	switch (id) {
	case SMCCC_VERSION: result(call, SMCCC_VERSION_1_2); return;
	case SMCCC_ARCH_FEATURES: arch_features((u32)a[0], offer, call); return;
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3: workaround(id, offer, call); return;
	default: vendor_decode(id, a[0], call); return;
	}
}

void smccc_trng_pack(u32 bits, u32 word_bits, const u64 random[3], struct smccc_call *call)
{
	u64 word_mask = word_bits == 64 ? UINT64_MAX : UINT32_MAX;

	result(call, PSCI_SUCCESS);
	call->count = 4;
	/* x3 holds the least significant bits, then x2, x1. */
	for (u32 i = 0; i < 3; i++) {
		u32 below = i * word_bits;
		u32 valid = bits > below ? MIN(bits - below, word_bits) : 0;
		u64 mask = valid == 0 ? 0 : UINT64_MAX >> (64 - valid);

		call->res[3 - i] = random[i] & mask & word_mask;
	}
}
