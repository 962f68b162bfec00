/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/guest: the state machine edge by edge, CPU_SUSPEND and stops while a vCPU waits, and
 * regions. A failed creation releases everything.
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
	host_console_clear();
	note_free();
	machine_config(&config, "test", 0, 3, true);
	assert_int_equal(guest_create(0, &config, &guest), OK);
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(guest_destroy(0), OK);
	check_free();
	machine_config_free(&config);
	return 0;
}

static bool give(u32 index, struct vcpu_exit exit)
{
	return machine_give(guest->vcpus[index], &exit);
}

static u64 result(u32 index)
{
	const struct host_event *event = host_last_event(guest->vcpus[index], HOST_VCPU_RESULT);

	assert_non_null(event);
	return event->a;
}

/* Rows: from; columns: to. The figure of docs/architecture.md. */
static const char *const allowed[VCPU_STATES] = {
	/*                  URYXPH  (unknown, reset, ready, running, paused, halted) */
	[VCPU_UNKNOWN] = ".x....", [VCPU_RESET] = "x.x...",  [VCPU_READY] = ".x.xxx",
	[VCPU_RUNNING] = ".xx.xx", [VCPU_PAUSED] = ".xx...", [VCPU_HALTED] = ".x....",
};

static void every_edge(void **state)
{
	struct vcpu vcpu;

	(void)state;
	memset(&vcpu, 0, sizeof(vcpu));
	for (u32 from = 0; from < VCPU_STATES; from++) {
		for (u32 to = 0; to < VCPU_STATES; to++) {
			bool ok = allowed[from][to] == 'x';
			u64 refused = vcpu.thread.refused_edges;

			vcpu.thread.state = from;
			if (thread_set_state(&vcpu.thread, to) != (ok ? OK : ERR_STATE))
				fail_msg("%s -> %s", thread_state_name(from),
					 thread_state_name(to));
			assert_int_equal(vcpu.thread.state, ok ? to : from);
			assert_int_equal(vcpu.thread.refused_edges, refused + !ok);
		}
	}
	assert_int_equal(thread_set_state(&vcpu.thread, VCPU_STATES), ERR_STATE);
	assert_string_equal(thread_state_name(VCPU_STATES), "invalid");
}

static void standby_answers_when_it_wakes(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];
	u32 resets = vcpu->arch.counts[HOST_VCPU_RESET];

	(void)state;
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_CPU_SUSPEND }));
	assert_int_equal(vcpu->thread.state, VCPU_PAUSED);
	assert_int_equal(vcpu->thread.pause_reason, PAUSE_WFI);
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_RESULT], 0);
	host_set_wants_irq(vcpu, true);
	machine_settle();
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
	assert_int_equal(result(0), OK);
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_RESET], resets);
}

/* The interrupt that would have ended the wait was pending for a line that was deasserted since. */
static void what_has_gone_ends_no_wait(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];

	(void)state;
	host_set_wants_irq(vcpu, true);
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
	vcpu->arch.line_fell = true;
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	assert_int_equal(vcpu->thread.state, VCPU_PAUSED);
	vcpu->arch.line_fell = false;
	host_set_wants_irq(vcpu, true);
	machine_settle();
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
}

static void power_down_enters_where_it_was_told(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];
	struct vcpu_exit exit = { .kind = EXIT_CPU_SUSPEND, .suspend = { .power_down = true } };

	(void)state;
	exit.suspend.start.pc = GUEST_RAM + 64;
	exit.suspend.start.argument = 77;
	assert_true(give(0, exit));
	assert_int_equal(vcpu->thread.state, VCPU_PAUSED);
	host_set_wants_irq(vcpu, true);
	machine_settle();
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
	assert_int_equal(vcpu->arch.start.pc, GUEST_RAM + 64);
	assert_int_equal(vcpu->arch.start.argument, 77);
	assert_true(vcpu->arch.loaded);
}

static void a_start_must_lie_in_memory(void **state)
{
	static const u64 bad[] = { 0, GUEST_DEVICE, GUEST_VIRTUAL, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(vcpu_may_enter(guest, GPA(bad[i])));
	assert_true(vcpu_may_enter(guest, GPA(GUEST_RAM + 64)));
}

static void a_waiting_vcpu_can_be_stopped(void **state)
{
	(void)state;
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_PAUSED);
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RESET);
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_false(guest->vcpus[0]->arch.loaded);
}

/* Reset is requested while one vCPU waits, one runs, and one is being started. */
static void reset_reaches_every_vcpu(void **state)
{
	struct vcpu_exit on = { .kind = EXIT_CPU_ON, .cpu_on = { 1, { GUEST_RAM, 0 } } };

	(void)state;
	assert_true(give(0, on));
	machine_settle();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	on.cpu_on.target = 2;
	assert_true(give(0, on));
	guest_reset(guest);
	/* No vCPU starts any more, and a second request changes nothing. */
	assert_int_equal(vcpu_start(guest->vcpus[1], NULL), ERR_DENIED);
	guest_stop(guest, false);
	guest_reset(guest);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->resets, 1);
	assert_int_equal(guest->running, 1);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_RESET);
	assert_int_equal(guest->vcpus[2]->thread.state, VCPU_RESET);
	/* And again, from another vCPU's side. */
	on.cpu_on.target = 1;
	assert_true(give(0, on));
	machine_settle();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_SYSTEM_RESET }));
	machine_settle();
	assert_int_equal(guest->resets, 2);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
}

/* The vCPU's last exit before it sees the request is a crash: the reset was there first. */
static void a_crash_does_not_prevent_a_reset(void **state)
{
	(void)state;
	guest_reset(guest);
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_ERROR, .error = { "a test" } }));
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->resets, 1);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RUNNING);
}

static void a_crash_stops_the_others_too(void **state)
{
	struct vcpu_exit on = { .kind = EXIT_CPU_ON, .cpu_on = { 1, { GUEST_RAM, 0 } } };

	(void)state;
	assert_true(give(0, on));
	machine_settle();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_ERROR, .error = { "a test" } }));
	machine_settle();
	assert_int_equal(guest->state, GUEST_CRASHED);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_HALTED);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_RESET);
	assert_null(strstr(host_console, "powered off"));
	assert_int_equal(vcpu_start(guest->vcpus[0], NULL), ERR_DENIED);
}

static void the_last_cpu_off_ends_the_guest(void **state)
{
	(void)state;
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_CPU_OFF }));
	machine_settle();
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_int_equal(guest->running, 0);
}

/* Two CPUs request the start of one vCPU before its own CPU has checked: one request succeeds. */
static void one_of_two_starters_wins(void **state)
{
	struct vcpu_exit on = { .kind = EXIT_CPU_ON, .cpu_on = { 1, { GUEST_RAM, 11 } } };

	(void)state;
	assert_true(give(0, on));
	machine_settle();
	on.cpu_on.target = 2;
	on.cpu_on.start.argument = 22;
	assert_true(give(1, on));
	on.cpu_on.start.argument = 33;
	assert_true(give(0, on));
	assert_int_equal(result(1), OK);
	assert_true(result(0) == ERR_BUSY || result(0) == ERR_EXISTS);
	machine_settle();
	assert_int_equal(guest->vcpus[2]->arch.start.argument, 22);
	assert_int_equal(guest->vcpus[2]->arch.counts[HOST_VCPU_RESET], 1);
}

/* All RAM once, aliases not again, in pieces that a stop may come between. */
static void a_sweep_is_done_in_pieces(void **state)
{
	struct vcpu *vcpu = guest->vcpus[0];
	u32 runs = vcpu->arch.counts[HOST_VCPU_RUN], windows = host_counts.windows;

	(void)state;
	host_counts.swept_bytes = 0;
	vcpu_sweep(vcpu);
	machine_settle();
	assert_int_equal(host_counts.swept_bytes, GUEST_RAM_BYTES);
	assert_true(host_counts.windows - windows > 1);
	assert_int_equal(vcpu->thread.state, VCPU_RUNNING);
	assert_true(vcpu->arch.counts[HOST_VCPU_RUN] > runs);
	vcpu_sweep(vcpu);
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(host_counts.swept_bytes, GUEST_RAM_BYTES);
	assert_int_equal(guest->state, GUEST_STOPPED);
}

static void finds_regions(void **state)
{
	const struct region *region;

	(void)state;
	for (u32 i = 0; i < guest->num_regions; i++) {
		region = &guest->regions[i];
		assert_ptr_equal(region_find(guest, region->gpa), region);
		assert_ptr_equal(region_find(guest, GPA(region->gpa.v + region->size - 1)), region);
		assert_ptr_not_equal(region_find(guest, GPA(region->gpa.v - 1)), region);
		assert_ptr_not_equal(region_find(guest, GPA(region->gpa.v + region->size)), region);
	}
	assert_null(region_find(guest, GPA(0)));
	assert_null(region_find(guest, GPA(UINT64_MAX)));
}

/* Regions of memory, of ports with an emulated device, and of ports of the machine. */
static void finds_ports(void **state)
{
	const u64 uart = PORT_BASE + 0x3f8, last = PORT_BASE + PORT_COUNT - 8;
	struct config_guest with_ports;
	struct config_region *regions;
	struct guest *other;
	u8 byte[2];

	(void)state;
	machine_config(&with_ports, "ports", 3, 1, false);
	regions = with_ports.regions;
	memmove(regions, regions + 1, 3 * sizeof(*regions));
	regions[2].alias_of = 0;
	regions[3] = (struct config_region){
		.name = "uart", .kind = REGION_VIRTUAL, .gpa = GPA(uart), .size = 8
	};
	regions[4] = (struct config_region){ .name = "device",
					     .kind = REGION_DEVICE,
					     .gpa = GPA(last),
					     .size = 8,
					     .hpa_fixed = true,
					     .hpa = HPA(last) };
	with_ports.num_regions = with_ports.console = 5;
	assert_int_equal(guest_create(1, &with_ports, &other), OK);
	assert_null(region_find(other, GPA(0x3f8)));
	assert_null(region_find(other, GPA(uart - 1)));
	for (u64 port = 0; port < 8; port++) {
		assert_ptr_equal(region_find(other, GPA(uart + port)), &other->regions[3]);
		assert_ptr_equal(region_find(other, GPA(last + port)), &other->regions[4]);
	}
	assert_null(region_find(other, GPA(uart + 8)));
	assert_null(region_find(other, GPA(PORT_BASE + PORT_COUNT)));
	assert_null(region_find(other, GPA(UINT64_MAX)));
	assert_int_equal(guest_copy_in(other, byte, GPA(last + 7), 2), ERR_FAULT);
	assert_int_equal(guest_copy_in(other, byte, GPA(UINT64_MAX), 2), ERR_FAULT);
	assert_int_equal(guest_destroy(1), OK);
	machine_config_free(&with_ports);
}

static void failed_creation_leaves_nothing(void **state)
{
	struct config_guest other;
	struct guest *made;

	(void)state;
	note_free();
	/* Its second CPU is not there. */
	machine_config(&other, "other", MACHINE_CPUS - 1, 2, false);
	assert_int_equal(guest_create(1, &other, &made), ERR_NOT_FOUND);
	check_free();
	machine_config_free(&other);
	/* Its device interrupt is the first guest's. */
	machine_config(&other, "other", 3, 1, true);
	assert_int_not_equal(guest_create(1, &other, &made), OK);
	check_free();
	assert_true(host_irq_enabled(HOST_IRQ));
	machine_config_free(&other);
	/* More memory than there is. */
	machine_config(&other, "other", 3, 1, false);
	for (u32 i = 0; i < other.num_regions; i++)
		if (other.regions[i].kind == REGION_RAM)
			other.regions[i].size = GIB(64);
	assert_int_equal(guest_create(1, &other, &made), ERR_NO_MEMORY);
	check_free();
	machine_config_free(&other);
}

static int tear_down_unchecked(void **state)
{
	(void)state;
	guest_stop(guest, false);
	machine_settle();
	assert_int_equal(guest_destroy(0), OK);
	machine_config_free(&config);
	return 0;
}

#define with_guest(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge),
		with_guest(standby_answers_when_it_wakes),
		with_guest(what_has_gone_ends_no_wait),
		with_guest(power_down_enters_where_it_was_told),
		with_guest(a_start_must_lie_in_memory),
		with_guest(a_waiting_vcpu_can_be_stopped),
		with_guest(reset_reaches_every_vcpu),
		with_guest(a_crash_does_not_prevent_a_reset),
		with_guest(a_crash_stops_the_others_too),
		with_guest(the_last_cpu_off_ends_the_guest),
		with_guest(one_of_two_starters_wins),
		with_guest(a_sweep_is_done_in_pieces),
		with_guest(finds_regions),
		with_guest(finds_ports),
		cmocka_unit_test_setup_teardown(failed_creation_leaves_nothing, set_up,
						tear_down_unchecked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
