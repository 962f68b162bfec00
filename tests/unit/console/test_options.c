/* SPDX-License-Identifier: Apache-2.0 */
/* components/console: its options, and keys that the terminal sends as sequences. */
#include "console/screen.h"

/* --- Options ---------------------------------------------------------------------------------- */

static void prefix_names_each_line(void **state)
{
	(void)state;
	fake_start(2, "prefix");
	fake_clear();
	fake_say(0, "one\r\n\r\ntwo \033[1mbold");
	expect("linux1| one\r\n\r\nlinux1| two \033[1mbold");
}

static void all_shows_lines_of_every_port(void **state)
{
	(void)state;
	fake_start(3, "all");
	fake_clear();
	fake_say(0, "login: ");
	fake_say(1, "half");
	expect("linux1| login: ");
	fake_say(1, " and half\r\n");
	expect("\r\nlinux2| half and half\r\n");
	fake_say(0, "root\r\n");
	expect("linux1| root\r\n");
	fake_say(2, "\033[2J\033[Ha\tb\007\b\377\n");
	expect("mterm| ..a\tb.\r\n");
	fake_say(0, "\033[31mred\n");
	expect("linux1| .red\r\n");
	fake_say(1, "begun");
	fake_key("\0352");
	expect("[console: linux2]\r\nlinux2| begun");
}

static void all_breaks_long_lines(void **state)
{
	char text[LINE_BYTES * 2 + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	fake_start(2, "all");
	fake_clear();
	fake_say(1, text);
	has("mterm| xxx");
	assert_int_equal(fake.shown, 2 * (LINE_BYTES + strlen("mterm| \r\n")));
}

static void options_are_understood(void **state)
{
	(void)state;
	fake_start(3, "colour  focus=mterm escape=0x01");
	expect("[console: \033[33mmterm\033[0m]\r\n");
	fake_key("\0012");
	expect("[console: \033[32mlinux2\033[0m]\r\n");
	fake_key("\001h");
	has("keys behind Ctrl-A");
	fake_start(2, "escape=0x1g focus=missing prefix=1 escape=0x escape=0x200");
	has("[console: option not understood: escape=0x1g]\r\n");
	has("[console: option not understood: focus=missing]\r\n");
	has("[console: option not understood: prefix=1]\r\n");
	has("[console: option not understood: escape=0x]\r\n");
	has("[console: option not understood: escape=0x200]\r\n");
	has("[console: linux1]");
}

static void a_restart_is_told_and_loses_no_channel_bytes(void **state)
{
	(void)state;
	fake_grants(2, "");
	fake.info.starts = 1;
	(void)fake_send(0, "waited\r\n", 8);
	console_start(&fake.console, &fake.info);
	fake_pump(0);
	expect(RESET "\r\n[console: restarted]\r\n[console: linux1]\r\nwaited\r\n");
}

static void works_with_nothing_granted(void **state)
{
	(void)state;
	fake_start(0, "");
	fake_key("a\035n\035l");
	has("no such port");
	memset(&fake, 0, sizeof(fake));
	console_start(&fake.console, &fake.info);
	fake_pump(0);
}

/* --- Keys as sequences -------------------------------------------------------------------------
 */

static void assert_port_got(u32 port, const char *text)
{
	u8 got[64] = { 0 };

	(void)fake_receive(port, got, sizeof(got) - 1);
	assert_string_equal((const char *)got, text);
}

static void the_key_is_known_as_a_sequence(void **state)
{
	static const char *const keys[] = { "\033[27;5;93~", "\033[93;5u", "\033[93;69u",
					    "\033[93;5:1u" };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
		fake_start(2, "");
		fake_say(0, "\033[>4;2m\033[>1u");
		fake_key("a");
		fake_key(keys[i]);
		fake_key("\033[93;5:3u"); /* it is released */
		fake_clear();
		fake_key("2");
		has("[console: mterm]\r\n");
		assert_port_got(0, "a");
		/* In the usual mode it is text. */
		fake_key(keys[i]);
		assert_port_got(1, keys[i]);
	}
}

static void other_sequences_pass(void **state)
{
	(void)state;
	fake_start(2, "");
	fake_say(0, "\033[>1u");
	fake_key("\033[A\033[99;5u\033[27;5;99~x\033[1;5C\033OP\033[93;5~");
	assert_port_got(0, "\033[A\033[99;5u\033[27;5;99~x\033[1;5C\033OP\033[93;5~");
	fake_key("\033[111111111111111111111111111");
	assert_port_got(0, "\033[111111111111111111111111111");
	/* The key alone waits for what may follow, not for long. */
	fake_key("\033");
	assert_port_got(0, "");
	assert_int_equal(console_alarm(&fake.console), KEYS_WAIT_NS);
	fake_pump(KEYS_WAIT_NS);
	assert_port_got(0, "\033");
	assert_int_equal(console_alarm(&fake.console), UINT64_MAX);
}

static void a_menu_reaches_every_port(void **state)
{
	(void)state;
	fake_start(FAKE_PORTS, "");
	fake_clear();
	fake_key("\0350");
	has("  10 mterm\r\nnumber, then Enter: ");
	fake_key("10");
	has("Enter: 10");
	fake_key("\r");
	has("[console: mterm]\r\n");
	fake_clear();
	fake_key("\035099\r");
	has("no such port");
	fake_key("\0350x");
	has("no port chosen");
	fake_key("\0350\r");
	fake_key("y");
	assert_port_got(FAKE_PORTS - 1, "y");
	fake_key("\03502\r");
	has("[console: linux2]\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_names_each_line),
		cmocka_unit_test(all_shows_lines_of_every_port),
		cmocka_unit_test(all_breaks_long_lines),
		cmocka_unit_test(options_are_understood),
		cmocka_unit_test(a_restart_is_told_and_loses_no_channel_bytes),
		cmocka_unit_test(works_with_nothing_granted),
		cmocka_unit_test(the_key_is_known_as_a_sequence),
		cmocka_unit_test(other_sequences_pass),
		cmocka_unit_test(a_menu_reaches_every_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
