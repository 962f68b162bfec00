/* SPDX-License-Identifier: Apache-2.0 */
/* components/console: the output of each port on the screen, and the input of each port. */
#include "support/test.h"

#include "console/screen.h"

/* --- Ports and keys --------------------------------------------------------------------------- */

static void starts_with_the_first_port(void **state)
{
	(void)state;
	fake_start(3, "");
	expect("[console: linux1]\r\n");
	fake_say(0, "login: ");
	expect("login: ");
	assert_int_equal(fake_mask(), 0x50);
}

static void switches_by_keys(void **state)
{
	(void)state;
	fake_start(4, "");
	fake_clear();
	fake_key("\0352");
	expect("[console: linux2]\r\n");
	fake_key("\035n");
	has("[console: linux3]");
	fake_key("\035n\035n");
	has("[console: linux1]");
	fake_clear();
	fake_key("\035p");
	expect("[console: mterm]\r\n");
	fake_key("\035p");
	has("[console: linux3]");
	fake_clear();
	fake_key("\035m");
	expect("[console: mterm]\r\n");
	fake_key("\0359");
	expect("[console: no such port; l lists them]\r\n");
	fake_key("\035z");
	expect("[console: no such key; ? lists them]\r\n");
	fake_key("\035?");
	has("keys behind Ctrl-]");
}

static void input_goes_to_the_port_in_focus(void **state)
{
	u8 got[8] = { 0 };

	(void)state;
	fake_start(3, "");
	fake_key("ab\0352c\035\035d");
	assert_int_equal(fake_receive(0, got, sizeof(got)), 2);
	assert_memory_equal(got, "ab", 2);
	assert_int_equal(fake_receive(1, got, sizeof(got)), 3);
	assert_memory_equal(got, "c\035d", 3);
	assert_int_equal(fake_receive(2, got, sizeof(got)), 0);
	assert_true(host_core.notified[2] > 0 && host_core.notified[3] > 0);
}

static void the_list_tells_what_is_unseen(void **state)
{
	(void)state;
	fake_start(3, "");
	fake_say(1, "hello");
	fake_clear();
	fake_key("\035l");
	expect("[console: ports; * is in focus]\r\n* 1 linux1\r\n  2 linux2  5 bytes unseen\r\n"
	       "  3 mterm\r\n");
}

static void switching_begins_a_fresh_line(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_say(0, "# ");
	fake_clear();
	fake_key("\0352");
	expect("\r\n[console: mterm]\r\n");
}

/* --- Output of ports without the focus ---------------------------------------------------------
 */

static void unseen_output_is_kept(void **state)
{
	(void)state;
	fake_start(3, "");
	fake_clear();
	fake_say(1, "one\r\n");
	fake_say(1, "two\r\n");
	expect("");
	fake_key("\0352");
	expect("[console: linux2]\r\none\r\ntwo\r\n");
	fake_key("\0351\0352");
	has_not("two");
}

static void overflow_loses_the_oldest_and_tells(void **state)
{
	static u8 text[20000];
	size_t sent = 0;
	const char *shown;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (u8)('a' + i % 23);
	fake_start(3, "");
	for (u32 turn = 0; sent < sizeof(text) && turn < 100; turn++) {
		size_t n = fake_send(1, text + sent, sizeof(text) - sent);

		assert_true(n > 0); /* it never stalls */
		sent += n;
		fake_pump(0);
	}
	fake_clear();
	fake_key("\0352");
	has("[console: linux2]\r\n[3616 bytes lost]\r\n");
	shown = strstr(fake.screen, "lost]\r\n") + strlen("lost]\r\n");
	assert_int_equal(strlen(shown), KEEP_BYTES);
	assert_memory_equal(shown, text + 3616, KEEP_BYTES);
	fake_clear();
	fake_key("\0351\0352");
	has_not("lost");
}

static void granted_rings_are_used(void **state)
{
	static struct {
		struct console_state state;
		u8 rings[2 * KEEP_LEAST];
	} memory;
	char text[KEEP_LEAST + 9];

	(void)state;
	fake_grants(2, "");
	fake_grant(GRANT_MEMORY, "state", (uintptr_t)&memory, sizeof(memory), GRANT_KEPT);
	console_start(&fake.console, &fake.info);
	memset(text, 'x', KEEP_LEAST);
	memcpy(text + KEEP_LEAST, "12345678", 9);
	fake_say(1, text);
	fake_clear();
	fake_key("\0352");
	has("[console: mterm]\r\n[8 bytes lost]\r\nxxx");
	has("xxx12345678");
	assert_int_equal(fake.shown, strlen("[console: mterm]\r\n[8 bytes lost]\r\n") + KEEP_LEAST);
}

/* --- Backpressure ----------------------------------------------------------------------------- */

static void compatible_selects_the_driver(void **state)
{
	(void)state;
	fake_grants(2, "");
	strcpy(fake.info.grants[0].detail, "arm,pl011");
	console_start(&fake.console, &fake.info);
	assert_ptr_equal(fake.console.uart.driver, uart_drivers[0]);
	fake_grants(2, "");
	strcpy(fake.info.grants[0].detail, "ns16550a");
	console_start(&fake.console, &fake.info);
	assert_null(fake.console.uart.driver);
	assert_false(console_pump(&fake.console, 0));
	assert_non_null(strstr(host_core.log, "ns16550a"));
	assert_int_equal(fake.shown, 0);
}

static void a_busy_uart_lets_the_sender_wait(void **state)
{
	static u8 text[60000];
	size_t sent = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (u8)('a' + i % 23);
	fake_start(2, "");
	fake_clear();
	fake.shown_max = 0;
	while (sent < SERIAL_RING_BYTES + OUTPUT_PIECE) {
		sent += fake_send(0, text + sent, sizeof(text) - sent);
		fake_pump(0);
	}
	assert_int_equal(fake_send(0, text, 1), 0); /* the ring is full and stays so */
	assert_true(fake_mask() & BIT(5));
	host_core.notified[2] = 0;
	for (u32 turn = 0; fake.shown < sizeof(text) && turn < 10000; turn++) {
		fake.shown_max = fake.shown + 16;
		fake_pump(0);
		sent += fake_send(0, text + sent, sizeof(text) - sent);
	}
	assert_true(host_core.notified[2] > 0);
	assert_int_equal(fake.shown, sizeof(text));
	assert_memory_equal(fake.screen, text, sizeof(text));
	fake.shown_max = FAKE_SCREEN;
	fake_pump(0);
	assert_false(fake_mask() & BIT(5));
}

static void a_paste_of_100_kb_loses_nothing(void **state)
{
	static u8 paste[100 * 1024], got[sizeof(paste) + 1];
	size_t received = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(paste); i++)
		paste[i] = (u8)(' ' + i % 95);
	fake_start(2, "");
	fake_type(paste, sizeof(paste));
	assert_true(fake.typed_at <= SERIAL_RING_BYTES + 1);
	assert_int_equal(fake_mask() & 0x50, 0);
	for (u32 turn = 0; received < sizeof(paste) && turn < 1000; turn++) {
		received += fake_receive(0, got + received, 777);
		fake_pump(turn * PATIENCE_NS / 2);
	}
	assert_int_equal(received, sizeof(paste));
	assert_memory_equal(got, paste, sizeof(paste));
	assert_int_equal(fake_mask() & 0x50, 0x50);
}

static void a_port_that_never_reads_does_not_lock_the_user_out(void **state)
{
	static u8 paste[SERIAL_RING_BYTES + 100];
	u8 got[8] = { 0 };

	(void)state;
	memset(paste, 'x', sizeof(paste));
	memcpy(paste + sizeof(paste) - 3, "\0352y", 3);
	fake_start(2, "");
	fake_type(paste, sizeof(paste));
	fake_pump(PATIENCE_NS - 1);
	has_not("does not read");
	fake_pump(PATIENCE_NS);
	has("[console: linux1 does not read; what you type is dropped]");
	has("[console: mterm]");
	assert_int_equal(fake_receive(1, got, sizeof(got)), 1);
	assert_int_equal(got[0], 'y');
}

/* --- The log ---------------------------------------------------------------------------------- */

static void log_lines_begin_fresh_lines(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_clear();
	fake_log("mullion: one\nmullion: two\n", false);
	expect("mullion: one\r\nmullion: two\r\n");
	fake_say(0, "prompt# ");
	fake_log("mullion: three\n", false);
	expect("prompt# \r\nmullion: three\r\n");
	fake_say(0, "ls\r\n");
	fake_log("mullion: four\n", false);
	expect("ls\r\nmullion: four\r\n");
}

/* Typed text is echoed whole, even if the log has a message in the meantime. A port that never ends
 * its line does not delay the log. */
static void the_log_lets_a_line_end(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_clear();
	fake_say(0, "mullion> g");
	(void)fake_send(0, "uest start\r\nmullion> ", 21);
	fake_log("mullion: started\n", false);
	expect("mullion> guest start\r\nmullion: started\r\nmullion> ");
	fake_clear();
	for (u32 i = 0; i < 100; i++)
		(void)fake_send(0, "0123456789", 10);
	fake_log("mullion: hello\n", false);
	fake_pump(0);
	has("mullion: hello\r\n");
	assert_true(strstr(fake.screen, "hello") - fake.screen < 400);
}

static void a_log_line_in_pieces_stays_whole(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_clear();
	fake_log("mullion: one ", true);
	fake_say(0, "port");
	fake_log("and the rest\n", false);
	expect("mullion: one and the rest\r\nport");
}

static void the_log_moves_no_cursor(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_clear();
	fake_log("linux: \033[2Jx\ty\r\n", false);
	expect("linux: .[2Jx\ty\r\n");
}

static void the_log_breaks_no_escape_sequence(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_clear();
	fake.shown_max = 0;
	for (u32 i = 0; i < 20; i++)
		(void)fake_send(0, "\033[31m", 5);
	(void)fake_send(0, "\033[", 2);
	for (u32 i = 0; i < 20; i++)
		(void)fake_send(0, "3;", 2);
	(void)fake_send(0, "1mred\r\n", 7);
	fake_pump(0);
	fake_log("mullion: hello\n", false);
	fake.shown_max = FAKE_SCREEN;
	fake_pump(0);
	has_not("\030");
	has_not("\033[m");
	has("mullion: hello\r\n");
	fake_clear();
	/* One that does not end is broken. */
	fake_say(0, "\033]0;title");
	fake_log("mullion: still here\n", false);
	has("\030");
	has("mullion: still here\r\n");
}

/* --- Hostile ports ---------------------------------------------------------------------------- */

static void nothing_of_an_unseen_port_reaches_the_terminal(void **state)
{
	(void)state;
	fake_start(3, "");
	fake_clear();
	fake_say(1, "\033[2J\033[H\033]0;pwned\007\033[?1049h");
	expect("");
}

static void leaving_a_port_resets_the_terminal(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_say(0, "\033[?1049h\033[?25l\033(0\033[31m\033]0;never ends");
	fake_clear();
	fake_key("\0352");
	expect("\030" RESET "[console: mterm]\r\n");
}

static void lying_indices_reach_nothing(void **state)
{
	(void)state;
	fake_start(3, "");
	for (u32 i = 0; i < 3; i++) {
		fake.lines[i].to_first.in = 0x80000000u;
		fake.lines[i].to_second.out = 0x12345678u;
	}
	fake_pump(0);
	fake_clear();
	fake_say(0, "alive");
	expect("alive");
	fake_key("typed");
	fake_pump(PATIENCE_NS);
	fake_key("\0353");
	has("[console: mterm]");
	assert_int_equal(port_unseen(&fake.console.ports[1]), 0);
}

/* --- What the terminal is left with ------------------------------------------------------------
 */

static void what_changes_nothing_needs_no_reset(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_say(0, "\033[6n\033[2J\033[H\033[Kls\033[31mred\033[0m\033]0;title\007\0337\0338\r\n");
	fake_clear();
	fake_key("\0352");
	expect("[console: mterm]\r\n");
	fake_key("\0351");
	fake_say(0, "\033");
	fake_clear();
	fake_key("\0352");
	expect("\030[console: mterm]\r\n");
	fake_key("\0351");
	fake_say(0, "\033[1;31mred\r\n");
	fake_clear();
	fake_key("\0352");
	expect("\033[0m[console: mterm]\r\n");
}

static void what_changes_modes_does(void **state)
{
	static const char *const changes[] = {
		"\033[>4;2m", "\033[>1u",    "\033[=1u", "\033[?1h", "\033=",
		"\033[?5h",   "\033[?1004h", "\033(0",   "\016",     "\033[4h",
		"\033[2;5r",  "\033[?1049h", "\033c",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(changes); i++) {
		fake_start(2, "");
		fake_say(0, changes[i]);
		fake_clear();
		fake_key("\0352");
		has(RESET);
		fake_clear();
		fake_key("\0351");
		has_not("\033");
	}
}

static void switching_shows_the_line_again(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_say(1, "hello\r\nmullion> ");
	fake_key("\0352");
	has("mullion> ");
	fake_key("\0351");
	fake_clear();
	fake_key("\0352");
	expect("[console: mterm]\r\nmullion> ");
	/* As it was edited: a letter erased, one put in, the cursor before the last two. */
	fake_say(1, "gux\b\033[Kst\033[2D\033[Kest\033[2D");
	fake_key("\0351");
	fake_clear();
	fake_key("\0352");
	expect(&"\r\n[console: mterm]\r\nmullion> guest\b\b"[2]);
	/* Unseen output follows it. */
	fake_key("\0351");
	fake_say(1, "\r\ndone\r\n");
	fake_clear();
	fake_key("\0352");
	expect("[console: mterm]\r\nmullion> guest\b\b\r\ndone\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_with_the_first_port),
		cmocka_unit_test(switches_by_keys),
		cmocka_unit_test(input_goes_to_the_port_in_focus),
		cmocka_unit_test(the_list_tells_what_is_unseen),
		cmocka_unit_test(switching_begins_a_fresh_line),
		cmocka_unit_test(unseen_output_is_kept),
		cmocka_unit_test(overflow_loses_the_oldest_and_tells),
		cmocka_unit_test(granted_rings_are_used),
		cmocka_unit_test(compatible_selects_the_driver),
		cmocka_unit_test(a_busy_uart_lets_the_sender_wait),
		cmocka_unit_test(a_paste_of_100_kb_loses_nothing),
		cmocka_unit_test(a_port_that_never_reads_does_not_lock_the_user_out),
		cmocka_unit_test(log_lines_begin_fresh_lines),
		cmocka_unit_test(the_log_lets_a_line_end),
		cmocka_unit_test(a_log_line_in_pieces_stays_whole),
		cmocka_unit_test(the_log_moves_no_cursor),
		cmocka_unit_test(the_log_breaks_no_escape_sequence),
		cmocka_unit_test(nothing_of_an_unseen_port_reaches_the_terminal),
		cmocka_unit_test(leaving_a_port_resets_the_terminal),
		cmocka_unit_test(lying_indices_reach_nothing),
		cmocka_unit_test(what_changes_nothing_needs_no_reset),
		cmocka_unit_test(what_changes_modes_does),
		cmocka_unit_test(switching_shows_the_line_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
