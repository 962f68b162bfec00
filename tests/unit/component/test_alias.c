/* SPDX-License-Identifier: Apache-2.0 */
/* core/component: a part of an emulated region at a second address. */
#include "support/test.h"

#include "support/components.h"

/* The server sees one region; offsets count from its start. */
static void an_alias_leads_to_its_region(void **state)
{
	struct component *server = world.server;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		components_access(0, false, SERVED_AGAIN + 4 * i, 0, 4);
		assert_true(components_waits(0));
		SAYS(server, NOTIFY_EXIT);
		assert_int_equal(EXIT_REGION(server->user.results[1]), SERVER_UART_GRANT);
		assert_int_equal(server->user.results[2], 0x40 + 4 * i);
		DO(server, CALL(SYS_VCPU_RESUME, 0, 7, RESUME_WAIT));
		/* Inline service continues with the region, not with the alias. */
		components_access(0, true, SERVED_UART + 8, i, 4);
		assert_true(components_waits(0));
		assert_int_equal(server->user.results[2], 8);
		DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	}
	/* It ends with the region. */
	components_access(0, false, SERVED_AGAIN + PAGE_SIZE - 0x40 - 2, 0, 4);
	assert_false(components_waits(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_alias_leads_to_its_region, components_begin),
	};

	return cmocka_run_group_tests(tests, components_setup, NULL);
}
