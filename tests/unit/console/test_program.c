/* SPDX-License-Identifier: Apache-2.0 */
/* components/console/program.c: notifications, the log, the alarm, as the runtime drives them. */
#include "support/test.h"

#include "console/fake.h"

#include <abi/manage.h>
#include <mullion/err.h>

static struct {
	char text[8192];
	u64 size, shown;
	u32 calls;
} core_log;

static s64 guest_ctl(u32 operation, u64 id, void *buffer, size_t bytes, u64 argument, u64 *next)
{
	u64 n;

	core_log.calls++;
	assert_int_equal(id, 0);
	assert_int_equal(operation, MANAGE_LOG);
	if (argument == MANAGE_LOG_UNPRINTED)
		argument = core_log.shown;
	assert_true(argument <= core_log.size);
	n = MIN(bytes, core_log.size - argument);
	memcpy(buffer, core_log.text + argument, n);
	*next = argument + n;
	return (s64)n;
}

static void log_add(const char *text)
{
	memcpy(core_log.text + core_log.size, text, strlen(text));
	core_log.size += strlen(text);
}

static void start(bool managed)
{
	fake_grants(3, "");
	memset(&core_log, 0, sizeof(core_log));
	if (!managed)
		return;
	host_core.guest_ctl = guest_ctl;
	fake.info.grants[fake.info.num_grants++].kind = GRANT_LOG;
}

static void notify(u64 bits)
{
	console_program.notified(bits);
	for (u32 i = 0; host_core.timer.v <= host_core.now.v; i++) {
		assert_true(i < 10000);
		host_core.timer = NS(UINT64_MAX);
		console_program.timer();
	}
}

static void serves_its_interrupt(void **state)
{
	(void)state;
	start(false);
	console_program.init(&fake.info);
	assert_int_equal(host_core.served[1], 1);
	fake.typed = (const u8 *)"x";
	fake.typed_size = 1;
	notify(BIT(1));
	assert_int_equal(host_core.served[1], 2);
	assert_int_equal(host_core.notified[2], 1);
	notify(BIT(2));
	assert_int_equal(host_core.served[1], 2);
}

static void shows_the_log_from_where_the_core_stopped(void **state)
{
	(void)state;
	start(true);
	log_add("mullion: printed\nmullion: not yet\n");
	core_log.shown = strlen("mullion: printed\n");
	console_program.init(&fake.info);
	assert_non_null(strstr(fake.screen, "mullion: not yet\r\n"));
	assert_null(strstr(fake.screen, "mullion: printed"));
	log_add("mullion: guest 'linux1' powered off\n");
	notify(NOTIFY_LOG);
	assert_non_null(strstr(fake.screen, "\r\nmullion: guest 'linux1' powered off\r\n"));
}

static void a_long_log_comes_whole(void **state)
{
	char line[64];
	const char *at;

	(void)state;
	start(true);
	console_program.init(&fake.info);
	for (u32 i = 0; i < 200; i++) {
		(void)snprintf(line, sizeof(line), "mullion: line %u\n", i);
		log_add(line);
	}
	notify(NOTIFY_LOG);
	at = fake.screen;
	for (u32 i = 0; i < 200; i++) {
		(void)snprintf(line, sizeof(line), "mullion: line %u\r\n", i);
		at = strstr(at, line);
		assert_non_null(at);
	}
}

static void asks_for_no_log_without_the_right(void **state)
{
	(void)state;
	start(false);
	console_program.init(&fake.info);
	host_core.guest_ctl = guest_ctl;
	notify(NOTIFY_LOG);
	assert_int_equal(core_log.calls, 0);
}

static void a_full_port_sets_an_alarm(void **state)
{
	static u8 paste[SERIAL_RING_BYTES + 1];
	static u8 got[SERIAL_RING_BYTES];

	(void)state;
	memset(paste, 'x', sizeof(paste));
	start(false);
	console_program.init(&fake.info);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	fake.typed = paste;
	fake.typed_size = sizeof(paste);
	host_core.now = NS(1000);
	notify(BIT(1));
	assert_int_equal(host_core.timer.v, 1000 + PATIENCE_NS);
	(void)fake_receive(0, got, sizeof(got));
	notify(BIT(2));
	assert_int_equal(host_core.timer.v, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_its_interrupt),
		cmocka_unit_test(shows_the_log_from_where_the_core_stopped),
		cmocka_unit_test(a_long_log_comes_whole),
		cmocka_unit_test(asks_for_no_log_without_the_right),
		cmocka_unit_test(a_full_port_sets_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
