/* SPDX-License-Identifier: Apache-2.0 */
/* core/component: instructions that the component which serves a guest executes. */
#include "support/test.h"

#include "support/components.h"

static struct component *server;

static int create(void **state)
{
	int result = components_setup(state);

	server = world.server;
	return result;
}

/* The vCPU's state goes to the component and back, whole and at its own exit alone. */
static void instructions(void **state)
{
	static u64 own[4] = { 1, 2, 3, 4 };
	static const u64 back[4] = { 5, 6, 7, 8 };
	struct vcpu *vcpu = &world.vcpus[1];
	u64 seen[4];

	(void)state;
	components_insn(1, own, sizeof(own));
	assert_true(components_waits(1));
	SAYS(server, NOTIFY_EXIT);
	assert_int_equal(server->user.results[1], 1 | EXIT_IS_INSN | EXIT_NO_REGION);
	DO(server, CALL(SYS_VCPU_STATE, 1, SERVER_DATA));
	assert_int_equal(component_copy_in(server, seen, SERVER_DATA, sizeof(seen)), OK);
	assert_memory_equal(seen, own, sizeof(own));
	DO(server, CALL(SYS_VCPU_STATE, 0, SERVER_DATA));
	FAILS(server, ERR_STATE);
	DO(server, CALL(SYS_VCPU_STATE, COMPONENTS_VCPUS, SERVER_DATA));
	FAILS(server, ERR_RANGE);
	DO(server, CALL(SYS_VCPU_STATE, 1, SERVER_TEXT));
	FAILS(server, ERR_FAULT);
	DO(server, CALL(SYS_VCPU_RESUME, 1, UINT64_MAX - 8, RESUME_STATE));
	FAILS(server, ERR_FAULT);
	assert_true(components_waits(1));
	assert_int_equal(component_copy_out(server, SERVER_DATA, back, sizeof(back)), OK);
	DO(server, CALL(SYS_VCPU_RESUME, 1, SERVER_DATA, RESUME_STATE | RESUME_RESET));
	assert_false(components_waits(1));
	assert_memory_equal(own, back, sizeof(own));
	assert_int_equal(host_last_event(vcpu, HOST_VCPU_RESULT)->a, OK);
	assert_int_equal(components_power(1), RESUME_RESET);
}

/* An answer without state is a fault; a state is none of another exit's. */
static void answers_of_another_kind(void **state)
{
	static u64 own[4];

	(void)state;
	components_insn(1, own, sizeof(own));
	DO(server, CALL(SYS_VCPU_RESUME, 1, SERVER_DATA, 0));
	assert_int_equal(host_last_event(&world.vcpus[1], HOST_VCPU_RESULT)->a, ERR_FAULT);
	components_access(1, false, SERVED_UART, 0, 4);
	DO(server, CALL(SYS_VCPU_STATE, 1, SERVER_DATA));
	FAILS(server, ERR_STATE);
	DO(server, CALL(SYS_VCPU_RESUME, 1, SERVER_DATA, RESUME_STATE));
	FAILS(server, ERR_STATE);
	assert_true(components_waits(1));
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(instructions, components_begin),
		cmocka_unit_test_setup(answers_of_another_kind, components_begin),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
