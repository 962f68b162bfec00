/* SPDX-License-Identifier: Apache-2.0 */
/* core/component: grants, start and end, and the memory that a component can reach. */
#include "support/test.h"

#include <arch/irq.h>
#include <arch/time.h>
#include <mullion/irq.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/random.h>
#include <mullion/sched.h>

#include "support/components.h"

static struct component *server, *peer;

static int create(void **state)
{
	int result = components_setup(state);

	server = world.server;
	peer = world.peer;
	return result;
}

static void read_own(const struct component *component, u64 va, void *to, u64 bytes)
{
	assert_int_equal(component_copy_in(component, to, va, bytes), OK);
}

static void information(void **state)
{
	struct component_info info;

	(void)state;
	read_own(server, COMPONENT_INFO, &info, sizeof(info));
	assert_int_equal(info.magic, COMPONENT_INFO_MAGIC);
	assert_string_equal(info.name, "server");
	assert_string_equal(info.guest, "guest");
	assert_string_equal(info.arguments, "prefix=on");
	assert_int_equal(info.vcpus, COMPONENTS_VCPUS);
	assert_int_equal(info.num_grants, SERVER_GRANTS);
	assert_int_equal(info.grants[SERVER_CHANNEL].kind, GRANT_CHANNEL);
	assert_string_equal(info.grants[SERVER_CHANNEL].name, "line");
	assert_string_equal(info.grants[SERVER_CHANNEL].detail, "peer");
	assert_int_equal(info.grants[SERVER_CHANNEL].flags, GRANT_FIRST);
	assert_int_equal(info.grants[SERVER_CHANNEL].address, SERVER_SHARED);
	assert_int_equal(info.grants[SERVER_CHANNEL].size, SHARED_BYTES);
	assert_int_equal(info.grants[SERVER_DEVICE_GRANT].address, SERVER_DEVICE);
	assert_int_equal(info.grants[SERVER_INTERRUPT].kind, GRANT_INTERRUPT);
	assert_int_equal(BIT(info.grants[SERVER_INTERRUPT].bit), BIT_INTERRUPT);
	assert_int_equal(info.grants[SERVER_MEMORY_GRANT].address, SERVER_MEMORY);
	assert_int_not_equal(info.grants[SERVER_CHANNEL].device_address, 0);
	assert_int_not_equal(info.grants[SERVER_MEMORY_GRANT].device_address, 0);
	assert_int_equal(info.grants[SERVER_FILE_GRANT].kind, GRANT_FILE);
	assert_int_equal(info.grants[SERVER_FILE_GRANT].size, sizeof(bundle_file));
	assert_int_equal(info.grants[SERVER_FILE_GRANT].address, SERVER_FILE);
	assert_int_equal(info.grants[SERVER_UART_GRANT].kind, GRANT_VIRTUAL);
	assert_string_equal(info.grants[SERVER_UART_GRANT].detail, "pl011");
	assert_int_equal(info.grants[SERVER_UART_GRANT].address, SERVED_UART);
	assert_int_equal(info.grants[SERVER_LINE_GRANT].kind, GRANT_LINE);
	assert_string_equal(info.grants[SERVER_LINE_GRANT].name, "serial");
	assert_int_equal(info.grants[SERVER_DOORBELL_GRANT].kind, GRANT_DOORBELL);
	assert_string_equal(info.grants[SERVER_DOORBELL_GRANT].name,
			    info.grants[SERVER_VIRTIO_GRANT].name);
	assert_int_equal(BIT(info.grants[SERVER_DOORBELL_GRANT].bit), BIT_DOORBELL);
	assert_int_equal(info.grants[SERVER_RAM_GRANT].kind, GRANT_RAM);
	assert_int_equal(info.grants[SERVER_RAM_GRANT].address, SERVED_RAM);
	assert_int_equal(info.grants[SERVER_ROM_GRANT].kind, GRANT_ROM);
	read_own(peer, COMPONENT_INFO, &info, sizeof(info));
	assert_int_equal(info.num_grants, 2);
	assert_int_equal(info.grants[0].flags, 0);
	assert_int_equal(info.grants[0].device_address, 0);
	assert_int_equal(info.grants[1].kind, GRANT_MANAGE);
	assert_int_equal(info.grants[1].guest, 0);
	assert_string_equal(info.grants[1].name, "guest");
	assert_int_equal(info.vcpus, 0);
}

static u32 flags_at(u64 va)
{
	hpa_t hpa;
	u32 flags;

	return space_lookup(&server->space, GPA(va), &hpa, &flags) == OK ? flags : 0;
}

static void address_space(void **state)
{
	(void)state;
	assert_int_equal(flags_at(SERVER_TEXT), SPACE_READ | SPACE_EXEC);
	assert_int_equal(flags_at(SERVER_DATA), SPACE_READ | SPACE_WRITE);
	assert_int_equal(flags_at(SERVER_DATA + PAGE_SIZE), SPACE_READ | SPACE_WRITE);
	assert_int_equal(flags_at(SERVER_DATA + 2 * PAGE_SIZE), 0);
	assert_int_equal(flags_at(COMPONENT_STACK - 1), SPACE_READ | SPACE_WRITE);
	assert_int_equal(flags_at(COMPONENT_STACK - STACK_BYTES - 1), 0);
	assert_int_equal(flags_at(COMPONENT_STACK), 0);
	assert_int_equal(flags_at(COMPONENT_INFO), SPACE_READ);
	assert_int_equal(flags_at(0), 0);
	assert_int_equal(flags_at(SERVER_SHARED), SPACE_READ | SPACE_WRITE);
	assert_int_equal(flags_at(SERVER_SHARED + SHARED_BYTES), 0);
	assert_int_equal(flags_at(SERVER_DEVICE), SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
	assert_int_equal(flags_at(SERVER_DEVICE + PAGE_SIZE), 0);
	assert_int_equal(flags_at(SERVER_FILE), SPACE_READ);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_RAM), SPACE_READ | SPACE_WRITE);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_RAM + SERVED_RAM_BYTES), 0);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_ROM), SPACE_READ);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_UART), 0);
	assert_int_equal(server->space.tag, COMPONENT_TAG);
	assert_int_equal(peer->space.tag, COMPONENT_TAG + 1);
}

static void loads_program(void **state)
{
	u8 seen[3 * PAGE_SIZE], zeros[3 * PAGE_SIZE] = { 0 };

	(void)state;
	read_own(server, SERVER_TEXT, seen, PAGE_SIZE);
	assert_memory_equal(seen, program_text, sizeof(program_text));
	assert_memory_equal(seen + sizeof(program_text), zeros, PAGE_SIZE - sizeof(program_text));
	read_own(server, SERVER_DATA, seen, 2 * PAGE_SIZE);
	assert_memory_equal(seen, zeros, 16);
	assert_memory_equal(seen + 16, program_data, sizeof(program_data));
	assert_memory_equal(seen + 16 + sizeof(program_data), zeros, PAGE_SIZE);
	read_own(server, SERVER_FILE, seen, sizeof(bundle_file));
	assert_memory_equal(seen, bundle_file, sizeof(bundle_file));
	assert_int_equal(server->user.entry, SERVER_TEXT + 4);
	assert_int_equal(server->user.stack, COMPONENT_STACK);
	assert_int_equal(server->user.argument, COMPONENT_INFO);
}

/* Kept memory begins with the contents of its file. */
static void memory_of_file(void **state)
{
	u8 seen[64];

	(void)state;
	read_own(server, SERVER_KEPT, seen, sizeof(seen));
	assert_memory_equal(seen, bundle_file, sizeof(seen));
}

/* Without a source of the core's generator there are no random numbers. */
static void random_numbers(void **state)
{
	u64 words[RANDOM_WORDS];

	(void)state;
	assert_false(random_is_seeded());
	DO(peer, CALL(SYS_RANDOM));
	SAYS(peer, -(u64)ERR_UNSUPPORTED);
	random_add("entropy", 7, true);
	DO(peer, CALL(SYS_RANDOM));
	SAYS(peer, OK);
	memcpy(words, &peer->user.results[1], sizeof(words));
	DO(peer, CALL(SYS_RANDOM));
	for (u32 i = 0; i < RANDOM_WORDS; i++)
		assert_true(words[i] != 0 && words[i] != peer->user.results[1 + i]);
}

/* A restart initialises its own memory, but neither kept nor shared memory. */
static void restart_zeroes(void **state)
{
	u8 junk[64], seen[64], zeros[64] = { 0 };
	struct component_info info;
	u32 starts;

	(void)state;
	memset(junk, 0xaa, sizeof(junk));
	read_own(server, COMPONENT_INFO, &info, sizeof(info));
	starts = info.starts;
	assert_int_equal(component_copy_out(server, SERVER_DATA, junk, 64), OK);
	assert_int_equal(component_copy_out(server, COMPONENT_STACK - 64, junk, 64), OK);
	assert_int_equal(component_copy_out(server, SERVER_MEMORY, junk, 64), OK);
	assert_int_equal(component_copy_out(server, SERVER_KEPT, junk, 64), OK);
	assert_int_equal(component_copy_out(server, SERVER_SHARED, junk, 64), OK);
	assert_int_equal(component_restart(server), OK);
	DO(server);
	read_own(server, SERVER_DATA, seen, 64);
	assert_memory_equal(seen, zeros, 16);
	assert_memory_equal(seen + 16, program_data, 48);
	read_own(server, COMPONENT_STACK - 64, seen, 64);
	assert_memory_equal(seen, zeros, 64);
	read_own(server, SERVER_MEMORY, seen, 64);
	assert_memory_equal(seen, zeros, 64);
	read_own(server, SERVER_KEPT, seen, 64);
	assert_memory_equal(seen, junk, 64);
	read_own(server, SERVER_SHARED, seen, 64);
	assert_memory_equal(seen, junk, 64);
	read_own(server, COMPONENT_INFO, &info, sizeof(info));
	assert_int_equal(info.starts, starts + 1);
}

static void copies_are_checked(void **state)
{
	u8 byte = 1, page[2 * PAGE_SIZE];

	(void)state;
	assert_int_equal(component_copy_out(server, SERVER_TEXT, &byte, 1), ERR_FAULT);
	assert_int_equal(component_copy_out(server, COMPONENT_INFO, &byte, 1), ERR_FAULT);
	assert_int_equal(component_copy_out(server, SERVER_FILE, &byte, 1), ERR_FAULT);
	assert_int_equal(component_copy_out(server, SERVER_DEVICE, &byte, 1), ERR_FAULT);
	assert_int_equal(component_copy_in(server, &byte, SERVER_DEVICE, 1), ERR_FAULT);
	assert_int_equal(component_copy_in(server, &byte, COMPONENT_GUEST + SERVED_RAM, 1),
			 ERR_FAULT);
	assert_int_equal(component_copy_out(server, COMPONENT_GUEST + SERVED_RAM, &byte, 1),
			 ERR_FAULT);
	assert_int_equal(component_copy_in(server, &byte, UINT64_MAX, 2), ERR_FAULT);
	assert_int_equal(component_copy_in(server, &byte, 0, UINT64_MAX), ERR_FAULT);
	assert_int_equal(component_copy_in(server, &byte, COMPONENT_GUEST - 1, 1), ERR_FAULT);
	/* From the last bytes of its memory into nothing. */
	assert_int_equal(component_copy_in(server, page, COMPONENT_STACK - 8, 16), ERR_FAULT);
	assert_int_equal(component_copy_in(server, page, COMPONENT_STACK - PAGE_SIZE - 8, 16), OK);
}

static void channels(void **state)
{
	(void)state;
	DO(peer, CALL(SYS_NOTIFY, 0));
	SAYS(server, BIT_CHANNEL);
	DO(server, CALL(SYS_NOTIFY, SERVER_CHANNEL));
	SAYS(peer, BIT(0));
	/* One with both ends its own. */
	DO(server, CALL(SYS_NOTIFY, SERVER_QUIET));
	SAYS(server, BIT(2));
	DO(peer, CALL(SYS_NOTIFY, 1));
	FAILS(peer, ERR_NOT_FOUND);
	DO(peer, CALL(SYS_NOTIFY, GRANTS_MAX));
	FAILS(peer, ERR_NOT_FOUND);
	DO(peer, CALL(SYS_NOTIFY, UINT64_MAX));
	FAILS(peer, ERR_NOT_FOUND);
}

static void interrupts(void **state)
{
	(void)state;
	assert_true(host_irq_enabled(DEVICE_IRQ));
	host_raise(DEVICE_IRQ);
	components_go();
	SAYS(server, BIT_INTERRUPT);
	/* Masked until it says so, but no longer active. */
	assert_false(host_irq_enabled(DEVICE_IRQ));
	assert_false(host_irq_active(DEVICE_IRQ));
	DO(server, CALL(SYS_IRQ_DONE, SERVER_INTERRUPT));
	assert_true(host_irq_enabled(DEVICE_IRQ));
	DO(server, CALL(SYS_IRQ_DONE, SERVER_CHANNEL));
	FAILS(server, ERR_NOT_FOUND);
	/* A component that ends with it masked finds it unmasked after its restart. */
	host_raise(DEVICE_IRQ);
	components_go();
	assert_false(host_irq_enabled(DEVICE_IRQ));
	assert_int_equal(component_restart(server), OK);
	DO(server);
	assert_true(host_irq_enabled(DEVICE_IRQ));
}

/* A device that storms: after eight close together, one in each interval. */
static void limited_interrupts(void **state)
{
	struct irq_route limited = *irq_lookup(DEVICE_IRQ);
	struct manage_irq record = { .host = 0 };
	u64 now = arch_time_now().v;

	(void)state;
	limited.max_per_second = 1000;
	irq_unroute(DEVICE_IRQ, server);
	assert_int_equal(irq_route(&limited), OK);
	irq_unmask(DEVICE_IRQ);
	assert_true(irq_describe(0, &record));
	assert_int_equal(record.host, DEVICE_IRQ);
	assert_int_equal(record.max_per_second, 1000);
	for (u32 i = 1; i <= IRQ_LIMIT_BURST; i++) {
		assert_true(host_irq_enabled(DEVICE_IRQ));
		host_raise(DEVICE_IRQ);
		components_go();
		SAYS(server, BIT_INTERRUPT);
		DO(server, CALL(SYS_IRQ_DONE, SERVER_INTERRUPT));
		assert_int_equal(host_irq_enabled(DEVICE_IRQ), i < IRQ_LIMIT_BURST);
	}
	host_raise(DEVICE_IRQ);
	/* Another CPU, or another unmask, does not let it through. */
	irq_move(DEVICE_IRQ, 0);
	DO(server, CALL(SYS_IRQ_DONE, SERVER_INTERRUPT));
	assert_false(host_irq_enabled(DEVICE_IRQ));
	host_time_set(NS(now + 900000));
	arch_irq_take();
	assert_false(host_irq_enabled(DEVICE_IRQ));
	/* In its time the one that waits comes, and masked by its component it stays masked. */
	host_time_set(NS(now + 1000000));
	arch_irq_take();
	components_go();
	SAYS(server, BIT_INTERRUPT);
	host_time_set(NS(now + 2000000));
	arch_irq_take();
	assert_false(host_irq_enabled(DEVICE_IRQ));
	DO(server, CALL(SYS_IRQ_DONE, SERVER_INTERRUPT));
	assert_true(host_irq_enabled(DEVICE_IRQ));
}

static void timers(void **state)
{
	u64 now = arch_time_now().v;
	struct host_call calls[] = { CALL(SYS_TIMER_SET, now + 1000) };

	(void)state;
	components_script(server, calls, 1);
	components_go();
	host_time_set(NS(now + 999));
	components_go();
	SAYS(server, 0);
	host_time_set(NS(now + 1000));
	components_go();
	SAYS(server, NOTIFY_TIMER);
	calls[0].arguments[0] = now + 2000;
	components_script(server, calls, 1);
	components_go();
	DO(peer, CALL(SYS_NOTIFY, 0));
	SAYS(server, BIT_CHANNEL);
	DO(server, CALL(SYS_TIMER_SET, UINT64_MAX));
	host_time_set(NS(now + 3000));
	components_go();
	SAYS(server, 0);
	DO(peer, CALL(SYS_TIME));
	SAYS(peer, now + 3000);
	assert_int_equal(peer->user.results[1], 0);
	/* The wall clock as well, once it is known. */
	wall_start(UINT64_C(1700000000));
	DO(peer, CALL(SYS_TIME));
	assert_int_equal(peer->user.results[1], UINT64_C(1700000000) * 1000000000);
}

/* Detached it has nothing of the guest any more; attached again it has. */
static void detaches(void **state)
{
	(void)state;
	component_guest_detach(&world.guest);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_RAM), 0);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_ROM), 0);
	assert_int_equal(flags_at(SERVER_TEXT), SPACE_READ | SPACE_EXEC);
	components_go();
	SAYS(server, NOTIFY_GONE);
	components_access(0, false, SERVED_UART, 0, 4);
	assert_false(components_waits(0));
	DO(server, CALL(SYS_VIRQ_SET, SERVER_LINE_GRANT, 1));
	FAILS(server, ERR_STATE);
	DO(server, CALL(SYS_VIRQ_REQUEST, 0x20));
	FAILS(server, ERR_STATE);
	assert_int_equal(component_guest_attach(&world.guest), OK);
	assert_int_equal(flags_at(COMPONENT_GUEST + SERVED_RAM), SPACE_READ | SPACE_WRITE);
	DO(server);
	SAYS(server, NOTIFY_RESET);
}

static void a_requested_vector(void **state)
{
	(void)state;
	DO(server, CALL(SYS_VIRQ_REQUEST, 0x28));
	SAYS(server, VIRQ_NONE);
	assert_true(world.guest.arch.requests);
	DO(server, CALL(SYS_VIRQ_REQUEST, 255));
	SAYS(server, 0x28);
	world.guest.arch.requests = false; /* taken */
	DO(server, CALL(SYS_VIRQ_REQUEST, VIRQ_NONE));
	SAYS(server, VIRQ_NONE);
	DO(server, CALL(SYS_VIRQ_REQUEST, VIRQ_NONE + 1));
	FAILS(server, ERR_INVALID);
}

static void logs_lines(void **state)
{
	static const char text[] = "one\ntwo\033[2Jthree";
	char filler[300];

	(void)state;
	assert_int_equal(component_copy_out(server, SERVER_MEMORY, text, sizeof(text)), OK);
	DO(server, CALL(SYS_LOG, SERVER_MEMORY, sizeof(text) - 1));
	assert_non_null(strstr(host_console, "] [server] one\n"));
	DO(server, CALL(SYS_LOG, SERVER_MEMORY + 3, 1));
	assert_non_null(strstr(host_console, "] [server] two?[2Jthree\n"));
	/* A long line comes in pieces. */
	host_console_clear();
	memset(filler, 'y', sizeof(filler));
	assert_int_equal(component_copy_out(server, SERVER_MEMORY, filler, 300), OK);
	DO(server, CALL(SYS_LOG, SERVER_MEMORY, 300));
	assert_int_equal(strlen(host_console), 2 * (strlen("[    0.000000] [server] \n") + 127));
	DO(server, CALL(SYS_LOG, SERVER_MEMORY, 1025));
	FAILS(server, ERR_TOO_BIG);
	DO(server, CALL(SYS_LOG, SERVER_DEVICE, 8));
	FAILS(server, ERR_FAULT);
	DO(server, CALL(SYS_LOG, UINT64_MAX - 3, 8));
	FAILS(server, ERR_FAULT);
}

/* Without a grant the manager is not even asked; it was not started here, so it refuses as well. */
static void control_is_granted(void **state)
{
	(void)state;
	DO(server, CALL(SYS_GUEST_CTL, 1, 2, 3, 4, 5));
	FAILS(server, ERR_DENIED);
	assert_int_equal(server->user.results[1], 0);
	DO(peer, CALL(SYS_GUEST_CTL, 1, 2, 3, 4, 5));
	assert_true((s64)peer->user.results[0] < 0);
}

static void unknown_calls(void **state)
{
	(void)state;
	DO(server, CALL(SYS_COUNT));
	FAILS(server, ERR_UNSUPPORTED);
	DO(server, CALL(UINT32_MAX));
	FAILS(server, ERR_UNSUPPORTED);
	DO(server, CALL(SYS_YIELD));
	SAYS(server, 0);
}

/* A component with policy "never" stays stopped until a manager starts it. */
static void ends_for_good(void **state)
{
	(void)state;
	DO(peer, CALL(SYS_EXIT, 3));
	assert_int_equal(peer->state, COMPONENT_STOPPED);
	assert_non_null(strstr(host_console, "component 'peer' has ended with code 3"));
	SAYS(server, BIT_CHANNEL); /* there may be last words in it */
	assert_int_equal(component_kill(peer), ERR_STATE);
	assert_int_equal(component_start(peer), OK);
	DO(peer, FAULT);
	assert_int_equal(peer->state, COMPONENT_FAULTED);
	/* Its channel may be rung all the same. */
	DO(server, CALL(SYS_NOTIFY, SERVER_CHANNEL));
	SAYS(server, 0);
	assert_int_equal(component_start(peer), OK);
	DO(peer);
	assert_int_equal(peer->state, COMPONENT_RUNNING);
	assert_int_equal(component_kill(peer), OK);
	components_go();
	assert_int_equal(peer->state, COMPONENT_FAULTED);
	assert_non_null(strstr(host_console, "component 'peer' was killed"));
	component_stop(peer);
	assert_int_equal(component_start(peer), OK);
}

static void pass(u64 ns)
{
	host_time_set(NS(arch_time_now().v + ns));
	components_go();
}

/* Its guest is reset while it does not run. Its next start must be notified. */
static void a_reset_is_not_lost(void **state)
{
	static const struct host_call waits[] = { CALL(SYS_WAIT) };

	(void)state;
	component_stop(server);
	components_go();
	assert_int_equal(server->state, COMPONENT_STOPPED);
	assert_true(component_guest_reset(&world.guest, guest_devices_reset));
	component_notify(server, BIT(40));
	host_user_script(&server->user, waits, 1);
	assert_int_equal(component_start(server), OK);
	components_go();
	assert_true((server->user.results[0] & NOTIFY_RESET) != 0);
	/* Anything else was for the one before. */
	assert_true((server->user.results[0] & BIT(40)) == 0);
}

static void limited_restarts(void **state)
{
	static const struct host_call faults[] = { FAULT, FAULT, FAULT, FAULT, FAULT };

	(void)state;
	world.configs[1].policy = RESTART_LIMITED;
	world.configs[1].restart_limit = 2;
	world.configs[1].restart_period = NS(1000000000);
	/* Two within the period, then the third is one too many. */
	components_script(peer, faults, 5);
	components_go();
	assert_int_equal(peer->state, COMPONENT_RUNNING);
	pass(20000000);
	assert_int_equal(peer->state, COMPONENT_RUNNING);
	pass(20000000);
	assert_int_equal(peer->state, COMPONENT_FAULTED);
	assert_int_equal(peer->user.script_at, 3);
	assert_true(peer->gave_up);
	assert_non_null(strstr(host_console,
			       "component 'peer' is not restarted: its restart limit, "
			       "2 in 1.000 s, is reached; 'component start peer'"));
	/* Spread out they are all right. */
	components_script(peer, faults, 5);
	assert_int_equal(component_start(peer), OK);
	components_go();
	for (u32 i = 0; i < 4; i++) {
		pass(600000000);
		assert_int_equal(peer->state, COMPONENT_RUNNING);
		assert_false(peer->gave_up);
	}
	pass(600000000);
	world.configs[1].policy = RESTART_NEVER;
}

/* The peer computes for @ms milliseconds: interrupted each, it never waits. */
static void compute(u32 ms)
{
	static struct host_call calls[400];

	for (u32 i = 0; i < ms; i++)
		calls[i] = (struct host_call){ .trap = USER_INTERRUPTED };
	components_script(peer, calls, ms);
	for (u32 i = 0; i < ms && peer->state == COMPONENT_RUNNING; i++) {
		components_go();
		host_time_set(NS(arch_time_now().v + 1000000));
	}
	components_go();
}

static void watchdog(void **state)
{
	u32 faults = peer->faults;

	(void)state;
	world.configs[1].watchdog = NS(50000000);
	assert_int_equal(component_restart(peer), OK);
	components_go();
	/* Asleep it may be as long as it likes. */
	for (u32 i = 0; i < 10; i++)
		pass(30000000);
	assert_int_equal(peer->faults, faults);
	/* And work, if it waits in between. */
	for (u32 i = 0; i < 10; i++)
		compute(30);
	assert_int_equal(peer->faults, faults);
	compute(200);
	assert_int_equal(peer->faults, faults + 1);
	assert_int_equal(peer->state, COMPONENT_FAULTED);
	assert_true(peer->user.script_at >= 50 && peer->user.script_at <= 102);
	assert_non_null(strstr(host_console, "component 'peer' did not wait in time"));
	world.configs[1].watchdog = NS(0);
}

static u32 ended;

static void end_machine(void)
{
	ended++;
}

/* The machine goes off when components have done what is left to do, or take too long. */
static void finishes(void **state)
{
	u64 now = arch_time_now().v;

	(void)state;
	components_script(server, (const struct host_call[]){ CALL(SYS_YIELD) }, 1);
	component_finish(end_machine);
	component_finish(end_machine);
	assert_int_equal(ended, 0);
	assert_true((peer->word & NOTIFY_END) != 0);
	host_time_set(NS(now + 500000));
	arch_irq_take();
	assert_int_equal(ended, 0); /* none has had a CPU since */
	components_go();
	SAYS(peer, NOTIFY_END);
	assert_int_equal(ended, 0);
	host_time_set(NS(now + 1000000));
	components_go();
	assert_int_equal(ended, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, components_begin)
	const struct CMUnitTest tests[] = {
		TEST(information),
		TEST(address_space),
		TEST(loads_program),
		TEST(memory_of_file),
		TEST(random_numbers),
		TEST(restart_zeroes),
		TEST(copies_are_checked),
		TEST(channels),
		TEST(interrupts),
		TEST(limited_interrupts),
		TEST(timers),

		TEST(detaches),
		TEST(logs_lines),
		TEST(control_is_granted),
		TEST(unknown_calls),
		TEST(a_requested_vector),
		TEST(ends_for_good),
		TEST(a_reset_is_not_lost),
		TEST(limited_restarts),
		TEST(watchdog),
		TEST(finishes),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
