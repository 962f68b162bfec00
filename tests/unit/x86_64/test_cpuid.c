/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/cpuid.c: no feature reaches a guest that it does not have. */
#include "arch/x86_64/pure/cpuid.h"

#include "support/test.h"

static u32 extended_state = 0x602e7; /* x87, SSE, AVX, AVX-512, PKRU, AMX */

/* A machine on which each bit of each leaf is set, so a zero was hidden on purpose. */
static void all_ones(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	static const struct cpuid_regs parts[] = {
		[2] = { 256, 576, 0, 0 },   [5] = { 64, 1088, 0, 0 }, [6] = { 512, 1152, 0, 0 },
		[7] = { 1024, 1664, 0, 0 }, [9] = { 8, 2688, 2, 0 },  [17] = { 64, 2752, 2, 0 },
	};

	*regs = (struct cpuid_regs){ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	if (leaf == 0 || leaf == 0x80000000)
		regs->eax = leaf + 0x21;
	if (leaf == 0xd && subleaf == 0)
		*regs = (struct cpuid_regs){ extended_state, 576, 11008, 0 };
	if (leaf == 0xd && subleaf >= 2)
		*regs = subleaf < ARRAY_SIZE(parts) ? parts[subleaf] : (struct cpuid_regs){ 0 };
}

/* One whose largest leaf is 0xd. */
static void small(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	all_ones(leaf, subleaf, regs);
	if (leaf == 0)
		regs->eax = 0xd;
	if (leaf == 0x80000000)
		regs->eax = 0x80000001;
}

/* One without the features of leaf 7. */
static void plain(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	all_ones(leaf, subleaf, regs);
	if (leaf == 7)
		*regs = (struct cpuid_regs){ 0 };
}

static struct cpuid_view view;
static struct cpuid_regs regs;

static int setup(void **state)
{
	(void)state;
	view = (struct cpuid_view){
		.machine = all_ones,
		.index = 2,
		.vcpus = 3,
		.address_bits = 40,
		.tsc_khz = 2500000,
		.lapic_khz = 1000000,
		.apic_enabled = true,
		.xcr0 = 7,
	};
	cpuid_begin(&view);
	return 0;
}

static void ask(u32 leaf, u32 subleaf)
{
	cpuid_answer(&view, leaf, subleaf, &regs);
}

static void hidden_features(void **state)
{
	static const struct {
		u32 leaf, subleaf;
		u32 reg; /* 0: EAX .. 3: EDX */
		u32 bit;
		const char *name;
	} hidden[] = {
		{ 1, 0, 2, 3, "MONITOR" },
		{ 1, 0, 2, 5, "VMX" },
		{ 1, 0, 2, 6, "SMX" },
		{ 1, 0, 2, 2, "DTES64" },
		{ 1, 0, 2, 15, "PDCM" },
		{ 1, 0, 2, 24, "TSC deadline" },
		{ 1, 0, 2, 27, "OSXSAVE" },
		{ 1, 0, 3, 18, "serial number" },
		{ 1, 0, 3, 21, "debug store" },
		{ 7, 0, 1, 2, "SGX" },
		{ 7, 0, 1, 4, "HLE" },
		{ 7, 0, 1, 11, "RTM" },
		{ 7, 0, 1, 14, "MPX" },
		{ 7, 0, 1, 25, "PT" },
		{ 7, 0, 2, 4, "OSPKE" },
		{ 7, 0, 2, 5, "WAITPKG" },
		{ 7, 0, 2, 7, "shadow stacks" },
		{ 7, 0, 2, 16, "LA57" },
		{ 7, 0, 3, 20, "IBT" },
		{ 7, 0, 3, 24, "AMX" },
		{ 7, 0, 3, 26, "SPEC_CTRL" },
		{ 7, 0, 3, 29, "ARCH_CAPABILITIES" },
		{ 0xd, 1, 0, 4, "XFD" },
		{ 0x80000001, 0, 2, 2, "SVM" },
		{ 0x80000001, 0, 2, 10, "IBS" },
		{ 0x80000001, 0, 2, 12, "SKINIT" },
		{ 0x80000001, 0, 2, 22, "topology extensions" },
		{ 0x80000001, 0, 2, 23, "performance counters" },
		{ 0x80000001, 0, 2, 29, "MONITORX" },
		{ 0x80000001, 0, 3, 25, "FFXSR" },
		{ 0x80000008, 0, 1, 14, "IBRS" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		ask(hidden[i].leaf, hidden[i].subleaf);
		if ((((u32 *)&regs)[hidden[i].reg] & BIT(hidden[i].bit)) != 0)
			fail_msg("%s is shown", hidden[i].name);
	}
}

static void assert_zero(void)
{
	assert_int_equal(regs.eax | regs.ebx | regs.ecx | regs.edx, 0);
}

/* Leaves without a row: MONITOR, PMU, cache allocation, SGX, PT, SVM, and those that do not exist.
 */
static void absent_leaves(void **state)
{
	static const u32 absent[] = { 0x3,        0x5,        0x9,        0xa,        0xc,
				      0xf,        0x10,       0x12,       0x14,       0x17,
				      0x18,       0x1d,       0x20,       0x21,       0x40000002,
				      0x40000011, 0x80000009, 0x8000000a, 0x8000001f, 0xc0000000,
				      UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		ask(absent[i], 0);
		assert_zero();
	}
	ask(7, 2);
	assert_zero();
	ask(0, 0);
	assert_int_equal(regs.eax, CPUID_BASIC_MAX);
	ask(0x80000000, 0);
	assert_int_equal(regs.eax, CPUID_EXTENDED_MAX);
	view.machine = small;
	cpuid_begin(&view);
	ask(0, 0);
	assert_int_equal(regs.eax, 0xd);
	ask(0x15, 0);
	assert_zero();
	ask(0x80000008, 0);
	assert_zero();
}

static void hypervisor(void **state)
{
	char name[13] = { 0 };

	(void)state;
	ask(1, 0);
	assert_true((regs.ecx & BIT(31)) != 0);
	ask(CPUID_HYPERVISOR, 0);
	memcpy(name, &regs.ebx, 12);
	assert_string_equal(name, "KVMKVMKVM");
	assert_int_equal(regs.eax, CPUID_HYPERVISOR_MAX);
	ask(CPUID_HYPERVISOR + 1, 0);
	assert_zero();
	ask(CPUID_HYPERVISOR_MAX, 0);
	assert_int_equal(regs.eax, 2500000);
	assert_int_equal(regs.ebx, 1000000);
}

/* The core has the register TSC_ADJUST on every machine. */
static void emulated_features(void **state)
{
	(void)state;
	view.machine = plain;
	ask(7, 0);
	assert_int_equal(regs.ebx, BIT(1));
	view.machine = all_ones;
}

static void vcpu_state(void **state)
{
	(void)state;
	view.cr4 = BIT(18) | BIT(22);
	view.tsc_deadline = true;
	view.tsc_invariant = true;
	ask(1, 0);
	assert_true((regs.ecx & BIT(27)) != 0);
	assert_true((regs.ecx & BIT(24)) != 0);
	assert_true((regs.ecx & BIT(21)) != 0);
	assert_true((regs.edx & BIT(9)) != 0);
	ask(7, 0);
	assert_true((regs.ecx & BIT(4)) != 0);
	ask(0x80000007, 0);
	assert_int_equal(regs.edx, BIT(8));
	view.apic_enabled = false;
	ask(1, 0);
	assert_true((regs.edx & BIT(9)) == 0);
	ask(0x80000001, 0);
	assert_true((regs.edx & BIT(9)) == 0);
}

static void topology(void **state)
{
	(void)state;
	ask(1, 0);
	assert_int_equal(regs.ebx >> 24, 2);
	assert_int_equal(regs.ebx >> 16 & 0xff, 4);
	assert_true((regs.edx & BIT(28)) != 0);
	for (u32 leaf = 0xb; leaf <= 0x1f; leaf += 0x14) {
		ask(leaf, 0);
		assert_int_equal(regs.eax, 0);
		assert_int_equal(regs.ebx, 1);
		assert_int_equal(regs.ecx, 0x100);
		assert_int_equal(regs.edx, 2);
		ask(leaf, 1);
		assert_int_equal(regs.eax, 2);
		assert_int_equal(regs.ebx, 3);
		assert_int_equal(regs.ecx, 0x201);
		ask(leaf, 2);
		assert_int_equal(regs.eax | regs.ebx, 0);
		assert_int_equal(regs.ecx, 2);
		assert_int_equal(regs.edx, 2);
	}
	ask(4, 0);
	assert_int_equal(FIELD(regs.eax, 31, 26), 3);
	assert_int_equal(FIELD(regs.eax, 25, 14), 3);
	ask(0x80000008, 0);
	assert_int_equal(regs.eax, 40 | 48 << 8);
	assert_int_equal(regs.ecx, 2 | 2 << 12);
	view.vcpus = 1;
	ask(1, 0);
	assert_true((regs.edx & BIT(28)) == 0);
	ask(4, 3);
	assert_int_equal(regs.eax >> 14, 0);
}

static void extended_state_sizes(void **state)
{
	(void)state;
	ask(0xd, 0);
	assert_int_equal(regs.eax, 0x2e7); /* without AMX */
	assert_int_equal(regs.ebx, 832);
	assert_int_equal(regs.ecx, 2696);
	assert_int_equal(regs.edx, 0);
	ask(0xd, 1);
	assert_int_equal(regs.eax, 0xf);
	assert_int_equal(regs.ebx, 832);
	assert_int_equal(regs.ecx | regs.edx, 0);
	view.xcr0 = 0x207; /* the compacted form omits AVX-512 and aligns PKRU */
	ask(0xd, 0);
	assert_int_equal(regs.ebx, 2696);
	ask(0xd, 1);
	assert_int_equal(regs.ebx, 840);
	ask(0xd, 9);
	assert_int_equal(regs.eax, 8);
	assert_int_equal(regs.ebx, 2688);
	assert_int_equal(regs.ecx, 2);
	ask(0xd, 17);
	assert_zero();
	ask(0xd, 63);
	assert_zero();
	ask(0xd, UINT32_MAX);
	assert_zero();
	assert_int_equal(cpuid_xcr0(all_ones), 0x2e7);
}

static void rates(void **state)
{
	(void)state;
	ask(0x15, 0);
	assert_int_equal((u64)regs.ecx * regs.ebx / regs.eax, UINT64_C(2500000000));
	ask(0x16, 0);
	assert_int_equal(regs.eax, 2500);
	view.tsc_khz = 0;
	ask(0x15, 0);
	assert_zero();
}

/* Linux computes in 32 bits: kHz of the crystal, times EBX, divided by EAX. */
static void ratio_fits(void **state)
{
	static const u32 usual[] = { 50000, 1000000, 1497600, 2100000, 2496000, 2893200, 3600000 };
	u32 shown = 0;

	(void)state;
	for (u32 khz = 1000; khz < 6000000; khz += 997) {
		u32 crystal;

		view.tsc_khz = khz;
		ask(0x15, 0);
		if (regs.eax == 0)
			continue;
		shown++;
		crystal = regs.ecx / 1000;
		assert_true((u64)crystal * regs.ebx <= UINT32_MAX);
		assert_in_range(crystal * regs.ebx / regs.eax, khz - khz / 100000 - 1,
				khz + khz / 100000);
	}
	assert_true(shown > 1000);
	for (u32 i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		view.tsc_khz = usual[i];
		ask(0x15, 0);
		assert_int_not_equal(regs.eax, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hidden_features, setup),
		cmocka_unit_test_setup(absent_leaves, setup),
		cmocka_unit_test_setup(hypervisor, setup),
		cmocka_unit_test_setup(emulated_features, setup),
		cmocka_unit_test_setup(vcpu_state, setup),
		cmocka_unit_test_setup(topology, setup),
		cmocka_unit_test_setup(extended_state_sizes, setup),
		cmocka_unit_test_setup(rates, setup),
		cmocka_unit_test_setup(ratio_fits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
