/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/offers.c: CPUs that lack one thing each, which no emulator has. */
#include "arch/x86_64/pure/offers.h"

#include "support/test.h"

#define EPT_FULL  (BIT(6) | BIT(14) | BIT(16) | BIT(20) | BIT(26))
#define ALL       UINT64_MAX
#define PAIR(may) ((u64)(u32)(may) << 32)

static const struct offers_vmx good_vmx = {
	.features = (u32)(F1_VMX | F1_XSAVE),
	.control = CONTROL_LOCKED | CONTROL_VMX,
	.basic = BIT(54) | BIT(55),
};

static const struct offers_svm good_svm = {
	.features = (u32)F1_XSAVE,
	.extended_ecx = (u32)E1_SVM,
	.extended_edx = (u32)E1_NX,
	.svm_edx = (u32)SVM_NPT,
};

static struct entry_caps good_caps(void)
{
	return (struct entry_caps){ .pin = PAIR(ALL),
				    .primary = PAIR(ALL),
				    .secondary = PAIR(ALL),
				    .exit = PAIR(ALL),
				    .entry = PAIR(ALL),
				    .ept_vpid = EPT_FULL };
}

static void says(const char *why, const char *wanted)
{
	assert_non_null(why);
	assert_non_null(strstr(why, wanted));
	assert_non_null(strstr(why, ": ")); /* the remedy */
}

static void vmx_by_the_firmware_and_the_cpu(void **state)
{
	struct offers_vmx cpu = good_vmx;

	(void)state;
	assert_null(offers_vmx_missing(&cpu));
	cpu.control = 0; /* not locked: the core sets it */
	assert_null(offers_vmx_missing(&cpu));
	cpu.control = CONTROL_LOCKED;
	says(offers_vmx_missing(&cpu), "the firmware has switched VMX off");
	cpu = good_vmx;
	cpu.features = (u32)F1_XSAVE;
	says(offers_vmx_missing(&cpu), "no VMX");
	cpu.features = (u32)F1_VMX;
	says(offers_vmx_missing(&cpu), "no XSAVE");
	for (u32 bit = 54; bit <= 55; bit++) {
		cpu = good_vmx;
		cpu.basic &= ~BIT(bit);
		says(offers_vmx_missing(&cpu), "first generation");
	}
}

static void each_control_of_vmx(void **state)
{
	static const struct {
		u64 pin, primary, secondary, exit, entry, ept;
		const char *wanted;
	} cases[] = {
		{ .secondary = SECONDARY_EPT, .wanted = "no extended page tables" },
		{ .ept = BIT(6), .wanted = "no extended page tables" },
		{ .ept = BIT(14), .wanted = "no extended page tables" },
		{ .ept = BIT(16), .wanted = "no extended page tables" },
		{ .ept = BIT(20), .wanted = "no extended page tables" },
		{ .ept = BIT(26), .wanted = "no extended page tables" },
		{ .secondary = SECONDARY_UNRESTRICTED, .wanted = "no unrestricted guests" },
		{ .secondary = SECONDARY_VPID, .wanted = "VPID" },
		{ .pin = PIN_VIRTUAL_NMI, .wanted = "no virtual NMIs" },
		{ .primary = PRIMARY_NMI_WINDOW, .wanted = "a control of execution" },
		{ .primary = PRIMARY_MSR_BITMAP, .wanted = "a control of execution" },
		{ .primary = PRIMARY_TSC_OFFSET, .wanted = "a control of execution" },
		{ .exit = EXIT_SAVE_EFER, .wanted = "PAT and EFER" },
		{ .entry = ENTER_LOAD_PAT, .wanted = "PAT and EFER" },
		{ .entry = ENTER_IA32E, .wanted = "PAT and EFER" },
	};
	struct entry_caps caps = good_caps();

	(void)state;
	assert_null(offers_controls_missing(&caps));
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		caps = good_caps();
		caps.pin &= ~PAIR(cases[i].pin);
		caps.primary &= ~PAIR(cases[i].primary);
		caps.secondary &= ~PAIR(cases[i].secondary);
		caps.exit &= ~PAIR(cases[i].exit);
		caps.entry &= ~PAIR(cases[i].entry);
		caps.ept_vpid &= ~cases[i].ept;
		says(offers_controls_missing(&caps), cases[i].wanted);
	}
	/* The CPU insists on exits for CR3. */
	caps = good_caps();
	caps.primary |= PRIMARY_CR3_LOAD;
	says(offers_controls_missing(&caps), "a control of execution");
}

static void svm_by_the_firmware_and_the_cpu(void **state)
{
	struct offers_svm cpu = good_svm;

	(void)state;
	assert_null(offers_svm_missing(&cpu));
	cpu.vm_cr = VM_CR_SVMDIS;
	says(offers_svm_missing(&cpu), "the firmware has switched SVM off");
	cpu = good_svm;
	cpu.extended_ecx = 0;
	says(offers_svm_missing(&cpu), "no SVM");
	cpu = good_svm;
	cpu.svm_edx = 0;
	says(offers_svm_missing(&cpu), "no nested paging");
	cpu = good_svm;
	cpu.extended_edx = 0;
	says(offers_svm_missing(&cpu), "no NX");
	cpu = good_svm;
	cpu.features = 0;
	says(offers_svm_missing(&cpu), "no XSAVE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmx_by_the_firmware_and_the_cpu),
		cmocka_unit_test(each_control_of_vmx),
		cmocka_unit_test(svm_by_the_firmware_and_the_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
