/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/bypass.h, against a model of a CPU whose firmware has SMCCC_ARCH_WORKAROUND_2. No
 * emulator has one. */
#include "arch/arm64/pure/bypass.h"

#include "support/test.h"

#define VCPUS 3u
#define NONE  VCPUS

/* The firmware's state of a CPU: on at power-on. */
static bool mitigated;
static u32 calls;
/* As the core has it: the choices of the vCPUs, and the loaded vCPU. */
static bool permitted[VCPUS];
static u32 loaded;

static void firmware(s32 argument)
{
	if (argument == BYPASS_NO_CALL)
		return;
	mitigated = argument != 0;
	calls++;
}

static void save(void)
{
	if (loaded != NONE)
		firmware(bypass_at_save(permitted[loaded]));
	loaded = NONE;
}

static void load(u32 vcpu)
{
	save();
	firmware(bypass_at_load(permitted[vcpu]));
	loaded = vcpu;
}

/* The guest's call, which also reaches the firmware. */
static void choose(u64 argument)
{
	permitted[loaded] = bypass_chosen(argument);
	firmware((s32)((u32)argument != 0));
}

static void power_on(void)
{
	mitigated = true;
	calls = 0;
	loaded = NONE;
	for (u32 i = 0; i < VCPUS; i++)
		permitted[i] = false;
}

static void check(void)
{
	assert_int_equal(mitigated, loaded == NONE || !permitted[loaded]);
}

static void each_vcpu_has_its_own(void **state)
{
	(void)state;
	power_on();
	load(0);
	choose(0);
	assert_false(mitigated);
	load(1);
	assert_true(mitigated);
	load(0);
	assert_false(mitigated);
	save();
	assert_true(mitigated);
	load(0);
	choose(1);
	assert_true(mitigated);
	/* W1 alone is the argument. */
	choose(UINT64_C(1) << 32);
	assert_false(mitigated);
	choose(UINT64_C(2));
	assert_true(mitigated);
}

/* A switch between vCPUs that have made no choice makes no call. */
static void no_choice_costs_nothing(void **state)
{
	(void)state;
	power_on();
	for (u32 i = 0; i < 2 * VCPUS; i++)
		load(i % VCPUS);
	save();
	assert_int_equal(calls, 0);
}

/* Every order of loads, choices, resets and switches to other threads. */
static void every_order(void **state)
{
	(void)state;
	for (u32 order = 0; order < 1u << 18; order++) {
		power_on();
		for (u32 rest = order; rest != 0; rest >>= 3) {
			u32 act = rest & 7;

			if (act < VCPUS)
				load(act);
			else if (act < 5 && loaded != NONE)
				choose(act - 3);
			else if (act == 5)
				save();
			else if (act == 6 && loaded != NONE) {
				/* A reset stores the state before it clears the choice. */
				u32 vcpu = loaded;

				save();
				permitted[vcpu] = false;
			}
			check();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vcpu_has_its_own),
		cmocka_unit_test(no_choice_costs_nothing),
		cmocka_unit_test(every_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
