/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/psci.c: every function of PSCI 1.1, and what lies beside them. */
#include "arch/arm64/pure/psci.h"

#include <abi/vendor.h>

#include "support/test.h"

static const struct smccc_offer nothing = { .workaround = { -1, -1, -1 } };
static const struct smccc_offer all = { .trng = true, .workaround = { 0, 1, 0 } };

static struct smccc_call call_with(const struct smccc_offer *offer, u64 id, u64 a, u64 b, u64 c)
{
	const u64 x[8] = { id, a, b, c };
	struct smccc_call call = { .count = 99 };

	smccc_decode(x, offer, &call);
	return call;
}

static struct smccc_call call(u64 id, u64 a, u64 b, u64 c)
{
	return call_with(&all, id, a, b, c);
}

static s64 result_of(const struct smccc_offer *offer, u64 id, u64 a)
{
	struct smccc_call got = call_with(offer, id, a, 0, 0);

	assert_int_equal(got.action, SMCCC_RESULT);
	assert_in_range(got.count, 1, 4);
	return (s64)got.res[0];
}

static void versions(void **state)
{
	(void)state;
	assert_int_equal(result_of(&all, PSCI_VERSION, 0), 0x10001);
	assert_int_equal(result_of(&all, SMCCC_VERSION, 0), 0x10002);
	assert_int_equal(result_of(&all, TRNG_VERSION, 0), 0x10000);
	assert_int_equal(result_of(&nothing, TRNG_VERSION, 0), -1);
	assert_int_equal(result_of(&all, PSCI_MIGRATE_INFO_TYPE, 0), 2);
	/* x0's upper half is no part of the id. */
	assert_int_equal(result_of(&all, UINT64_C(0xdead00000000) | PSCI_VERSION, 0), 0x10001);
}

static void features_are_honest(void **state)
{
	/* Over both widths and a wide range of numbers: served if and only if features say so. */
	(void)state;
	for (u32 n = 0; n < 0x40; n++) {
		for (u32 wide = 0; wide <= 1; wide++) {
			u32 id = 0x84000000u + n + (wide ? SMCCC_64BIT : 0);
			s64 said = result_of(&all, PSCI_FEATURES, id);
			struct smccc_call got = call(id, 0, 0, 0);
			bool unknown = got.action == SMCCC_RESULT && (s64)got.res[0] == -1;

			/* Of PSCI_FEATURES itself, asked about id 0, -1 is the answer. */
			if (id == PSCI_FEATURES)
				unknown = false;
			assert_int_equal(said, unknown ? -1 : 0);
		}
	}
	assert_int_equal(result_of(&all, PSCI_FEATURES, SMCCC_VERSION), 0);
	assert_int_equal(result_of(&all, PSCI_FEATURES, 0x8400000e), -1); /* SYSTEM_SUSPEND */
	assert_int_equal(result_of(&all, PSCI_FEATURES, 0x84000005), -1); /* MIGRATE */
	assert_int_equal(result_of(&all, PSCI_FEATURES, PSCI_VERSION | SMCCC_64BIT), -1);
}

static void unknown_ids(void **state)
{
	static const u32 ids[] = {
		0,          1,          0x04000000, 0x7fffffff, 0x80000002, 0x80008001,
		0x8400000d, 0x8400001f, 0xc4000000, 0x84000054, 0xc4000050, 0xc4000054,
		0x86000000, 0x8600ff02, 0xc600ff01, 0xc6000000, 0xc6000002, 0xffffffff,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (result_of(&all, ids[i], 1) != -1)
			fail_msg("%#x is answered", ids[i]);
}

static void power(void **state)
{
	struct smccc_call got = call(PSCI_CPU_ON | SMCCC_64BIT, 0x8000000001, 0x140000000, 7);

	(void)state;
	assert_int_equal(got.action, SMCCC_CPU_ON);
	assert_int_equal(got.args[0], 0x8000000001);
	assert_int_equal(got.args[1], 0x140000000);
	assert_int_equal(got.args[2], 7);
	got = call(PSCI_CPU_ON, 0xff00000001, 0xff40000000, UINT64_MAX);
	assert_int_equal(got.action, SMCCC_CPU_ON); /* 32-bit form: low halves */
	assert_int_equal(got.args[0], 1);
	assert_int_equal(got.args[1], 0x40000000);
	assert_int_equal(got.args[2], UINT32_MAX);
	assert_int_equal(call(PSCI_CPU_OFF, 0, 0, 0).action, SMCCC_CPU_OFF);
	got = call(PSCI_AFFINITY_INFO | SMCCC_64BIT, 0x100, 2, 0);
	assert_int_equal(got.action, SMCCC_AFFINITY_INFO);
	assert_int_equal(got.args[0], 0x100);
	assert_int_equal(got.args[1], 2);
	assert_int_equal(call(PSCI_SYSTEM_OFF, 0, 0, 0).action, SMCCC_SYSTEM_OFF);
	assert_int_equal(call(PSCI_SYSTEM_RESET, 0, 0, 0).action, SMCCC_SYSTEM_RESET);
	assert_int_equal(call(PSCI_SYSTEM_RESET2, 0, 0, 0).action, SMCCC_SYSTEM_RESET);
	assert_int_equal(result_of(&all, PSCI_SYSTEM_RESET2, 1), PSCI_INVALID_PARAMETERS);
	assert_int_equal(result_of(&all, PSCI_SYSTEM_RESET2 | SMCCC_64BIT, 0x80000000),
			 PSCI_INVALID_PARAMETERS);
}

static void suspend(void **state)
{
	struct smccc_call got = call(PSCI_CPU_SUSPEND, 0, 0, 0);

	(void)state;
	assert_int_equal(got.action, SMCCC_CPU_SUSPEND);
	assert_int_equal(got.args[0], 0);
	got = call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, 0x40000000, 9);
	assert_int_equal(got.action, SMCCC_CPU_SUSPEND);
	assert_int_equal(got.args[0], 1);
	assert_int_equal(got.args[1], 0x40000000);
	assert_int_equal(got.args[2], 9);
	for (u32 bit = 0; bit < 32; bit++) {
		if (bit == 16)
			continue;
		assert_int_equal(result_of(&all, PSCI_CPU_SUSPEND, BIT(bit)),
				 PSCI_INVALID_PARAMETERS);
	}
}

static void architecture_calls(void **state)
{
	(void)state;
	assert_int_equal(result_of(&nothing, SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES), 0);
	assert_int_equal(result_of(&nothing, SMCCC_ARCH_FEATURES, SMCCC_VERSION), 0);
	assert_int_equal(result_of(&nothing, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1), -1);
	assert_int_equal(result_of(&nothing, SMCCC_ARCH_WORKAROUND_1, 0), -1);
	assert_int_equal(result_of(&all, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1), 0);
	assert_int_equal(result_of(&all, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_2), 1);
	assert_int_equal(result_of(&all, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_3), 0);
	assert_int_equal(result_of(&all, SMCCC_ARCH_FEATURES, 0x80000002), -1);
	assert_int_equal(call(SMCCC_ARCH_WORKAROUND_3, 0, 0, 0).action, SMCCC_FIRMWARE);
	assert_int_equal(call(SMCCC_ARCH_WORKAROUND_3, 0, 0, 0).args[0], SMCCC_ARCH_WORKAROUND_3);
}

static void random_numbers(void **state)
{
	static const u64 ones[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	struct smccc_call got = call(TRNG_RND | SMCCC_64BIT, 192, 0, 0);

	(void)state;
	assert_int_equal(got.action, SMCCC_TRNG_RND);
	assert_int_equal(got.args[0], 192);
	assert_int_equal(got.args[1], 64);
	assert_int_equal(call(TRNG_RND, 96, 0, 0).args[1], 32);
	assert_int_equal(result_of(&all, TRNG_RND, 97), -2);
	assert_int_equal(result_of(&all, TRNG_RND, 0), -2);
	assert_int_equal(result_of(&all, TRNG_RND | SMCCC_64BIT, 193), -2);
	assert_int_equal(result_of(&nothing, TRNG_RND, 1), -1);
	assert_int_equal(result_of(&all, TRNG_FEATURES, TRNG_RND | SMCCC_64BIT), 0);
	assert_int_equal(result_of(&all, TRNG_FEATURES, PSCI_VERSION), -1);
	assert_int_equal(call(TRNG_GET_UUID, 0, 0, 0).count, 4);

	smccc_trng_pack(192, 64, ones, &got);
	assert_int_equal(got.count, 4);
	assert_int_equal(got.res[0], 0);
	assert_int_equal(got.res[1] & got.res[2] & got.res[3], UINT64_MAX);
	smccc_trng_pack(65, 64, ones, &got);
	assert_int_equal(got.res[1], 0);
	assert_int_equal(got.res[2], 1);
	assert_int_equal(got.res[3], UINT64_MAX);
	smccc_trng_pack(33, 32, ones, &got);
	assert_int_equal(got.res[1], 0);
	assert_int_equal(got.res[2], 1);
	assert_int_equal(got.res[3], UINT32_MAX);
	smccc_trng_pack(1, 64, ones, &got);
	assert_int_equal(got.res[2], 0);
	assert_int_equal(got.res[3], 1);
}

static void vendor_calls(void **state)
{
	struct smccc_call got = call(VENDOR_CALL_UID, 0, 0, 0);

	(void)state;
	assert_int_equal(got.count, 4);
	assert_int_equal(got.res[0], VENDOR_UID_0);
	assert_int_equal(got.res[3], VENDOR_UID_3);
	assert_int_equal(call(VENDOR_REVISION, 0, 0, 0).count, 2);
	got = call(VENDOR_LOG, VENDOR_LOG_MAX, 0, 0);
	assert_int_equal(got.action, SMCCC_LOG);
	assert_int_equal(got.args[0], VENDOR_LOG_MAX);
	assert_int_equal(result_of(&all, VENDOR_LOG, 0), -3);
	assert_int_equal(result_of(&all, VENDOR_LOG, VENDOR_LOG_MAX + 1), -3);
	assert_int_equal(result_of(&all, VENDOR_LOG, UINT64_C(0x100000001)), -3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),       cmocka_unit_test(features_are_honest),
		cmocka_unit_test(unknown_ids),    cmocka_unit_test(power),
		cmocka_unit_test(suspend),        cmocka_unit_test(architecture_calls),
		cmocka_unit_test(random_numbers), cmocka_unit_test(vendor_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
