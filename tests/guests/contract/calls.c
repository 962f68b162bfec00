/* SPDX-License-Identifier: Apache-2.0 */
/* Points 1 to 3: firmware calls on HVC and SMC, unknown ids, honest answers about features. */
#include "contract.h"

#include <abi/vendor.h>

#define NOT_SUPPORTED32 0xffffffffu
#define WORKAROUND_1    0x80008000u
#define WORKAROUND_2    0x80007fffu
#define WORKAROUND_3    0x80003fffu
#define SOC_ID          0x80000002u

typedef void (*conduit_t)(u64 regs[8]);

static u64 call(conduit_t conduit, u64 id, u64 a, u64 b)
{
	u64 regs[8] = { id, a, b };

	conduit(regs);
	return regs[0];
}

/* --- 1: both conduits ------------------------------------------------------------------------- */

static void hvc_version(void)
{
	CHECK((u32)call(smccc_hvc, PSCI_VERSION, 0, 0) >= 0x10001);
}

static void smc_version(void)
{
	CHECK_EQ(call(smccc_smc, PSCI_VERSION, 0, 0), call(smccc_hvc, PSCI_VERSION, 0, 0));
}

/* Steps counted behind the call show whether it returned to the next instruction. */
#define RETURN_STEPS(instruction)                                                        \
	({                                                                               \
		register u64 id_ __asm__("x0") = PSCI_VERSION;                           \
		register u64 steps_ __asm__("x19") = 0;                                  \
		__asm__ volatile(instruction " #0\n\tadd %1, %1, #1\n\tadd %1, %1, #2"   \
				 : "+r"(id_), "+r"(steps_)::"x1", "x2", "x3", "memory"); \
		steps_;                                                                  \
	})

static void hvc_return(void)
{
	CHECK_EQ(RETURN_STEPS("hvc"), 3);
}

static void smc_return(void)
{
	CHECK_EQ(RETURN_STEPS("smc"), 3);
}

static void check_regs_kept(void (*run)(u64 *))
{
	u64 regs[31];

	for (u32 i = 0; i < 31; i++)
		regs[i] = 0x0101010101010101ull * (i + 1);
	regs[0] = PSCI_VERSION;
	run(regs);
	for (u32 i = 4; i < 31; i++)
		CHECK_EQ(regs[i], 0x0101010101010101ull * (i + 1));
}

static void hvc_registers(void)
{
	check_regs_kept(all_regs_hvc);
}

static void smc_registers(void)
{
	check_regs_kept(all_regs_smc);
}

static void flags_kept(void)
{
	for (u64 flags = 0; flags < 16; flags++) {
		register u64 id __asm__("x0") = PSCI_VERSION;
		u64 after;

		__asm__ volatile("msr NZCV, %2\n\thvc #0\n\tmrs %1, NZCV"
				 : "+r"(id), "=&r"(after)
				 : "r"(flags << 28)
				 : "x1", "x2", "x3", "cc", "memory");
		CHECK_EQ(after, flags << 28);
	}
}

static void smc_cpu_info(void)
{
	CHECK_EQ(call(smccc_smc, PSCI_AFFINITY_INFO, machine.arch.mpidr[0], 0), 0);
}

/* --- 2: unknown ids --------------------------------------------------------------------------- */

static void check_unknown(u32 id)
{
	u64 hvc = call(smccc_hvc, id, ~0ull, ~0ull), smc = call(smccc_smc, id, ~0ull, ~0ull);

	CHECK_EQ((u32)hvc, NOT_SUPPORTED32);
	CHECK_EQ((u32)smc, NOT_SUPPORTED32);
	if ((id & BIT(30)) != 0)
		CHECK_EQ(hvc, ~0ull);
}

static void unknown_arch(void)
{
	check_unknown(0x80001234);
	check_unknown(0xc0001234);
}

static void unknown_cpu_service(void)
{
	check_unknown(0x81000000);
	check_unknown(0xc100ffff);
}

static void unknown_sip_oem(void)
{
	check_unknown(0x82000001);
	check_unknown(0xc2000001);
	check_unknown(0x83000001);
	check_unknown(0xc3000001);
}

static void unknown_standard(void)
{
	check_unknown(0x8400001f + 0x10);
	check_unknown(0x8400ff00);
	check_unknown(0xc400cafe);
}

static void unknown_hypervisor(void)
{
	check_unknown(0x85000001);
	check_unknown(0x8600fffe);
	check_unknown(0xc6001234);
}

static void unknown_trusted_os(void)
{
	check_unknown(0xb0000000);
	check_unknown(0xb200000a);
	check_unknown(0xbf00ff01);
}

static void unknown_yielding(void)
{
	check_unknown(0x00000000);
	check_unknown(0x04000000);
	check_unknown(0x02000010);
	check_unknown(0x7fffffff);
}

static void unknown_all_ones(void)
{
	check_unknown(0xffffffff);
}

static void width_counts(void)
{
	/* PSCI_VERSION, FEATURES and CPU_OFF have no SMC64 form. */
	check_unknown(0xc4000000);
	check_unknown(0xc400000a);
	check_unknown(0xc4000002);
}

static void reserved_bits(void)
{
	/* Bits 23:16 of a fast call must be zero. */
	CHECK_EQ((u32)call(smccc_hvc, 0x84010000, 0, 0), NOT_SUPPORTED32);
	CHECK_EQ((u32)call(smccc_hvc, 0x84800000, 0, 0), NOT_SUPPORTED32);
}

static void upper_half_ignored(void)
{
	CHECK_EQ((u32)call(smccc_hvc, 0xdeadbeef00000000ull | PSCI_VERSION, 0, 0),
		 (u32)call(smccc_hvc, PSCI_VERSION, 0, 0));
}

static void after_unknown_alive(void)
{
	for (u32 i = 0; i < 200; i++)
		check_unknown(0xc4000100 + i * 0x11);
}

/* --- 3: features ------------------------------------------------------------------------------ */

static s32 features(u32 id)
{
	return (s32)psci(PSCI_FEATURES, id, 0, 0);
}

static void psci_version(void)
{
	u32 version = (u32)psci(PSCI_VERSION, 0, 0, 0);

	CHECK_EQ(version >> 16, 1);
	CHECK((version & 0xffff) >= 1);
}

static void features_mandatory(void)
{
	static const u32 ids[] = {
		PSCI_VERSION,    PSCI_CPU_SUSPEND,   PSCI_CPU_SUSPEND & ~BIT(30),
		PSCI_CPU_OFF,    PSCI_CPU_ON,        PSCI_CPU_ON & ~BIT(30),
		PSCI_FEATURES,   PSCI_AFFINITY_INFO, PSCI_AFFINITY_INFO & ~BIT(30),
		PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET
	};

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		CHECK(features(ids[i]) >= 0);
}

static void features_unknown(void)
{
	CHECK_EQ(features(0x8400001f), PSCI_NOT_SUPPORTED);
	CHECK_EQ(features(0xc4000000), PSCI_NOT_SUPPORTED);
	CHECK_EQ(features(0x12345678), PSCI_NOT_SUPPORTED);
	CHECK_EQ(features(0xffffffff), PSCI_NOT_SUPPORTED);
}

/* Calls that FEATURES denies must not exist. */
static void features_honest(void)
{
	for (u32 n = 0; n < 0x40; n++) {
		u32 id = 0x84000000u | (n & 0x1f) | (n & 0x20) << 25;

		if (features(id) != PSCI_NOT_SUPPORTED)
			continue;
		CHECK_EQ((u32)call(smccc_hvc, id, ~0ull, ~0ull), NOT_SUPPORTED32);
	}
}

static void features_suspend_bits(void)
{
	CHECK_EQ((u32)features(PSCI_CPU_SUSPEND) & ~3u, 0);
}

static void migrate_info(void)
{
	s64 type = psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);

	CHECK(type == 2 || type == PSCI_NOT_SUPPORTED);
}

static void smccc_version(void)
{
	CHECK_EQ(features(SMCCC_VERSION), 0);
	CHECK((s32)call(smccc_hvc, SMCCC_VERSION, 0, 0) >= 0x10001);
	CHECK_EQ(call(smccc_smc, SMCCC_VERSION, 0, 0), call(smccc_hvc, SMCCC_VERSION, 0, 0));
}

static s32 arch_features(u32 id)
{
	return (s32)call(smccc_hvc, SMCCC_ARCH_FEATURES, id, 0);
}

static void arch_features_self(void)
{
	CHECK(arch_features(SMCCC_VERSION) >= 0);
	CHECK(arch_features(SMCCC_ARCH_FEATURES) >= 0);
}

static void arch_features_unknown(void)
{
	CHECK_EQ(arch_features(0x80001234), PSCI_NOT_SUPPORTED);
	CHECK_EQ(arch_features(0xffffffff), PSCI_NOT_SUPPORTED);
}

static void workarounds(void)
{
	static const u32 ids[] = { WORKAROUND_1, WORKAROUND_2, WORKAROUND_3 };

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
		s32 answer = arch_features(ids[i]);

		CHECK(answer >= -2 && answer <= 1);
		if (answer == PSCI_NOT_SUPPORTED)
			CHECK_EQ((u32)call(smccc_hvc, ids[i], 0, 0), NOT_SUPPORTED32);
		else
			(void)call(smccc_smc, ids[i], 0, 0);
	}
}

static void soc_id(void)
{
	s32 claimed = arch_features(SOC_ID), version = (s32)call(smccc_hvc, SOC_ID, 0, 0);

	if (claimed >= 0)
		CHECK(version >= 0);
	else
		CHECK_EQ(version, PSCI_NOT_SUPPORTED);
}

static void vendor_uid(void)
{
	u64 regs[8] = { VENDOR_CALL_UID };

	smccc_smc(regs);
	CHECK_EQ(regs[0], VENDOR_UID_0);
	CHECK_EQ(regs[1], VENDOR_UID_1);
	CHECK_EQ(regs[2], VENDOR_UID_2);
	CHECK_EQ(regs[3], VENDOR_UID_3);
}

static void vendor_log_count(void)
{
	u64 regs[8] = { VENDOR_LOG, 0 };

	smccc_hvc(regs);
	CHECK_EQ((s32)regs[0], -3);
	regs[0] = VENDOR_LOG;
	regs[1] = VENDOR_LOG_MAX + 1;
	smccc_hvc(regs);
	CHECK_EQ((s32)regs[0], -3);
}

static const struct test tests[] = {
	{ "1.hvc-version", hvc_version, 0 },
	{ "1.smc-version", smc_version, NEEDS_MULLION },
	{ "1.hvc-returns-behind", hvc_return, 0 },
	{ "1.smc-returns-behind", smc_return, NEEDS_MULLION },
	{ "1.hvc-keeps-registers", hvc_registers, 0 },
	{ "1.smc-keeps-registers", smc_registers, NEEDS_MULLION },
	{ "1.flags-kept", flags_kept, 0 },
	{ "1.smc-affinity-info", smc_cpu_info, NEEDS_MULLION },
	{ "2.unknown-arch", unknown_arch, NEEDS_MULLION },
	{ "2.unknown-cpu-service", unknown_cpu_service, NEEDS_MULLION },
	{ "2.unknown-sip-oem", unknown_sip_oem, NEEDS_MULLION },
	{ "2.unknown-standard", unknown_standard, NEEDS_MULLION },
	{ "2.unknown-hypervisor", unknown_hypervisor, NEEDS_MULLION },
	{ "2.unknown-trusted-os", unknown_trusted_os, NEEDS_MULLION },
	{ "2.unknown-yielding", unknown_yielding, NEEDS_MULLION },
	{ "2.unknown-all-ones", unknown_all_ones, NEEDS_MULLION },
	{ "2.width-counts", width_counts, NEEDS_MULLION },
	{ "2.reserved-bits", reserved_bits, NEEDS_MULLION },
	{ "2.upper-half-ignored", upper_half_ignored, NEEDS_MULLION },
	{ "2.alive-after-200", after_unknown_alive, NEEDS_MULLION },
	{ "3.psci-version", psci_version, 0 },
	{ "3.features-mandatory", features_mandatory, 0 },
	{ "3.features-unknown", features_unknown, 0 },
	{ "3.features-honest", features_honest, NEEDS_MULLION },
	{ "3.features-suspend-bits", features_suspend_bits, 0 },
	{ "3.migrate-info", migrate_info, 0 },
	{ "3.smccc-version", smccc_version, NEEDS_MULLION },
	{ "3.arch-features-self", arch_features_self, NEEDS_MULLION },
	{ "3.arch-features-unknown", arch_features_unknown, NEEDS_MULLION },
	{ "3.workarounds", workarounds, NEEDS_MULLION },
	{ "3.soc-id-honest", soc_id, NEEDS_MULLION },
	{ "3.vendor-uid", vendor_uid, NEEDS_MULLION },
	{ "3.vendor-log-count", vendor_log_count, NEEDS_MULLION },
};

RUN_TESTS(calls_run, tests)
