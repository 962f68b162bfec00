/* SPDX-License-Identifier: Apache-2.0 */
/* lib/log.c: text before the console exists, prefixes, time stamps, levels, and text longer than a
 * line. Managers and the component that owns the console read the ring. */
#include "support/test.h"

#include <mullion/cpu.h>
#include <mullion/log.h>

#include "arch/host/host.h"

#define LONG_TEXT 3000
#define STAMP     "[    0.000000] "

static char seen[131072];
static size_t used;

static size_t put(const char *text, size_t n, bool wait)
{
	(void)wait;
	assert_true(used + n < sizeof(seen));
	memcpy(seen + used, text, n);
	used += n;
	seen[used] = '\0';
	return n;
}

/* A UART whose FIFO has room for so many bytes more; it drains when waited for. */
static size_t fifo_room;
static u32 fifo_waits;

static size_t slow_put(const char *text, size_t n, bool wait)
{
	size_t taken = wait ? n : MIN(n, fifo_room);

	fifo_room -= MIN(taken, fifo_room);
	fifo_waits += taken > 0 && wait;
	return put(text, taken, wait);
}

static void clear(void)
{
	used = 0;
	seen[0] = '\0';
}

static void keeps_the_latest_until_there_is_a_console(void **state)
{
	const char *at;

	(void)state;
	log_attach_console(NULL);
	clear();
	log_error("the very first");
	for (u32 i = 0; i < 2000; i++)
		log_info("message %u", i);
	assert_int_equal(used, 0);
	log_attach_console(put);
	assert_null(strstr(seen, "the very first")); /* the ring is smaller than all that */
	at = strstr(seen, STAMP "mullion: message 1990\n");
	assert_non_null(at);
	for (u32 i = 1990; i < 2000; i++) {
		char line[40];

		snprintf(line, sizeof(line), STAMP "mullion: message %u\n", i);
		assert_int_equal(strncmp(at, line, strlen(line)), 0);
		at += strlen(line);
	}
	assert_int_equal(*at, '\0');
	clear();
	log_attach_console(put); /* nothing is printed twice */
	assert_int_equal(used, 0);
}

static void prefix_and_newline(void **state)
{
	(void)state;
	clear();
	log_error("one %d", 1);
	log_raw("[guest] two\n", 12);
	assert_string_equal(seen, STAMP "mullion: one 1\n" STAMP "[guest] two\n");
}

/* Seconds since the counter started, to the microsecond; they keep their columns for a day. */
static void every_line_has_a_time_stamp(void **state)
{
	(void)state;
	clear();
	host_time_set(NS(12345678901));
	log_info("twelve");
	host_time_set(NS(86400 * UINT64_C(1000000000) + 999));
	log_raw("[guest] a day\n", 14);
	host_time_set(NS(UINT64_MAX));
	log_info("the end");
	host_time_set(NS(0));
	assert_string_equal(seen, "[   12.345678] mullion: twelve\n[86400.000000] [guest] a day\n"
				  "[18446744073.709551] mullion: the end\n");
}

static void levels(void **state)
{
	(void)state;
	clear();
	log_set_level(LOG_WARN);
	log_info("quiet");
	log_warn("loud");
	log_set_level(LOG_INFO);
	assert_string_equal(seen, STAMP "mullion: loud\n");
}

static void long_text_is_cut_but_ended(void **state)
{
	char text[LONG_TEXT + 1];

	(void)state;
	memset(text, 'x', LONG_TEXT);
	text[LONG_TEXT] = '\0';
	clear();
	log_error("%s", text);
	assert_true(used > 512 && used < LONG_TEXT);
	assert_int_equal(seen[used - 1], '\n');
	assert_int_equal(seen[used - 2], 'x');
	assert_ptr_equal(strchr(seen, '\n'), seen + used - 1);
}

/* Every byte has a permanent number. A reader that is too late gets the number where text
 * continues.
 */
static void text_can_be_read_by_number(void **state)
{
	char text[64];
	u64 first, next, at, n;

	(void)state;
	log_bounds(&first, &next);
	log_error("number %d", 1);
	at = next;
	n = log_read(&at, text, sizeof(text));
	assert_int_equal(n, strlen(STAMP "mullion: number 1\n"));
	assert_int_equal(at, next);
	assert_memory_equal(text, STAMP "mullion: number 1\n", n);
	at = next + strlen(STAMP "mullion: ");
	assert_int_equal(log_read(&at, text, 6), 6);
	assert_memory_equal(text, "number", 6);
	for (u32 i = 0; i < 2000; i++)
		log_info("message %u", i);
	clear();
	log_bounds(&first, &next);
	assert_true(first > at);
	at = 0;
	assert_int_equal(log_read(&at, text, 4), 4);
	assert_int_equal(at, first);
	at = UINT64_MAX;
	assert_int_equal(log_read(&at, text, 4), 0);
	assert_int_equal(at, next);
}

static void an_owned_console_is_left_alone(void **state)
{
	u64 first, next, at;
	char text[48];

	(void)state;
	clear();
	log_bounds(&first, &next);
	log_console_owned(true);
	log_error("read");
	log_error("unread");
	assert_int_equal(used, 0);
	at = next;
	assert_int_equal(log_read(&at, text, strlen(STAMP "mullion: read\n")),
			 strlen(STAMP "mullion: read\n"));
	log_console_owned(false);
	assert_string_equal(seen, STAMP "mullion: unread\n");
	clear();
	log_error("again");
	assert_string_equal(seen, STAMP "mullion: again\n");
}

static void a_full_console_is_not_waited_for(void **state)
{
	static const char line[] = STAMP "mullion: a line that the FIFO cannot hold\n";
	u32 kicks = this_cpu()->arch.kicks;

	(void)state;
	clear();
	log_attach_console(slow_put);
	log_defer();
	fifo_waits = 0;
	fifo_room = 16;
	log_error("a line that the FIFO cannot hold");
	assert_int_equal(used, 16);
	assert_int_equal(this_cpu()->arch.kicks, kicks + 1);
	assert_true(log_take_news());
	fifo_room = 8;
	assert_int_equal(log_print(), strlen(line) - 24);
	assert_int_equal(used, 24);
	fifo_room = 16384;
	assert_int_equal(log_print(), 0);
	assert_string_equal(seen, line);
	assert_int_equal(fifo_waits, 0);
	/* With room, nothing is left for later. */
	log_error("short");
	assert_int_equal(seen[used - 1], '\n');
	assert_int_equal(log_print(), 0);
	assert_int_equal(this_cpu()->arch.kicks, kicks + 1);
	log_flush();
}

/* However fast the console is. */
static void a_deferred_print_is_bounded(void **state)
{
	(void)state;
	log_defer();
	fifo_room = 0;
	for (u32 i = 0; i < 50; i++)
		log_error("a line of a backlog that is longer than what is printed at once");
	assert_true(log_print() > 3000);
	clear();
	fifo_room = 16384;
	assert_true(log_print() > 0);
	assert_in_range(used, 1, 1024);
	log_flush();
}

static void the_end_prints_what_the_ring_holds(void **state)
{
	const char *at;

	(void)state;
	log_defer();
	fifo_room = 0;
	for (u32 i = 0; i < 2000; i++)
		log_info("message %u", i);
	assert_int_equal(log_print(), 4096);
	clear();
	log_flush();
	at = strstr(seen, STAMP "mullion: message 1990\n");
	assert_non_null(at);
	assert_non_null(strstr(at, "message 1999\n"));
	assert_int_equal(log_print(), 0);
	/* From now on the console is waited for. */
	clear();
	log_error("the last");
	assert_string_equal(seen, STAMP "mullion: the last\n");
	log_attach_console(put);
	assert_true(log_take_news());
}

/* No thread can be woken in log functions, so the CPU is kicked, once until the log is read. */
static void new_text_kicks(void **state)
{
	u32 kicks = this_cpu()->arch.kicks;

	(void)state;
	log_error("unwatched");
	assert_false(log_take_news());
	assert_int_equal(this_cpu()->arch.kicks, kicks);
	log_watch(true);
	log_error("one");
	log_error("two");
	assert_int_equal(this_cpu()->arch.kicks, kicks + 1);
	assert_true(log_take_news());
	assert_false(log_take_news());
	log_error("three");
	assert_int_equal(this_cpu()->arch.kicks, kicks + 2);
	log_watch(false);
	assert_true(log_take_news());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_latest_until_there_is_a_console),
		cmocka_unit_test(prefix_and_newline),
		cmocka_unit_test(every_line_has_a_time_stamp),
		cmocka_unit_test(levels),
		cmocka_unit_test(long_text_is_cut_but_ended),
		cmocka_unit_test(text_can_be_read_by_number),
		cmocka_unit_test(an_owned_console_is_left_alone),
		cmocka_unit_test(new_text_kicks),
		cmocka_unit_test(a_full_console_is_not_waited_for),
		cmocka_unit_test(a_deferred_print_is_bounded),
		cmocka_unit_test(the_end_prints_what_the_ring_holds),
	};

	host_start(1, MIB(4), 64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
