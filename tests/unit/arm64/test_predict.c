/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/predict.c, against a model of CPUs that no emulator has. */
#include "arch/arm64/pure/predict.h"

#include "arch/arm64/pure/psci.h"
#include "support/test.h"

#define A53  UINT64_C(0x410fd034)
#define A57  UINT64_C(0x411fd070)
#define A72  UINT64_C(0x410fd083)
#define A73  UINT64_C(0x410fd092)
#define A75  UINT64_C(0x412fd0a1)
#define N1   UINT64_C(0x413fd0c1)
#define N2   UINT64_C(0x410fd490)
#define NEW  UINT64_C(0x410fd8f0)
#define CSV2 (UINT64_C(1) << 56)
#define NONE               \
	{                  \
		-1, -1, -1 \
	}

static struct predict_plan plan_of(u64 midr, u64 pfr0, s32 first, s32 third)
{
	const struct predict_cpu cpu = { .midr = midr,
					 .pfr0 = pfr0,
					 .workaround = { first, -1, third } };

	return predict_plan(&cpu);
}

/* Whether a plan is @call, @loop and @clear, and leaves @targets and @history open. */
static void check(struct predict_plan plan, u32 call, u32 loop, bool clear, bool open_targets,
		  bool open_history)
{
	assert_int_equal(plan.call, call);
	assert_int_equal(plan.loop, loop);
	assert_int_equal(plan.clear, clear);
	assert_int_equal(plan.targets, open_targets);
	assert_int_equal(plan.history, open_history);
}

static void branch_targets(void **state)
{
	(void)state;
	check(plan_of(NEW, CSV2, -1, -1), 0, 0, false, false, false);
	check(plan_of(A53, 0, -1, -1), 0, 0, false, false, false);
	/* Unknown cores without CSV2 are thought to be open. */
	check(plan_of(NEW, 0, -1, -1), 0, 0, false, true, false);
	check(plan_of(NEW, 0, 0, -1), SMCCC_ARCH_WORKAROUND_1, 0, false, false, false);
	/* Firmware says that this CPU does not need it. */
	check(plan_of(NEW, 0, 1, -1), 0, 0, false, false, false);
}

static void branch_history(void **state)
{
	struct predict_cpu n1 = { .midr = N1, .pfr0 = CSV2, .workaround = NONE };

	(void)state;
	check(predict_plan(&n1), 0, 24, false, false, false);
	n1.isar2 = UINT64_C(1) << 28; /* CLRBHB */
	check(predict_plan(&n1), 0, 0, true, false, false);
	n1.mmfr1 = UINT64_C(1) << 60; /* ECBHB */
	check(predict_plan(&n1), 0, 0, false, false, false);
	check(plan_of(N1, 3 * CSV2, -1, -1), 0, 0, false, false, false);
	check(plan_of(N1, CSV2, -1, 1), 0, 0, false, false, false);
	check(plan_of(N2, CSV2, -1, -1), 0, 32, false, false, false);
	check(plan_of(A75, CSV2, -1, 0), SMCCC_ARCH_WORKAROUND_3, 0, false, false, false);
	check(plan_of(A75, CSV2, -1, -1), 0, 0, false, false, true);
}

/* One call does both, where there is one. */
static void both(void **state)
{
	(void)state;
	check(plan_of(A72, 0, 0, -1), SMCCC_ARCH_WORKAROUND_1, 8, false, false, false);
	check(plan_of(A72, 0, 0, 0), SMCCC_ARCH_WORKAROUND_3, 0, false, false, false);
	check(plan_of(A73, 0, 0, 0), SMCCC_ARCH_WORKAROUND_3, 0, false, false, false);
	check(plan_of(A73, 0, 0, -1), SMCCC_ARCH_WORKAROUND_1, 0, false, false, true);
	/* As emulated: no CSV2, no firmware that knows a work-around. */
	check(plan_of(A57, 0, -1, -1), 0, 8, false, true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branch_targets),
		cmocka_unit_test(branch_history),
		cmocka_unit_test(both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
