/* SPDX-License-Identifier: Apache-2.0 */
/* core/component: a guest's accesses on their way to the component that serves it, and back. */
#include "support/test.h"

#include <arch/time.h>
#include <mullion/manage.h>
#include <mullion/sched.h>

#include "support/components.h"
#include "support/orphan.h"

static struct component *server, *peer;

static int create(void **state)
{
	int result = components_setup(state);

	server = world.server;
	peer = world.peer;
	return result;
}

/* Once: a server that a manager stopped is not started. */
static void guest_starts_its_server(void **state)
{
	(void)state;
	assert_int_equal(server->state, COMPONENT_CREATED);
	assert_int_equal(component_guest_start(&world.guest), OK);
	assert_int_equal(server->state, COMPONENT_RUNNING);
	assert_int_equal(component_guest_start(&world.guest), OK);
	component_stop(server);
	components_go();
	assert_int_equal(component_guest_start(&world.guest), OK);
	assert_int_equal(server->state, COMPONENT_STOPPED);
}

static void reads_are_served(void **state)
{
	struct vcpu *vcpu = &world.vcpus[1];
	u64 number;

	(void)state;
	components_access(1, false, SERVED_UART + 0x18, 0, 4);
	assert_true(components_waits(1));
	SAYS(server, NOTIFY_EXIT);
	number = server->user.results[4];
	assert_int_equal(EXIT_VCPU(server->user.results[1]), 1);
	assert_int_equal(EXIT_REGION(server->user.results[1]), SERVER_UART_GRANT);
	assert_int_equal(EXIT_WIDTH(server->user.results[1]), 4);
	assert_int_equal(server->user.results[1] & EXIT_IS_WRITE, 0);
	assert_int_equal(server->user.results[2], 0x18);
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0x90, RESUME_WAIT));
	assert_false(components_waits(1));
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_READ], 1);
	assert_int_equal(host_last_event(vcpu, HOST_VCPU_READ)->b, 0x90);
	assert_true(number != 0 && number == server->exits);
	/* The answer is given once. */
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0x91, 0));
	FAILS(server, ERR_STATE);
	DO(server, CALL(SYS_VCPU_RESUME, COMPONENTS_VCPUS, 0, 0));
	FAILS(server, ERR_RANGE);
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, 32));
	FAILS(server, ERR_INVALID);
	DO(peer, CALL(SYS_VCPU_RESUME, 0, 0, 0));
	FAILS(peer, ERR_RANGE);
}

static void writes_and_faults(void **state)
{
	struct vcpu *vcpu = &world.vcpus[0];

	(void)state;
	components_access(0, true, SERVED_UART, 'x', 1);
	SAYS(server, NOTIFY_EXIT);
	assert_int_equal(server->user.results[1] & EXIT_IS_WRITE, EXIT_IS_WRITE);
	assert_int_equal(server->user.results[3], 'x');
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_SKIP], 1);
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_READ], 0);
	components_access(0, true, SERVED_UART + 0xff0, 1, 4);
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT | RESUME_FAULT));
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_FAULT], 1);
	assert_int_equal(vcpu->arch.counts[HOST_VCPU_SKIP], 1);
}

/* The guest is reset or switched off by the caller, which gets the request with the answer. */
static void power(void **state)
{
	(void)state;
	components_access(0, true, SERVED_UART, 'x', 1);
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT | RESUME_RESET));
	assert_int_equal(components_power(0), RESUME_RESET);
	components_access(0, true, SERVED_UART, 'x', 1);
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT | RESUME_OFF));
	assert_int_equal(components_power(0), RESUME_OFF);
	components_access(0, true, SERVED_UART, 'x', 1);
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	assert_int_equal(components_power(0), 0);
}

/* Nothing of these reaches the component. */
static void not_served(void **state)
{
	u64 exits = server->exits;

	(void)state;
	components_access(0, true, SERVED_RAM, 1, 4);
	assert_false(components_waits(0));
	/* Across the region's end. */
	components_access(0, true, SERVED_UART + PAGE_SIZE - 2, 1, 4);
	assert_false(components_waits(0));
	assert_int_equal(server->exits, exits);
	assert_int_equal(world.vcpus[0].arch.counts[HOST_VCPU_SKIP], 0);
}

static void doorbells(void **state)
{
	(void)state;
	components_access(0, true, SERVED_VIRTIO + 0x50, 1, 4);
	assert_false(components_waits(0));
	SAYS(server, BIT_DOORBELL);
	assert_int_equal(world.vcpus[0].arch.counts[HOST_VCPU_SKIP], 1);
	/* Another width, or a read, is an access like any other. */
	DO(server);
	components_access(0, true, SERVED_VIRTIO + 0x50, 1, 2);
	assert_true(components_waits(0));
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	components_access(0, false, SERVED_VIRTIO + 0x50, 1, 4);
	assert_true(components_waits(0));
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	/* The UART has none. */
	components_access(0, true, SERVED_UART + 0x50, 1, 4);
	assert_true(components_waits(0));
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
}

static void exits_queue(void **state)
{
	static const struct host_call calls[] = {
		CALL(SYS_WAIT), /* its channels: a wait returns what one payer has caused */
		CALL(SYS_WAIT),
		{ .trap = USER_INTERRUPTED },
		CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT),
		{ .trap = USER_INTERRUPTED },
	};

	(void)state;
	component_stop(server);
	components_go();
	components_access(1, false, SERVED_UART, 0, 4);
	components_access(0, false, SERVED_UART, 0, 4);
	components_script(server, calls, 5);
	assert_int_equal(component_start(server), OK);
	components_go();
	assert_int_equal(server->user.results[0] & NOTIFY_EXIT, NOTIFY_EXIT);
	assert_int_equal(EXIT_VCPU(server->user.results[1]), 1);
	/* The second exit is reported when it waits again, in the call that answers the first. */
	components_go();
	SAYS(server, NOTIFY_EXIT);
	assert_int_equal(EXIT_VCPU(server->user.results[1]), 0);
	components_go();
	assert_false(components_waits(1));
	assert_true(components_waits(0));
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	assert_false(components_waits(0));
}

/* A fault while it serves: it is started again, finds the exit again, and the guest continues. */
static void restart_presents_again(void **state)
{
	u32 faults = server->faults, restarts = server->restarts;
	u64 exits = server->exits;

	(void)state;
	components_access(0, false, SERVED_UART + 4, 0, 4);
	components_access(1, false, SERVED_UART + 8, 0, 4);
	assert_int_equal(server->user.results[4], exits + 2);
	DO(server, FAULT, CALL(SYS_WAIT), CALL(SYS_WAIT), CALL(SYS_VCPU_RESUME, 0, 7, RESUME_WAIT));
	assert_non_null(strstr(host_console, "component 'server' faulted"));
	assert_true(components_waits(0));
	host_time_set(NS(arch_time_now().v + 20000000));
	components_go();
	assert_int_equal(server->faults, faults + 1);
	assert_int_equal(server->restarts, restarts + 1);
	assert_false(components_waits(0));
	assert_int_equal(host_last_event(&world.vcpus[0], HOST_VCPU_READ)->b, 7);
	SAYS(server, NOTIFY_EXIT);
	assert_int_equal(server->user.results[2], 8);
	/* The same, by its number. */
	assert_int_equal(server->user.results[4], exits + 2);
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT));
	assert_int_equal(server->exits, exits + 2);
}

/* A stop behind a restart that is pending is not lost. */
static void a_stop_overrides_a_restart(void **state)
{
	(void)state;
	assert_int_equal(component_restart(server), OK);
	component_stop(server);
	components_go();
	assert_int_equal(server->state, COMPONENT_STOPPED);
	assert_int_equal(component_start(server), OK);
	components_go();
	assert_int_equal(server->state, COMPONENT_RUNNING);
	assert_int_equal(component_restart(server), OK);
	components_go();
	assert_int_equal(server->state, COMPONENT_RUNNING);
	assert_int_equal(server->requests, 0);
}

/* While it is stopped vCPUs wait; a guest that is stopped need not. */
static void stopped_server(void **state)
{
	(void)state;
	component_stop(server);
	components_go();
	assert_int_equal(server->state, COMPONENT_STOPPED);
	components_access(0, false, SERVED_UART, 0, 4);
	components_access(1, false, SERVED_UART, 0, 4);
	assert_true(components_waits(0) && components_waits(1));
	/* Any other request does not end the wait. */
	atomic_store(&world.vcpus[0].requests, VCPU_REQ_WATCH);
	(void)sched_wake(server->slots[0].thread);
	components_go();
	assert_true(components_waits(0));
	atomic_store(&world.vcpus[0].requests, VCPU_REQ_STOP);
	(void)sched_wake(server->slots[0].thread);
	components_go();
	assert_false(components_waits(0));
	atomic_store(&world.vcpus[0].requests, 0);
	assert_int_equal(server->slots[0].state, SLOT_FREE);
	assert_int_equal(world.vcpus[0].arch.counts[HOST_VCPU_READ], 0);
	assert_int_equal(component_start(server), OK);
	assert_int_equal(component_start(server), ERR_STATE);
	components_go();
	assert_int_equal(server->user.results[0] & NOTIFY_EXIT, NOTIFY_EXIT);
	assert_int_equal(EXIT_VCPU(server->user.results[1]), 1);
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT));
	assert_false(components_waits(1));
}

static void guest_reset_is_told(void **state)
{
	(void)state;
	components_access(0, false, SERVED_UART, 0, 4);
	atomic_store(&world.vcpus[0].requests, VCPU_REQ_STOP);
	(void)sched_wake(server->slots[0].thread);
	components_go();
	atomic_store(&world.vcpus[0].requests, 0);
	assert_false(component_guest_reset(&world.guest, guest_devices_reset));
	assert_true(component_guest_forget(&world.guest));
	components_go();
	SAYS(server, NOTIFY_RESET);
	/* The answer to the old access is dropped; it is none to the next. */
	DO(server, CALL(SYS_VCPU_RESUME, 0, 1, RESUME_WAIT));
	components_access(0, true, SERVED_UART, 5, 4);
	SAYS(server, NOTIFY_EXIT);
	assert_int_equal(server->user.results[3], 5);
	assert_true(components_waits(0));
	DO(server, CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT));
	assert_false(components_waits(0));
	/* A queued exit is dropped as well. */
	component_stop(server);
	components_go();
	components_access(0, true, SERVED_UART, 5, 4);
	assert_true(component_guest_reset(&world.guest, guest_devices_reset));
	assert_true(list_is_empty(&server->queue));
	assert_int_equal(server->slots[0].state, SLOT_FREE);
	atomic_store(&world.vcpus[0].requests, VCPU_REQ_STOP);
	(void)sched_wake(server->slots[0].thread);
	components_go();
	atomic_store(&world.vcpus[0].requests, 0);
	assert_false(components_waits(0));
}

/* guest_devices_reset() was called: a guest that may not start again has ended then. */
static bool went_on(void)
{
	bool did = world.guest.state == GUEST_STOPPED;

	world.guest.state = GUEST_RESETTING;
	return did;
}

/* The new start of a guest waits for its devices. The wait ends when the server, restarted or not,
 * waits again after NOTIFY_RESET, and when the server stops. */
static void start_waits_for_devices(void **state)
{
	static const struct host_call dies[] = { FAULT };
	static struct config_guest config;

	(void)state;
	config = world.guest_config;
	config.tree.data = (const u8 *)"";
	world.guest.config = &config;
	world.guest.tearing_down = true;
	waitqueue_init(&world.guest.stopped);
	world.guest.state = GUEST_RESETTING;
	host_user_script(&server->user, dies, 1);
	assert_false(component_guest_reset(&world.guest, guest_devices_reset));
	components_go();
	assert_int_equal(server->reset, RESET_TAKEN);
	assert_false(went_on());
	host_time_set(NS(arch_time_now().v + 20000000));
	components_go();
	assert_true((server->user.results[0] & NOTIFY_RESET) != 0);
	assert_true(went_on());
	assert_int_equal(server->reset, RESET_NONE);
	/* The server's end also ends the wait. */
	assert_false(component_guest_reset(&world.guest, guest_devices_reset));
	component_stop(server);
	components_go();
	assert_true(went_on());
	/* A server that is forgotten with its guest is not waited for; a second call finds none. */
	assert_int_equal(component_start(server), OK);
	components_go();
	assert_false(component_guest_reset(&world.guest, guest_devices_reset));
	assert_true(component_guest_forget(&world.guest));
	assert_false(component_guest_forget(&world.guest));
	components_go();
	assert_false(went_on());
	world.guest.config = &world.guest_config;
}

/* So does the first start of a guest that was created while the server ran. */
static void first_start_waits_for_devices(void **state)
{
	static const struct host_call works[] = { { .trap = USER_INTERRUPTED } };
	struct guest *guest = &world.guest;

	(void)state;
	guest->tearing_down = true;
	waitqueue_init(&guest->stopped);
	component_guest_detach(guest);
	components_go();
	components_script(server, works, 1);
	components_go();
	assert_int_equal(component_guest_attach(guest), OK);
	guest->state = GUEST_CREATED;
	assert_int_equal(guest_start(guest), OK);
	assert_false(went_on());
	components_go();
	assert_true(went_on());
	/* It has reset them: the next start need not wait. */
	guest->state = GUEST_CREATED;
	assert_int_equal(guest_start(guest), ERR_STATE);
	assert_int_equal(guest->state, GUEST_CREATED);
}

static bool has_left;

static bool has_ram(void)
{
	hpa_t hpa;
	u32 flags;

	return space_lookup(&server->space, GPA(COMPONENT_GUEST + SERVED_RAM), &hpa, &flags) == OK;
}

static void leaver(void *data)
{
	(void)data;
	component_guest_leave(&world.guest);
	component_guest_detach(&world.guest);
	has_left = true;
}

static void pass_ms(u64 ms)
{
	host_time_set(NS(arch_time_now().v + ms * 1000000));
	components_go();
}

/* The server has begun @runs runs without a wait when the guest is destroyed. */
static struct thread *leave_during(struct host_call *calls, u32 runs)
{
	struct thread *thread =
		thread_create("leaver", leaver, NULL, PRIORITY_COMPONENT + 1, SLICE_DEFAULT);

	assert_non_null(thread);
	for (u32 i = 0; i < runs; i++)
		calls[i] = (struct host_call){ .trap = USER_INTERRUPTED };
	has_left = false;
	components_script(server, calls, runs);
	components_go();
	assert_int_equal(thread_start(thread), OK);
	return thread;
}

/* The guest's RAM stays mapped until the program has reset the devices and waits. */
static void ram_stays_until_the_program_waits(void **state)
{
	static struct host_call calls[4];
	struct thread *thread = leave_during(calls, 4);

	(void)state;
	for (u32 i = 1; i < 4; i++) {
		pass_ms(1);
		assert_int_equal(server->user.script_at, i + 1);
		assert_false(has_left);
		assert_int_equal(server->reset, RESET_ASKED);
		assert_true(has_ram());
	}
	pass_ms(1);
	assert_int_equal(server->reset, RESET_NONE);
	pass_ms(1);
	assert_true(has_left);
	assert_false(has_ram());
	SAYS(server, NOTIFY_GONE);
	thread_release(thread);
	assert_int_equal(component_guest_attach(&world.guest), OK);
	assert_true(component_guest_resets(&world.guest));
	components_go();
	assert_false(component_guest_resets(&world.guest));
}

/* A program that does not wait loses the RAM after 100 ms. */
static void a_destroy_waits_100_ms(void **state)
{
	static struct host_call calls[200];
	struct thread *thread = leave_during(calls, 200);
	u32 ms = 0;

	(void)state;
	for (; !has_left && ms < 190; ms++)
		pass_ms(1);
	assert_in_range(ms, 100, 101);
	assert_false(has_ram());
	assert_int_equal(server->reset, RESET_NONE);
	thread_release(thread);
	assert_int_equal(component_guest_attach(&world.guest), OK);
}

static void lines(void **state)
{
	(void)state;
	DO(server, CALL(SYS_VIRQ_SET, SERVER_LINE_GRANT, 1));
	SAYS(server, 0);
	assert_true(host_line(&world.guest, SERVED_LINE));
	DO(server, CALL(SYS_VIRQ_SET, SERVER_LINE_GRANT, 2));
	FAILS(server, ERR_INVALID);
	DO(server, CALL(SYS_VIRQ_SET, SERVER_UART_GRANT, 1));
	FAILS(server, ERR_NOT_FOUND);
	DO(server, CALL(SYS_VIRQ_SET, SERVER_LINE_GRANT, 0));
	assert_false(host_line(&world.guest, SERVED_LINE));
}

/* One that only answers and waits again is run by the vCPU's own thread. */
static void served_at_once(void **state)
{
	static const struct host_call calls[] = {
		CALL(SYS_VCPU_RESUME, 0, 0x44, RESUME_WAIT),
		CALL(SYS_VCPU_RESUME, 0, 0x55, RESUME_WAIT),
		CALL(SYS_NOTIFY, SERVER_CHANNEL),
		CALL(SYS_VCPU_RESUME, 0, 0x66, RESUME_WAIT),
	};
	struct vcpu *vcpu = &world.vcpus[0];
	u64 switches, syscalls, exits = server->exits;

	(void)state;
	host_user_script(&server->user, calls, 4);
	/* The first exit is queued, and its region is recorded. */
	vcpu->served.span = 0;
	components_access(0, false, SERVED_UART, 0, 4);
	assert_int_equal(host_last_event(vcpu, HOST_VCPU_READ)->b, 0x44);
	switches = server->thread.switches;
	syscalls = server->syscalls;
	components_access(0, false, SERVED_UART, 0, 4);
	assert_false(components_waits(0));
	assert_int_equal(host_last_event(vcpu, HOST_VCPU_READ)->b, 0x55);
	assert_int_equal(server->thread.switches, switches);
	assert_int_equal(server->syscalls, syscalls);
	assert_int_equal(server->serving, SERVE_READY);
	assert_int_equal(server->user.results[4], exits + 2);
	/* Other work of the server runs in its own thread. */
	components_access(0, false, SERVED_UART, 0, 4);
	assert_false(components_waits(0));
	assert_int_equal(host_last_event(vcpu, HOST_VCPU_READ)->b, 0x66);
	assert_int_equal(server->thread.switches, switches + 1);
	assert_int_equal(server->exits, exits + 3);
	SAYS(peer, BIT(0));
	/* Asked to end it is not run any more. */
	component_stop(server);
	components_go();
	assert_int_equal(server->serving, SERVE_THREAD);
}

/* The server calls on before it answers: the vCPU's account pays for both of them. */
static void calls_nest(void **state)
{
	static const struct host_call calls[] = {
		CALL(SYS_NOTIFY, SERVER_CHANNEL),
		CALL(SYS_WAIT),
		CALL(SYS_VCPU_RESUME, 0, 0x77, RESUME_WAIT),
	};
	static const struct host_call answer[] = { CALL(SYS_NOTIFY, 0) };
	u64 own = server->thread.home.run_ns + peer->thread.home.run_ns;

	(void)state;
	host_user_script(&server->user, calls, 3);
	host_user_script(&peer->user, answer, 1);
	components_access(0, false, SERVED_UART, 0, 4);
	assert_false(components_waits(0));
	assert_int_equal(host_last_event(&world.vcpus[0], HOST_VCPU_READ)->b, 0x77);
	assert_ptr_equal(server->thread.account, &server->slots[0].thread->home);
	assert_ptr_equal(peer->thread.account, &server->slots[0].thread->home);
	assert_int_equal(server->thread.home.run_ns + peer->thread.home.run_ns, own);
}

/* A wake-up for work that is done already: after announce, before the call, the server took it. */
static void wake_late(void *account)
{
	assert_int_equal(server->thread.state, VCPU_READY);
	assert_false(sched_wake_on(&server->thread, account));
}

/* So a server is helped, and has nothing of the helper's to do when it waits. */
static void helped_for_nothing(void **state)
{
	static const struct host_call calls[] = {
		{ .trap = USER_INTERRUPTED },
		CALL(SYS_VCPU_RESUME, 0, 0, RESUME_WAIT),
	};
	struct thread *other, *late;
	struct manage_component record = { .id = 0 };
	u64 helps = server->thread.helps;

	(void)state;
	components_access(1, false, SERVED_UART, 0, 4);
	other = server->slots[1].thread;
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT));
	other->home.priority++;
	late = thread_create("late", wake_late, &other->home, PRIORITY_MAX, SLICE_DEFAULT);
	assert_non_null(late);
	world.vcpus[0].served.span = 0;
	host_user_script(&server->user, calls, 2);
	components_access(0, false, SERVED_UART, 0, 4);
	assert_true(components_waits(0));
	assert_int_equal(thread_start(late), OK);
	components_go();
	assert_int_equal(server->thread.helps, helps + 1);
	component_describe(server, &record);
	assert_int_equal(record.helps, helps + 1);
	assert_int_equal(record.help_ends, server->thread.help_ends);
	assert_false(components_waits(0));
	assert_null(server->thread.work_of);
	assert_int_equal(server->thread.state, VCPU_PAUSED);
	other->home.priority--;
	thread_release(late);
}

/* A guest is being destroyed: work that is still notified for it is the component's own. */
static void closed_account_pays_nothing(void **state)
{
	struct thread *other;

	(void)state;
	components_access(1, false, SERVED_UART, 0, 4);
	other = server->slots[1].thread;
	DO(server, CALL(SYS_VCPU_RESUME, 1, 0, RESUME_WAIT));
	component_notify_for(server, BIT(40), &other->home);
	assert_ptr_equal(server->thread.account, &other->home);
	components_go();
	atomic_store(&other->home.closed, true);
	component_notify_for(server, BIT(41), &other->home);
	assert_ptr_equal(server->thread.account, &server->thread.home);
	components_go();
	atomic_store(&other->home.closed, false);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, components_begin)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_starts_its_server),
		TEST(served_at_once),
		TEST(reads_are_served),
		TEST(writes_and_faults),
		TEST(power),
		TEST(not_served),
		TEST(doorbells),
		TEST(exits_queue),
		TEST(restart_presents_again),
		TEST(stopped_server),
		TEST(a_stop_overrides_a_restart),
		TEST(guest_reset_is_told),
		TEST(helped_for_nothing),
		TEST(closed_account_pays_nothing),
		TEST(calls_nest),
		TEST(start_waits_for_devices),
		TEST(first_start_waits_for_devices),
		TEST(ram_stays_until_the_program_waits),
		TEST(a_destroy_waits_100_ms),
		TEST(lines),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
