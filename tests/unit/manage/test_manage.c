/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/manage: every operation with and without the right, and with every kind of wrong argument.
 * Further tests cover the effects of operations and the notifications of changes.
 */
#include "manage/fixture.h"

#include <mullion/log.h>

static u32 state_of(u32 id)
{
	struct manage_guest record = { .id = 0 };

	assert_int_equal(ask(MANAGE_GUEST, id, &record, sizeof(record)), sizeof(record));
	return record.state;
}

/* --- Rights and arguments ----------------------------------------------------------------------
 */

static bool is_of_guest(u64 operation)
{
	return operation <= MANAGE_VCPU_RESET || operation == MANAGE_GUEST ||
	       operation == MANAGE_VCPU || operation == MANAGE_REGION;
}

/* Its id has the number of a guest in the upper part. */
static bool is_of_part(u64 operation)
{
	return (operation >= MANAGE_VCPU_PAUSE && operation <= MANAGE_VCPU_RESET) ||
	       operation == MANAGE_VCPU || operation == MANAGE_REGION;
}

static void nothing_is_done_without_the_right(void **state)
{
	(void)state;
	for (u64 operation = 0; operation < MANAGE_OPERATIONS; operation++) {
		bool part = is_of_part(operation);

		for (u64 guest = 0; guest < GUESTS; guest++) {
			u64 id = part ? guest << 16 : guest;

			assert_int_equal(act(DRIVER, operation, id), -ERR_DENIED);
			if (!is_of_guest(operation) || guest != 1)
				assert_int_equal(act(CLERK, operation, id), -ERR_DENIED);
		}
	}
	assert_int_equal(state_of(0), GUEST_CREATED);
	assert_int_equal(state_of(1), GUEST_CREATED);
	assert_int_equal(state_of(2), GUEST_ABSENT);
	/* Its own guest it can manage. */
	assert_int_equal(act(CLERK, MANAGE_GUEST_START, 1), 0);
	machine_settle();
	assert_int_equal(state_of(1), GUEST_RUNNING);
	assert_int_equal(act(CLERK, MANAGE_GUEST_STOP, 1), 0);
	machine_settle();
	assert_int_equal(state_of(1), GUEST_STOPPED);
	assert_int_equal(call(CLERK, MANAGE_GUEST, 1, BUFFER, PAGE_SIZE, 0, NULL),
			 sizeof(struct manage_guest));
}

static void what_is_not_there_is_not_found(void **state)
{
	static const u64 ids[] = { 1000,        0x10000 * GUESTS, UINT32_MAX, BIT(32),
				   BIT(32) | 1, BIT(48),          BIT(63),    UINT64_MAX };

	(void)state;
	for (u64 operation = 0; operation < MANAGE_OPERATIONS; operation++) {
		if (operation >= MANAGE_LOG_LEVEL && operation <= MANAGE_REBOOT)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
			if (call(BOSS, operation, ids[i], BUFFER, PAGE_SIZE, 0, NULL) !=
			    -ERR_NOT_FOUND)
				fail_msg("operation %lu, id 0x%lx", operation, ids[i]);
	}
	assert_int_equal(act(BOSS, MANAGE_OPERATIONS, 0), -ERR_UNSUPPORTED);
	assert_int_equal(act(BOSS, BIT(32), 0), -ERR_UNSUPPORTED);
	assert_int_equal(act(BOSS, UINT64_MAX, 0), -ERR_UNSUPPORTED);
	/* An index past the last of a guest's, and a vCPU of a guest that is absent. */
	assert_int_equal(call(BOSS, MANAGE_VCPU, 1, BUFFER, PAGE_SIZE, 0, NULL), -ERR_NOT_FOUND);
	assert_int_equal(call(BOSS, MANAGE_REGION, 5, BUFFER, PAGE_SIZE, 0, NULL), -ERR_NOT_FOUND);
	assert_int_equal(call(BOSS, MANAGE_VCPU, 2 << 16, BUFFER, PAGE_SIZE, 0, NULL),
			 -ERR_NOT_FOUND);
}

/* Every record: too small a buffer, one that is not the caller's, one that ends outside. */
static void records_are_copied_whole_or_not_at_all(void **state)
{
	static const struct {
		u64 operation, bytes;
	} queries[] = {
		{ MANAGE_GUEST, sizeof(struct manage_guest) },
		{ MANAGE_VCPU, sizeof(struct manage_vcpu) },
		{ MANAGE_COMPONENT, sizeof(struct manage_component) },
		{ MANAGE_THREAD, sizeof(struct manage_thread) },
		{ MANAGE_CPU, sizeof(struct manage_cpu) },
		{ MANAGE_REGION, sizeof(struct manage_region) },
		{ MANAGE_IRQ, sizeof(struct manage_irq) },
		{ MANAGE_HOST, sizeof(struct manage_host) },
	};
	static const u64 elsewhere[] = { 0, COMPONENT_INFO, ELSEWHERE, UINT64_MAX - 7,
					 BUFFER_END - 8 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		u64 operation = queries[i].operation, bytes = queries[i].bytes;

		assert_int_equal(call(BOSS, operation, 0, BUFFER, bytes, 0, NULL), bytes);
		assert_int_equal(call(BOSS, operation, 0, BUFFER, UINT64_MAX, 0, NULL), bytes);
		assert_int_equal(call(BOSS, operation, 0, BUFFER, bytes - 1, 0, NULL),
				 -ERR_TOO_BIG);
		assert_int_equal(call(BOSS, operation, 0, BUFFER, 0, 0, NULL), -ERR_TOO_BIG);
		for (size_t k = 0; k < ARRAY_SIZE(elsewhere); k++)
			assert_int_equal(call(BOSS, operation, 0, elsewhere[k], bytes, 0, NULL),
					 -ERR_FAULT);
	}
}

/* --- Acts --------------------------------------------------------------------------------------
 */

static void a_guest_goes_through_its_life(void **state)
{
	static const u64 acts[] = { MANAGE_GUEST_DESTROY, MANAGE_GUEST_START,  MANAGE_GUEST_STOP,
				    MANAGE_GUEST_PAUSE,   MANAGE_GUEST_RESUME, MANAGE_GUEST_RESET,
				    MANAGE_GUEST_HALT,    MANAGE_GUEST_WATCH };
	struct manage_guest record;
	struct guest *pinned;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		assert_int_equal(act(BOSS, acts[i], 2), -ERR_NOT_FOUND);
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), -ERR_EXISTS);
	assert_int_equal(state_of(2), GUEST_CREATED);
	assert_int_equal(act(BOSS, MANAGE_GUEST_PAUSE, 2), -ERR_STATE);
	assert_int_equal(act(BOSS, MANAGE_GUEST_STOP, 2), -ERR_STATE);
	assert_int_equal(act(BOSS, MANAGE_GUEST_RESET, 2), -ERR_STATE);
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 2), -ERR_STATE);
	machine_settle();
	assert_int_equal(act(BOSS, MANAGE_GUEST_PAUSE, 2), 0);
	machine_settle();
	assert_int_equal(state_of(2), GUEST_PAUSED);
	assert_int_equal(act(BOSS, MANAGE_GUEST_RESUME, 2), 0);
	machine_settle();
	assert_int_equal(act(BOSS, MANAGE_GUEST_RESET, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_STOP, 2), -ERR_BUSY);
	machine_settle();
	assert_int_equal(act(BOSS, MANAGE_GUEST_HALT, 2), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_GUEST, 2, &record, sizeof(record)), sizeof(record));
	assert_int_equal(record.state, GUEST_CRASHED);
	assert_int_equal(record.resets, 1);
	assert_int_equal(record.crashes, 1);
	/* While another act is under way, there is none. */
	assert_int_equal(guest_pin(2, &pinned), OK);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		assert_int_equal(act(BOSS, acts[i], 2), -ERR_BUSY);
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), -ERR_BUSY);
	guest_unpin(2);
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
	assert_int_equal(state_of(2), GUEST_ABSENT);
}

/* Operations are logged, and the log distinguishes a stop by a manager from other ends. */
static void acts_are_logged(void **state)
{
	(void)state;
	host_console_clear();
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	assert_non_null(strstr(host_console, "guest 'three' created\n"));
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 2), 0);
	machine_settle();
	assert_non_null(strstr(host_console, "guest 'three' started\n"));
	assert_int_equal(act(BOSS, MANAGE_GUEST_STOP, 2), 0);
	machine_settle();
	assert_non_null(strstr(host_console, "guest 'three' stopped by its manager\n"));
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
	assert_non_null(strstr(host_console, "guest 'three' destroyed\n"));
	assert_null(strstr(host_console, "powered off"));
}

/* Its WFI is trapped from now on, for as long as was asked and ten seconds at most. */
static void a_guest_is_watched(void **state)
{
	struct guest *guest = guest_get(0);
	u64 now = arch_time_now().v;

	(void)state;
	assert_int_equal(atomic_load(&guest->watch_until), 0);
	assert_int_equal(call(BOSS, MANAGE_GUEST_WATCH, 0, 0, 0, 3, NULL), 0);
	assert_int_equal(atomic_load(&guest->watch_until), now + 3000000);
	assert_true((atomic_load(&guest->vcpus[0]->requests) & VCPU_REQ_WATCH) != 0);
	assert_int_equal(call(BOSS, MANAGE_GUEST_WATCH, 0, 0, 0, UINT64_MAX, NULL), 0);
	assert_int_equal(atomic_load(&guest->watch_until), now + UINT64_C(10000000000));
	atomic_store(&guest->watch_until, 0);
}

static void a_vcpu_is_held_halted_and_reset(void **state)
{
	struct manage_vcpu v;

	(void)state;
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	for (u64 operation = MANAGE_VCPU_PAUSE; operation <= MANAGE_VCPU_RESET; operation++) {
		assert_int_equal(act(BOSS, operation, 2 << 16), -ERR_STATE);
		assert_int_equal(act(BOSS, operation, 2 << 16 | 1), -ERR_NOT_FOUND);
	}
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 2), 0);
	machine_settle();
	assert_int_equal(act(BOSS, MANAGE_VCPU_RESUME, 2 << 16), -ERR_STATE);
	assert_int_equal(act(BOSS, MANAGE_VCPU_PAUSE, 2 << 16), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_VCPU, 2 << 16, &v, sizeof(v)), sizeof(v));
	assert_int_equal(v.state, VCPU_PAUSED);
	assert_int_equal(v.pause_reason, PAUSE_ASKED);
	assert_int_equal(v.held, 1);
	assert_int_equal(v.resets, 0);
	assert_int_equal(v.id, 2); /* the guests before have one each */
	assert_true(v.thread != 0);
	assert_int_equal(act(BOSS, MANAGE_VCPU_RESET, 2 << 16), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_VCPU, 2 << 16, &v, sizeof(v)), sizeof(v));
	assert_int_equal(v.state, VCPU_RUNNING);
	assert_int_equal(v.held, 0);
	assert_int_equal(v.resets, 1);
	/* The guest has no other. */
	assert_int_equal(act(BOSS, MANAGE_VCPU_HALT, 2 << 16), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_VCPU, 2 << 16, &v, sizeof(v)), sizeof(v));
	assert_int_equal(v.state, VCPU_HALTED);
	assert_int_equal(state_of(2), GUEST_STOPPED);
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
}

/* A thread of the core alone, and by the number that no later one gets. */
static void a_thread_of_the_core_is_stopped(void **state)
{
	struct manage_thread t = { .id = 0 };
	u32 scrubber = 0, vcpu = 0;

	(void)state;
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
	machine_settle();
	for (u32 i = 0; ask(MANAGE_THREAD, i, &t, sizeof(t)) > 0; i++) {
		if (t.kind == THREAD_CORE)
			scrubber = t.id;
		else if (t.kind == THREAD_VCPU)
			vcpu = t.id;
	}
	assert_string_not_equal(t.name, "scrubber");
	assert_true(scrubber != 0 && vcpu != 0);
	assert_int_equal(act(BOSS, MANAGE_THREAD_STOP, vcpu), -ERR_DENIED);
	assert_int_equal(act(BOSS, MANAGE_THREAD_STOP, 5000), -ERR_NOT_FOUND);
	assert_int_equal(act(BOSS, MANAGE_THREAD_STOP, scrubber), 0);
	machine_settle();
	for (u32 i = 0; ask(MANAGE_THREAD, i, &t, sizeof(t)) > 0 && t.id != scrubber; i++)
		;
	assert_int_equal(t.id, scrubber);
	assert_int_equal(t.state, VCPU_HALTED);
	/* Memory is scrubbed by the caller from now on. */
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
}

static void the_log_level_is_set(void **state)
{
	(void)state;
	assert_int_equal(call(BOSS, MANAGE_LOG_LEVEL, 0, 0, 0, LOG_ERROR, NULL), 0);
	host_console_clear();
	log_warn("quiet");
	assert_int_equal(call(BOSS, MANAGE_LOG_LEVEL, 0, 0, 0, LOG_DEBUG + 1, NULL), -ERR_INVALID);
	assert_int_equal(call(BOSS, MANAGE_LOG_LEVEL, 0, 0, 0, UINT64_MAX, NULL), -ERR_INVALID);
	assert_int_equal(call(BOSS, MANAGE_LOG_LEVEL, 0, 0, 0, LOG_INFO, NULL), 0);
	log_warn("loud");
	assert_non_null(strstr(host_console, "] mullion: loud\n"));
	assert_null(strstr(host_console, "quiet"));
}

static void the_machine_ends_when_told(void **state)
{
	jmp_buf here;

	(void)state;
	host_end_jump = &here;
	if (setjmp(here) == 0)
		(void)act(BOSS, MANAGE_POWEROFF, 0);
	assert_int_equal(host_end, HOST_END_POWEROFF);
	if (setjmp(here) == 0)
		(void)act(BOSS, MANAGE_REBOOT, 0);
	assert_int_equal(host_end, HOST_END_REBOOT);
	host_end = HOST_END_NONE;
	host_end_jump = NULL;
}

static void components_are_found_by_number(void **state)
{
	(void)state;
	for (u64 operation = MANAGE_COMPONENT_START; operation <= MANAGE_COMPONENT_KILL;
	     operation++)
		assert_int_equal(act(BOSS, operation, COMPONENTS), -ERR_NOT_FOUND);
	assert_int_equal(act(BOSS, MANAGE_COMPONENT_KILL, CLERK), -ERR_STATE);
	assert_int_equal(act(BOSS, MANAGE_COMPONENT_RESTART, CLERK), -ERR_STATE);
}

/* --- News --------------------------------------------------------------------------------------
 */

static u64 take_word(u32 id)
{
	return atomic_exchange(&components[id]->word, 0);
}

static void take_kick(void)
{
	log_news();
}

static void managers_are_told(void **state)
{
	(void)state;
	take_kick(); /* what was logged so far is no news any more */
	for (u32 i = 0; i < COMPONENTS; i++)
		(void)take_word(i);
	assert_int_equal(act(BOSS, MANAGE_GUEST_CREATE, 2), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_DESTROY, 2), 0);
	assert_int_equal(take_word(BOSS), NOTIFY_CHANGE);
	assert_int_equal(take_word(CLERK), NOTIFY_CHANGE);
	assert_int_equal(take_word(DRIVER), 0);
	log_error("text");
	assert_int_equal(take_word(BOSS), 0);
	take_kick();
	assert_int_equal(take_word(BOSS), NOTIFY_LOG);
	assert_int_equal(take_word(CLERK), 0);
	assert_int_equal(take_word(DRIVER), 0);
	take_kick();
	assert_int_equal(take_word(BOSS), 0);
}

static void the_console_belongs_to_its_driver(void **state)
{
	(void)state;
	host_console_clear();
	atomic_store(&components[DRIVER]->state, COMPONENT_RUNNING);
	component_changed();
	log_error("for the component");
	assert_string_equal(host_console, "");
	atomic_store(&components[DRIVER]->state, COMPONENT_FAULTED);
	component_changed();
	assert_non_null(strstr(host_console, "] mullion: for the component\n"));
	atomic_store(&components[DRIVER]->state, COMPONENT_CREATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_without_the_right),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(records_are_copied_whole_or_not_at_all),
		cmocka_unit_test(a_guest_goes_through_its_life),
		cmocka_unit_test(acts_are_logged),
		cmocka_unit_test(a_guest_is_watched),
		cmocka_unit_test(a_vcpu_is_held_halted_and_reset),
		cmocka_unit_test(a_thread_of_the_core_is_stopped),
		cmocka_unit_test(the_log_level_is_set),
		cmocka_unit_test(the_machine_ends_when_told),
		cmocka_unit_test(components_are_found_by_number),
		cmocka_unit_test(managers_are_told),
		cmocka_unit_test(the_console_belongs_to_its_driver),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
