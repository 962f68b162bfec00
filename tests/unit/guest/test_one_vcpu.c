/* SPDX-License-Identifier: Apache-2.0 */
/* core/guest: acts on one vCPU of several. The others and the guest continue. */
#include "support/machine.h"
#include "support/test.h"

#define ID 5

static struct config_guest config;
static struct guest *guest;

static int set_up(void **state)
{
	(void)state;
	machine_start();
	guests_stay = true;
	machine_config(&config, "test", 0, 3, false);
	assert_int_equal(guest_create(ID, &config, &guest), OK);
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(guest_destroy(ID), OK);
	machine_config_free(&config);
	return 0;
}

static void start_second(void)
{
	const struct vcpu_exit on = { .kind = EXIT_CPU_ON, .cpu_on = { 1, { GUEST_RAM, 0 } } };

	assert_true(machine_give(guest->vcpus[0], &on));
	machine_settle();
}

static void one_vcpu_is_held(void **state)
{
	struct vcpu *second = guest->vcpus[1];

	(void)state;
	assert_int_equal(vcpu_pause(second), ERR_STATE);
	start_second();
	assert_int_equal(vcpu_continue(second), ERR_STATE);
	assert_int_equal(vcpu_pause(second), OK);
	assert_int_equal(vcpu_pause(second), ERR_STATE);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_PAUSED);
	assert_int_equal(second->thread.pause_reason, PAUSE_ASKED);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
	/* The guest's own pause changes nothing about that. */
	assert_int_equal(guest_pause(guest), OK);
	machine_settle();
	assert_int_equal(guest_resume(guest), OK);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_PAUSED);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
	assert_int_equal(vcpu_continue(second), OK);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_RUNNING);
	/* A reset of the guest ends it. */
	assert_int_equal(vcpu_pause(second), OK);
	machine_settle();
	assert_int_equal(guest_reset(guest), OK);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_false(atomic_load(&second->held));
}

static void one_vcpu_is_halted_and_reset(void **state)
{
	struct vcpu *second = guest->vcpus[1];
	u32 resets = second->arch.counts[HOST_VCPU_RESET];

	(void)state;
	assert_int_equal(vcpu_reset(second), ERR_STATE);
	start_second();
	assert_int_equal(vcpu_reset(second), OK);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_RUNNING);
	assert_int_equal(second->arch.counts[HOST_VCPU_RESET], resets + 2);
	assert_int_equal(second->starts, 2);
	assert_int_equal(guest->running, 2);
	assert_int_equal(vcpu_halt(second), OK);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_HALTED);
	assert_int_equal(second->arch.counts[HOST_VCPU_DUMP], 1);
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->running, 1);
	assert_int_equal(vcpu_halt(second), ERR_STATE);
	assert_int_equal(vcpu_reset(second), OK);
	machine_settle();
	assert_int_equal(second->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->running, 2);
	/* An end of the guest overtakes the reset. */
	assert_int_equal(vcpu_reset(second), OK);
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_int_equal(guest->running, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_vcpu_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_vcpu_is_halted_and_reset, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
