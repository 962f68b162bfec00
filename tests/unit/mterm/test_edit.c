/* SPDX-License-Identifier: Apache-2.0 */
/* components/mterm: keystrokes, history, completion, what must not hurt. */
#include "support/test.h"

#include "support/fake_core.h"

static struct term term;

static void type_n(const char *bytes, size_t n)
{
	fake.num_output = 0;
	fake.output[0] = '\0';
	term_input(&term, bytes, n);
}

static void type(const char *text)
{
	type_n(text, strlen(text));
}

static int begin(void **state)
{
	static const struct term_config config = { .self = "mterm", .console = "console" };

	(void)state;
	fake_reset();
	term_start(&term, &config);
	return 0;
}

static void assert_line(const char *line, u32 cursor)
{
	assert_string_equal(term.editor.line, line);
	assert_int_equal(term.editor.length, strlen(line));
	assert_int_equal(term.editor.cursor, cursor);
}

static void keys_move_and_change(void **state)
{
	static const struct {
		const char *keys, *line;
		u32 cursor;
	} cases[] = {
		{ "abc", "abc", 3 },
		{ "abc\033[D", "abc", 2 },
		{ "abc\033[D\033[DX", "aXbc", 2 },
		{ "abc\033OD\033OC\033[C", "abc", 3 },
		{ "abc\033[H\033[D", "abc", 0 },
		{ "abc\033[1~x\033[4~y", "xabcy", 5 },
		{ "abc\033[7~x\033[8~y", "xabcy", 5 },
		{ "abc\001x\005y", "xabcy", 5 },
		{ "abc\033[H\033[Fz", "abcz", 4 },
		{ "abc\177", "ab", 2 },
		{ "abc\b\b\b\b", "", 0 },
		{ "abc\001\033[3~", "bc", 0 },
		{ "abc\033[3~", "abc", 3 },
		{ "abc\001\004\004", "c", 0 },
		{ "abc def\002\002\013", "abc d", 5 },
		{ "abc def\002\002\025", "ef", 0 },
		{ "abc def  \027", "abc ", 4 },
		{ "abc\027\027", "", 0 },
		{ "abc\001\033[2~XY\033[2~Z", "XYZc", 3 },
		{ "abc\014", "abc", 3 },
		{ "a\033[1;5Cb", "ab", 2 }, /* a modifier */
		{ "a\033[999999999999~b", "ab", 2 } /* no key */,
		{ "a\033[12;3;Xb", "ab", 2 },
		{ "a\033\033[Db", "ba", 1 },
		{ "a\200\377\0019\002b\xc3\xa4", "b9a", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(state);
		type(cases[i].keys);
		assert_line(cases[i].line, cases[i].cursor);
	}
}

static void typing_at_the_end_is_echoed_alone(void **state)
{
	(void)state;
	type("help");
	assert_string_equal(fake.output, "help");
	type("\033[D");
	assert_string_equal(fake.output, "\rmullion> help\033[K\033[1D");
}

static void ends_of_lines(void **state)
{
	(void)state;
	type("echo 1\r\necho 2\necho 3\recho 4\r");
	assert_string_equal(fake.output,
			    "echo 1\r\n1\r\nmullion> echo 2\r\n2\r\nmullion> echo 3\r\n3\r\n"
			    "mullion> echo 4\r\n4\r\nmullion> ");
	type("echo no\003");
	assert_string_equal(fake.output, "echo no^C\r\nmullion> ");
	assert_line("", 0);
}

static void history_goes_up_and_down(void **state)
{
	char line[16];

	(void)state;
	type("echo 1\recho 2\recho 2\r  \rnew");
	type("\033[A");
	assert_line("  ", 2);
	type("\033[A");
	assert_line("echo 2", 6);
	type("\020");
	assert_line("echo 1", 6);
	type("\033[A");
	assert_line("echo 1", 6);
	type("\033[B\016\033[B");
	assert_line("new", 3);
	type("\033[B\025");
	for (u32 i = 0; i < EDIT_HISTORY_MAX + 9; i++) {
		(void)snprintf(line, sizeof(line), "echo n%u\r", i);
		type(line);
	}
	for (u32 i = 0; i < 2 * EDIT_HISTORY_MAX; i++)
		type("\033[A");
	assert_line("echo n9", 7);
}

static void a_line_too_long_does_nothing(void **state)
{
	(void)state;
	type("guest stop linux");
	for (u32 i = 0; i < 100; i++)
		type("          ");
	assert_int_equal(term.editor.length, EDIT_LINE_MAX - 1);
	type("\177\177\r");
	assert_non_null(strstr(fake.output, "longer than 255 characters: nothing was done"));
	assert_int_equal(fake.num_acts, 0);
	type("guest stop linux\r");
	assert_int_equal(fake.num_acts, 1);
}

static void a_line_wider_than_the_screen_scrolls(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100; i++)
		type("x");
	type("y");
	assert_int_equal(strlen(fake.output), strlen("\rmullion> \033[K") + 70 - 1);
	type("\001");
	assert_int_equal(strlen(fake.output), strlen("\rmullion> \033[K\033[70D") + 70);
}

static void completes(void **state)
{
	static const struct {
		const char *typed, *line;
	} cases[] = {
		{ "gu\t", "guest " },
		{ "guest sh\t", "guest show " },
		{ "guest re\t", "guest res" }, /* resume, reset */
		{ "guest rese\t", "guest reset " },
		{ "guest show l\t", "guest show linux " },
		{ "guest show linux \t", "guest show linux " },
		{ "vcpu show r\t", "vcpu show rt/0 " },
		{ "vcpu show li\t", "vcpu show linux/" },
		{ "vcpu list r\t", "vcpu list rt " },
		{ "component kill vmm-\t", "component kill vmm-" },
		{ "component kill vmm-l\t", "component kill vmm-linux " },
		{ "mem show linux/u\t", "mem show linux/uart " },
		{ "irq show 3\t", "irq show 33 " },
		{ "log level w\t", "log level warn " },
		{ "help sch\t", "help sched " },
		{ "guest list --j\t", "guest list --json " },
		{ "guest --json li\t", "guest --json list " },
		{ "guest --y\t", "guest --y" },
		{ "top --o\t", "top --once " },
		{ "xyz\t", "xyz" },
		{ "xyz x\t", "xyz x" },
		{ "echo gu\t", "echo gu" },
		{ "tree /\t", "tree /" },
		{ "a b c d e f g h i j\t", "a b c d e f g h i j" },
		{ "guest show l x\033[D\033[D\t", "guest show linux  x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(state);
		type(cases[i].typed);
		assert_string_equal(term.editor.line, cases[i].line);
	}
}

static void shows_what_it_could_be(void **state)
{
	(void)state;
	type("guest res\t");
	assert_string_equal(fake.output,
			    "guest res\r\nresume  reset\r\n\rmullion> guest res\033[K");
	type("\025component show \t");
	assert_non_null(strstr(fake.output, "\r\nconsole  mterm  vmm-linux  vmm-rt\r\n"));
	type("\025\t");
	assert_non_null(strstr(fake.output, "help  guest  vcpu  profile  component  cpu"));
}

static void a_hundred_kilobytes_of_junk(void **state)
{
	char *junk = malloc(100000);
	u32 x = 1;

	(void)state;
	assert_non_null(junk);
	for (u32 i = 0; i < 100000; i++) {
		x = x * 1664525 + 1013904223;
		junk[i] = (char)(x >> 24);
	}
	for (u32 i = 0; i < 100000; i += 997)
		type_n(junk + i, MIN(997, 100000 - i));
	assert_int_equal(fake.num_acts, 0);
	type("\003");
	type("\025echo alive\r");
	assert_non_null(strstr(fake.output, "\r\nalive\r\nmullion> "));
	free(junk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_move_and_change, begin),
		cmocka_unit_test_setup(typing_at_the_end_is_echoed_alone, begin),
		cmocka_unit_test_setup(ends_of_lines, begin),
		cmocka_unit_test_setup(history_goes_up_and_down, begin),
		cmocka_unit_test_setup(a_line_too_long_does_nothing, begin),
		cmocka_unit_test_setup(a_line_wider_than_the_screen_scrolls, begin),
		cmocka_unit_test_setup(completes, begin),
		cmocka_unit_test_setup(shows_what_it_could_be, begin),
		cmocka_unit_test_setup(a_hundred_kilobytes_of_junk, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
