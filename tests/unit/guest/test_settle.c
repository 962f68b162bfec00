/* SPDX-License-Identifier: Apache-2.0 */
/* core/guest: a destroy, and the CPUs that may still hold an account of the guest. */
#include <mullion/cpu.h>

#include "support/machine.h"
#include "support/orphan.h"
#include "support/test.h"

#define ID     5
#define PASSES 4 /* over the components, each with a wait */

static enum err destroyed;
static bool has_destroyed;

static void destroyer(void *data)
{
	(void)data;
	destroyed = guest_destroy(ID);
	has_destroyed = true;
}

static struct guest *make(struct config_guest *config, u32 id, u32 cpu)
{
	struct guest *guest;

	machine_config(config, "test", cpu, 1, false);
	assert_int_equal(guest_create(id, config, &guest), OK);
	assert_int_equal(guest_start(guest), OK);
	return guest;
}

/* A busy CPU may be about to charge work to the guest, or to place a component on its account. A
 * destroy waits after each pass until that CPU has called the scheduler. */
static void destroy_waits_for_a_busy_cpu(void **state)
{
	struct config_guest config, other;
	struct guest *guest, *runs;
	struct thread *thread;
	struct cpu *busy;

	(void)state;
	machine_start();
	machine_settle();
	busy = cpu_get(MACHINE_CPUS - 1);
	guests_stay = true;
	guest = make(&config, ID, 0);
	runs = make(&other, ID + 1, busy->id);
	thread = thread_create("destroyer", destroyer, NULL, PRIORITY_COMPONENT, SLICE_DEFAULT);
	assert_non_null(thread);
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(thread_start(thread), OK);
	for (u32 pass = 0; pass < PASSES; pass++) {
		for (u32 step = 0; step < 10; step++)
			(void)host_loop(0);
		assert_true(busy->resched);
		assert_false(has_destroyed);
		(void)host_loop(busy->id);
		assert_false(busy->resched);
	}
	for (u32 step = 0; step < 10 && !has_destroyed; step++)
		(void)host_loop(0);
	host_cpu_select(0);
	assert_true(has_destroyed);
	assert_int_equal(destroyed, OK);
	thread_release(thread);
	guest_stop(runs, false);
	machine_settle();
	assert_int_equal(guest_destroy(ID + 1), OK);
	machine_config_free(&config);
	machine_config_free(&other);
}

/* A handler that began before the guest's routes went may still deliver to its vCPUs. */
static void destroy_waits_for_a_handler(void **state)
{
	struct config_guest config;
	struct guest *guest;
	struct thread *thread;
	struct cpu *handles;

	(void)state;
	machine_start();
	machine_settle();
	handles = cpu_get(MACHINE_CPUS - 1);
	has_destroyed = false;
	guests_stay = true;
	guest = make(&config, ID, 0);
	thread = thread_create("destroyer", destroyer, NULL, PRIORITY_COMPONENT, SLICE_DEFAULT);
	assert_non_null(thread);
	guest_stop(guest, false);
	machine_settle();
	handles->interrupts = 1;
	assert_int_equal(thread_start(thread), OK);
	for (u32 step = 0; step < 40; step++)
		(void)host_loop(0);
	assert_false(has_destroyed);
	handles->interrupts = 0;
	for (u32 step = 0; step < 40 && !has_destroyed; step++)
		(void)host_loop(0);
	host_cpu_select(0);
	assert_true(has_destroyed);
	assert_int_equal(destroyed, OK);
	thread_release(thread);
	machine_config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destroy_waits_for_a_busy_cpu),
		cmocka_unit_test(destroy_waits_for_a_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
