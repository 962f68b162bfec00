/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's real vCPU loop, exit dispatch, guest life cycle and interrupt routing, on the fake
 * machine with scripted vCPUs.
 */
#include <mullion/irq.h>
#include <mullion/mem.h>

#include "support/free.h"
#include "support/machine.h"
#include "support/test.h"

static struct config_guest config;
static struct guest *guest;

static int set_up(void **state)
{
	(void)state;
	machine_start();
	machine_settle();
	guests_stay = true;
	host_end = HOST_END_NONE;
	host_console_clear();
	note_free();
	machine_config(&config, "test", 0, 2, true);
	assert_int_equal(guest_create(0, &config, &guest), OK);
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	return 0;
}

/* For any state of the guest at a test's end: all its memory is released. */
static int tear_down(void **state)
{
	(void)state;
	guest_stop(guest, false);
	machine_settle();
	for (u32 i = 0; i < guest->num_vcpus; i++)
		assert_int_not_equal(guest->vcpus[i]->thread.state, VCPU_RUNNING);
	assert_int_equal(guest_destroy(0), OK);
	assert_false(host_irq_enabled(HOST_IRQ));
	check_free();
	machine_config_free(&config);
	return 0;
}

#define give(index, ...)                                                \
	do {                                                            \
		const struct vcpu_exit exit_ = { __VA_ARGS__ };         \
		assert_true(machine_give(guest->vcpus[index], &exit_)); \
	} while (0)

static u64 result(u32 index)
{
	const struct host_event *event = host_last_event(guest->vcpus[index], HOST_VCPU_RESULT);

	assert_non_null(event);
	return event->a;
}

static void starts_the_first_vcpu_alone(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];
	u8 seen[sizeof(machine_kernel)];
	struct fdt fdt;
	u8 tree[8192];

	(void)state;
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RESET);
	assert_int_equal(vcpu->arch.start.pc, GUEST_KERNEL);
	assert_int_equal(vcpu->arch.start.argument, config.tree.load.v);
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_LOAD], 1);
	assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_KERNEL), sizeof(seen)), OK);
	assert_memory_equal(seen, machine_kernel, sizeof(seen));
	assert_int_equal(guest_copy_in(guest, tree, config.tree.load, sizeof(tree)), OK);
	assert_int_equal(fdt_open(&fdt, tree, sizeof(tree)), OK);
}

static void space_maps_what_was_described(void **state)
{
	hpa_t ram, alias;
	u32 flags;

	(void)state;
	assert_int_equal(space_lookup(&guest->space, GPA(GUEST_RAM), &ram, &flags), OK);
	assert_int_equal(flags, SPACE_READ | SPACE_WRITE | SPACE_EXEC);
	assert_int_equal(space_lookup(&guest->space, GPA(GUEST_ALIAS + 8), &alias, &flags), OK);
	assert_int_equal(alias.v, ram.v + 8);
	assert_int_equal(space_lookup(&guest->space, GPA(GUEST_ROM), &ram, &flags), OK);
	assert_int_equal(flags, SPACE_READ | SPACE_EXEC);
	assert_int_equal(space_lookup(&guest->space, GPA(GUEST_DEVICE), &ram, &flags), OK);
	assert_int_equal(ram.v, GUEST_DEVICE);
	assert_int_equal(flags, SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
	assert_int_equal(space_lookup(&guest->space, GPA(GUEST_VIRTUAL), &ram, &flags), ERR_FAULT);
	assert_int_equal(space_lookup(&guest->space, GPA(0), &ram, &flags), ERR_FAULT);
}

static void bad_accesses_get_a_fault_back(void **state)
{
	(void)state;
	give(0, .kind = EXIT_READ, .access = { .at = { 0x123000 }, .width = 4 });
	assert_int_equal(host_last_event(guest->vcpus[0], HOST_VCPU_FAULT)->a, 0x123000);
	give(0, .kind = EXIT_FAULT, .fault = { .gpa = { GUEST_ROM }, .write = true });
	assert_int_equal(host_last_event(guest->vcpus[0], HOST_VCPU_FAULT)->a, GUEST_ROM);
	for (int i = 0; i < 100; i++)
		give(0, .kind = EXIT_WRITE, .access = { .at = { ~UINT64_C(0) }, .width = 8 });
	assert_int_equal(guest->vcpus[0]->arch.counts[HOST_VCPU_FAULT], 102);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
}

static void cpu_on_and_off(void **state)
{
	(void)state;
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 7, .start.pc = GUEST_KERNEL });
	assert_int_equal(result(0), ERR_NOT_FOUND);
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start = { GUEST_RAM, 99 } });
	assert_int_equal(result(0), OK);
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start.pc = GUEST_RAM });
	assert_int_equal(result(0), ERR_BUSY);
	machine_settle();
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start.pc = GUEST_RAM });
	assert_int_equal(result(0), ERR_EXISTS);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->vcpus[1]->arch.start.pc, GUEST_RAM);
	assert_int_equal(guest->vcpus[1]->arch.start.argument, 99);
	give(1, .kind = EXIT_CPU_OFF);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RESET);
	assert_int_equal(guest->running, 1);
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start.pc = GUEST_RAM });
	assert_int_equal(result(0), OK);
}

static void wfi_sleeps_until_an_interrupt(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];

	(void)state;
	give(0, .kind = EXIT_WAIT);
	assert_int_equal(vcpu->thread.state, VCPU_PAUSED);
	machine_settle();
	assert_int_equal(vcpu->thread.state, VCPU_PAUSED);
	assert_false(machine_give(vcpu, &(struct vcpu_exit){ .kind = EXIT_NONE }));
	host_set_wants_irq(vcpu, true);
	machine_settle();
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
}

static void device_interrupts_reach_the_guest(void **state)
{
	(void)state;
	assert_true(host_irq_enabled(HOST_IRQ));
	host_raise(HOST_IRQ);
	host_raise(HOST_IRQ + 1);
	machine_settle();
	assert_true(guest->arch.linked[0] & BIT(GUEST_IRQ));
	/* The guest's own end of interrupt deactivates it. */
	assert_true(host_irq_active(HOST_IRQ));
	assert_false(host_irq_active(HOST_IRQ + 1));
}

static void reset_brings_back_pristine_images(void **state)
{
	u8 junk[sizeof(machine_kernel)], seen[sizeof(machine_kernel)];

	(void)state;
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start.pc = GUEST_RAM });
	machine_settle();
	memset(junk, 0xee, sizeof(junk));
	assert_int_equal(guest_load(guest, GPA(GUEST_KERNEL), junk, sizeof(junk)), OK);
	give(1, .kind = EXIT_SYSTEM_RESET);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->resets, 1);
	assert_int_equal(guest->arch.resets, 1);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RESET);
	assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_KERNEL), sizeof(seen)), OK);
	assert_memory_equal(seen, machine_kernel, sizeof(seen));
	assert_non_null(strstr(host_console, "guest 'test' reset (1)"));
}

static void power_off_stops_the_guest(void **state)
{
	(void)state;
	give(0, .kind = EXIT_CPU_ON, .cpu_on = { .target = 1, .start.pc = GUEST_RAM });
	machine_settle();
	give(0, .kind = EXIT_SYSTEM_OFF);
	machine_settle();
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_int_equal(guest->running, 0);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RESET);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RESET);
	assert_non_null(strstr(host_console, "guest 'test' powered off"));
	assert_non_null(strstr(host_console, "no guest is running"));
}

static void an_error_stops_the_guest_with_a_dump(void **state)
{
	(void)state;
	give(0, .kind = EXIT_ERROR, .error = { .why = "a test's reason" });
	machine_settle();
	assert_int_equal(guest->state, GUEST_CRASHED);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_HALTED);
	assert_int_equal(guest->vcpus[0]->arch.counts[HOST_VCPU_DUMP], 1);
	assert_non_null(strstr(host_console, "guest 'test' stopped: a test's reason"));
}

static void the_last_guest_ends_the_machine(void **state)
{
	const struct vcpu_exit off = { .kind = EXIT_SYSTEM_OFF };

	(void)state;
	guests_stay = false;
	assert_true(machine_give(guest->vcpus[0], &off));
	assert_int_equal(host_end, HOST_END_POWEROFF);
}

static void log_lines_carry_the_guests_name(void **state)
{
	(void)state;
	give(0, .kind = EXIT_LOG, .log = { .len = 5, .text = "hel\033o" });
	assert_null(strstr(host_console, "hel"));
	give(0, .kind = EXIT_LOG, .log = { .len = 3, .text = "!\nx" });
	assert_non_null(strstr(host_console, "[test] hel?o!\n"));
	for (int i = 0; i < 10; i++)
		give(0, .kind = EXIT_LOG,
		     .log = { .len = 48,
			      .text = "................................................" });
	assert_true(guest->vcpus[0]->line.used < sizeof(guest->vcpus[0]->line.text));
}

static void copies_stay_in_memory(void **state)
{
	u8 buf[64];

	(void)state;
	assert_int_equal(guest_copy_in(guest, buf, GPA(GUEST_DEVICE), 1), ERR_FAULT);
	assert_int_equal(guest_copy_in(guest, buf, GPA(GUEST_VIRTUAL), 1), ERR_FAULT);
	assert_int_equal(guest_copy_in(guest, buf, GPA(GUEST_RAM + GUEST_RAM_BYTES - 32), 64),
			 ERR_FAULT);
	assert_int_equal(guest_copy_in(guest, buf, GPA(GUEST_RAM + GUEST_RAM_BYTES - 64), 64), OK);
	assert_int_equal(guest_copy_in(guest, buf, GPA(UINT64_MAX - 8), 64), ERR_FAULT);
}

#define with_guest(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_guest(starts_the_first_vcpu_alone),
		with_guest(space_maps_what_was_described),
		with_guest(bad_accesses_get_a_fault_back),
		with_guest(cpu_on_and_off),
		with_guest(wfi_sleeps_until_an_interrupt),
		with_guest(device_interrupts_reach_the_guest),
		with_guest(reset_brings_back_pristine_images),
		with_guest(power_off_stops_the_guest),
		with_guest(an_error_stops_the_guest_with_a_dump),
		with_guest(the_last_guest_ends_the_machine),
		with_guest(log_lines_carry_the_guests_name),
		with_guest(copies_stay_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
