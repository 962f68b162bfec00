/* SPDX-License-Identifier: Apache-2.0 */
/* components/lib: rings with any indices, the event loop, grants and arguments. */
#include "vmm/fixture.h"

#include <mullion/err.h>

#define SIZE SERIAL_RING_BYTES

static struct serial_end vmm_end;

static int ends(void **state)
{
	(void)fresh(state);
	assert_true(serial_attach(&vmm_end, &info, &info.grants[G_CHANNEL]));
	return 0;
}

/* As many clocks as grants leave room for: each is a device with a state of its own. */
static void every_region_has_a_device(void **state)
{
	static u8 kept[3 * PAGE_SIZE] __aligned(4096);
	const u32 count = GRANTS_MAX - 1;

	(void)state;
	info.num_grants = GRANTS_MAX;
	for (u32 i = 0; i < count; i++)
		grant(i, GRANT_VIRTUAL, "rtc", "pl031", NULL, PAGE_SIZE);
	grant(count, GRANT_MEMORY, "state", "", kept, sizeof(kept));
	runtime_start(&vmm_program, &info);
	for (u32 i = 0; i < count; i++)
		set(i, 4, 1000 + i); /* RTCMR */
	for (u32 i = 0; i < count; i++)
		assert_int_equal(get(i, 4), 1000 + i);
}

static void test_attach(void **state)
{
	struct serial_end end = { 0 };

	(void)state;
	info.grants[G_CHANNEL].size--;
	assert_false(serial_attach(&end, &info, &info.grants[G_CHANNEL]));
	info.grants[G_CHANNEL].size++;
	assert_false(serial_attach(&end, &info, &info.grants[G_UART]));
	assert_true(serial_attach(&end, &info, &info.grants[G_CHANNEL]));
	assert_ptr_equal(end.send, &line.to_first);
	assert_ptr_equal(end.receive, &line.to_second);
	assert_ptr_equal(console.send, end.receive);
	assert_int_equal(end.bit, CHANNEL_BIT);
}

/* Across the end of the ring and of the 32 bits. */
static void test_wrap(void **state)
{
	u8 out[100], in[100];

	(void)state;
	atomic_store(&line.to_first.in, UINT32_MAX - 5000);
	atomic_store(&line.to_first.out, UINT32_MAX - 5000);
	(void)serial_attach(&vmm_end, &info, &info.grants[G_CHANNEL]);
	console.taken = UINT32_MAX - 5000;
	for (u32 i = 0; i < 200; i++) {
		for (u32 j = 0; j < sizeof(out); j++)
			out[j] = (u8)(i + 3 * j);
		assert_int_equal(serial_send(&vmm_end, out, sizeof(out)), sizeof(out));
		assert_int_equal(serial_waiting(&console), sizeof(out));
		assert_int_equal(serial_receive(&console, in, sizeof(in)), sizeof(in));
		assert_memory_equal(in, out, sizeof(in));
	}
	assert_int_equal(serial_room(&vmm_end), SIZE);
}

static void test_full(void **state)
{
	u8 bytes[SIZE + 1] = { 0 };

	(void)state;
	assert_int_equal(serial_send(&vmm_end, bytes, SIZE + 1), SIZE);
	assert_int_equal(serial_room(&vmm_end), 0);
	assert_int_equal(serial_send(&vmm_end, bytes, 1), 0);
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	/* The sender is notified of room once, when half of it is free. */
	assert_int_equal(serial_receive(&console, bytes, SIZE / 2 - 1), SIZE / 2 - 1);
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_int_equal(serial_receive(&console, bytes, 1), 1);
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	assert_int_equal(serial_receive(&console, bytes, SIZE), SIZE / 2);
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
}

/* Output is notified at a line's end and at half a ring, and only once until it has been taken. */
static void test_notifications(void **state)
{
	u8 bytes[SIZE];
	u32 sent = 0;

	(void)state;
	assert_true(serial_attach(&vmm_end, &info, &info.grants[G_CHANNEL]));
	assert_true(serial_put(&vmm_end, 'a'));
	assert_true(serial_is_unnotified(&vmm_end));
	assert_int_equal(host_core.notified[G_CHANNEL], 0);
	assert_true(serial_put(&vmm_end, '\n'));
	assert_false(serial_is_unnotified(&vmm_end));
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	/* The consumer has yet to look, and will see this as well. */
	assert_true(serial_put(&vmm_end, '\n'));
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_int_equal(serial_receive(&console, bytes, SIZE), 3);
	for (; sent < SIZE / 2 - 1; sent++)
		assert_true(serial_put(&vmm_end, 'b'));
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_true(serial_put(&vmm_end, 'c'));
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	for (sent++; sent < SIZE; sent++)
		assert_true(serial_put(&vmm_end, 'd'));
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	assert_false(serial_put(&vmm_end, 'e'));
	assert_int_equal(serial_receive(&console, bytes, SIZE), SIZE);
	/* It may take bytes without a notification, and sleep. */
	assert_true(serial_put(&vmm_end, 'f'));
	assert_int_equal(serial_receive(&console, bytes, SIZE), 1);
	assert_true(serial_put(&vmm_end, '\n'));
	assert_int_equal(host_core.notified[G_CHANNEL], 4);
}

/* With any values of the other end: never more bytes than there is room for, never outside. */
static void test_hostile(void **state)
{
	static const u32 evil[] = { 1,        SIZE,       SIZE + 1,         0x7fffffff,
				    1u << 31, UINT32_MAX, UINT32_MAX - SIZE };
	u8 buffer[2 * SIZE];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(evil); i++) {
		for (u32 j = 0; j < ARRAY_SIZE(evil); j++) {
			atomic_store(&line.to_second.in, evil[i]);
			atomic_store(&line.to_second.out, evil[j]);
			atomic_store(&line.to_first.in, evil[i]);
			atomic_store(&line.to_first.out, evil[j]);
			assert_true(serial_waiting(&vmm_end) <= SIZE);
			assert_true(serial_room(&vmm_end) <= SIZE);
			assert_true(serial_receive(&vmm_end, buffer, SIZE) <= SIZE);
			assert_true(serial_send(&vmm_end, buffer, sizeof(buffer)) <= SIZE);
			assert_true(serial_attach(&vmm_end, &info, &info.grants[G_CHANNEL]));
			assert_true(serial_receive(&vmm_end, buffer, SIZE) <= SIZE);
			assert_true(serial_send(&vmm_end, buffer, sizeof(buffer)) <= SIZE);
		}
	}
}

/* --- The event loop --- */

static char order[8];

static void note(char c)
{
	order[strlen(order)] = c;
}

static void on_reset(void)
{
	note('r');
}

static void on_timer(void)
{
	note('t');
}

static void on_notified(u64 bits)
{
	assert_int_equal(bits, BIT(2) | NOTIFY_LOG);
	note('n');
}

static struct answer on_exit_record(u64 where, u64 offset, u64 value, u64 number)
{
	(void)where;
	assert_int_equal(number, 9);
	note('e');
	return offset != 0 ? ANSWER_FAULT : ANSWER(value + 1);
}

static const struct program program = {
	.reset = on_reset, .timer = on_timer, .notified = on_notified, .exit = on_exit_record
};

static void test_order(void **state)
{
	struct component_exit exit = { .where = 5, .value = 41, .number = 9 };

	(void)state;
	memset(order, 0, sizeof(order));
	host_core.bits = NOTIFY_TIMER;
	assert_int_equal(
		runtime_serve(&program,
			      NOTIFY_EXIT | NOTIFY_RESET | NOTIFY_TIMER | NOTIFY_LOG | BIT(2),
			      &exit),
		NOTIFY_TIMER);
	assert_string_equal(order, "rtne");
	assert_int_equal(host_core.resumed, 1);
	assert_int_equal(host_core.resume_vcpu, 5);
	assert_int_equal(host_core.resume_value, 42);
	assert_int_equal(host_core.resume_flags, 0);
	exit = (struct component_exit){ .offset = 1, .number = 9 };
	(void)runtime_serve(&program, NOTIFY_EXIT, &exit);
	assert_int_equal(host_core.resume_flags, RESUME_FAULT);
	(void)runtime_serve(&program, NOTIFY_TIMER, &exit);
	assert_string_equal(order, "rtneet");
	assert_int_equal(host_core.resumed, 2);
}

/* The answered vCPU is gone: that is no notification. */
static void test_refused(void **state)
{
	struct component_exit exit = { 0 };

	(void)state;
	memset(order, 0, sizeof(order));
	for (u32 err = 1; err < ERR_COUNT; err++)
		(void)runtime_serve(&program, (u64) - (s64)err, &exit);
	assert_string_equal(order, "");
	assert_int_equal(host_core.resumed, 0);
}

static void test_without_handler(void **state)
{
	(void)state;
	(void)access_region(7, 0, false, 0, 4);
	assert_int_equal(host_core.resume_flags, RESUME_FAULT);
	(void)access_region(GRANTS_MAX + 1, 0, false, 0, 4);
	assert_int_equal(host_core.resume_flags, RESUME_FAULT);
	(void)access_region(G_UART, 0x18, false, 0, 4);
	assert_int_equal(host_core.resume_flags, 0);
}

/* --- Look-up --- */

static void test_grants(void **state)
{
	(void)state;
	assert_ptr_equal(grant_find(&info, GRANT_LINE, "rtc"), &info.grants[G_RTC_LINE]);
	assert_ptr_equal(grant_find(&info, GRANT_VIRTUAL, NULL), &info.grants[G_UART]);
	assert_null(grant_find(&info, GRANT_FILE, NULL));
	assert_null(grant_find(&info, GRANT_LINE, "r"));
	assert_int_equal(grant_index(&info, &info.grants[3]), 3);
	info.num_grants = UINT32_MAX;
	assert_int_equal(grant_count(&info), GRANTS_MAX);
}

static void test_arguments(void **state)
{
	(void)state;
	strcpy(info.arguments, " key=ctrl-a  count=0x1F n=12 flag bad=x");
	assert_true(argument_is(argument_find(&info, "key"), "ctrl-a"));
	assert_false(argument_is(argument_find(&info, "key"), "ctrl"));
	assert_string_equal(argument_find(&info, "flag"), "");
	assert_null(argument_find(&info, "cou"));
	assert_null(argument_find(&info, "ctrl-a"));
	assert_int_equal(argument_number(&info, "count", 0), 31);
	assert_int_equal(argument_number(&info, "n", 0), 12);
	assert_int_equal(argument_number(&info, "bad", 7), 7);
	assert_int_equal(argument_number(&info, "none", 8), 8);
}

static void test_guest_memory(void **state)
{
	static u8 memory[0x1040];
	const u8 *ram = memory + 0x1000;

	(void)state;
	host_core.guest = memory;
	info.grants[G_STATE].kind = GRANT_RAM;
	info.grants[G_STATE].address = 0x1000;
	info.grants[G_STATE].size = 64;
	assert_ptr_equal(guest_memory(&info, 0x1000, 64), ram);
	assert_ptr_equal(guest_memory(&info, 0x103f, 1), ram + 63);
	assert_null(guest_memory(&info, 0x103f, 2));
	assert_null(guest_memory(&info, 0xfff, 1));
	assert_null(guest_memory(&info, 0x1000, UINT64_MAX));
	assert_null(guest_memory(&info, UINT64_MAX, 2));
	assert_ptr_equal(guest_readable(&info, 0x1000, 64), ram);
	info.grants[G_STATE].kind = GRANT_ROM;
	assert_ptr_equal(guest_readable(&info, 0x1000, 64), ram);
	assert_null(guest_readable(&info, 0x103f, 2));
	assert_null(guest_memory(&info, 0x1000, 64));
}

static void test_log(void **state)
{
	(void)state;
	log_line("%s %u", "one", 1u);
	log_line("%300s", "x");
	assert_memory_equal(host_core.log, "one 1\n", 6);
	assert_int_equal(strlen(host_core.log), 6 + 199);
	assert_int_equal(host_core.log[204], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_region_has_a_device, fresh),
		cmocka_unit_test_setup(test_attach, ends),
		cmocka_unit_test_setup(test_wrap, ends),
		cmocka_unit_test_setup(test_full, ends),
		cmocka_unit_test_setup(test_notifications, fresh),
		cmocka_unit_test_setup(test_hostile, ends),
		cmocka_unit_test_setup(test_order, fresh),
		cmocka_unit_test_setup(test_refused, fresh),
		cmocka_unit_test_setup(test_without_handler, fresh),
		cmocka_unit_test_setup(test_grants, fresh),
		cmocka_unit_test_setup(test_arguments, fresh),
		cmocka_unit_test_setup(test_guest_memory, fresh),
		cmocka_unit_test_setup(test_log, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
