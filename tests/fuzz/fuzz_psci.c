/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/psci.c: every call has an answer or an action within bounds; features do not lie.
 */
#include "arch/arm64/pure/psci.h"
#include "tests/fuzz/fuzz.h"

#include <abi/vendor.h>
#include <stdlib.h>
#include <string.h>

struct input {
	u8 trng;
	u8 workaround[3];
	u64 x[8];
};

static struct smccc_call decode(const struct input *in, const struct smccc_offer *offer)
{
	struct smccc_call call;

	memset(&call, 0xaa, sizeof(call));
	smccc_decode(in->x, offer, &call);
	return call;
}

static void check_random(const struct smccc_call *call)
{
	static const u64 ones[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	struct smccc_call packed = { .count = 0 };
	u32 bits = 0;

	CHECK(call->args[1] == 32 || call->args[1] == 64);
	CHECK(call->args[0] >= 1 && call->args[0] <= 3 * call->args[1]);
	smccc_trng_pack((u32)call->args[0], (u32)call->args[1], ones, &packed);
	CHECK(packed.count == 4 && packed.res[0] == 0);
	for (u32 i = 1; i < 4; i++)
		bits += (u32)__builtin_popcountll(packed.res[i]);
	CHECK(bits == call->args[0]);
}

static void check_call(const struct input *in, const struct smccc_call *call)
{
	u64 limit = in->x[0] & SMCCC_64BIT ? UINT64_MAX : UINT32_MAX;

	switch (call->action) {
	case SMCCC_RESULT: CHECK(call->count >= 1 && call->count <= 4); break;
	case SMCCC_CPU_ON:
		for (u32 i = 0; i < 3; i++)
			CHECK(call->args[i] == (in->x[i + 1] & limit));
		break;
	case SMCCC_CPU_SUSPEND: CHECK(call->args[0] <= 1); break;
	case SMCCC_TRNG_RND: check_random(call); break;
	case SMCCC_LOG: CHECK(call->args[0] >= 1 && call->args[0] <= VENDOR_LOG_MAX); break;
	case SMCCC_FIRMWARE:
		CHECK(call->args[0] == SMCCC_ARCH_WORKAROUND_1 ||
		      call->args[0] == SMCCC_ARCH_WORKAROUND_2 ||
		      call->args[0] == SMCCC_ARCH_WORKAROUND_3);
		break;
	case SMCCC_CPU_OFF:
	case SMCCC_AFFINITY_INFO:
	case SMCCC_SYSTEM_OFF:
	case SMCCC_SYSTEM_RESET: break;
	default: CHECK(false);
	}
}

/* PSCI_FEATURES about the same id: a PSCI call that it denies must return NOT_SUPPORTED. */
static void check_features(const struct input *in, const struct smccc_offer *offer,
			   const struct smccc_call *call)
{
	struct input ask = { .x = { PSCI_FEATURES, (u32)in->x[0] } };
	struct smccc_call said = decode(&ask, offer);
	u32 number = (u32)in->x[0] & ~SMCCC_64BIT;

	CHECK(said.action == SMCCC_RESULT && said.count == 1);
	if ((number & ~0x1fu) == 0x84000000u && said.res[0] != 0)
		CHECK(call->action == SMCCC_RESULT && call->count == 1 &&
		      call->res[0] == (u64)PSCI_NOT_SUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { 0 };
	struct smccc_offer offer;
	struct smccc_call call;

	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	offer.trng = in.trng & 1;
	for (u32 i = 0; i < 3; i++)
		offer.workaround[i] = (s32)(in.workaround[i] & 3) - 1;
	/* Most 32-bit numbers are far from every id. */
	if (in.trng & 2)
		in.x[0] = (in.x[0] & ~UINT64_C(0x3fffff00)) | 0x04000000;
	call = decode(&in, &offer);
	check_call(&in, &call);
	check_features(&in, &offer, &call);
	return 0;
}
